"""Wall time of a whole publish by two workers against one. Goal: 1.8 times as fast.

A film of 24 chunks and one task of sound, which is shorter than a chunk and so ends at its own time: with few chunks
that alone would leave one worker idle for a noticeable part of the run.

What two cores of this machine do for work that shares nothing at all is printed beside it: two plain ffmpegs, each on a
core of its own, against one. What is under 2.0 there (shared cache, memory, clock, neighbours) no choreography can
bring back.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from pathlib import Path

from benchmarks.measure import Figure, ratio
from benchmarks.publish_cpu import Spent, make_film, plain_ffmpeg, plan_of, publish, spent
from chalicelib.media.plan import Plan

RUNS = 3
CLIP_SECONDS = 240
PLAIN_SECONDS = 60


def main() -> None:
    one, two, alone, beside = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        scratch = Path(name)
        film = make_film(scratch / "film.mp4", CLIP_SECONDS)
        short = make_film(scratch / "short.mp4", PLAIN_SECONDS)
        plan = plan_of(short, scratch / "plan")
        for _ in range(RUNS):
            one.append(spent(lambda: publish(film, scratch / "one", 1)))
            two.append(spent(lambda: publish(film, scratch / "two", 2)))
            alone.append(spent(lambda: _separate_ffmpegs(short, scratch, plan, 1)))
            beside.append(spent(lambda: _separate_ffmpegs(short, scratch, plan, 2)))
    print(Figure("publish, one worker, wall time", [run.wall for run in one]))
    print(Figure("publish, two workers, wall time", [run.wall for run in two]))
    print(ratio("one worker / two workers", [a.wall / b.wall for a, b in zip(one, two, strict=True)]))
    print(ratio("two separate ffmpegs / one, work per second", _together(alone, beside)))


def _together(alone: list[Spent], beside: list[Spent]) -> list[float]:
    return [2 * a.wall / b.wall for a, b in zip(alone, beside, strict=True)]


def _separate_ffmpegs(film: Path, scratch: Path, plan: Plan, count: int) -> None:
    """`count` plain runs of the whole film side by side, each on its own core."""
    context = multiprocessing.get_context("fork")
    cores = sorted(os.sched_getaffinity(0))

    def work(number: int) -> None:
        os.sched_setaffinity(0, {cores[number % len(cores)]})
        folder = scratch / f"separate-{number}"
        folder.mkdir(exist_ok=True)
        plain_ffmpeg(film, folder, plan)

    processes = [context.Process(target=work, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise SystemExit(f"a run ended with {process.exitcode}")
