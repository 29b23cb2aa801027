"""POST /v1/assets by URL and by object, and what lists can be narrowed to."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.options import Encoder
from tests.unit.handlers.conftest import Api

URL = "https://media.example.com/films/one.mp4?token=s3cr3t"


@pytest.fixture
def desk_changes() -> dict[str, Any]:
    return {"url_ingest_allowlist": ("media.example.com",), "extra_source_bucket": "extra"}


def test_a_url_makes_an_asset_that_waits(api: Api, log_lines: Any) -> None:
    """With all that was chosen; its query is neither shown nor logged nor told, and asked twice it is made once."""
    chosen = {
        "passthrough": "p",
        "meta": {"creator_id": "ann"},
        "playback_policy": "signed",
        "encoder": "lambda",
        "ladder": [360, 720, 360],
        "renditions": ["gif", "mp4", "gif"],
        "captions": [{"language": "de", "text": "00:01,000 --> 00:02,000\na"}],
        "max_cost_usd": 0.5,
    }
    body = {"input": {"url": URL, "start": 1, "end": 2.5}, **chosen}
    first, second = (api("POST", "/v1/assets", body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    made = first.json_body
    assert (first.status_code, made["id"]) == (202, second.json_body["id"])
    assert (made["status"], made["progress"]["state"]) == ("waiting", "ingesting")
    assert (made["input"], made["filename"]) == ({"url": "https://media.example.com/films/one.mp4"}, "one.mp4")
    assert (made["playback"]["policy"], made["max_cost_usd"], made["passthrough"]) == ("signed", 0.5, "p")
    asset = api.desk.table.get_asset(made["id"])
    assert asset.options.encoder is Encoder.LAMBDA
    assert (asset.options.ladder, asset.options.static_renditions) == ((720, 360), ("gif", "mp4"))
    assert [track.language for track in api.desk.table.list_tracks(asset.id)] == ["de"]
    assert api.desk.queues.fetches == [(asset.id, 0)]
    assert "s3cr3t" not in str(made) + str(log_lines())
    told = [item for (pk, _), item in api.desk.table.items.items() if pk.startswith("event#")]
    assert told
    assert "s3cr3t" not in str(told)


def test_an_object_is_taken_in_where_it_is(api: Api) -> None:
    """It is not copied, and stays when the asset goes."""
    api.desk.objects.write("extra", "films/one.mp4", b"moving pictures", content_type="video/mp4")
    made = api("POST", "/v1/assets", {"input": {"s3": "s3://extra/films/one.mp4"}}).json_body
    assert (made["status"], made["input"]) == ("preparing", {"s3": "s3://extra/films/one.mp4"})
    assert [message.asset_id for message in api.desk.queues.sent] == [made["id"]]
    assert api("DELETE", f"/v1/assets/{made['id']}").status_code == 202
    assert api.desk.objects.exists("extra", "films/one.mp4")


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"url": "https://other.example.com/a.mp4?token=s3cr3t"}, 422, "url-not-allowed"),
        ({"url": "http://media.example.com/a.mp4?token=s3cr3t"}, 422, "url-not-allowed"),
        ({"url": URL, "s3": "s3://extra/a"}, 422, "invalid-request"),
        ({"url": None}, 422, "invalid-request"),
        ({"url": URL, "start": 2, "end": 1}, 422, "invalid-request"),
        ({"s3": "s3://elsewhere/a"}, 422, "location-not-allowed"),
        ({"s3": "s3://extra/nothing"}, 409, "source-gone"),
    ],
)
def test_what_cannot_be_taken_makes_nothing(api: Api, given: dict[str, Any], status: int, code: str) -> None:
    """Each by its code, and without the secret."""
    refused = api("POST", "/v1/assets", {"input": given})
    assert (refused.status_code, refused.json_body["code"]) == (status, code)
    assert "s3cr3t" not in str(refused.json_body)
    assert api("GET", "/v1/assets").json_body["data"] == []


def test_lists_are_narrowed_to_a_creator(api: Api) -> None:
    """By what `meta` says now, over pages, with the filter in the link to the next one."""
    made = [
        api("POST", "/v1/assets", {"input": {"url": URL}, "meta": {"creator_id": who}}).json_body["id"]
        for who in ("ann", "bob", "ann", "ann")
    ]
    api("PATCH", f"/v1/assets/{made[3]}", {"meta": {"creator_id": "bob"}})
    first = api("GET", "/v1/assets?creator_id=ann&limit=1")
    assert "creator_id=ann" in first.headers["Link"]
    rest = api("GET", f"/v1/assets?creator_id=ann&limit=9&cursor={first.json_body['next_cursor']}").json_body
    found = [each["id"] for each in (*first.json_body["data"], *rest["data"])]
    assert sorted(found) == sorted((made[0], made[2]))
    narrowed = api("GET", "/v1/assets?creator_id=bob&status=waiting").json_body["data"]
    assert {each["id"] for each in narrowed} == {made[1], made[3]}
    assert {each["status"] for each in narrowed} == {AssetStatus.WAITING}
    assert api("GET", "/v1/assets?creator_id=").status_code == 422


def test_a_whole_number_may_be_written_with_a_point(api: Api) -> None:
    """5.0 is 5 to JSON; 5.5 is not whole."""
    upload = {"filename": "a.mp4", "size": 5.0}
    assert api("POST", "/v1/uploads", upload).json_body["size"] == 5
    assert api("POST", "/v1/uploads", {**upload, "size": 5.5}).json_body["errors"][0]["pointer"] == "/size"
