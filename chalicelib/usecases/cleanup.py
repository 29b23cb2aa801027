"""What time brings about: late uploads expire, abandoned parts go, and work that got lost is found again.

Work gets lost when a process dies between two writes, or a state machine execution ends without recording anything
(stopped by hand, timed out, or lost with a restart of the local AWS). Nothing here is urgent and nothing is done twice:
each change is conditional on what was seen, and each run does a bounded amount, the oldest first.

| seen                                               | done                                                       |
|----------------------------------------------------|------------------------------------------------------------|
| upload waiting past its time                       | expired, its asset errored; or ingested, if it had arrived |
| asset waiting, bytes there                         | ingested                                                   |
| asset preparing, no execution                      | encode message sent again                                  |
| asset preparing, execution ended with our error    | errored with it                                            |
| asset preparing, execution ended otherwise or gone | begun again, at most MAX_ATTEMPTS times, then errored      |
| asset preparing, execution running                 | left alone                                                 |
| render unfinished                                  | as `lost_renders.py` says                                  |
| rendition in preparation                           | see reconcile_renditions.py                                |
| track in preparation, or being deleted             | its asset's manifests made to follow, if they are out      |
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from chalicelib.aws.workflows import ALIVE, ExecutionStatus
from chalicelib.catalog.asset import Asset, AssetChange, AssetError, AssetStatus
from chalicelib.catalog.keys import UPLOADS_PREFIX
from chalicelib.catalog.render import UNFINISHED
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import ExecutionLost, SluiceError, TransientError, UploadExpired, UploadNotFound
from chalicelib.usecases.ingest_metadata import ingest_asset
from chalicelib.usecases.lost_renders import reconcile_render
from chalicelib.usecases.publish_tracks import reconcile_track
from chalicelib.usecases.reconcile_renditions import reconcile_rendition
from chalicelib.usecases.record_failure import Failed, put_failure, resolve
from chalicelib.usecases.upload import expire_upload

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.catalog.upload import Upload
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools

T = TypeVar("T")

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
STUCK_AFTER_MS = 15_000
"""How long a record has not changed before anybody asks what became of it."""
LOST_AFTER_MS = 60_000
"""How long a record waits for an event or a message: longer than one takes to be delivered."""
GIVE_UP_AFTER_MS = 6 * 3600 * 1000
"""How long lost work is tried to be set going before the asset is errored."""
_BATCH = 50
# Open uploads of customers who take their time are among them, and must not hide what is lost behind them.
_WAITING_BATCH = 500
_DAY_MS = 24 * 3600 * 1000
_WAITING = frozenset({AssetStatus.WAITING})
_PREPARING = frozenset({AssetStatus.PREPARING})


@dataclass(frozen=True, slots=True)
class _Shift:
    """One run."""

    objects: Objects
    table: Table
    queues: Queues
    workflows: Workflows
    tools: Tools
    settings: Settings
    now_ms: int

    def gives_up_on(self, asset: Asset) -> bool:
        return self.now_ms - asset.updated_at_ms > GIVE_UP_AFTER_MS

    def ingest(self, asset: Asset) -> Asset:
        return ingest_asset(asset, self.objects, self.table, self.queues, self.tools, self.settings, now_ms=self.now_ms)


def clean_up(
    objects: Objects,
    table: Table,
    queues: Queues,
    workflows: Workflows,
    tools: Tools,
    settings: Settings,
    *,
    now_ms: int,
) -> None:
    """One run. What fails for one record does not keep the others from their turn; the next run comes back to it."""
    shift = _Shift(objects, table, queues, workflows, tools, settings, now_ms)
    stuck_ms, lost_ms = now_ms - STUCK_AFTER_MS, now_ms - LOST_AFTER_MS
    _each(table.expired_uploads(now_ms), lambda upload: _expire(upload, shift))
    _each(
        table.stuck_assets(AssetStatus.WAITING, before_ms=lost_ms),
        lambda asset: _reconcile_waiting(asset, shift),
        most=_WAITING_BATCH,
    )
    _each(
        table.stuck_assets(AssetStatus.PREPARING, before_ms=stuck_ms),
        lambda asset: _reconcile_preparing(asset, shift),
    )
    for status in sorted(UNFINISHED):
        _each(
            table.stuck_renders(status, before_ms=stuck_ms),
            lambda render: reconcile_render(render, table, workflows, settings, now_ms=now_ms),
        )
    _each(
        table.stuck_renditions(before_ms=lost_ms),
        lambda rendition: reconcile_rendition(rendition, table, queues, workflows, now_ms=now_ms),
    )
    _each(
        table.stuck_tracks(before_ms=lost_ms),
        lambda track: reconcile_track(track, objects, table, settings, now_ms=now_ms),
    )
    _abort_stale_multiparts(shift)


def _each(records: Iterable[T], act: Callable[[T], None], *, most: int = _BATCH) -> None:
    for record in islice(records, most):
        try:
            act(record)
        except SluiceError as error:
            extra = {"record": getattr(record, "id", ""), "code": error.code(), "detail": error.message}
            logger.warning("not reconciled", extra=extra)


def _expire(upload: Upload, shift: _Shift) -> None:
    expire_upload(upload, shift.objects, shift.table, shift.queues, shift.tools, shift.settings, now_ms=shift.now_ms)


def _reconcile_waiting(asset: Asset, shift: _Shift) -> None:
    upload_status = _upload_status(asset, shift.table)
    is_open = upload_status is UploadStatus.WAITING
    if shift.objects.exists(asset.source_bucket, asset.source_key):
        # Bytes may come late to an open upload: its time is not counted here.
        if shift.gives_up_on(asset) and not is_open:
            _error_waiting(asset, ExecutionLost("the source could not be taken in"), shift)
            return
        logger.warning("ingest was lost", extra={"asset_id": asset.id})
        shift.ingest(asset)
        return
    if is_open:
        return  # the customer's turn; its expiry ends it
    if upload_status is UploadStatus.CANCELLED:
        cancelled = AssetChange(status=AssetStatus.CANCELLED)
        shift.table.update_asset(asset.id, cancelled, expect=_WAITING, now_ms=shift.now_ms)
        return
    _error_waiting(asset, UploadExpired("the bytes did not arrive in time"), shift)


def _upload_status(asset: Asset, table: Table) -> UploadStatus | None:
    if asset.upload_id is None:
        return None
    try:
        return table.get_upload(asset.upload_id).status
    except UploadNotFound:
        return None


def _error_waiting(asset: Asset, error: UploadExpired | TransientError, shift: _Shift) -> None:
    errored = AssetChange(status=AssetStatus.ERRORED, errors=(AssetError(error.code(), error.message),))
    shift.table.update_asset(asset.id, errored, expect=_WAITING, now_ms=shift.now_ms)


def _reconcile_preparing(asset: Asset, shift: _Shift) -> None:
    if asset.execution_arn is None:
        _set_going(asset, shift)
        return
    execution = shift.workflows.describe(asset.execution_arn)
    if execution.status in ALIVE:
        return
    if execution.status is ExecutionStatus.FAILED:
        failed = resolve(execution.error, execution.cause)
        if not issubclass(failed.kind, ExecutionLost):
            put_failure(asset.id, asset.attempt, failed, shift.table, now_ms=shift.now_ms)
            return
    _begin_again(asset, shift)


def _set_going(asset: Asset, shift: _Shift) -> None:
    """Its message was lost, or ended in the dead-letter queue. A message too many starts nothing."""
    if shift.now_ms - asset.updated_at_ms < LOST_AFTER_MS:
        return
    if shift.gives_up_on(asset):
        _fail(asset, "the work could not be started", shift)
    elif asset.source_etag is not None:
        logger.warning("encode message was lost", extra={"asset_id": asset.id})
        shift.queues.send_encode(asset.id, asset.source_etag)


def _begin_again(asset: Asset, shift: _Shift) -> None:
    """Its execution is gone. Finished chunks are found by their receipts, so only the rest is done again."""
    if asset.attempt >= MAX_ATTEMPTS:
        _fail(asset, f"the work was lost {asset.attempt} times", shift)
        return
    logger.warning("execution was lost", extra={"asset_id": asset.id, "execution_arn": asset.execution_arn})
    again = AssetChange(attempt=asset.attempt + 1, execution_arn=None)
    still = AssetChange(attempt=asset.attempt, execution_arn=asset.execution_arn)
    changed = shift.table.update_asset(asset.id, again, expect=_PREPARING, now_ms=shift.now_ms, unchanged=still)
    if changed is not None and changed.source_etag is not None:
        shift.queues.send_encode(changed.id, changed.source_etag)


def _fail(asset: Asset, message: str, shift: _Shift) -> None:
    put_failure(asset.id, asset.attempt, Failed(ExecutionLost, message), shift.table, now_ms=shift.now_ms)


def _abort_stale_multiparts(shift: _Shift) -> None:
    """Parts of uploads that nobody knows any more; the bucket's lifecycle rule would take them within the day."""
    older_than_ms = shift.now_ms - shift.settings.abort_incomplete_days * _DAY_MS
    bucket = shift.settings.source_bucket
    stale = shift.objects.stale_multiparts(bucket, UPLOADS_PREFIX, older_than_ms=older_than_ms)
    for multipart in islice(stale, _BATCH):
        shift.objects.abort_multipart(bucket, multipart.key, multipart.multipart_id)
