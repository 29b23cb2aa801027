"""The routes of sites and renders."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from chalicelib.catalog.asset import Work
from chalicelib.catalog.keys import project_key
from chalicelib.catalog.render import RenderStatus
from chalicelib.catalog.site import checksum_of, site_id
from tests.unit.catalog.samples import PLAN_HASH, RENDER_ID, SITE_SHA256, a_render
from tests.unit.handlers.conftest import Api

SITE_ID = site_id(SITE_SHA256)
ARCHIVE = b"an archive"


def _store(api: Api) -> None:
    api.desk.objects.write("source", project_key(SITE_SHA256), ARCHIVE, content_type="application/gzip")


def _render(api: Api, **options: Any) -> Any:
    _store(api)
    return api("POST", "/v1/renders", {"site_id": SITE_ID, **options})


def test_a_site_is_announced_once(api: Api) -> None:
    """201 says where to send it and with which header; once it is there, 200 says so."""
    sha256 = hashlib.sha256(ARCHIVE).hexdigest()
    body = {"sha256": sha256, "size": len(ARCHIVE)}
    made = api("POST", "/v1/sites", body)
    site = made.json_body
    assert (made.status_code, site["id"], site["status"]) == (201, f"st_{sha256}", "waiting")
    assert site["upload"]["url"].startswith("https://source.s3.test/projects/")
    assert site["upload"]["headers"] == {"x-amz-checksum-sha256": checksum_of(sha256)}
    api.desk.objects.write("source", project_key(sha256), ARCHIVE, content_type="application/gzip")
    again = api("POST", "/v1/sites", body)
    assert (again.status_code, again.json_body["status"], again.json_body["upload"]) == (200, "stored", None)


def test_a_site_is_listed_shown_and_forgotten(api: Api) -> None:
    """By its id; what is no id of a site is 404, as cursor 422."""
    _store(api)
    listed = api("GET", "/v1/sites").json_body
    assert (listed["data"][0]["id"], listed["data"][0]["status"], listed["next_cursor"]) == (SITE_ID, "stored", None)
    assert api("GET", f"/v1/sites/{SITE_ID}").json_body == listed["data"][0]
    assert api("DELETE", f"/v1/sites/{SITE_ID}").json_body == {"id": SITE_ID, "deleted": True}
    assert api("GET", f"/v1/sites/{SITE_ID}").status_code == 404
    assert api("GET", "/v1/sites/st_x").status_code == 404
    assert api("GET", "/v1/sites?cursor=st_x").status_code == 422


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"sha256": "AB" * 32, "size": 1}, "/sha256"),
        ({"sha256": "ab" * 31, "size": 1}, "/sha256"),
        ({"sha256": "ab" * 32, "size": 0}, "/size"),
        ({"sha256": "ab" * 32, "size": 1, "name": "x"}, ""),
    ],
)
def test_a_wrong_site_is_told_where(api: Api, body: dict[str, Any], pointer: str) -> None:
    """The hash is 64 lower-case hex digits, the size at least a byte."""
    answer = api("POST", "/v1/sites", body)
    assert (answer.status_code, answer.json_body["errors"][0]["pointer"]) == (422, pointer)


def test_a_large_site_is_413(api: Api) -> None:
    """The limit is in the answer."""
    limit = api.desk.settings.project_max_bytes
    answer = api("POST", "/v1/sites", {"sha256": "ab" * 32, "size": limit + 1})
    assert (answer.status_code, answer.json_body["code"], answer.json_body["limit_bytes"]) == (
        413,
        "site-too-large",
        limit,
    )


def test_a_render_is_accepted(api: Api) -> None:
    """202 with the render, which is found again; the names of the API become those of the Config."""
    options = {
        "composition": "pages/intro.html",
        "variables": {"name": "Ada"},
        "fps": "30000/1001",
        "chunk_frames": 30,
        "max_parallel": 4,
        "max_cost_usd": 0.1,
    }
    made = _render(api, **options)
    render = made.json_body
    assert (made.status_code, render["status"], render["output"]) == (202, "queued", None)
    assert made.headers["Location"] == f"renders/{render['id']}"
    assert render["options"]["chunk_frames"] == 30
    assert render["options"]["codec"] is None
    assert render["max_cost_usd"] == 0.1
    assert render.pop("webhook_secret") is None
    assert api("GET", f"/v1/renders/{render['id']}").json_body == render
    assert api.desk.workflows.inputs[render["id"]]["Config"] == {
        "entryFile": "pages/intro.html",
        "variables": {"name": "Ada"},
        "fps": "30000/1001",
        "chunkSize": 30,
        "maxParallelChunks": 4,
    }


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"width": 15}, "/width"),
        ({"height": 721}, "/height"),
        ({"fps": 121}, "/fps"),
        ({"fps": "fast"}, "/fps"),
        ({"format": "avi"}, "/format"),
        ({"codec": "h264", "format": "gif"}, "/codec"),
        ({"crf": 20, "bitrate": "10M"}, "/crf"),
        ({"frame": 1}, "/frame"),
        ({"frame_range": [2, 1]}, "/frame_range"),
        ({"chunk_frames": 0}, "/chunk_frames"),
        ({"max_parallel": 257}, "/max_parallel"),
        ({"composition": "../index.html"}, "/composition"),
        ({"variables": []}, "/variables"),
        ({"variables": {"text": "x" * 100_000}}, "/variables"),
        ({"max_cost_usd": 0}, "/max_cost_usd"),
        ({"webhook": "http://example.com"}, "/webhook"),
        ({"webhook": "https://127.0.0.1/"}, "/webhook"),
        ({"webhook": ""}, "/webhook"),
    ],
)
def test_a_wrong_option_is_told_where(api: Api, options: dict[str, Any], pointer: str) -> None:
    """Under the API's own name of the field; nothing is started and no webhook made."""
    answer = _render(api, **options)
    assert (answer.status_code, answer.json_body["code"]) == (422, "invalid-request")
    assert [each["pointer"] for each in answer.json_body["errors"]] == [pointer]
    assert api.desk.workflows.inputs == {}
    assert not [pk for pk, _ in api.desk.table.items if pk.startswith(("render#", "webhook#"))]


