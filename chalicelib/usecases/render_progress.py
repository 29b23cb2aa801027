"""What the workers of a composition say to the record of their render, and what they learn from it.

The steps of the state machine call these functions in running order: `note_planning`, `note_planned`, for each chunk
`ChunkWatch.captured` and `note_chunk_done`, `note_assembling`, `note_assembled`; `note_failed` when one of them raised.
Each is safe to repeat and to come late: a render that goes on is never moved back, and one that has ended (cancelled,
failed, over its cost) is never changed. Whoever reports on one that has ended gets WorkSuperseded, and stops.

A render that was started by plain AWS calls has no id and no record: None as its id, and nothing is kept.
The bill is kept by `metered(render_id, ...)` (progress.py), and by `note_chunk_done`, which settles it with the chunk.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.catalog.prices import cost_of
from chalicelib.catalog.render import UNFINISHED, Render, RenderChange, RenderError, RenderStatus
from chalicelib.errors import CompositionTooSlow, CostLimitReached, DeadlineNear, WorkSuperseded

if TYPE_CHECKING:
    from chalicelib.aws.table import Table
    from chalicelib.catalog.asset import Work
    from chalicelib.usecases.progress import Clock, Meter
    from chalicelib.usecases.record_failure import Failed

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
"""How often a worker looks whether its render still goes on: so long it takes to end after a cancel."""
_CHUNKS_PER_S = 20
"""Chunks that may write their frames in one second: they share one item, of at most some 10 kB."""
_SILENT_TRANSITIONS = 4
"""The start, the Choice, the Map and the end: transitions that no function of ours sees."""
_BEFORE_CHUNKS = frozenset({RenderStatus.QUEUED, RenderStatus.PLANNING})
_RENDERING = frozenset({RenderStatus.RENDERING})
_OUT_OF_TIME = (DeadlineNear, CompositionTooSlow)
_SUCCEEDING = frozenset({RenderStatus.RENDERING, RenderStatus.ASSEMBLING})


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan decided. Width and height in pixels of the output; the duration in seconds."""

    plan_hash: str
    chunk_count: int
    total_frames: int
    frame_rate: Fraction
    width: int
    height: int
    duration: Fraction
    warnings: tuple[RenderError, ...] = ()


def note_planning(render_id: str | None, table: Table, *, now_ms: int) -> None:
    """The plan is being made. Raises WorkSuperseded if the render has ended."""
    if render_id is None:
        return
    planning = RenderChange(status=RenderStatus.PLANNING, started_at_ms=now_ms)
    if table.update_render(render_id, planning, expect=UNFINISHED, now_ms=now_ms) is None:
        unfinished_render(render_id, table)


def note_planned(render_id: str | None, table: Table, planned: Planned, *, now_ms: int) -> None:
    """The plan is stored, and its chunks come next. Raises WorkSuperseded if the render has ended."""
    if render_id is None:
        return
    facts = {
        "plan_hash": planned.plan_hash,
        "chunk_count": planned.chunk_count,
        "total_frames": planned.total_frames,
        "frame_rate": planned.frame_rate,
        "width": planned.width,
        "height": planned.height,
        "duration": planned.duration,
        "warnings": planned.warnings,
    }
    begun = RenderChange(status=RenderStatus.RENDERING, **facts)  # type: ignore[arg-type]
    if table.update_render(render_id, begun, expect=_BEFORE_CHUNKS, now_ms=now_ms) is not None:
        return
    # Planned before: by an attempt that was lost, or by a call whose answer was.
    again = RenderChange(**facts)  # type: ignore[arg-type]
    if table.update_render(render_id, again, expect=_RENDERING, now_ms=now_ms) is None:
        unfinished_render(render_id, table)


@dataclass(slots=True)
class RenderWatch:
    """Finds out when a render has ended. `elapsed_s` is a monotonic clock."""

    render_id: str | None
    table: Table
    elapsed_s: Callable[[], float] = time.monotonic
    _looked_s: float | None = field(default=None, init=False)

    def look(self) -> None:
        """Call it as often as you like: most calls do nothing.

        Raises:
            WorkSuperseded: If the render has ended, so that the worker should.
        """
        now_s = self.elapsed_s()
        if self.render_id is not None and _is_due(self._looked_s, now_s, _LOOK_EVERY_S):
            self._looked_s = now_s
            unfinished_render(self.render_id, self.table)


