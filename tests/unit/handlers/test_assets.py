"""The asset routes."""

from __future__ import annotations

from chalicelib.catalog.asset import AssetStatus, EncodingJob, Outputs, ProgressState
from chalicelib.catalog.options import Archive, AssetOptions
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
    gone = {"id": ASSET_ID, "status": "deleted", "removed": {"source": 0, "made": 0}, "left": 0, "invalidated": []}
    for _ in range(2):
        deleted = api("DELETE", f"/v1/assets/{ASSET_ID}")
        assert (deleted.status_code, deleted.json_body) == (202, gone)
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


def test_an_archived_source_is_restored_on_demand(api: Api) -> None:
    """With our own defaults or as asked; what is not archived is a conflict, a wrong tier is refused."""
    asset = an_asset(archive=Archive.GLACIER, status=AssetStatus.READY)
    api.desk.table.create_asset(asset)
    api.desk.objects.write("source", asset.source_key, b"x", content_type="video/mp4")
    url = f"/v1/assets/{ASSET_ID}/restore"
    assert api("POST", url).json_body["code"] == "source-not-archived"
    api.desk.objects.stored_as["source", asset.source_key] = ("GLACIER", "")
    for body in (None, {"days": 2, "tier": "Bulk"}):
        answer = api("POST", url, body)
        assert (answer.status_code, answer.json_body) == (202, {"id": ASSET_ID, "source": "restoring"})
    assert [(days, tier) for _, days, tier in api.desk.objects.restored] == [(7, "Standard"), (2, "Bulk")]
    assert api("POST", url, {"tier": "Warp"}).status_code == 422
    assert api("POST", url, {"days": 0}).status_code == 422


def test_an_asset_is_a_record_of_the_other_solution_too(api: Api) -> None:
    """Its attributes under the names there, with the URLs of this deployment; a host of the asset's own comes first."""
    outputs = Outputs(hls="media/a/hls/x.m3u8", thumbnails=("media/a/t.jpg",))
    known = {"status": AssetStatus.READY, "outputs": outputs, "job": EncodingJob("1-a", "mine", 1080, 1), "errors": ()}
    api.desk.table.create_asset(an_asset(**known, options=AssetOptions(cloud_front="cdn.test")))
    record = api("GET", f"/v1/assets/{ASSET_ID}/vod").json_body
    assert (record["guid"], record["workflowStatus"], record["encodeJobId"]) == (ASSET_ID, "Complete", "1-a")
    assert record["hlsPlaylist"] == "s3://media/media/a/hls/x.m3u8"
    assert record["hlsUrl"] == "https://cdn.test/media/a/hls/x.m3u8"
    assert record["thumbNailsUrls"] == ["https://cdn.test/media/a/t.jpg"]
    assert api("GET", f"/v1/assets/{ASSET_ID}").json_body["playback"]["hls"].startswith("https://cdn.test/")
    assert api("GET", "/v1/assets/as_0/vod").status_code == 404


def test_an_errored_record_says_where_and_why(api: Api) -> None:
    """By our code and message."""
    api.desk.table.create_asset(an_asset(status=AssetStatus.ERRORED))
    record = api("GET", f"/v1/assets/{ASSET_ID}/vod").json_body
    assert record["workflowStatus"] == "Error"
    assert (record["errorMessage"], record["errorDetails"]) == ("no track was found", "not-a-video")
    assert record["endTime"]


def test_an_upload_may_choose_its_encoder(api: Api) -> None:
    """One that the deployment has; another is refused at its place in the body."""
    body = {"filename": "a.mp4", "size": 5, "asset": {"encoder": "auto"}}
    made = api("POST", "/v1/uploads", body).json_body
    assert api("GET", f"/v1/assets/{made['asset_id']}").json_body["encoder"] == "auto"
    refused = api("POST", "/v1/uploads", {**body, "asset": {"encoder": "mediaconvert"}})
    assert (refused.status_code, refused.json_body["errors"][0]["pointer"]) == (422, "/asset/encoder")
    assert api("POST", "/v1/uploads", {**body, "asset": {"encoder": "mine"}}).status_code == 422


def test_cancel_may_be_repeated_and_ends_with_409(api: Api) -> None:
    """A cancelled asset is shown, twice the same; a ready one is in conflict, an unknown one is not there."""
    api.desk.table.create_asset(an_asset())
    for _ in range(2):
        cancelled = api("POST", f"/v1/assets/{ASSET_ID}/cancel")
        assert (cancelled.status_code, cancelled.json_body["status"]) == (200, "cancelled")
    api.desk.table.items[f"asset#{ASSET_ID}", "asset"]["status"] = {"S": "ready"}
    refused = api("POST", f"/v1/assets/{ASSET_ID}/cancel")
    assert (refused.status_code, refused.json_body["code"]) == (409, "asset-ended")
    assert api("POST", f"/v1/assets/{UNKNOWN}/cancel").status_code == 404
