"""What is written for an asset after its deletion goes away again.

Deleting removes every object of an asset, but a worker that is in the middle of something writes on. So whoever has
written looks once more, and removes what came too late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.catalog.asset import AssetStatus
from chalicelib.errors import WorkSuperseded

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings


def withdraw_if_deleted(asset_id: str, objects: Objects, table: Table, settings: Settings) -> None:
    """Raises WorkSuperseded if the asset was deleted; nothing that was made of it is left then."""
    if table.get_asset(asset_id).status is not AssetStatus.DELETED:
        return
    objects.delete_prefix(settings.media_bucket, keys.asset_media_prefix(asset_id))
    objects.delete_prefix(settings.media_bucket, keys.asset_early_prefix(asset_id))
    objects.delete_prefix(settings.source_bucket, keys.asset_renders_prefix(asset_id))
    raise WorkSuperseded("the asset was deleted meanwhile", asset_id=asset_id)
