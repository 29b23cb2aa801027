from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from smoke.compare import Difference
from smoke.execution import Rendered
from smoke.results import judge, write

RENDERED = Rendered(chunk_count=2, wall_ms=1500, history=[])


@pytest.mark.parametrize(
    ("wanted", "found", "passed"),
    [
        (2, Difference(50.0, 0.0), True),
        (2, Difference(math.inf, None), True),
        (2, Difference(49.9, 0.0), False),
        (2, Difference(60.0, 0.0011), False),
        (4, Difference(60.0, 0.0), False),
    ],
)
def test_a_render_passes_with_its_chunks_its_pictures_and_its_sound(
    wanted: int, found: Difference, passed: bool
) -> None:
    """Too few chunks, pictures under 50 dB or other sound each fail a render."""
    assert judge(RENDERED, wanted, found).passed is passed


def test_results_are_json_even_where_every_pixel_is_the_same(tmp_path: Path) -> None:
    """An infinite PSNR is written as null, because JSON has no infinity."""
    write([judge(RENDERED, 2, Difference(math.inf, 0.0))], tmp_path)
    (result,) = json.loads((tmp_path / "results.json").read_text())
    assert result == {"chunk_count": 2, "wall_ms": 1500, "psnr_db": None, "audio_residual": 0.0, "passed": True}
    assert "1.5" in (tmp_path / "plot.svg").read_text()
