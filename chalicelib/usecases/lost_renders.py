"""Renders whose execution was lost, found again by the cleanup schedule.

| seen                                          | done                                                 |
|-----------------------------------------------|------------------------------------------------------|
| unfinished, no execution                      | started                                              |
| unfinished, execution ended with our error    | failed with it                                       |
| unfinished, execution out of time             | timed out                                            |
| unfinished, execution ended otherwise or gone | begun again, at most MAX_ATTEMPTS times, then failed |
| unfinished, execution running                 | left alone                                           |
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib.aws.workflows import ExecutionStatus
from chalicelib.catalog.render import UNFINISHED, Render, RenderChange, RenderError, RenderStatus
from chalicelib.errors import ExecutionLost
from chalicelib.usecases.record_failure import Failed, resolve
from chalicelib.usecases.render import start_render
from chalicelib.usecases.render_progress import note_failed

if TYPE_CHECKING:
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
GIVE_UP_AFTER_MS = 6 * 3600 * 1000
"""How long a render is tried to be started before it fails."""
_ALIVE = frozenset({ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE})


def reconcile_render(render: Render, table: Table, workflows: Workflows, settings: Settings, *, now_ms: int) -> None:
    """Find out what became of an unfinished render that has not changed for a while."""
    if render.execution_arn is None:
        if now_ms - render.updated_at_ms > GIVE_UP_AFTER_MS:
            note_failed(
                render.id, render.attempt, Failed(ExecutionLost, "it could not be started"), table, now_ms=now_ms
            )
            return
        logger.warning("render was not started", extra={"render_id": render.id})
        start_render(render, table, workflows, settings, now_ms=now_ms)
        return
    execution = workflows.describe(render.execution_arn)
    if execution.status in _ALIVE:
        return
    if execution.status is ExecutionStatus.TIMED_OUT:
        error = RenderError(ExecutionLost.code(), "the render took longer than it may")
        late = RenderChange(status=RenderStatus.TIMED_OUT, errors=(error,), finished_at_ms=now_ms)
        table.update_render(render.id, late, expect=UNFINISHED, now_ms=now_ms, unchanged=_same(render))
        return
    if execution.status is ExecutionStatus.FAILED:
        failed = resolve(execution.error, execution.cause)
        if not issubclass(failed.kind, ExecutionLost):
            note_failed(render.id, render.attempt, failed, table, now_ms=now_ms)
            return
    _begin_again(render, table, workflows, settings, now_ms=now_ms)


def _begin_again(render: Render, table: Table, workflows: Workflows, settings: Settings, *, now_ms: int) -> None:
    """Finished chunks are found by their receipts, so only the rest is done again."""
    if render.attempt >= MAX_ATTEMPTS:
        lost = Failed(ExecutionLost, f"the work was lost {render.attempt} times")
        note_failed(render.id, render.attempt, lost, table, now_ms=now_ms)
        return
    logger.warning("execution was lost", extra={"render_id": render.id, "execution_arn": render.execution_arn})
    again = RenderChange(attempt=render.attempt + 1, execution_arn=None)
    changed = table.update_render(render.id, again, expect=UNFINISHED, now_ms=now_ms, unchanged=_same(render))
    if changed is not None:
        start_render(changed, table, workflows, settings, now_ms=now_ms)


def _same(render: Render) -> RenderChange:
    return RenderChange(attempt=render.attempt)
