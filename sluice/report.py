"""Progress on a terminal: one line per step, with the time it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


@dataclass(slots=True)
class Step:
    """A running step; `note` is what its line ends with."""

    note: str = ""


@dataclass(slots=True)
class Report:
    """Writes steps to a stream; nothing when quiet."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    quiet: bool = False

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Time a step; its line is written when it has succeeded."""
        started = time.monotonic()
        step = Step()
        yield step
        self.line(f"{title:<28}{time.monotonic() - started:6.1f} s  {step.note}".rstrip())

    def line(self, text: str) -> None:
        if not self.quiet:
            print(text, file=self.stream, flush=True)
