"""How a render's record may change, and what is read from it."""

from __future__ import annotations

import pytest

from chalicelib.catalog.asset import Work
from chalicelib.catalog.render import (
    PREDECESSORS,
    UNFINISHED,
    RenderStatus,
    output_expires_at_ms,
    percent_rendered,
)
from tests.unit.catalog.samples import NOW_MS, a_render


def test_every_status_has_its_way_there() -> None:
    """No render leaves an end, and each status but the first can be reached from one that goes on."""
    assert PREDECESSORS.keys() == set(RenderStatus)
    for status, before in PREDECESSORS.items():
        assert before <= UNFINISHED
        assert status not in before or status in (RenderStatus.FAILED, RenderStatus.CANCELLED, RenderStatus.TIMED_OUT)
        assert before or status is RenderStatus.QUEUED


@pytest.mark.parametrize(
    ("status", "total", "done", "percent"),
    [
        (RenderStatus.QUEUED, 0, 0, 0.0),
        (RenderStatus.RENDERING, 300, 100, 33.3),
        (RenderStatus.RENDERING, 300, 300, 99.0),
        (RenderStatus.ASSEMBLING, 300, 301, 99.0),
        (RenderStatus.SUCCEEDED, 300, 299, 100.0),
        (RenderStatus.FAILED, 300, 150, 50.0),
    ],
)
def test_percent_counts_frames(status: RenderStatus, total: int, done: int, percent: float) -> None:
    """100 means that the video is there, and nothing else does."""
    assert percent_rendered(a_render(status=status, total_frames=total), Work(frames_done=done)) == percent


def test_an_output_is_kept_seven_days() -> None:
    """Only a render that succeeded has one."""
    week_ms = 7 * 24 * 3600 * 1000
    assert output_expires_at_ms(a_render(status=RenderStatus.SUCCEEDED, finished_at_ms=NOW_MS)) == NOW_MS + week_ms
    assert output_expires_at_ms(a_render(status=RenderStatus.FAILED)) is None
