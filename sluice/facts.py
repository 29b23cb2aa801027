"""The facts of a running local AWS, as other commands find them: one JSON file, and one lock that the kernel frees.

Invariant: the lock, not the file, says whether a supervisor runs; the file may be stale after a crash.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass

from sluice.paths import LocalHome
from sluice.processes import ProcessId


@dataclass(frozen=True, slots=True)
class Facts:
    """What a supervisor says of itself.

    Attributes:
        ready: Whether the API answers.
        fingerprint: Of the deployment that it serves.
    """

    pid: int
    started_ticks: int
    origin_port: int
    gateway_port: int
    ready: bool
    emulator_pid: int = 0
    fingerprint: str = ""

    @property
    def process(self) -> ProcessId:
        return ProcessId(self.pid, self.started_ticks)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.origin_port}"


def write_facts(home: LocalHome, facts: Facts) -> None:
    """Replace the file, whole."""
    home.run.mkdir(parents=True, exist_ok=True)
    partial = home.run / f"supervisor.{os.getpid()}.partial"
    partial.write_text(json.dumps(asdict(facts)) + "\n")
    partial.replace(home.run / "supervisor.json")


def read_facts(home: LocalHome) -> Facts | None:
    """The facts of the living supervisor of this home, or None."""
    try:
        facts = Facts(**json.loads((home.run / "supervisor.json").read_text()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None
    return facts if facts.process.is_alive() else None


class SupervisorLock:
    """Held by the one supervisor of a home for as long as it lives."""

    def __init__(self, home: LocalHome) -> None:
        home.run.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(home.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Whether we have it now."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def free(self) -> None:
        os.close(self._descriptor)
