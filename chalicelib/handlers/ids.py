"""Ids in paths and bodies."""

from __future__ import annotations

from chalicelib.catalog.ids import ASSET_PREFIX, is_id
from chalicelib.errors import AssetNotFound


def checked(asset_id: str) -> str:
    """Raises AssetNotFound for what no asset could be called."""
    if not is_id(asset_id, ASSET_PREFIX):
        raise AssetNotFound("there is no such asset")
    return asset_id
