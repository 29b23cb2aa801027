"""What a program and everything that it starts takes: processor time, wall time, and memory of its browsers.

Chromium's processes outlive whoever started them by a moment, and are then nobody's children. The fork in which a
program is run adopts them (PR_SET_CHILD_SUBREAPER), so that their time is counted for peer and product alike.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_SAMPLE_S = 0.4
_PATIENCE_S = 900.0
_LINGER_S = 10.0
"""How long what a program leaves behind may take to end by itself."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One run.

    Attributes:
        cpu: Seconds, user and system, of every process.
        wall: Seconds.
        browsers: How many ran at once when their memory was largest.
        browsers_mb: Proportional set size of all their processes then.
    """

    cpu: float
    wall: float
    browsers: int
    browsers_mb: float


def run(words: Sequence[str], environ: Mapping[str, str], log: Path, browser: Path) -> Taken:
    """Run a program to its end.

    Args:
        log: Gets what it says.
        browser: The executable whose processes are browsers.

    Raises:
        SystemExit: If it fails.
    """
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_supervise, args=(words, environ, log, theirs))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process.start()
    largest = (0.0, 0)
    while process.is_alive():
        largest = max(largest, _browsers(process.pid or 0, browser.resolve()))
        time.sleep(_SAMPLE_S)
    process.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, status = ours.recv()
    if status:
        sys.exit(f"{words[0]} ended with {status}: {log.read_text(errors='replace')[-3000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(cpu, wall, largest[1], largest[0])


def _supervise(words: Sequence[str], environ: Mapping[str, str], log: Path, answer: Connection) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot adopt processes")
    with log.open("wb") as file:
        started = time.perf_counter()
        with subprocess.Popen(words, env=dict(environ), stdout=file, stderr=subprocess.STDOUT) as program:
            try:
                status = program.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                program.kill()
                status = program.wait()
        wall = time.perf_counter() - started
    _end_children()
    answer.send((wall, status))


def _end_children() -> None:
    """Collect those that were adopted. One that does not end is killed: it would be waited for without an end."""
    give_up = time.monotonic() + _LINGER_S
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG)[0]:
                continue
            if time.monotonic() > give_up:
                for pid in Path("/proc/self/task", str(os.getpid()), "children").read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(_SAMPLE_S / 10)


def _browsers(root: int, executable: Path) -> tuple[float, int]:
    """Megabytes and number of the browsers below a process."""
    parents: dict[int, int] = {}
    sizes: dict[int, float] = {}
    mains = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        # Processes end while we look at them.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            pid = int(folder.name)
            parents[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            # Its children are called /proc/self/exe in their arguments.
            if (folder / "exe").readlink() == executable:
                sizes[pid] = _pss_mb(folder)
                if b"--type=" not in (folder / "cmdline").read_bytes():
                    mains.add(pid)
    below = [pid for pid in sizes if _is_below(pid, root, parents)]
    return sum(sizes[pid] for pid in below), len(mains.intersection(below))


def _pss_mb(folder: Path) -> float:
    lines = (folder / "smaps_rollup").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def _is_below(pid: int, root: int, parents: Mapping[int, int]) -> bool:
    while pid not in (0, root):
        pid = parents.get(pid, 0)
    return pid == root