@pytest.mark.parametrize("site", [SITE_ID, "st_1", "", "x" * 300])
def test_a_site_that_is_not_there_is_404(api: Api, site: str) -> None:
    """Whether it was never sent or its id is none."""
    answer = api("POST", "/v1/renders", {"site_id": site})
    assert (answer.status_code, answer.json_body["code"]) == (404, "site-not-found")


def test_an_idempotency_key_makes_one_render(api: Api) -> None:
    """The second answer is about the same render; another body is refused."""
    _store(api)
    key = {"Idempotency-Key": "k-1"}
    first, second = (api("POST", "/v1/renders", {"site_id": SITE_ID}, headers=key) for _ in range(2))
    other = api("POST", "/v1/renders", {"site_id": SITE_ID, "fps": 24}, headers=key)
    assert first.json_body["id"] == second.json_body["id"]
    assert len(api.desk.workflows.inputs) == 1
    assert (other.status_code, other.json_body["code"]) == (422, "idempotency-key-reused")


def test_a_webhook_of_a_render_is_no_registered_one(api: Api) -> None:
    """Its secret is in the one answer that makes it; it is in no list, but opens by its id, and its secret rotates."""
    _store(api)
    key, body = {"Idempotency-Key": "k-1"}, {"site_id": SITE_ID, "webhook": "https://hooks.example.com/one"}
    first, replay = (api("POST", "/v1/renders", body, headers=key).json_body for _ in range(2))
    assert first["webhook_secret"].startswith("whsec_")
    assert replay == {**first, "webhook_secret": None}
    assert api("GET", "/v1/webhooks").json_body["data"] == []
    shown = api("GET", f"/v1/webhooks/{first['webhook_id']}").json_body
    assert (shown["url"], shown["render_id"], "secret" in shown) == (body["webhook"], first["id"], False)
    assert "webhook_secret" not in api("GET", f"/v1/renders/{first['id']}").json_body
    rotated = api("POST", f"/v1/webhooks/{first['webhook_id']}/rotate").json_body
    assert rotated["secret"] != first["webhook_secret"]


