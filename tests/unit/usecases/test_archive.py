"""Sources that go to an archive, and come back."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.options import Archive, AssetOptions
from chalicelib.errors import (
    SourceArchived,
    SourceNotArchived,
)
from chalicelib.usecases.archive import RestoreOrder, archive_source, restore_source
from chalicelib.usecases.assets import retry_asset
from tests.unit.catalog.samples import ASSET_ID, an_asset
from tests.unit.usecases.desk import Desk


def _create(desk: Desk, **changes: Any) -> Asset:
    etag = desk.objects.write("source", an_asset().source_key, b"moving pictures", content_type="video/mp4")
    asset = an_asset(**{"attempt": 1, "errors": (), "source_etag": etag, **changes})
    desk.table.create_asset(asset)
    return asset


def test_a_published_source_is_marked_for_its_archive() -> None:
    """With the asset's id and the deployment's name, as often as it is asked."""
    desk = Desk()
    _create(desk, options=AssetOptions(archive_source=Archive.DEEP_ARCHIVE))
    for _ in range(2):
        archive_source(ASSET_ID, 1, desk.objects, desk.table, desk.settings, now_ms=desk.clock())
    assert desk.objects.tags == {("source", an_asset().source_key): {"guid": ASSET_ID, "test": "DEEP_ARCHIVE"}}
    assert desk.table.get_asset(ASSET_ID).archive is Archive.DEEP_ARCHIVE


def test_an_archived_source_is_restored_and_then_read() -> None:
    """Restoring is asked for; a retry before it is done is refused by name."""
    desk = Desk()
    asset = _create(desk, archive=Archive.GLACIER, status=AssetStatus.ERRORED)
    order = RestoreOrder(days=3, tier="Bulk")
    with pytest.raises(SourceNotArchived):
        restore_source(ASSET_ID, order, desk.objects, desk.table)
    desk.objects.stored_as["source", asset.source_key] = ("GLACIER", "")
    services = (desk.objects, desk.table, desk.queues, desk.tools, desk.settings)
    with pytest.raises(SourceArchived, match="archived"):
        retry_asset(ASSET_ID, *services, now_ms=desk.clock())
    assert restore_source(ASSET_ID, order, desk.objects, desk.table) == "restoring"
    assert desk.objects.restored == [(asset.source_key, 3, "Bulk")]
    with pytest.raises(SourceArchived, match="restoring"):
        retry_asset(ASSET_ID, *services, now_ms=desk.clock())
    desk.objects.stored_as["source", asset.source_key] = ("GLACIER", 'ongoing-request="false", expiry-date="x"')
    assert retry_asset(ASSET_ID, *services, now_ms=desk.clock()).status is AssetStatus.PREPARING


def test_a_source_that_was_never_marked_is_not_restored() -> None:
    """There is nothing to bring back."""
    desk = Desk()
    _create(desk)
    with pytest.raises(SourceNotArchived):
        restore_source(ASSET_ID, RestoreOrder(days=1, tier="Standard"), desk.objects, desk.table)
