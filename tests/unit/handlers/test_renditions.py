"""The routes of static renditions, of clips and of masters."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.options import AssetOptions
from chalicelib.catalog.rendition import RenditionStatus, StaticRendition
from chalicelib.handlers.notices import SHOWN
from tests.unit.catalog.samples import ASSET_ID, a_rendition, an_asset
from tests.unit.handlers.conftest import Api

RENDITIONS = f"/v1/assets/{ASSET_ID}/renditions"
UNKNOWN = "rd_" + "0" * 26
OTHER_ID = "as_" + "7" * 26


@pytest.fixture
def ready(api: Api) -> Api:
    """One published asset, its source stored."""
    asset = an_asset(status=AssetStatus.READY, has_static_renditions=0)
    etag = api.desk.objects.write("source", asset.source_key, b"moving pictures", content_type="video/mp4")
    api.desk.table.create_asset(
        an_asset(status=AssetStatus.READY, has_static_renditions=0, source_etag=etag, source_size_bytes=15)
    )
    return api


def test_a_rendition_is_made_shown_and_deleted(ready: Api) -> None:
    """202 with its id, which is the same the second time; then one, the list and the asset show it."""
    first, second = (ready("POST", RENDITIONS, {"type": "mp4", "start": 1.1, "end": 7}) for _ in range(2))
    assert first.status_code == second.status_code == 202
    made = first.json_body
    assert (made["status"], made["start"], made["end"], made["rung"]) == ("preparing", 1.1, 7.0, "720p")
    assert (made["url"], made["key"]) == (None, None)
    assert first.headers["Location"] == f"renditions/{made['id']}"
    assert second.json_body == made == ready("GET", f"{RENDITIONS}/{made['id']}").json_body
    assert ready("GET", RENDITIONS).json_body == {"data": [made], "next_cursor": None}
    assert ready("GET", f"/v1/assets/{ASSET_ID}").json_body["static_renditions"] == [made]
    assert ready("GET", "/v1/assets").json_body["data"][0]["static_renditions"] == [made]
    assert ready("DELETE", f"{RENDITIONS}/{made['id']}").json_body == {"id": made["id"], "status": "deleted"}
    for method in ("GET", "DELETE"):
        assert ready(method, f"{RENDITIONS}/{made['id']}").json_body["code"] == "rendition-not-found"


def test_a_ready_preview_is_an_image_of_the_asset(ready: Api) -> None:
    """With its URL, in both places."""
    preview = ready("POST", RENDITIONS, {"type": "gif"}).json_body
    record = ready.desk.table.items[f"asset#{ASSET_ID}", f"rendition#{preview['id']}"]
    record["status"], record["size_bytes"] = {"S": RenditionStatus.READY.value}, {"N": "99"}
    shown = ready("GET", f"/v1/assets/{ASSET_ID}").json_body
    url = shown["static_renditions"][0]["url"]
    assert url == shown["images"]["animated"] == f"https://media.test/{shown['static_renditions'][0]['key']}"
    assert shown["static_renditions"][0]["size_bytes"] == 99


def test_a_host_of_the_assets_own_serves_its_renditions(ready: Api) -> None:
    """On its own route, in the asset, and in the event, as the asset's stream does."""
    asset = an_asset(id=OTHER_ID, status=AssetStatus.READY, options=AssetOptions(cloud_front="cdn.test"))
    made = a_rendition(asset_id=OTHER_ID, status=RenditionStatus.READY)
    ready.desk.table.create_asset(asset)
    ready.desk.table.create_rendition(made)
    url = ready("GET", f"/v1/assets/{OTHER_ID}/renditions/{made.id}").json_body["url"]
    assert url.startswith("https://cdn.test/media/")
    assert ready("GET", f"/v1/assets/{OTHER_ID}").json_body["static_renditions"][0]["url"] == url
    assert SHOWN[StaticRendition](made)["url"] == url


