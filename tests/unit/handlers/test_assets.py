"""The asset routes."""

from __future__ import annotations

from chalicelib.catalog.asset import AssetStatus, ProgressState
from tests.unit.catalog.samples import ASSET_ID, PLAN_HASH, an_asset
from tests.unit.handlers.conftest import Api

UNKNOWN = "as_01mcc5rm00zzzzzzzzzzzzzzzz"


def test_an_asset_while_it_is_encoded(api: Api) -> None:
    """Progress counts finished chunks, and the cost is what was billed so far."""
    table = api.desk.table
    table.create_asset(an_asset(hls_key=None))
    for index in (0, 1, 1):
        table.mark_task_done(ASSET_ID, PLAN_HASH, index, billed_ms=60_000, memory_mb=1024, now_ms=api.desk.clock())
    table.add_work(ASSET_ID, transitions=40, now_ms=api.desk.clock())
    shown = api("GET", f"/v1/assets/{ASSET_ID}").json_body
    assert shown["progress"]["percent"] == 12.5
    assert (shown["progress"]["chunks_done"], shown["progress"]["chunks_total"]) == (2, 16)
    assert shown["cost"]["breakdown"] == {"lambda": 0.003, "sfn": 0.001, "mediaconvert": 0.0}
    assert shown["cost"]["accrued_usd"] == 0.004
    assert (shown["duration"], shown["aspect_ratio"], shown["playable"]) == (30.0, "16:9", False)
    assert shown["source"]["video"]["frame_rate"] == 29.97
    assert shown["playback"]["hls"] is None


def test_a_ready_asset_has_urls(api: Api) -> None:
    """Playback and images are URLs under the public base."""
    api.desk.table.create_asset(an_asset(status=AssetStatus.READY, state=ProgressState.COMPLETED))
    shown = api("GET", f"/v1/assets/{ASSET_ID}").json_body
    assert (shown["playable"], shown["progress"]["percent"]) == (True, 100.0)
    assert shown["playback"]["hls"] == "https://media.test/media/a/b/index.m3u8"
    assert shown["images"]["storyboard_vtt"] == "https://media.test/media/a/b/storyboard.vtt"
    assert shown["renditions"] == [{"name": "720p", "width": 1280, "height": 720, "bandwidth": 2_800_000}]
    assert shown["errors"] == [{"code": "not-a-video", "message": "no track was found"}]


def test_a_list_holds_the_same_assets(api: Api) -> None:
    """Each entry of the list is the asset as GET shows it; a filter leaves only its status."""
    api.desk.table.create_asset(an_asset())
    alone = api("GET", f"/v1/assets/{ASSET_ID}").json_body
    assert api("GET", "/v1/assets").json_body == {"data": [alone], "next_cursor": None}
    assert api("GET", "/v1/assets?status=ready").json_body == {"data": [], "next_cursor": None}


def test_delete_is_202_and_then_404(api: Api) -> None:
    """A deleted asset is gone from GET and from the list; deleting it again is fine."""
    api.desk.table.create_asset(an_asset())
    for _ in range(2):
        deleted = api("DELETE", f"/v1/assets/{ASSET_ID}")
        assert (deleted.status_code, deleted.json_body) == (202, {"id": ASSET_ID, "status": "deleted"})
    assert api("GET", f"/v1/assets/{ASSET_ID}").status_code == 404
    assert api("GET", "/v1/assets").json_body["data"] == []
    assert len(api("GET", "/v1/assets?status=deleted").json_body["data"]) == 1


def test_unknown_assets_are_404(api: Api) -> None:
    """No verb makes an asset up."""
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/retry")):
        answer = api(method, f"/v1/assets/{UNKNOWN}{path}")
        assert (answer.status_code, answer.json_body["code"]) == (404, "asset-not-found")


def test_retry_answers_with_the_next_attempt(api: Api) -> None:
    """202 with the asset for an errored one, 409 for any other."""
    asset = an_asset(status=AssetStatus.ERRORED)
    api.desk.table.create_asset(asset)
    api.desk.objects.write("source", asset.source_key, b"hello", content_type="video/mp4")
    first, second = (api("POST", f"/v1/assets/{ASSET_ID}/retry") for _ in range(2))
    assert (first.status_code, first.json_body["attempt"], first.json_body["status"]) == (202, 3, "preparing")
    assert (second.status_code, second.json_body["code"]) == (409, "asset-not-retryable")
