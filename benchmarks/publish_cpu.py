"""Processor time of a whole publish against one plain ffmpeg of the same ladder and settings. Goal: at most 1.10 with
10 s chunks.

Publish means Plan, every chunk of 10 s, the sound and Assemble, by the real use cases; objects are files, so neither
the emulator nor a network is measured. Each worker has one core. The plain run decodes once, makes every rendition, the
sound, the poster and the storyboard, and writes fragmented MP4. Runs alternate.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.measure import FFMPEG, Figure, encoder_words, ratio, seconds
from chalicelib.media.chunks import gop_frames
from chalicelib.media.plan import Plan
from chalicelib.usecases.plan import load_plan
from tests.workshop import Planned, Workshop

RUNS = 3
CLIP_SECONDS = 120
SIZE = "1280x720"


@dataclass(frozen=True, slots=True)
class Cut:
    """Lengths in seconds."""

    chunk_seconds: int
    segment_seconds: int


CUT = Cut(chunk_seconds=10, segment_seconds=5)
DEFAULT_CUT = Cut(chunk_seconds=12, segment_seconds=6)
"""As the settings have it."""


def make_film(target: Path, seconds_long: int = CLIP_SECONDS, size: str = SIZE) -> Path:
    """Moving detail with a little grain, as standard input: 30 frames a second, sound, a keyframe every 5 s."""
    picture = f"testsrc2=s={size}:r=30:d={seconds_long},noise=alls=6:allf=t"
    words = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=f=440:r=48000:d={seconds_long}"]
    words += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "150", "-pix_fmt", "yuv420p"]
    words += ["-c:a", "aac", "-movflags", "+faststart", str(target)]
    subprocess.run([str(FFMPEG), "-v", "error", "-nostdin", "-y", *words], check=True)
    return target


@dataclass(frozen=True, slots=True)
class Spent:
    """One run: processor time of every process in it, and wall time, in seconds."""

    cpu: float
    wall: float


def spent(work: Callable[[], object]) -> Spent:
    """Run in a fork, so that everything it starts is counted, and nothing else."""
    process = multiprocessing.get_context("fork").Process(target=work)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)

    def run() -> None:
        process.start()
        process.join()

    wall = seconds(run)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.exitcode:
        raise SystemExit(f"a run ended with {process.exitcode}")
    return Spent(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def publish(film: Path, folder: Path, workers: int, quality: str = "balanced", cut: Cut = CUT) -> None:
    """A whole publish, tasks dealt out to `workers` processes."""
    shutil.rmtree(folder, ignore_errors=True)
    workshop = Workshop(folder, film, FFMPEG, quality=quality, **asdict(cut))
    planned = workshop.plan()
    _render_all(workshop, planned, workers)
    workshop.assemble(planned.digest)


def _render_all(workshop: Workshop, planned: Planned, workers: int) -> None:
    context = multiprocessing.get_context("fork")
    waiting = context.SimpleQueue()
    for task in (*planned.tasks, *[-1] * workers):
        waiting.put(task)

    cores = sorted(os.sched_getaffinity(0))

    def work(number: int) -> None:
        # Like a Lambda worker: a processor of its own (one worker would take them all, and two be no faster) ...
        os.sched_setaffinity(0, {cores[number % len(cores)]})
        # ... and a disk of its own for sources and scratch.
        with tempfile.TemporaryDirectory() as scratch:
            tempfile.tempdir = scratch
            while (task := waiting.get()) >= 0:
                workshop.render(planned.digest, task)

    processes = [context.Process(target=work, args=(number,)) for number in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise SystemExit(f"a worker ended with {process.exitcode}")


def plan_of(film: Path, folder: Path) -> Plan:
    workshop = Workshop(folder, film, FFMPEG, **asdict(CUT))
    return load_plan(workshop.asset.id, workshop.plan().digest, workshop.objects, workshop.settings)


def plain_ffmpeg(film: Path, folder: Path, plan: Plan) -> None:
    """What one would type: one decode, the plan's renditions, its sound and its stills."""
    video = plan.video
    if video is None:
        raise ValueError("the film has no picture")
    gop, _ = gop_frames(video.frame_rate, plan.segment_seconds)
    count = len(video.renditions)
    outlets = "".join(f"[s{index}]" for index in range(count))
    graph = [f"[0:v:0]split={count + 2}{outlets}[p][t]"]
    words: list[str] = []
    for index, rung in enumerate(video.renditions):
        graph.append(f"[s{index}]scale={rung.width}:{rung.height}:flags=lanczos,setsar=1,format=yuv420p[v{index}]")
        words += ["-map", f"[v{index}]", *encoder_words(rung, gop)]
        words += ["-movflags", "+frag_keyframe+empty_moov+default_base_moof", str(folder / f"{rung.name}.mp4")]
    stills = video.stills
    graph.append(f"[p]select='eq(n,{stills.poster_frame})',scale={stills.poster_width}:{stills.poster_height}[poster]")
    words += ["-map", "[poster]", "-frames:v", "1", "-update", "1", str(folder / "poster.jpg")]
    tile = f"scale={stills.tile_width}:{stills.tile_height}:flags=lanczos,tile={stills.columns}x10"
    graph.append(f"[t]select='not(mod(n,{stills.tile_interval_frames}))',{tile}[tiles]")
    words += ["-map", "[tiles]", "-fps_mode", "passthrough", str(folder / "tiles-%d.jpg")]
    words += ["-map", "0:a:0", "-c:a", "aac", "-ac", "2", "-b:a", "128k", str(folder / "audio.mp4")]
    command = [str(FFMPEG), "-v", "error", "-nostdin", "-y", "-i", str(film), "-filter_complex", ";".join(graph)]
    subprocess.run([*command, *words], check=True)


def main() -> None:
    plain, one = [], []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        scratch = Path(name)
        film = make_film(scratch / "film.mp4")
        plan = plan_of(film, scratch / "plan")
        (scratch / "plain").mkdir()
        for _ in range(RUNS):
            plain.append(spent(lambda: plain_ffmpeg(film, scratch / "plain", plan)))
            one.append(spent(lambda: publish(film, scratch / "one", 1)))
    print(Figure("plain ffmpeg, processor time", [run.cpu for run in plain]))
    print(Figure("publish, one worker, processor time", [run.cpu for run in one]))
    print(ratio("publish / plain ffmpeg", [b.cpu / a.cpu for a, b in zip(plain, one, strict=True)]))
    print(Figure("plain ffmpeg, wall time", [run.wall for run in plain]))