@dataclass(slots=True)
class ChunkWatch:
    """A chunk under way: tells how far it is.

    Attributes:
        chunk_count: Of the plan.
        clock: Milliseconds since the epoch.
    """

    render: RenderWatch
    plan_hash: str
    index: int
    chunk_count: int
    clock: Clock
    _noted_s: float | None = field(default=None, init=False)

    def captured(self, frames: int) -> None:
        """So many frames of the chunk are made. Call it for each frame: most calls do nothing.

        Raises:
            WorkSuperseded: If the render has ended, so that the worker should.
        """
        self.render.look()
        render_id, now_s = self.render.render_id, self.render.elapsed_s()
        every_s = max(_LOOK_EVERY_S, self.chunk_count / _CHUNKS_PER_S)
        if render_id is not None and _is_due(self._noted_s, now_s, every_s):
            self._noted_s = now_s
            self.render.table.note_frames(render_id, self.plan_hash, self.index, frames, now_ms=self.clock())


def note_chunk_done(
    render_id: str | None,
    table: Table,
    *,
    plan_hash: str,
    index: int,
    frames: int,
    meter: Meter,
    now_ms: int,
) -> None:
    """The chunk is stored. Its bill is settled in the same breath, so that the meter writes none.

    Raises:
        WorkSuperseded: If the render has ended.
        CostLimitReached: If it has by now cost more than its owner allows. The render has failed with it then.
    """
    if render_id is None:
        return
    table.mark_task_done(
        render_id,
        plan_hash,
        index,
        billed_ms=meter.take_ms(),
        memory_mb=meter.memory_mb,
        now_ms=now_ms,
        frames=frames,
    )
    meter.settled = True
    render = unfinished_render(render_id, table)
    if render.max_cost_usd is not None and _is_over(table.get_progress(render_id, plan_hash), render.max_cost_usd):
        over = CostLimitReached("the work has cost what max_cost_usd allows", render_id=render_id)
        failed = _ended(RenderStatus.FAILED, over.code(), over.message, now_ms)
        table.update_render(render_id, failed, expect=UNFINISHED, now_ms=now_ms)
        raise over


def note_assembling(render_id: str | None, table: Table, *, now_ms: int) -> None:
    """Every chunk is there. Raises WorkSuperseded if the render has ended."""
    if render_id is None:
        return
    assembling = RenderChange(status=RenderStatus.ASSEMBLING)
    if table.update_render(render_id, assembling, expect=UNFINISHED, now_ms=now_ms) is None:
        unfinished_render(render_id, table)


def note_assembled(render_id: str | None, table: Table, *, size_bytes: int, now_ms: int) -> None:
    """The output is stored. Raises WorkSuperseded if the render ended otherwise."""
    if render_id is None:
        return
    done = RenderChange(status=RenderStatus.SUCCEEDED, output_size_bytes=size_bytes, finished_at_ms=now_ms)
    render = table.update_render(render_id, done, expect=_SUCCEEDING, now_ms=now_ms)
    if render is not None:
        table.add_work(render_id, transitions=render.chunk_count + _SILENT_TRANSITIONS, now_ms=now_ms)
        logger.info("rendered", extra={"render_id": render_id, "size_bytes": size_bytes})
    elif (found := table.get_render(render_id)).status is not RenderStatus.SUCCEEDED:
        raise WorkSuperseded("the render has ended", render_id=render_id, status=found.status.value)


def note_failed(render_id: str | None, attempt: int | None, failed: Failed, table: Table, *, now_ms: int) -> bool:
    """Put a failure on the render, if it goes on; one that ran out of time has timed out.

    Args:
        attempt: `Attempt` of the execution's input: the failure of an execution that was given up changes nothing.

    Returns:
        Whether the render ended by this call.
    """
    if render_id is None or failed.kind is WorkSuperseded:
        return False
    status = RenderStatus.TIMED_OUT if failed.kind in _OUT_OF_TIME else RenderStatus.FAILED
    ended = _ended(status, failed.kind.code(), failed.message, now_ms)
    still = RenderChange(attempt=attempt) if attempt is not None else RenderChange()
    return table.update_render(render_id, ended, expect=UNFINISHED, now_ms=now_ms, unchanged=still) is not None


def unfinished_render(render_id: str, table: Table) -> Render:
    """Raises WorkSuperseded if the render has ended."""
    render = table.get_render(render_id)
    if render.status not in UNFINISHED:
        raise WorkSuperseded("the render has ended", render_id=render_id, status=render.status.value)
    return render


def _ended(status: RenderStatus, code: str, message: str, now_ms: int) -> RenderChange:
    return RenderChange(status=status, errors=(RenderError(code, message),), finished_at_ms=now_ms)


def _is_over(work: Work, limit_usd: Fraction) -> bool:
    return cost_of(work).total_usd > limit_usd


def _is_due(last_s: float | None, now_s: float, every_s: float) -> bool:
    return last_s is None or now_s - last_s >= every_s