def test_a_render_shows_its_work(api: Api) -> None:
    """Frames, chunks and cost so far."""
    table = api.desk.table
    table.create_render(a_render(errors=()))
    table.mark_task_done(RENDER_ID, PLAN_HASH, 0, billed_ms=60_000, memory_mb=1024, frames=25, now_ms=1)
    table.note_frames(RENDER_ID, PLAN_HASH, 1, 5, now_ms=2)
    table.add_work(RENDER_ID, transitions=4, now_ms=3)
    render = api("GET", f"/v1/renders/{RENDER_ID}").json_body
    progress = render["progress"]
    assert (progress["percent"], progress["frames_done"], progress["frames_total"]) == (30.0, 30, 100)
    assert (progress["chunks_done"], progress["chunks_total"]) == (1, 4)
    assert render["cost"]["breakdown"] == {"lambda": 0.001, "sfn": 0.0001, "mediaconvert": 0.0}
    assert (render["fps"], render["width"], render["duration"]) == (29.97, 1280, 3.337)
    assert table.get_progress(RENDER_ID, None) == Work(0, 61_440_000, 4, 3)


def test_a_finished_render_shows_its_output(api: Api) -> None:
    """With a fresh URL; once the bucket has forgotten it, without."""
    api.desk.table.create_render(a_render(status=RenderStatus.SUCCEEDED, errors=()))
    output = api("GET", f"/v1/renders/{RENDER_ID}").json_body["output"]
    assert output["url"].startswith("https://source.s3.test/renders/")
    assert (output["size"], output["format"], output["content_type"]) == (12_345, "mp4", "video/mp4")
    api.desk.clock.sleep(8 * 24 * 3600)
    assert api("GET", f"/v1/renders/{RENDER_ID}").json_body["output"]["url"] is None


def test_a_render_is_cancelled(api: Api) -> None:
    """Twice is once; what has ended says so."""
    render_id = _render(api).json_body["id"]
    for _ in range(2):
        answer = api("POST", f"/v1/renders/{render_id}/cancel")
        assert (answer.status_code, answer.json_body["status"]) == (202, "cancelled")
    api.desk.table.create_render(a_render(status=RenderStatus.FAILED))
    answer = api("POST", f"/v1/renders/{RENDER_ID}/cancel")
    assert (answer.status_code, answer.json_body["code"]) == (409, "render-ended")
    assert answer.json_body["render_status"] == "failed"


def test_a_render_is_deleted(api: Api) -> None:
    """It is neither shown nor listed any more."""
    render_id = _render(api).json_body["id"]
    assert api("DELETE", f"/v1/renders/{render_id}").json_body == {"id": render_id, "deleted": True}
    assert api("GET", f"/v1/renders/{render_id}").json_body["code"] == "render-not-found"
    assert api("DELETE", f"/v1/renders/{render_id}").status_code == 404
    assert api("GET", "/v1/renders").json_body["data"] == []


def test_renders_are_listed(api: Api) -> None:
    """The latest first, page by page, or one status."""
    made = []
    for _ in range(3):
        made.append(_render(api).json_body["id"])
        api.desk.clock.sleep(1)
    api("POST", f"/v1/renders/{made[1]}/cancel")
    page = api("GET", "/v1/renders?limit=2").json_body
    assert [render["id"] for render in page["data"]] == [made[2], made[1]]
    rest = api("GET", f"/v1/renders?limit=2&cursor={page['next_cursor']}").json_body
    assert [render["id"] for render in rest["data"]] == [made[0]]
    cancelled = api("GET", "/v1/renders?status=cancelled").json_body["data"]
    assert [render["id"] for render in cancelled] == [made[1]]


@pytest.mark.parametrize("render_id", ["rn_", "as_01mcc5rm000000000000000000", RENDER_ID])
def test_an_unknown_render_is_404(api: Api, render_id: str) -> None:
    """An id that names nothing is not found, whatever its shape."""
    answer = api("GET", f"/v1/renders/{render_id}")
    assert (answer.status_code, answer.json_body["code"]) == (404, "render-not-found")
