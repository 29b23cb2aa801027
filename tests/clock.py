"""A clock that stands still, for tests."""

from __future__ import annotations

NOW_MS = 1_800_000_000_000


class Clock:
    """Milliseconds that pass only when told to."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def sleep(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)
