"""Assets as the customer handles them: delete one, or retry one that failed.

A deleted asset leaves a tombstone, so that work still under way finds out and stops; DynamoDB forgets it after 30 days.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from msgspec import UnsetType

from chalicelib.catalog.asset import LISTED, NO_CHANGE, Asset, AssetChange, AssetStatus, ProgressState
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import AssetNotFound, AssetNotRetryable
from chalicelib.usecases.budget import refuse_over_budget, refuse_over_cap
from chalicelib.usecases.fetch_source import drop_fetch, fetch_again
from chalicelib.usecases.ingest_metadata import ingest_asset
from chalicelib.usecases.renditions import remove_rendition
from chalicelib.usecases.source_state import refuse_archived, source_state
from chalicelib.usecases.upload import drop_bytes
from chalicelib.usecases.withdraw import count_made, remove_made

if TYPE_CHECKING:
    from chalicelib.aws.mediaconvert import MediaConvert
    from chalicelib.aws.mediapackage import MediaPackage
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools

_TOMBSTONE_S = 30 * 24 * 3600
_ERRORED = frozenset({AssetStatus.ERRORED})


@dataclass(frozen=True, slots=True)
class Purged:
    """The proof of a deletion: objects that were the source, and made of it, and those that S3 lists afterwards.

    What a worker is just writing is not among them: it finds the asset deleted and removes it itself.
    """

    source: int
    made: int
    left: int


def living_asset(asset_id: str, table: Table) -> Asset:
    """Raises AssetNotFound if there is none, or it is deleted."""
    asset = table.get_asset(asset_id)
    if asset.status is AssetStatus.DELETED:
        raise AssetNotFound("the asset is deleted", asset_id=asset_id)
    return asset


def describe(
    asset_id: str,
    passthrough: str | UnsetType | None,
    meta: dict[str, Any] | UnsetType,
    table: Table,
    *,
    now_ms: int,
) -> Asset:
    """Change what the customer says of an asset. UNSET leaves it alone.

    Raises:
        AssetNotFound: If there is none, or it is deleted.
    """
    asset = living_asset(asset_id, table)
    change = AssetChange(passthrough=passthrough, meta=meta)
    if change == NO_CHANGE:
        return asset
    changed = table.update_asset(asset_id, change, expect=frozenset(LISTED), now_ms=now_ms)
    return changed or living_asset(asset_id, table)


def delete_asset(
    asset_id: str,
    objects: Objects,
    table: Table,
    workflows: Workflows,
    jobs: MediaConvert,
    packages: MediaPackage,
    settings: Settings,
    *,
    now_ms: int,
) -> Purged:
    """Mark the asset deleted, stop its work, then remove every object of it. May be repeated, to remove what came late.

    Its tombstone, its bill and its upload are forgotten after 30 days; everything else in the table at once.

    A MediaConvert job that still runs is cancelled, and what MediaPackage serves is deleted there.

    Returns:
        What there was, and what is left.

    Raises:
        AssetNotFound: If there never was such an asset.
    """
    asset = table.get_asset(asset_id)
    deleted = AssetChange(status=AssetStatus.DELETED)
    purge_at_s = now_ms // 1000 + _TOMBSTONE_S
    table.update_asset(asset_id, deleted, expect=frozenset(LISTED), now_ms=now_ms, purge_at_s=purge_at_s)
    had_source = asset.owns_source and objects.exists(asset.source_bucket, asset.source_key)
    made = count_made(asset_id, objects, settings)
    if asset.execution_arn is not None:
        workflows.stop(asset.execution_arn, error="AssetDeleted", cause="the asset was deleted")
    if asset.job is not None and asset.outputs is None:
        jobs.cancel_job(asset.job.id)
    if asset.packaged is not None:
        packages.delete_asset(asset.packaged.id)
    for rendition in table.list_renditions(asset_id):
        remove_rendition(rendition, objects, table, workflows, settings)
    for track in table.list_tracks(asset_id):
        table.delete_track(track)
    drop_fetch(asset, objects, table)
    if asset.upload_id is not None:
        upload = table.end_upload(asset.upload_id, UploadStatus.CANCELLED, now_ms=now_ms)
        if upload is not None:
            drop_bytes(upload, objects)
        table.forget_upload(asset.upload_id, at_s=purge_at_s)
    table.forget_work(asset_id, at_s=purge_at_s)
    remove_made(asset_id, objects, settings)
    if asset.owns_source:
        objects.delete(asset.source_bucket, asset.source_key)
    has_source = asset.owns_source and objects.exists(asset.source_bucket, asset.source_key)
    return Purged(int(had_source), made, count_made(asset_id, objects, settings) + int(has_source))


def retry_asset(
    asset_id: str,
    objects: Objects,
    table: Table,
    queues: Queues,
    tools: Tools,
    settings: Settings,
    *,
    now_ms: int,
    max_cost_usd: Fraction | None = None,
) -> Asset:
    """Ingest an errored asset again. Its finished chunks are found and kept if the plan comes out the same.

    Args:
        max_cost_usd: Its cap from now on, over all attempts; None leaves it as it is.

    Raises:
        AssetNotFound: If there is no such asset.
        AssetNotRetryable: If it is not errored, or its source is gone.
        SourceArchived: If its source has to be restored first.
        CostLimitReached: If its work has cost already what it may.
        MonthlyBudgetSpent: If nothing new may be begun this month.
    """
    asset = living_asset(asset_id, table)
    if max_cost_usd is not None:
        asset = replace(asset, max_cost_usd=max_cost_usd)
    is_stored = objects.exists(asset.source_bucket, asset.source_key)
    if not is_stored and table.find_fetch(asset_id) is None:
        raise AssetNotRetryable("the source of the asset is gone", asset_id=asset_id)
    if is_stored and asset.archive is not None:
        refuse_archived(source_state(objects.storage(asset.source_bucket, asset.source_key)))
    if asset.status is not AssetStatus.ERRORED:
        raise AssetNotRetryable("only an errored asset can be retried", asset_id=asset_id, asset_status=asset.status)
    refuse_over_cap(asset, table.get_progress(asset_id, None), settings)
    refuse_over_budget(table, settings, now_ms=now_ms)
    again = AssetChange(
        status=AssetStatus.WAITING,
        state=ProgressState.INGESTING,
        attempt=asset.attempt + 1,
        errors=(),
        execution_arn=None,
        encoder=None,
        outputs=None,
        max_cost_usd=asset.max_cost_usd,
    )
    still = AssetChange(attempt=asset.attempt)
    waiting = table.update_asset(asset_id, again, expect=_ERRORED, now_ms=now_ms, unchanged=still)
    if waiting is None:
        raise AssetNotRetryable("only an errored asset can be retried", asset_id=asset_id, asset_status=asset.status)
    if fetch_again(waiting, objects, table, queues, now_ms=now_ms):
        return waiting
    return ingest_asset(waiting, objects, table, queues, tools, settings, now_ms=now_ms)
