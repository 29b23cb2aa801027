"""An asset's record with the settings that hold for it."""

from __future__ import annotations

from chalicelib.catalog.playback import PlaybackPolicy, new_asset_id
from chalicelib.usecases.vod_record import vod_record_of
from tests.fakes import settings
from tests.unit.catalog.samples import NOW_MS, an_asset


def test_signed_media_have_no_urls() -> None:
    """A URL without a token would open nothing; where the objects are is still told."""
    signed = new_asset_id(PlaybackPolicy.SIGNED, NOW_MS, bytes(10))
    record = vod_record_of(an_asset(id=signed), settings())
    assert "hlsUrl" not in record
    assert record["hlsPlaylist"].startswith("s3://media/")
    assert vod_record_of(an_asset(), settings())["hlsUrl"].startswith("https://media.test/")
