"""What work costs while it is done: every step that ran is on the bill of its asset or render, whatever became of it.

An estimate (catalog/prices.py). A step is one Lambda invocation and one state transition.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.aws.table import Table

Clock = Callable[[], int]


@dataclass(slots=True)
class Meter:
    """The time of one invocation. Whoever writes the bill in the same breath as a result marks it `settled`."""

    memory_mb: int
    started_s: float
    settled: bool = False

    def billed_ms(self) -> int:
        """Milliseconds so far, begun ones counted whole, as Lambda does."""
        return int((time.monotonic() - self.started_s) * 1000) + 1


@contextmanager
def metered(owner_id: str | None, table: Table, *, memory_mb: int, clock: Clock) -> Iterator[Meter]:
    """Put the invocation on the bill of an asset or a render at the end of the block, however it ends.

    Args:
        owner_id: None for work that nobody keeps a record of.
    """
    meter = Meter(memory_mb, time.monotonic())
    try:
        yield meter
    finally:
        if owner_id is not None and not meter.settled:
            table.add_work(owner_id, billed_ms=meter.billed_ms(), memory_mb=memory_mb, transitions=1, now_ms=clock())
