"""A new asset out of a part of another one, and temporary access to a source."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.errors import InvalidRequest, MasterAccessOff, SourceGone, StorageUnavailable
from chalicelib.media.timing import TimeRange
from chalicelib.usecases.assets import delete_asset
from chalicelib.usecases.clip import NewClip, create_clip
from chalicelib.usecases.master import master_url
from tests.unit.catalog.samples import ASSET_ID, an_asset
from tests.unit.usecases.desk import Desk

SOURCE = b"moving pictures"


@pytest.fixture
def desk() -> Desk:
    return _desk()


def _desk(**changes: Any) -> Desk:
    made = Desk()
    key = an_asset().source_key
    etag = made.objects.write("source", key, SOURCE, content_type="video/mp4")
    given = {"status": AssetStatus.READY, "source_etag": etag, "source_size_bytes": len(SOURCE)}
    made.table.create_asset(an_asset(**{**given, **changes}))
    return made


def _clip(desk: Desk, start: str, end: str | None = None) -> Asset:
    part = TimeRange(Fraction(start), Fraction(end) if end else None)
    new = NewClip(desk.table.get_asset(ASSET_ID), part, "order 9", {"a": 1})
    of = desk.services()
    return create_clip(new, of.objects, of.table, of.queues, of.tools, of.settings, now_ms=of.clock() + 5)


def test_a_clip_is_an_asset_of_its_own(desk: Desk) -> None:
    """With its own copy of the source, which deleting the other one leaves alone."""
    made = _clip(desk, "1.5", "9")
    assert (made.status, made.clip) == (AssetStatus.PREPARING, TimeRange(Fraction(3, 2), Fraction(9)))
    assert (made.passthrough, made.meta, made.filename) == ("order 9", {"a": 1}, an_asset().filename)
    assert [message.asset_id for message in desk.queues.sent] == [made.id]
    of = desk.services()
    services = (of.objects, of.table, of.workflows, of.mediaconvert, of.mediapackage)
    delete_asset(ASSET_ID, *services, of.settings, now_ms=of.clock())
    assert desk.objects.read(made.source_bucket, made.source_key) == SOURCE


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [("1", "4", (11, 14)), ("1", None, (11, 30)), ("5", "100", (15, 30))],
)
def test_a_part_of_a_part_counts_from_its_beginning(start: str, end: str | None, expected: tuple[int, int]) -> None:
    """And never reaches behind its end."""
    desk = _desk(clip=TimeRange(Fraction(10), Fraction(30)))
    assert _clip(desk, start, end).clip == TimeRange(Fraction(expected[0]), Fraction(expected[1]))


def test_a_range_behind_the_end_is_refused(desk: Desk) -> None:
    """Before anything is copied."""
    with pytest.raises(InvalidRequest, match="behind the end"):
        _clip(desk, "30.1")
    assert len(desk.objects.stored) == 1


@pytest.mark.parametrize("etag", [None, "another"])
def test_without_its_source_there_is_no_clip(etag: str | None) -> None:
    """Not taken in yet, or replaced since."""
    desk = _desk(source_etag=etag)
    with pytest.raises(SourceGone):
        _clip(desk, "1")
    assert [asset.id for asset in desk.table.list_assets(status=AssetStatus.WAITING, limit=9, cursor=None).items] == []


def test_a_copy_that_fails_leaves_no_waiting_asset(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller tries again, and gets another."""

    def refuse(*_: object, **__: object) -> None:
        raise StorageUnavailable("slow down")

    monkeypatch.setattr(desk.objects, "copy", refuse)
    with pytest.raises(StorageUnavailable):
        _clip(desk, "1")
    assert not desk.table.list_assets(status=AssetStatus.WAITING, limit=9, cursor=None).items


def test_a_master_is_given_out_under_its_name(desk: Desk) -> None:
    """For as long as asked for."""
    url = master_url(desk.table.get_asset(ASSET_ID), desk.objects, desk.settings, ttl_s=77)
    assert url.startswith(f"https://source.s3.test/uploads/{ASSET_ID}/source?expires=77&name=")
    assert url.endswith(str(an_asset().filename))


def test_a_master_that_is_gone_is_not_given_out(desk: Desk) -> None:
    """A URL of nothing would be no answer; and a deployment may refuse them all."""
    asset = desk.table.get_asset(ASSET_ID)
    desk.objects.delete("source", asset.source_key)
    with pytest.raises(SourceGone):
        master_url(asset, desk.objects, desk.settings, ttl_s=77)
    with pytest.raises(MasterAccessOff):
        master_url(asset, desk.objects, Desk(master_access=False).settings, ttl_s=77)
