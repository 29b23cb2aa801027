"""A project folder rendered whole by this process, or by a few: what the smoke test compares with, and what benchmarks
measure. Every chunk may be rendered in a process of its own, as on Lambda: what passes between them is in a folder.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from pathlib import Path

from chalicelib.tools import Chromium, Ffmpeg, MediaInfo
from chalicelib.tools.browser_files import BrowserFiles
from tests.screening import Planned, Screening

_PATIENCE_S = 900.0


def chromium_of(browser: BrowserFiles, ffmpeg: Path) -> Chromium:
    return Chromium(Ffmpeg(str(ffmpeg)), MediaInfo(), find=lambda: browser)


def screening_of(project: Path, folder: Path, ffmpeg: Path, browser: BrowserFiles) -> Screening:
    """The files of `project`, stored as objects below `folder`."""
    paths = sorted(path for path in project.rglob("*") if path.is_file())
    files = {path.relative_to(project).as_posix(): path.read_bytes() for path in paths}
    return Screening(folder, files, ffmpeg, chromium_of(browser, ffmpeg), patience_s=_PATIENCE_S)


def make_side_by_side(screening: Screening, name: str, workers: int, **config: object) -> bytes:
    """The output's bytes; chunks are dealt out to as many processes as there are workers.

    Raises:
        RuntimeError: If a worker fails; what it says of the reason is on standard error.
    """
    if workers == 1:
        return screening.make(name, **config)
    planned = _plan_apart(screening, name, config)
    _deal_out(screening, planned, workers)
    return screening.assemble(planned)


def _plan_apart(screening: Screening, name: str, config: Mapping[str, object]) -> Planned:
    """In a process of its own: this one must have no thread and no browser when it forks."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def work() -> None:
        planned = screening.plan(name, **config)
        screening.tools.chromium.close()
        theirs.send(planned)

    process = context.Process(target=work)
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError("the plan failed")
    planned: Planned = ours.recv()
    return planned


def _deal_out(screening: Screening, planned: Planned, workers: int) -> None:
    context = multiprocessing.get_context("fork")
    waiting = context.SimpleQueue()
    for index in (*range(planned.chunks), *[-1] * workers):
        waiting.put(index)

    def work() -> None:
        while (index := waiting.get()) >= 0:
            screening.render(planned, index)

    processes = [context.Process(target=work) for _ in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a worker failed")
