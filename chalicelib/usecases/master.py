"""Temporary access to an asset's source, as it was uploaded. The URL is a secret: it is answered and never logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.errors import MasterAccessOff, SourceGone

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.catalog.asset import Asset
    from chalicelib.settings import Settings


def master_url(asset: Asset, objects: Objects, settings: Settings, *, ttl_s: int) -> str:
    """A URL that downloads the source for `ttl_s` seconds; less, if the credentials that sign it end before.

    Raises:
        MasterAccessOff: If the deployment does not give sources out.
        SourceGone: If there is no source, or no longer.
    """
    if not settings.master_access:
        raise MasterAccessOff("this deployment gives no access to sources")
    if not objects.exists(asset.source_bucket, asset.source_key):
        raise SourceGone("the source of the asset is gone", asset_id=asset.id)
    name = asset.filename or asset.id
    return objects.presign_get(asset.source_bucket, asset.source_key, expires_s=ttl_s, download_name=name)
