"""Processes of one local AWS: their environment, their identity, and how to find and end every one of them.

Invariant: a process is ended only when it is certainly ours. A process id alone proves nothing after a reboot or a
wrap-around, so a recorded process is a pair (pid, start time), and a stray is known by the home it carries in its
environment or by an executable that lies under that home.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOME_MARK = "SLUICE_LOCAL_HOME"
# Where pip may fetch from and how TLS trusts, locale and temporary files; never AWS_*, PYTHON* or LD_*.
_KEPT = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_KEPT_PREFIXES = (
    "SLUICE_EMULATOR_",
    "PIP_",
    "UV_",
    "HTTP_",
    "HTTPS_",
    "NO_PROXY",
    "http_",
    "https_",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
)


def clean_environ(**extra: str) -> dict[str, str]:
    """The environment of a child process: what a tool needs of the developer's own, and `extra`."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    return kept | extra


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process, told apart from a later one with the same number.

    Attributes:
        started_ticks: Start time in clock ticks after boot (/proc/<pid>/stat, field 22).
    """

    pid: int
    started_ticks: int

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The living process with this number; None when there is none or it is a zombie."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == "Z" else cls(pid, int(fields[19]))

    def is_alive(self) -> bool:
        return ProcessId.of(self.pid) == self


def _belongs(pid: int, home: Path) -> bool:
    mark = f"{HOME_MARK}={home}".encode()
    try:
        if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            return True
        return Path(f"/proc/{pid}/exe").readlink().is_relative_to(home / "cache")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def strays(home: Path) -> Iterator[ProcessId]:
    """Every living process of this home, except the caller and its ancestors."""
    own: set[int] = set()
    pid = os.getpid()
    while pid > 1:
        own.add(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in own and _belongs(int(entry.name), home):
            process = ProcessId.of(int(entry.name))
            if process is not None:
                yield process


def end(processes: list[ProcessId], *, grace_s: float) -> None:
    """Ask each to end, wait up to `grace_s`, then kill what is left."""
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
        alive = [process for process in processes if process.is_alive()]
        for process in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)
        deadline = time.monotonic() + wait_s
        while any(process.is_alive() for process in alive) and time.monotonic() < deadline:
            time.sleep(0.02)


def end_strays(home: Path) -> int:
    """End what an earlier run of this home left behind; returns how many there were."""
    found = list(strays(home))
    end(found, grace_s=3.0)
    return len(found)
