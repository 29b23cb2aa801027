"""Static renditions from the request to the execution that makes them; what is made, and how, is in make_rendition.py.

A request writes the record and sends a message; the consumer of the encode queue starts one execution for each (record,
attempt). Each step may be repeated. A process that dies between two steps leaves a record that waits, and the cleanup
schedule finds it. What goes wrong ends on the rendition, never on the asset, which stays ready.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import Asset, AssetChange, AssetError, AssetStatus
from chalicelib.catalog.options import Encoder
from chalicelib.catalog.rendition import RenditionChange, RenditionStatus, StaticRendition, rendition_id
from chalicelib.catalog.wishes import RenditionRequest, choose_wish
from chalicelib.errors import AssetNotReady, QueueUnavailable, RenditionNotFound, RenditionUnsuitable, WorkSuperseded
from chalicelib.usecases.asset_settings import settings_for
from chalicelib.usecases.record_failure import Failed, resolve

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues, RenditionMessage
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)

_THREADS = 8
_READY = frozenset({AssetStatus.READY})
_PREPARING = frozenset({RenditionStatus.PREPARING})
_ERRORED = frozenset({RenditionStatus.ERRORED})


def request_rendition(
    asset: Asset, request: RenditionRequest, table: Table, queues: Queues, *, now_ms: int
) -> StaticRendition:
    """Ask for a rendition; who asks for the same again gets the same, and one that had failed is tried again.

    Raises:
        AssetNotReady: If the asset is not, or no longer, published.
        RenditionUnsuitable: If it cannot be made of this asset.
    """
    if asset.status is not AssetStatus.READY or asset.plan_hash is None:
        raise AssetNotReady("the asset is not ready", asset_id=asset.id, asset_status=asset.status.value)
    if asset.encoder is Encoder.MEDIACONVERT:
        raise RenditionUnsuitable("files are made of what our own workers published, and MediaConvert encoded this one")
    wish = choose_wish(request, asset)
    rendition = StaticRendition(
        id=rendition_id(asset.id, asset.plan_hash, wish),
        asset_id=asset.id,
        plan_hash=asset.plan_hash,
        wish=wish,
        status=RenditionStatus.PREPARING,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
    )
    if not table.create_rendition(rendition):
        rendition = _again(table.get_rendition(asset.id, rendition.id), table, now_ms)
    has_some = AssetChange(has_static_renditions=1)
    still = AssetChange(plan_hash=asset.plan_hash)
    if table.update_asset(asset.id, has_some, expect=_READY, now_ms=now_ms, unchanged=still) is None:
        # Deleted in this moment: whoever deleted it may have missed the record.
        table.delete_rendition(asset.id, rendition.id)
        raise AssetNotReady("the asset is no longer ready", asset_id=asset.id)
    if rendition.status is RenditionStatus.PREPARING and rendition.execution_arn is None:
        queues.send_rendition(asset.id, rendition.id, rendition.created_at_ms)
    return rendition


def request_defaults(asset: Asset, table: Table, queues: Queues, settings: Settings, *, now_ms: int) -> None:
    """Ask for what is made of the asset, or else of every one. What this one has not is left out."""
    for kind in settings_for(asset.options, settings).static_renditions:
        try:
            request_rendition(asset, RenditionRequest(kind=kind), table, queues, now_ms=now_ms)
        except (RenditionUnsuitable, AssetNotReady) as reason:
            logger.info("rendition left out", extra={"type": kind, "reason": reason.message})
        except QueueUnavailable:
            logger.warning("rendition message was not sent; the schedule will", extra={"type": kind})


def start_rendition(message: RenditionMessage, table: Table, workflows: Workflows, *, now_ms: int) -> None:
    """Start the execution that makes a rendition, unless it is made or gone."""
    try:
        rendition = table.get_rendition(message.asset_id, message.rendition_id)
    except RenditionNotFound:
        logger.info("message of an unknown rendition", extra={"rendition_id": message.rendition_id})
        return
    if rendition.status is not RenditionStatus.PREPARING or rendition.created_at_ms != message.created_at_ms:
        logger.info("message out of date", extra={"rendition_id": rendition.id, "status": rendition.status})
        return
    name = f"{rendition.id}-{rendition.created_at_ms}-{rendition.attempt}"
    state_input = {
        "AssetId": rendition.asset_id,
        "RenditionId": rendition.id,
        "CreatedAtMs": rendition.created_at_ms,
        "Attempt": rendition.attempt,
    }
    started = RenditionChange(execution_arn=workflows.start_rendition(name, state_input))
    table.update_rendition(rendition, started, expect=_PREPARING, now_ms=now_ms)


def static_renditions(assets: Sequence[Asset], table: Table) -> dict[str, list[StaticRendition]]:
    """Those of each asset, by its id; nobody asks the table for an asset that never had any."""
    asked = [asset.id for asset in assets if asset.has_static_renditions]
    found: dict[str, list[StaticRendition]] = {asset.id: [] for asset in assets}
    if asked:
        with ThreadPoolExecutor(_THREADS) as threads:
            found |= dict(zip(asked, threads.map(table.list_renditions, asked), strict=True))
    return found


def remove_rendition(
    rendition: StaticRendition, objects: Objects, table: Table, workflows: Workflows, settings: Settings
) -> None:
    """Forget a rendition, stop its work and remove its file. The record goes first: work still under way then undoes
    itself."""
    table.delete_rendition(rendition.asset_id, rendition.id)
    if rendition.execution_arn is not None and rendition.status is RenditionStatus.PREPARING:
        workflows.stop(rendition.execution_arn, error="RenditionDeleted", cause="the rendition was deleted")
    objects.delete(settings.media_bucket, rendition.key)


def fail_rendition(rendition: StaticRendition, failed: Failed, table: Table, *, now_ms: int) -> bool:
    """Whether the rendition is errored by this call."""
    error = AssetError(failed.kind.code(), failed.message)
    errored = RenditionChange(status=RenditionStatus.ERRORED, error=error)
    return table.update_rendition(rendition, errored, expect=_PREPARING, now_ms=now_ms) is not None


def record_rendition_failure(
    asset_id: str, rendition_id: str, attempt: int | None, name: str, cause: str, table: Table, *, now_ms: int
) -> dict[str, object]:
    """Put a failure on the rendition, if it is still being made by this attempt.

    Returns:
        The true name and the message, as `Error` and `Cause` for the Fail state.
    """
    failed = resolve(name, cause)
    extra = {"rendition_id": rendition_id, "state_error": name, "code": failed.kind.code(), "detail": failed.message}
    logger.warning("rendition failed", extra=extra)
    with suppress(RenditionNotFound):
        rendition = table.get_rendition(asset_id, rendition_id)
        if failed.kind is not WorkSuperseded and attempt in (None, rendition.attempt):
            fail_rendition(rendition, failed, table, now_ms=now_ms)
    return {"Error": failed.kind.__name__, "Cause": failed.message}


def _again(rendition: StaticRendition, table: Table, now_ms: int) -> StaticRendition:
    if rendition.status is not RenditionStatus.ERRORED:
        return rendition
    again = RenditionChange(
        status=RenditionStatus.PREPARING, attempt=rendition.attempt + 1, execution_arn=None, error=None
    )
    changed = table.update_rendition(rendition, again, expect=_ERRORED, now_ms=now_ms)
    return changed or table.get_rendition(rendition.asset_id, rendition.id)
