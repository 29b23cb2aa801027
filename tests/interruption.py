"""Workers whose time runs out, however fast the machine is."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import DeadlineNear
from chalicelib.tools import program as module
from tests.workshop import Workshop


class Interruption:
    """Makes the encoder's alarm ring when so many segments of a try are stored, however fast the machine is."""

    def __init__(self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, *, segments: int) -> None:
        self.segments = segments
        self._left = 0
        self._alarms: list[module._Alarm] = []
        self._lock = threading.Lock()
        self._store = workshop.objects.write
        alarm, interruption = module._Alarm, self

        class Alarm(alarm):  # type: ignore[misc,valid-type]
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                interruption._left = interruption.segments
                interruption._alarms.append(self)

        monkeypatch.setattr(module, "_Alarm", Alarm)
        monkeypatch.setattr(workshop.objects, "write", self.write)

    def write(self, bucket: str, key: str, data: bytes | Path, **options: str) -> str:
        with self._lock:
            if key.endswith(".m4s"):
                self._left -= 1
                if self._left == 0:
                    self._alarms[-1]._ring()
        return self._store(bucket, key, data, **options)


def tries(workshop: Workshop, digest: str, index: int) -> int:
    """How many tries a task takes."""
    for count in range(1, 20):
        try:
            workshop.render(digest, index)
        except DeadlineNear:
            continue
        return count
    raise AssertionError("the task never ends")
