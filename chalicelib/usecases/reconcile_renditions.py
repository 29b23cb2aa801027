"""Static renditions whose work got lost, found again by the cleanup schedule.

| seen                                                 | done                                                        |
|------------------------------------------------------|-------------------------------------------------------------|
| in preparation, its asset deleted                    | its record removed                                          |
| in preparation, no execution                         | message sent again, for 6 hours; then errored               |
| in preparation, execution ended with our error       | errored with it                                             |
| in preparation, execution ended otherwise or gone    | begun again, at most MAX_ATTEMPTS times, then errored       |
| in preparation, execution running                    | left alone                                                  |
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib.aws.workflows import ALIVE, ExecutionStatus
from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.rendition import RenditionChange, RenditionStatus, StaticRendition
from chalicelib.errors import AssetNotFound, ExecutionLost
from chalicelib.usecases.record_failure import Failed, resolve
from chalicelib.usecases.renditions import fail_rendition

if TYPE_CHECKING:
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
GIVE_UP_AFTER_MS = 6 * 3600 * 1000
_PREPARING = frozenset({RenditionStatus.PREPARING})


def reconcile_rendition(
    rendition: StaticRendition, table: Table, queues: Queues, workflows: Workflows, *, now_ms: int
) -> None:
    """One rendition that is in preparation and has not changed for a while."""
    if _asset_is_gone(rendition, table):
        table.delete_rendition(rendition.asset_id, rendition.id)
        return
    if rendition.execution_arn is None:
        if now_ms - rendition.updated_at_ms > GIVE_UP_AFTER_MS:
            lost = Failed(ExecutionLost, "the work could not be started")
            fail_rendition(rendition, lost, table, now_ms=now_ms)
            return
        logger.warning("rendition message was lost", extra={"rendition_id": rendition.id})
        _send(rendition, queues)
        return
    execution = workflows.describe(rendition.execution_arn)
    if execution.status in ALIVE:
        return
    if execution.status is ExecutionStatus.FAILED:
        failed = resolve(execution.error, execution.cause)
        if not issubclass(failed.kind, ExecutionLost):
            fail_rendition(rendition, failed, table, now_ms=now_ms)
            return
    _begin_again(rendition, table, queues, now_ms)


def _asset_is_gone(rendition: StaticRendition, table: Table) -> bool:
    try:
        return table.get_asset(rendition.asset_id).status is AssetStatus.DELETED
    except AssetNotFound:
        return True


def _begin_again(rendition: StaticRendition, table: Table, queues: Queues, now_ms: int) -> None:
    if rendition.attempt >= MAX_ATTEMPTS:
        lost = Failed(ExecutionLost, f"the work was lost {rendition.attempt} times")
        fail_rendition(rendition, lost, table, now_ms=now_ms)
        return
    logger.warning("rendition was lost", extra={"rendition_id": rendition.id})
    again = RenditionChange(attempt=rendition.attempt + 1, execution_arn=None)
    changed = table.update_rendition(rendition, again, expect=_PREPARING, now_ms=now_ms)
    if changed is not None:
        _send(changed, queues)


def _send(rendition: StaticRendition, queues: Queues) -> None:
    queues.send_rendition(rendition.asset_id, rendition.id, rendition.created_at_ms)
