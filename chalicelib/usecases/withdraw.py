"""What is written for an asset after its deletion or cancellation goes away again.

Both remove what was made of an asset, but a worker that is in the middle of something writes on. So whoever has written
looks once more, and removes what came too late.
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

_GIVEN_UP = frozenset({AssetStatus.DELETED, AssetStatus.CANCELLED})


def withdraw_if_given_up(asset_id: str, objects: Objects, table: Table, settings: Settings) -> None:
    """Raises WorkSuperseded if the asset was deleted or cancelled; nothing that was made of it is left then."""
    status = table.get_asset(asset_id).status
    if status not in _GIVEN_UP:
        return
    remove_made(asset_id, objects, settings)
    raise WorkSuperseded(f"the asset was {status} meanwhile", asset_id=asset_id)


def remove_made(asset_id: str, objects: Objects, settings: Settings) -> None:
    """Remove everything but the source: what players see first."""
    for bucket, prefix in _places(asset_id, settings):
        objects.delete_prefix(bucket, prefix)


def count_made(asset_id: str, objects: Objects, settings: Settings) -> int:
    """How many objects there are, but for the source."""
    return sum(1 for bucket, prefix in _places(asset_id, settings) for _ in objects.list_keys(bucket, prefix))


def _places(asset_id: str, settings: Settings) -> tuple[tuple[str, str], ...]:
    return (
        (settings.media_bucket, keys.asset_media_prefix(asset_id)),
        (settings.media_bucket, keys.asset_early_prefix(asset_id)),
        (settings.source_bucket, keys.asset_renders_prefix(asset_id)),
    )
