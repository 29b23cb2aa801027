"""What a worker asks while its encoder runs: does anybody still want this?

An encoder may run for minutes. Every few seconds it is asked whether its asset is still being prepared; if not, what
the question raises ends the encoder.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.usecases.plan import preparing_asset

if TYPE_CHECKING:
    from chalicelib.aws.table import Table

LOOK_EVERY_S = 2.0
"""So long an encoder goes on, at most, after its asset was cancelled or deleted."""


@dataclass(slots=True)
class AssetWatch:
    """`elapsed_s` is a monotonic clock."""

    asset_id: str
    table: Table
    elapsed_s: Callable[[], float] = time.monotonic
    _looked_s: float | None = field(default=None, init=False)

    def look(self) -> None:
        """Call it as often as you like: most calls do nothing.

        Raises:
            WorkSuperseded: If the asset is no longer being prepared.
        """
        now_s = self.elapsed_s()
        if self._looked_s is not None and now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        preparing_asset(self.asset_id, self.table)
