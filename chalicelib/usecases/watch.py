"""What a worker asks while its encoder runs: does anybody still want this, and may it cost more?

An encoder may run for minutes. Every few seconds its time so far is put on the bill of its asset, and it is asked
whether the asset is still being prepared and below its cap; if not, what the question raises ends the encoder.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.usecases.budget import refuse_over_cap
from chalicelib.usecases.plan import preparing_asset

if TYPE_CHECKING:
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.usecases.progress import Clock, Meter

LOOK_EVERY_S = 2.0
"""So long an encoder goes on, at most, after its asset was cancelled or deleted."""


@dataclass(slots=True)
class AssetWatch:
    """`clock` is in milliseconds since the epoch; `elapsed_s` is a monotonic clock."""

    asset_id: str
    table: Table
    settings: Settings
    meter: Meter
    clock: Clock
    elapsed_s: Callable[[], float] = time.monotonic
    _looked_s: float | None = field(default=None, init=False)

    def look(self) -> None:
        """Call it as often as you like: most calls do nothing.

        Raises:
            WorkSuperseded: If the asset is no longer being prepared.
            CostLimitReached: If its work has cost what it may.
        """
        now_s = self.elapsed_s()
        if self._looked_s is not None and now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        asset = preparing_asset(self.asset_id, self.table)
        work = self.table.add_work(
            self.asset_id, billed_ms=self.meter.take_ms(), memory_mb=self.meter.memory_mb, now_ms=self.clock()
        )
        refuse_over_cap(asset, work, self.settings)
