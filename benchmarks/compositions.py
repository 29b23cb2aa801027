"""Rendering compositions against the `hyperframes` command line, in both of its modes. Goals: at most half of its wall
and processor time, at equal or higher PSNR; a session ready in 0.8 s.

The same projects, Chromium, ffmpeg and machine; runs alternate; every process is counted (process_tree.py). Ours is the
whole render as Lambda would do it: Plan, every chunk and Assemble, by one and by two workers, objects being files.

PSNR is measured twice, against frames without loss that each side has made of the same project: the peer's own PNG
sequence, and PNGs of our own session. Neither has been through an encoder, and where the two agree neither is favoured;
where they do not, each side is nearer to its own, and the pair of figures shows it.

`RUNS=1 PROJECT=title-card python -m benchmarks compositions` measures one project once.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from benchmarks import lossless
from benchmarks.composition_projects import EXAMPLES, prepare
from benchmarks.hyperframes_cli import Cli, Mode, ensure_cli
from benchmarks.measure import FFMPEG, ROOT, Figure, machine, ratio, seconds
from benchmarks.process_tree import Taken, run
from chalicelib.composition.capture import CaptureOptions
from chalicelib.tools.browser_files import BrowserFiles
from sluice.plot import Group, bar_chart
from tests.browser import layer_browser
from tests.composing import chromium_of

RUNS = int(os.environ.get("RUNS", "3"))
PROJECTS = (os.environ["PROJECT"],) if "PROJECT" in os.environ else EXAMPLES
RATE = 30
WORKERS = (1, 2)
_PLOT = ROOT / "build" / "compositions.svg"


@dataclass(slots=True)
class Side:
    """One way to render, and what its runs on one project took."""

    name: str
    runs: list[Taken] = field(default_factory=list)
    ready_ms: list[int] = field(default_factory=list)
    output: Path = Path()

    def median(self, figure: str) -> float:
        return float(statistics.median(getattr(run, figure) for run in self.runs))


def main() -> None:
    browser = layer_browser()
    cli = ensure_cli(browser)
    wall, processor = [], []
    for name in PROJECTS:
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
            sides = _measure(name, Path(folder), cli, browser)
        wall.append(Group(f"{name}: wall", [side.median("wall") for side in sides]))
        processor.append(Group(f"{name}: processor", [side.median("cpu") for side in sides]))
    _PLOT.parent.mkdir(exist_ok=True)
    names = [side.name for side in sides]
    _PLOT.write_text(bar_chart("Seconds to render a composition in 1080p (medians)", names, [*wall, *processor]))
    print(f"\nhyperframes failed {len(cli.failures)} times", *sorted(set(cli.failures)), sep="; ")
    print(f"plot: {_PLOT.relative_to(ROOT)}")


def _measure(name: str, folder: Path, cli: Cli, browser: BrowserFiles) -> list[Side]:
    project = prepare(name, folder, cli.modules)
    theirs = {mode: Side(f"hyperframes, {mode}") for mode in Mode}
    ours = {workers: Side(f"sluice, {workers} worker{'s' * (workers > 1)}") for workers in WORKERS}
    for _ in range(RUNS):
        for mode, side in theirs.items():
            side.output = folder / f"{mode}.mp4"
            taken, ready_ms = cli.render(project, side.output, mode, rate=RATE)
            side.runs.append(taken)
            side.ready_ms += ready_ms
            _tell(name, side)
        for workers, side in ours.items():
            side.output = folder / f"workers-{workers}.mp4"
            side.runs.append(_render(project, side.output, workers, browser))
            _tell(name, side)
    boots = [seconds(lambda: _open(project, browser)) for _ in range(RUNS)]
    sides = [*theirs.values(), *ours.values()]
    print(f"\n{name}")
    for side in sides:
        _print_side(side)
    for reference, made_by in _references(project, folder, cli, browser):
        for side in sides:
            whole, worst = lossless.psnr(side.output, reference)
            print(f"{side.name + ', PSNR to ' + made_by:<44} {whole:7.2f} dB  (worst frame {worst:.2f})")
    _print_ratios(list(theirs.values()), list(ours.values()))
    ready = [milliseconds / 1000 for side in theirs.values() for milliseconds in side.ready_ms]
    print(Figure("hyperframes, session ready (own log)", ready))
    print(Figure("sluice, session ready (browser started too)", boots))
    return sides


def _tell(name: str, side: Side) -> None:
    """A line as soon as a run is done."""
    run = side.runs[-1]
    print(f"{name}, {side.name}: {run.wall:.1f} s, {run.cpu:.1f} s of processors; {machine()}", flush=True)


def _render(project: Path, output: Path, workers: int, browser: BrowserFiles) -> Taken:
    words = [sys.executable, "-m", "benchmarks.render_in_process", str(project), str(output), str(workers)]
    words += [str(browser.layer), str(browser.executable)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return run(words, environ, output.with_suffix(".log"), browser.executable)


def _open(project: Path, browser: BrowserFiles) -> None:
    deadline = time.monotonic() + 60
    with chromium_of(browser, FFMPEG).open(project, CaptureOptions(Fraction(RATE)), deadline=deadline):
        pass


def _references(project: Path, folder: Path, cli: Cli, browser: BrowserFiles) -> list[tuple[Path, str]]:
    theirs, ours = folder / "theirs.mkv", folder / "ours.mkv"
    cli.render(project, folder / "pictures", Mode.SCREENSHOT, rate=RATE, form="png-sequence")
    lossless.from_pictures(folder / "pictures", theirs, RATE)
    lossless.from_browser(project, ours, RATE, browser)
    between, worst = lossless.psnr(ours, theirs)
    print(f"{'the two references, PSNR to each other':<44} {between:7.2f} dB  (worst frame {worst:.2f})")
    return [(theirs, "its PNGs"), (ours, "our PNGs")]


def _print_side(side: Side) -> None:
    print(Figure(f"{side.name}, wall time", [run.wall for run in side.runs]))
    print(Figure(f"{side.name}, processor time", [run.cpu for run in side.runs]))
    largest = max(side.runs, key=lambda run: run.browsers_mb)
    memory = f"{largest.browsers_mb:7.0f} MB in {largest.browsers} browser{'s' * (largest.browsers != 1)}"
    print(f"{side.name + ', memory (PSS)':<44} {memory}")
    print(f"{side.name + ', output':<44} {side.output.stat().st_size / 1e6:7.2f} MB")


def _print_ratios(theirs: Sequence[Side], ours: Sequence[Side]) -> None:
    for other in theirs:
        for side in ours:
            pairs = list(zip(side.runs, other.runs, strict=True))
            print(ratio(f"{side.name} / {other.name}: wall", [a.wall / b.wall for a, b in pairs]))
            print(ratio(f"{side.name} / {other.name}: processor", [a.cpu / b.cpu for a, b in pairs]))


if __name__ == "__main__":
    main()
