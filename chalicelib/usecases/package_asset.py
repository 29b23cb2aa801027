"""MediaPackage: an asset of its own for each publication, from the HLS playlist that MediaConvert wrote."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import AssetChange, Packaged
from chalicelib.catalog.vod.packaging import endpoints_of, package_id, package_request
from chalicelib.errors import ObjectMissing
from chalicelib.usecases.plan import PREPARING, preparing_asset

if TYPE_CHECKING:
    from chalicelib.aws.mediapackage import MediaPackage
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)


def package_asset(
    asset_id: str, attempt: int, packages: MediaPackage, table: Table, settings: Settings, *, now_ms: int
) -> dict[str, object]:
    """Make the asset in MediaPackage and keep its endpoints.

    Raises:
        ObjectMissing: If the job template writes no HLS group, which is what MediaPackage reads.
    """
    asset = preparing_asset(asset_id, table, attempt)
    key = asset.outputs.hls if asset.outputs else None
    if key is None or asset.plan_hash is None:
        raise ObjectMissing("MediaPackage reads an HLS group, and the job template has none", asset_id=asset_id)
    identity = package_id(asset_id, asset.plan_hash)
    request = package_request(
        uri=f"s3://{settings.media_bucket}/{key}",
        identity=identity,
        group=settings.mediapackage_group,
        role_arn=settings.mediapackage_role_arn,
        tags={"sluice:asset": asset_id, "sluice:stage": settings.stage},
        partition=settings.mediapackage_role_arn.split(":")[1],
    )
    packaged = Packaged(identity, endpoints_of(packages.create_asset(request), ""))
    still = AssetChange(attempt=attempt, plan_hash=asset.plan_hash)
    change = AssetChange(packaged=packaged)
    if table.update_asset(asset_id, change, expect=PREPARING, now_ms=now_ms, unchanged=still) is None:
        # Deleted or begun again while it was made: whoever did that did not know of it.
        packages.delete_asset(identity)
    logger.info("packaged", extra={"package_id": identity, "endpoints": sorted(packaged.endpoints)})
    return {"AssetId": asset_id}
