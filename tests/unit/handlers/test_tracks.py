"""The routes of tracks of text, and what is said of an asset."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.events import EventType
from tests.unit.catalog.samples import ASSET_ID, an_asset
from tests.unit.handlers.conftest import Api

TRACKS = f"/v1/assets/{ASSET_ID}/tracks"
SRT = "1\n00:00:01,000 --> 00:00:02,500\nGr\u00fc\u00dfe\n"


@pytest.fixture
def waiting(api: Api) -> Api:
    api.desk.table.create_asset(an_asset(status=AssetStatus.WAITING))
    return api


def test_a_track_is_added_shown_and_removed(waiting: Api) -> None:
    """201 with its id, which is the same the second time; then one, the list, and none."""
    body = {"language": "de-AT", "name": 'Mit "Namen"', "kind": "captions", "text": SRT}
    first, second = (waiting("POST", TRACKS, body) for _ in range(2))
    assert first.status_code == second.status_code == 201
    made = first.json_body
    assert made == second.json_body
    assert (made["status"], made["language"], made["name"], made["kind"]) == (
        "preparing",
        "de-AT",
        "Mit 'Namen'",
        "captions",
    )
    assert (made["cues"], made["forced"], made["url"], made["error"]) == (1, False, None, None)
    assert first.headers["Location"] == f"tracks/{made['id']}"
    assert waiting("GET", f"{TRACKS}/{made['id']}").json_body == made
    assert waiting("GET", TRACKS).json_body == {"data": [made], "next_cursor": None}
    assert waiting("DELETE", f"{TRACKS}/{made['id']}").json_body == {"id": made["id"], "status": "deleted"}
    assert waiting("GET", f"{TRACKS}/{made['id']}").json_body["code"] == "track-not-found"
    assert waiting("GET", TRACKS).json_body["data"] == []


@pytest.mark.parametrize("kind", ["application/x-subrip", "application/octet-stream"])
def test_the_body_may_be_the_file(waiting: Api, kind: str) -> None:
    """In its own encoding, with the rest in the query."""
    path = f"{TRACKS}?language=de&name=Deutsch&forced=true"
    made = waiting("POST", path, raw=SRT.encode("utf-16"), headers={"Content-Type": kind})
    assert (made.status_code, made.json_body["name"], made.json_body["forced"]) == (201, "Deutsch", True)


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        ({"language": "de", "text": "1\n00:00:01,000 -> 2\n"}, 422, "captions-invalid", "line 2: "),
        ({"language": "de"}, 422, "invalid-request", "either text or key"),
        ({"language": "de", "text": SRT, "key": "uploads/a"}, 422, "invalid-request", "either text or key"),
        ({"language": "german!", "text": SRT}, 422, "invalid-request", "language"),
        ({"language": "de", "key": "renders/a"}, 422, "invalid-request", "key"),
        ({"language": "de", "key": "uploads/none.srt"}, 422, "captions-invalid", "there is no"),
        ({"language": "de", "text": SRT, "kind": "menu"}, 422, "invalid-request", "kind"),
        ({"language": "de", "text": SRT, "format": "vtt"}, 422, "captions-invalid", "line 1: "),
    ],
)
def test_what_is_wrong_is_named(waiting: Api, body: dict[str, Any], status: int, code: str, said: str) -> None:
    """Each with its code, and nothing is kept."""
    answer = waiting("POST", TRACKS, body)
    assert (answer.status_code, answer.json_body["code"]) == (status, code)
    assert said in answer.json_body["detail"]
    assert waiting("GET", TRACKS).json_body["data"] == []


def test_wrong_queries_are_named(waiting: Api) -> None:
    """A file without a language, and one whose mark is neither true nor false."""
    for query in ("", "?language=de&forced=yes"):
        answer = waiting("POST", TRACKS + query, raw=SRT.encode(), headers={"Content-Type": "text/vtt"})
        assert answer.json_body["code"] == "invalid-request"


def test_an_upload_brings_its_captions(api: Api) -> None:
    """Files in the request are read before anything is made; files that are named are noted."""
    captions = [{"language": "de", "text": SRT}, {"language": "fr", "key": "uploads/fr.srt"}]
    upload = api("POST", "/v1/uploads", {"filename": "a", "size": 5, "asset": {"captions": captions}}).json_body
    found = api("GET", f"/v1/assets/{upload['asset_id']}/tracks").json_body["data"]
    assert {(each["language"], each["cues"], each["status"]) for each in found} == {
        ("de", 1, "preparing"),
        ("fr", None, "preparing"),
    }
    for wrong, code in (([{"language": "de", "text": "x"}], "captions-invalid"), (captions[:1] * 2, "track-exists")):
        body = {"filename": "a", "size": 5, "asset": {"captions": wrong}}
        assert api("POST", "/v1/uploads", body).json_body["code"] == code
    assert len(api("GET", "/v1/assets").json_body["data"]) == 1


def test_what_is_said_of_an_asset_changes(api: Api) -> None:
    """A member takes the place of the one before, null removes it, and the change is told once."""
    api.desk.table.create_asset(an_asset(status=AssetStatus.READY, passthrough="a", meta={"b": 1}))
    path = f"/v1/assets/{ASSET_ID}"

    def said(body: object) -> tuple[object, object]:
        answer = api("PATCH", path, body)
        assert answer.status_code == 200, answer.json_body
        return answer.json_body["passthrough"], answer.json_body["meta"]

    assert said({"meta": {"c": 2}}) == ("a", {"c": 2})
    assert said({}) == ("a", {"c": 2})
    api.desk.clock.sleep(1)
    assert said({"passthrough": None, "meta": None}) == (None, {})
    assert api("GET", path).json_body["meta"] == {}
    told = [api.desk.table.find_event(each) for each in api.desk.table.told]
    assert [each.event.type for each in told if each][1:] == [EventType.ASSET_UPDATED] * 2
    for body, code in (({"meta": {"x": "y" * 10_000}}, "invalid-request"), ({"name": 1}, "invalid-request")):
        assert api("PATCH", path, body).json_body["code"] == code
    assert api("PATCH", "/v1/assets/as_0", {}).json_body["code"] == "asset-not-found"
