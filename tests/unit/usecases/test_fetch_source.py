"""Fetching a source from its URL, from servers of every kind, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from chalicelib.catalog.asset import Asset, AssetStatus, percent_done
from chalicelib.catalog.fetch import LEASE_MS, RETRY_S
from chalicelib.errors import AssetNotRetryable, UrlNotAllowed
from chalicelib.usecases import fetch_source as fetching
from chalicelib.usecases.assets import delete_asset, retry_asset
from chalicelib.usecases.cancel import cancel_asset
from chalicelib.usecases.cleanup import LOST_AFTER_MS, clean_up
from chalicelib.usecases.fetch_source import fetch_source
from chalicelib.usecases.new_asset import NewAsset, create_from_url
from tests.file_server import Behaviour, FileServer, serving
from tests.unit.usecases.desk import Desk

DATA = bytes(number * number % 251 for number in range(300_000))
SECRET = "?token=s3cr3t"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small file has several."""
    monkeypatch.setattr(fetching, "PART_BYTES", 64 * 1024)
    monkeypatch.setattr(fetching, "LEAST_PART_BYTES", 8 * 1024)
    monkeypatch.setattr("chalicelib.tools.download.BLOCK_BYTES", 16 * 1024)


@pytest.fixture
def desk() -> Desk:
    return Desk(url_ingest_allowlist=("*",), webhook_loopback=True, upload_max_bytes=1_000_000)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(Behaviour(DATA)) as made:
        yield made


def _create(desk: Desk, url: str) -> Asset:
    of = desk.services()
    return create_from_url(
        url, NewAsset(), of.download, of.objects, of.table, of.queues, of.settings, now_ms=of.clock()
    )


def _fetch(desk: Desk, asset: Asset, *, lease: str = "a", time_ms: int = 10**6) -> Asset:
    of = desk.services()
    services = (of.download, of.objects, of.table, of.queues, of.tools, of.settings)
    fetch_source(asset.id, *services, lease=lease, deadline_ms=of.clock() + time_ms, clock=of.clock)
    return of.table.get_asset(asset.id)


def _stored(desk: Desk, asset: Asset) -> bytes:
    return desk.objects.read(asset.source_bucket, asset.source_key)


def test_a_source_is_fetched_and_taken_in(desk: Desk, server: FileServer) -> None:
    """Whole, in parts; the URL is forgotten then, and its query was in nothing that is shown, told or listed."""
    asset = _create(desk, server.url() + SECRET)
    assert (asset.status, desk.queues.fetches) == (AssetStatus.WAITING, [(asset.id, 0)])
    done = _fetch(desk, asset)
    assert (done.status, _stored(desk, done)) == (AssetStatus.PREPARING, DATA)
    assert (done.filename, done.content_type) == ("clip.mp4", None)
    assert [message.asset_id for message in desk.queues.sent] == [asset.id]
    assert desk.table.find_fetch(asset.id) is None
    assert "s3cr3t" not in str(desk.table.items)
    assert not desk.objects.multiparts


def test_what_broke_off_goes_on_where_it_was(desk: Desk, server: FileServer) -> None:
    """Only the missing bytes are asked for, of the very same file, and no try that brought something counts."""
    server.behaviour.cuts = [150_000, 100_000]
    asset = _create(desk, server.url())
    assert _fetch(desk, asset).status is AssetStatus.WAITING
    held = 150_000
    assert desk.queues.fetches[-1] == (asset.id, 0)
    _fetch(desk, asset, lease="b")
    done = _fetch(desk, asset, lease="c")
    assert (done.status, _stored(desk, done)) == (AssetStatus.PREPARING, DATA)
    first, second, third = server.behaviour.asked
    assert first is None
    assert second is not None
    assert 0 < int(second[6:-1]) <= held < int((third or "")[6:-1])


