"""What workers report of a render: in order, late, twice, and after its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.catalog.render import UNFINISHED, Render, RenderStatus
from chalicelib.errors import (
    CostLimitReached,
    DeadlineNear,
    EncoderFailed,
    RenderNotFound,
    WorkSuperseded,
)
from chalicelib.usecases.progress import Meter
from chalicelib.usecases.record_failure import Failed
from chalicelib.usecases.render_progress import (
    ChunkWatch,
    Planned,
    RenderWatch,
    note_assembled,
    note_assembling,
    note_chunk_done,
    note_failed,
    note_planned,
    note_planning,
)
from tests.fakes import Clock, FakeTable
from tests.unit.catalog.samples import NOW_MS, PLAN_HASH, RENDER_ID, a_render

PLANNED = Planned(PLAN_HASH, 2, 50, Fraction(25), 640, 360, Fraction(2))


@pytest.fixture
def table() -> FakeTable:
    made = FakeTable()
    made.create_render(
        Render(RENDER_ID, RenderStatus.QUEUED, NOW_MS, NOW_MS, "cd" * 32, f"renders/{RENDER_ID}/output.mp4")
    )
    return made


def _chunk(table: FakeTable, index: int, frames: int = 25) -> None:
    meter = Meter(memory_mb=1024, started_s=time.monotonic())
    note_chunk_done(RENDER_ID, table, plan_hash=PLAN_HASH, index=index, frames=frames, meter=meter, now_ms=NOW_MS + 3)
    assert meter.settled


def _steps(table: FakeTable) -> list[Callable[[], object]]:
    """Every report that a whole render makes, in running order."""
    return [
        lambda: note_planning(RENDER_ID, table, now_ms=NOW_MS + 1),
        lambda: note_planned(RENDER_ID, table, PLANNED, now_ms=NOW_MS + 2),
        lambda: _chunk(table, 0),
        lambda: _chunk(table, 1),
        lambda: note_assembling(RENDER_ID, table, now_ms=NOW_MS + 4),
        lambda: note_assembled(RENDER_ID, table, size_bytes=999, now_ms=NOW_MS + 5),
    ]


def test_a_render_moves_through_its_states(table: FakeTable) -> None:
    """Each report moves the record on, and what the plan decided is on it."""
    seen = []
    for step in _steps(table):
        step()
        seen.append(table.get_render(RENDER_ID).status.value)
    assert seen == ["planning", "rendering", "rendering", "rendering", "assembling", "succeeded"]
    render = table.get_render(RENDER_ID)
    assert (render.chunk_count, render.total_frames, render.frame_rate) == (2, 50, Fraction(25))
    assert (render.width, render.height, render.duration) == (640, 360, Fraction(2))
    assert (render.started_at_ms, render.finished_at_ms, render.output_size_bytes) == (NOW_MS + 1, NOW_MS + 5, 999)
    work = table.get_progress(RENDER_ID, PLAN_HASH)
    assert (work.tasks_done, work.frames_done) == (2, 50)
    assert work.transitions == PLANNED.chunk_count + 4
    assert work.lambda_mb_ms >= 2 * 1024


def test_reports_that_come_twice_or_late_change_nothing(table: FakeTable) -> None:
    """Every step may be repeated at any later moment while the render goes on."""
    steps = _steps(table)[:-1]
    for count, step in enumerate(steps, 1):
        step()
        before = table.get_render(RENDER_ID)
        for earlier in steps[:count]:
            earlier()
        after = table.get_render(RENDER_ID)
        assert replace(after, updated_at_ms=0) == replace(before, updated_at_ms=0)
    work = table.get_progress(RENDER_ID, PLAN_HASH)
    assert (work.tasks_done, work.frames_done) == (2, 50)


@pytest.mark.parametrize("status", sorted(set(RenderStatus) - UNFINISHED - {RenderStatus.SUCCEEDED}))
def test_a_render_that_ended_stays_so(table: FakeTable, status: RenderStatus) -> None:
    """Every report on it is told to stop, and the record is as it was."""
    ended = a_render(status=status)
    table.items.clear()
    table.create_render(ended)
    for step in _steps(table):
        with pytest.raises(WorkSuperseded):
            step()
    assert not note_failed(RENDER_ID, None, Failed(EncoderFailed, "late"), table, now_ms=NOW_MS + 9)
    assert table.get_render(RENDER_ID) == ended


def test_an_assembly_may_be_reported_twice(table: FakeTable) -> None:
    """The second one finds the render succeeded, and bills nothing more."""
    for step in _steps(table):
        step()
    transitions = table.get_progress(RENDER_ID, PLAN_HASH).transitions
    note_assembled(RENDER_ID, table, size_bytes=1000, now_ms=NOW_MS + 6)
    assert table.get_render(RENDER_ID).output_size_bytes == 999
    assert table.get_progress(RENDER_ID, PLAN_HASH).transitions == transitions


def test_a_failure_is_put_on_the_render(table: FakeTable) -> None:
    """Under its code; what ran out of time has timed out; of a superseded worker nothing is said."""
    assert not note_failed(RENDER_ID, None, Failed(WorkSuperseded, "late"), table, now_ms=NOW_MS)
    assert not note_failed(RENDER_ID, 2, Failed(EncoderFailed, "of another attempt"), table, now_ms=NOW_MS)
    assert note_failed(RENDER_ID, 1, Failed(EncoderFailed, "no"), table, now_ms=NOW_MS + 7)
    render = table.get_render(RENDER_ID)
    assert (render.status, render.finished_at_ms) == (RenderStatus.FAILED, NOW_MS + 7)
    assert [(error.code, error.message) for error in render.errors] == [("encoder-failed", "no")]
    table.items.clear()
    table.create_render(a_render(errors=()))
    assert note_failed(RENDER_ID, None, Failed(DeadlineNear, "late"), table, now_ms=NOW_MS)
    assert table.get_render(RENDER_ID).status is RenderStatus.TIMED_OUT


def test_work_stops_at_its_cost(table: FakeTable) -> None:
    """The chunk that goes over the limit fails the render; the bill keeps what was spent."""
    table.items.clear()
    table.create_render(a_render(max_cost_usd=Fraction("0.0001"), errors=()))
    _chunk(table, 0)
    table.add_work(RENDER_ID, billed_ms=6000, memory_mb=1024, now_ms=NOW_MS)
    with pytest.raises(CostLimitReached):
        _chunk(table, 1)
    render = table.get_render(RENDER_ID)
    assert (render.status, [error.code for error in render.errors]) == (RenderStatus.FAILED, ["cost-limit-reached"])
    with pytest.raises(WorkSuperseded):
        _chunk(table, 2)


class _Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _watch(table: FakeTable, seconds: _Seconds, chunks: int) -> ChunkWatch:
    return ChunkWatch(RenderWatch(RENDER_ID, table, elapsed_s=seconds), PLAN_HASH, 3, chunks, Clock())


def test_frames_are_noted_as_they_are_made(table: FakeTable) -> None:
    """Once a second at most, and more rarely where many chunks share the item."""
    for chunks, expected in ((4, [1, 1, 3, 4]), (50, [1, 1, 1, 4])):
        table.items.clear()
        table.create_render(a_render())
        seconds = _Seconds()
        watch = _watch(table, seconds, chunks)
        seen = []
        for frames, at_s in ((1, 0.0), (2, 0.9), (3, 1.0), (4, 3.0)):
            seconds.now = at_s
            watch.captured(frames)
            seen.append(table.get_progress(RENDER_ID, PLAN_HASH).frames_done)
        assert seen == expected


def test_a_chunk_learns_of_the_cancel(table: FakeTable) -> None:
    """Within a second, whatever the number of chunks."""
    table.items.clear()
    table.create_render(a_render())
    seconds = _Seconds()
    watch = _watch(table, seconds, 200)
    watch.captured(1)
    table.items.clear()
    table.create_render(a_render(status=RenderStatus.CANCELLED))
    seconds.now = 0.5
    watch.captured(2)
    seconds.now = 1.0
    with pytest.raises(WorkSuperseded):
        watch.captured(3)


def test_who_looks_often_keeps_no_frames_from_being_noted(table: FakeTable) -> None:
    """A page that is looked after while it loads learns of the cancel, and its frames are noted all the same."""
    table.items.clear()
    table.create_render(a_render())
    seconds = _Seconds()
    watch = _watch(table, seconds, 4)
    for frames in range(1, 4):
        seconds.now = float(frames)
        watch.render.look()
        watch.captured(frames)
        assert table.get_progress(RENDER_ID, PLAN_HASH).frames_done == frames
    table.items.clear()
    table.create_render(a_render(status=RenderStatus.CANCELLED))
    seconds.now = 3.5
    watch.render.look()
    seconds.now = 4.0
    with pytest.raises(WorkSuperseded):
        watch.render.look()


def test_without_an_id_nothing_is_kept() -> None:
    """A render that plain AWS calls started has no record."""
    table = FakeTable()
    meter = Meter(memory_mb=1024, started_s=0.0)
    note_planning(None, table, now_ms=1)
    note_planned(None, table, PLANNED, now_ms=1)
    ChunkWatch(RenderWatch(None, table), PLAN_HASH, 0, 1, Clock()).captured(1)
    note_chunk_done(None, table, plan_hash=PLAN_HASH, index=0, frames=1, meter=meter, now_ms=1)
    note_assembling(None, table, now_ms=1)
    note_assembled(None, table, size_bytes=1, now_ms=1)
    assert not note_failed(None, None, Failed(EncoderFailed, "no"), table, now_ms=1)
    assert table.items == {}


def test_an_unknown_render_is_told() -> None:
    """An id that names nothing is no render of ours, and nothing is made of it."""
    with pytest.raises(RenderNotFound):
        note_planning(RENDER_ID, FakeTable(), now_ms=1)
