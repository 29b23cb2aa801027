"""How a source is marked for an archive; the lifecycle rules of resources.yaml look for this very tag."""

from __future__ import annotations

from chalicelib.catalog.options import Archive


def archive_tags(asset_id: str, stage: str, archive: Archive) -> dict[str, str]:
    """Tags of the source: `guid`, and the deployment's name with the storage class. None if it stays."""
    return {} if archive is Archive.DISABLED else {"guid": asset_id, stage: str(archive)}