def test_a_worker_out_of_time_leaves_the_rest_to_the_next(desk: Desk, server: FileServer) -> None:
    """What it has is stored, and a message sent."""
    asset = _create(desk, server.url())
    assert _fetch(desk, asset, time_ms=0).status is AssetStatus.WAITING
    fetch = desk.table.find_fetch(asset.id)
    assert fetch is not None
    assert (fetch.failures, fetch.lease) == (0, None)
    assert "s3cr3t" not in repr(fetch)
    assert _fetch(desk, asset, lease="b").status is AssetStatus.PREPARING
    assert server.behaviour.asked[1] is not None


def test_a_dead_worker_s_parts_are_kept(desk: Desk, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes its place while its lease lasts; then the schedule sends a message, and the next one goes on."""
    asset = _create(desk, server.url())
    store_part, stored = desk.objects.put_part, count(1)

    def put_part(*args: Any) -> str:
        if next(stored) > 2:
            raise MemoryError
        return store_part(*args)

    with monkeypatch.context() as dying:
        dying.setattr(desk.objects, "put_part", put_part)
        with pytest.raises(MemoryError):
            _fetch(desk, asset)
    assert _fetch(desk, asset, lease="b").status is AssetStatus.WAITING
    assert len(server.behaviour.asked) == 1
    desk.queues.fetches.clear()
    desk.clock.now_ms += LEASE_MS + LOST_AFTER_MS + 1
    of = desk.services()
    clean_up(of.objects, of.table, of.queues, of.workflows, of.tools, of.settings, now_ms=of.clock())
    assert desk.queues.fetches == [(asset.id, 0)]
    assert _fetch(desk, asset, lease="b").status is AssetStatus.PREPARING
    assert server.behaviour.asked[1] == "bytes=131072-"
    assert _stored(desk, asset) == DATA


def test_another_file_is_fetched_from_its_beginning(desk: Desk, server: FileServer) -> None:
    """Parts of two files never meet."""
    server.behaviour.cuts = [150_000]
    asset = _create(desk, server.url())
    _fetch(desk, asset)
    server.behaviour.data = DATA[::-1]
    done = _fetch(desk, asset, lease="b")
    assert (done.status, _stored(desk, done)) == (AssetStatus.PREPARING, DATA[::-1])
    assert len(desk.objects.multiparts) == 0


def test_without_a_validator_nothing_is_put_together(desk: Desk, server: FileServer) -> None:
    """It begins anew, and gives up at last: nobody knows whether it would be the same file."""
    server.behaviour.validator = False
    server.behaviour.cuts = [150_000] * (len(RETRY_S) + 1)
    asset = _create(desk, server.url())
    for number in range(len(RETRY_S) + 1):
        done = _fetch(desk, asset, lease=str(number))
        desk.clock.sleep(max(RETRY_S))
    assert server.behaviour.asked == [None] * (len(RETRY_S) + 1)
    assert (done.status, done.errors[0].code) == (AssetStatus.ERRORED, "source-unreachable")
    assert [delay for _, delay in desk.queues.fetches] == [0, *RETRY_S]
    of = desk.services()
    again = retry_asset(asset.id, of.objects, of.table, of.queues, of.tools, of.settings, now_ms=of.clock())
    assert (again.status, again.attempt) == (AssetStatus.WAITING, 2)
    assert _fetch(desk, asset, lease="z").status is AssetStatus.PREPARING


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": 404}, "source-gone"),
        ({"status": 403}, "source-refused"),
        ({"data": b"junk" * 99}, "not-a-video"),
        ({"data": b""}, "empty-source"),
        ({"data": bytes(1_000_001)}, "upload-too-large"),
        ({"data": bytes(1_000_001), "announces": False}, "upload-too-large"),
        ({"redirect": "https://10.0.0.1/latest"}, "url-not-allowed"),
        ({"redirect": "http://media.example.com/x"}, "url-not-allowed"),
        ({"redirect": "/again"}, "source-refused"),
        ({"headers": {"Content-Encoding": "gzip"}}, "source-refused"),
    ],
)
def test_what_is_wrong_ends_on_the_asset(desk: Desk, server: FileServer, changes: dict[str, Any], code: str) -> None:
    """At once, by a code of the table and without the secret, and no part of it stays; a retry tries again."""
    server.behaviour = replace(server.behaviour, **changes)
    asset = _create(desk, server.url() + SECRET)
    done = _fetch(desk, asset)
    assert (done.status, [error.code for error in done.errors]) == (AssetStatus.ERRORED, [code])
    assert "s3cr3t" not in str(done)
    assert not desk.objects.multiparts
    server.behaviour = Behaviour(DATA)
    of = desk.services()
    retry_asset(asset.id, of.objects, of.table, of.queues, of.tools, of.settings, now_ms=of.clock())
    assert _fetch(desk, asset, lease="b").status is AssetStatus.PREPARING
    assert _stored(desk, asset) == DATA


def test_a_redirect_is_followed(desk: Desk, server: FileServer) -> None:
    """To a host that is allowed."""
    server.behaviour.redirect = "/file"
    assert _fetch(desk, _create(desk, server.url())).status is AssetStatus.PREPARING


def test_a_name_that_leads_inside_is_refused(desk: Desk) -> None:
    """Whatever its name says, the address decides."""
    desk.settings = replace(desk.settings, webhook_loopback=False)
    asset = _create(desk, "https://media.example.com/a.mp4")
    of = desk.services()
    of.download._resolve = lambda _host, _port: ["169.254.169.254"]
    services = (of.objects, of.table, of.queues, of.tools, of.settings)
    fetch_source(asset.id, of.download, *services, lease="a", deadline_ms=of.clock() + 1, clock=of.clock)
    assert [error.code for error in of.table.get_asset(asset.id).errors] == ["url-not-allowed"]


def test_a_url_that_is_not_allowed_makes_nothing(desk: Desk) -> None:
    """It is said at once."""
    desk.settings = replace(desk.settings, url_ingest_allowlist=("media.example.com",))
    with pytest.raises(UrlNotAllowed):
        _create(desk, f"https://other.example.com/a.mp4{SECRET}")
    assert not desk.table.items


@pytest.mark.parametrize("deletes", [False, True])
def test_a_worker_ends_when_its_asset_is_given_up(
    desk: Desk, server: FileServer, monkeypatch: pytest.MonkeyPatch, deletes: bool
) -> None:
    """Cancelled or deleted in the middle: it finds out at its next beat, and no byte and no URL stays."""
    asset = _create(desk, server.url() + SECRET)
    of = desk.services()
    store_part = desk.objects.put_part

    def put_part(*args: Any) -> str:
        etag = store_part(*args)
        if desk.table.find_fetch(asset.id) is not None:
            if deletes:
                services = (of.objects, of.table, of.workflows, of.mediaconvert, of.mediapackage, of.settings)
                delete_asset(asset.id, *services, now_ms=of.clock())
            else:
                cancel_asset(
                    asset.id, of.objects, of.table, of.workflows, of.mediaconvert, of.settings, now_ms=of.clock()
                )
            desk.clock.sleep(5)
        return etag

    monkeypatch.setattr(desk.objects, "put_part", put_part)
    done = _fetch(desk, asset)
    assert done.status is (AssetStatus.DELETED if deletes else AssetStatus.CANCELLED)
    assert not desk.objects.stored
    assert not desk.objects.multiparts
    assert "s3cr3t" not in str(desk.table.items)
    with pytest.raises(AssetNotRetryable) if not deletes else pytest.raises(Exception, match="deleted"):
        retry_asset(asset.id, of.objects, of.table, of.queues, of.tools, of.settings, now_ms=of.clock())


def test_progress_tells_how_much_has_come(desk: Desk, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it waits, in percent of what the server announced."""
    asset = _create(desk, server.url())
    server.behaviour.cuts = [150_000]
    seen: list[float] = []
    note = desk.table.note_ingested

    def noted(asset_id: str, percent: int, *, now_ms: int) -> None:
        note(asset_id, percent, now_ms=now_ms)
        desk.clock.sleep(3)
        waiting = desk.table.get_asset(asset_id)
        seen.append(percent_done(waiting, desk.table.get_progress(asset_id, None)))

    monkeypatch.setattr(desk.table, "note_ingested", noted)
    _fetch(desk, asset)
    assert seen == sorted(seen)
    assert 0 < seen[0] < 50 < seen[-1] + 5 <= 60
