"""Cancelling an asset: its work ends within seconds, and what was made of it goes. Its source stays until its deletion.

The record says so first, under a condition, so that nothing new begins and nothing that ends later changes it. Then the
execution is stopped, and the job of MediaConvert. Encoders under way find out by themselves (`usecases/watch.py`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import UNFINISHED, Asset, AssetChange, AssetStatus
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import AssetEnded
from chalicelib.usecases.assets import living_asset
from chalicelib.usecases.encode import execution_name
from chalicelib.usecases.fetch_source import drop_fetch
from chalicelib.usecases.upload import drop_bytes
from chalicelib.usecases.withdraw import remove_made

if TYPE_CHECKING:
    from chalicelib.aws.mediaconvert import MediaConvert
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)


def cancel_asset(
    asset_id: str,
    objects: Objects,
    table: Table,
    workflows: Workflows,
    jobs: MediaConvert,
    settings: Settings,
    *,
    now_ms: int,
) -> Asset:
    """Cancel an asset that is not done. Doing it twice is doing it once, and finishes what a first call has left.

    Raises:
        AssetNotFound: If there is no such asset, or it is deleted.
        AssetEnded: If it is ready or errored.
    """
    living_asset(asset_id, table)
    cancelled = AssetChange(status=AssetStatus.CANCELLED)
    asset = table.update_asset(asset_id, cancelled, expect=UNFINISHED, now_ms=now_ms) or living_asset(asset_id, table)
    if asset.status is not AssetStatus.CANCELLED:
        raise AssetEnded(f"the asset is {asset.status}", asset_id=asset_id, asset_status=asset.status.value)
    if asset.source_etag is not None:
        # By name: it may have been started without its ARN being noted yet.
        arn = workflows.publish_execution_arn(execution_name(asset, asset.source_etag))
        workflows.stop(arn, error="AssetCancelled", cause="the asset was cancelled")
    if asset.job is not None and asset.outputs is None:
        jobs.cancel_job(asset.job.id)
    if asset.upload_id is not None:
        upload = table.end_upload(asset.upload_id, UploadStatus.CANCELLED, now_ms=now_ms)
        if upload is not None:
            drop_bytes(upload, objects)
        if upload is not None and upload.upload_token_id is not None:
            table.give_place_back(upload.upload_token_id)
    drop_fetch(asset, objects, table)
    remove_made(asset_id, objects, settings)
    logger.info("cancelled", extra={"asset_id": asset_id, "progress_state": asset.state.value})
    return asset
