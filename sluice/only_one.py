"""Commands at the same time in one project take turns at what they would fill together."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from sluice.paths import Project


@contextmanager
def only_one(project: Project, what: str) -> Iterator[None]:
    """Wait until nobody else is at it; the lock goes with the process. Not to be taken twice by the same thread."""
    lock = project.root / "build" / f"{what}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
