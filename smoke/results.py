"""What the smoke test finds of each render, and whether that is as it should be."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sluice.plot import Group, bar_chart
from smoke.compare import Difference
from smoke.execution import Rendered

LEAST_PSNR_DB = 50.0
MOST_RESIDUAL = 0.001
"""60 dB below full scale."""


@dataclass(frozen=True, slots=True)
class Result:
    """One render of the state machine against the one of this process.

    Attributes:
        psnr_db: None when every pixel is the same, which JSON has no number for.
        audio_residual: Root mean square, 1.0 being full scale; None when the composition has no sound.
    """

    chunk_count: int
    wall_ms: int
    psnr_db: float | None
    audio_residual: float | None
    passed: bool

    def __str__(self) -> str:
        pictures = "every pixel the same" if self.psnr_db is None else f"{self.psnr_db:.2f} dB"
        sound = "no sound" if self.audio_residual is None else f"sound differs by {self.audio_residual:.6f}"
        end = "ok" if self.passed else "FAILED"
        return f"{self.chunk_count:2} chunks  {self.wall_ms / 1000:6.1f} s  {pictures}, {sound}  {end}"


def judge(rendered: Rendered, wanted_count: int, found: Difference) -> Result:
    """A render passes with the chunks that were asked for, at least 50 dB, and the same sound."""
    passed = (
        rendered.chunk_count == wanted_count
        and found.psnr_db >= LEAST_PSNR_DB
        and (found.audio_residual is None or found.audio_residual <= MOST_RESIDUAL)
    )
    psnr_db = None if math.isinf(found.psnr_db) else found.psnr_db
    return Result(rendered.chunk_count, rendered.wall_ms, psnr_db, found.audio_residual, passed)


def write(results: Sequence[Result], folder: Path) -> None:
    """results.json and plot.svg."""
    (folder / "results.json").write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    groups = [Group(str(result.chunk_count), [result.wall_ms / 1000]) for result in results]
    (folder / "plot.svg").write_text(bar_chart("Seconds by number of chunks", ["wall time"], groups))