def test_the_image_that_moves_is_the_smallest_that_most_can_show(ready: Api) -> None:
    """WebP before AVIF before GIF, in whatever order they were asked for, as soon as it is there."""
    for kind in ("gif", "avif", "webp"):
        preview = ready("POST", RENDITIONS, {"type": kind}).json_body
        before = ready("GET", f"/v1/assets/{ASSET_ID}").json_body["images"]["animated"]
        record = ready.desk.table.items[f"asset#{ASSET_ID}", f"rendition#{preview['id']}"]
        record["status"] = {"S": RenditionStatus.READY.value}
        shown = ready("GET", f"/v1/assets/{ASSET_ID}").json_body["images"]["animated"]
        assert shown.endswith(f".{kind}")
        assert shown != before


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"type": "webp", "height": 333}, 422, "rendition-unsuitable"),
        ({"type": "mp4", "height": 333}, 422, "rendition-unsuitable"),
        ({"type": "avi"}, 422, "invalid-request"),
        ({"type": "gif", "width": 641}, 422, "invalid-request"),
        ({"type": "gif", "fps": 31}, 422, "invalid-request"),
        ({"type": "mp4", "start": -1}, 422, "invalid-request"),
        ({}, 422, "invalid-request"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(ready: Api, body: dict[str, Any], status: int, code: str) -> None:
    """And nothing is recorded."""
    answer = ready("POST", RENDITIONS, body)
    assert (answer.status_code, answer.json_body["code"]) == (status, code)
    assert ready.desk.table.list_renditions(ASSET_ID) == []


def test_an_asset_that_is_not_ready_has_no_renditions_yet(api: Api) -> None:
    """409 until it is published; 404 for one that does not exist."""
    api.desk.table.create_asset(an_asset())
    assert api("POST", RENDITIONS, {"type": "mp4"}).json_body["code"] == "asset-not-ready"
    missing = f"/v1/assets/as_{'0' * 26}/renditions"
    for method, path in (("POST", missing), ("GET", missing), ("GET", f"{missing}/{UNKNOWN}")):
        assert api(method, path, {"type": "mp4"}).json_body["code"] == "asset-not-found"
    for unknown in (UNKNOWN, "nonsense"):
        assert api("GET", f"{RENDITIONS}/{unknown}").json_body["code"] == "rendition-not-found"


def test_a_clip_is_a_new_asset(ready: Api) -> None:
    """202, in preparation, with its range; an Idempotency-Key makes one of two."""
    body = {"input": {"asset": ASSET_ID, "start": 2.5, "end": 9}, "passthrough": "p", "meta": {"a": 1}}
    answers = [ready("POST", "/v1/assets", body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    made = answers[0].json_body
    assert (made["status"], made["clip"], made["passthrough"]) == ("preparing", {"start": 2.5, "end": 9.0}, "p")
    assert answers[1].json_body["id"] == made["id"] != ASSET_ID
    assert answers[0].headers["Location"] == f"assets/{made['id']}"


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"url": "https://example.com/a.mp4"}, "/input", "invalid-request"),
        ({"asset": ASSET_ID, "s3": "s3://a/b"}, "/input", "invalid-request"),
        ({"asset": ASSET_ID, "start": 3, "end": 3}, "/input/end", "invalid-request"),
        ({"asset": ASSET_ID, "start": 31}, "/input/start", "invalid-request"),
        ({"asset": "as_nonsense"}, None, "asset-not-found"),
    ],
)
def test_another_input_is_refused(ready: Api, given: dict[str, Any], pointer: str | None, code: str) -> None:
    """Which member is wrong is said."""
    problem = ready("POST", "/v1/assets", {"input": given}).json_body
    assert problem["code"] == code
    assert [error["pointer"] for error in problem["errors"]] == ([pointer] if pointer else [])


def test_an_upload_may_be_published_in_part(api: Api) -> None:
    """The range is kept on its asset; an empty one is refused."""
    upload = {"filename": "a.mp4", "size": 5, "asset": {"clip": {"start": 1}}}
    asset_id = api("POST", "/v1/uploads", upload).json_body["asset_id"]
    assert api("GET", f"/v1/assets/{asset_id}").json_body["clip"] == {"start": 1.0, "end": None}
    upload["asset"] = {"clip": {"start": 5, "end": 1}}
    assert api("POST", "/v1/uploads", upload).json_body["errors"][0]["pointer"] == "/asset/clip/end"


def test_a_master_url_is_answered_and_never_logged(ready: Api, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    """With its end; the time it lives is bounded, and it may be off."""
    shown = ready("GET", f"/v1/assets/{ASSET_ID}/master?ttl=60").json_body
    assert "expires=60" in shown["url"]
    assert shown["expires_at"] == "2027-01-15T08:01:00.000Z"
    assert "s3.test" not in json.dumps(log_lines())
    for ttl in ("59", "43201", "x"):
        assert ready("GET", f"/v1/assets/{ASSET_ID}/master?ttl={ttl}").status_code == 422


def test_masters_may_be_kept(ready: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a setting, for every caller; and one that is gone is a conflict."""
    ready.desk.objects.stored.clear()
    gone = ready("GET", f"/v1/assets/{ASSET_ID}/master")
    assert (gone.status_code, gone.json_body["code"]) == (409, "source-gone")
    from chalicelib.handlers import wiring

    kept = type(ready.desk)(master_access=False)
    kept.table.items = ready.desk.table.items
    services = kept.services()
    monkeypatch.setattr(wiring, "services", lambda: services)
    off = ready("GET", f"/v1/assets/{ASSET_ID}/master")
    assert (off.status_code, off.json_body["code"]) == (403, "master-access-off")


def test_a_failed_rendition_says_why(ready: Api) -> None:
    """The record's error, and no URL."""
    failed = a_rendition(status=RenditionStatus.ERRORED, error=None)
    ready.desk.table.create_rendition(failed)
    shown = ready("GET", f"{RENDITIONS}/{failed.id}").json_body
    assert (shown["status"], shown["url"]) == ("errored", None)
