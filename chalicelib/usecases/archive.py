"""The source after its publication: marked for an archive, and brought back from it.

The mark is a tag; the bucket's lifecycle rule moves what has it (resources.yaml). The tag's key is the name of the
deployment, as in Video on Demand on AWS.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import AssetChange, AssetStatus
from chalicelib.catalog.options import Archive
from chalicelib.catalog.vod.archive import archive_tags
from chalicelib.errors import SourceNotArchived
from chalicelib.usecases.asset_settings import settings_for
from chalicelib.usecases.assets import living_asset
from chalicelib.usecases.plan import PREPARING, preparing_asset
from chalicelib.usecases.source_state import SourceState, source_state

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """`tier` is S3's word for how fast: Standard, Bulk or Expedited."""

    days: int
    tier: str


def archive_source(
    asset_id: str, attempt: int, objects: Objects, table: Table, deployment: Settings, *, now_ms: int
) -> dict[str, object]:
    """Mark the source of an asset for the archive that was chosen for it. Other tags of the object stay."""
    asset = preparing_asset(asset_id, table, attempt)
    archive = Archive(settings_for(asset.options, deployment).archive_source)
    if archive is not Archive.DISABLED:
        tags = archive_tags(asset_id, deployment.stage, archive)
        objects.add_tags(asset.source_bucket, asset.source_key, tags)
        change = AssetChange(archive=archive)
        table.update_asset(asset_id, change, expect=PREPARING, now_ms=now_ms, unchanged=AssetChange(attempt=attempt))
    return {"AssetId": asset_id, "Archive": archive.value}


def restore_source(asset_id: str, order: RestoreOrder, objects: Objects, table: Table) -> SourceState:
    """Have S3 bring the source of an asset back for some days. May be repeated; a restored one is kept longer.

    Raises:
        SourceNotArchived: If the asset's source was never marked for an archive, or is not there yet.
    """
    asset = living_asset(asset_id, table)
    if asset.archive in (None, Archive.DISABLED) or asset.status is AssetStatus.WAITING:
        raise SourceNotArchived("the source of the asset is not archived", asset_id=asset_id)
    if not objects.restore(asset.source_bucket, asset.source_key, days=order.days, tier=order.tier):
        raise SourceNotArchived("the source is still at hand: S3 has not archived it yet", asset_id=asset_id)
    return source_state(objects.storage(asset.source_bucket, asset.source_key))
