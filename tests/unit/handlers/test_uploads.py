"""The upload routes."""

from __future__ import annotations

import pytest

from chalicelib.catalog.upload import MIB
from chalicelib.errors import InvalidRequest, MalformedRequest, SluiceError
from tests.unit.handlers.conftest import Api

CLIP = {"filename": "clip.mp4", "size": 5, "content_type": "video/mp4"}


def test_a_small_file_gets_one_url(api: Api) -> None:
    """POST answers 201 with the upload, its asset's id, one URL, and a Location that leads back to it."""
    made = api("POST", "/v1/uploads", CLIP)
    upload = made.json_body
    assert made.status_code == 201
    assert made.headers["Location"] == f"uploads/{upload['id']}"
    assert upload["asset_id"].startswith("as_")
    assert (upload["status"], upload["part_size"], upload["part_count"]) == ("waiting", None, None)
    assert upload["url"].startswith("https://source.s3.test/uploads/")
    endpoint = upload.pop("companion_endpoint")
    assert "/u/ut_" in endpoint
    assert api("GET", f"/v1/uploads/{upload['id']}").json_body == upload


def test_a_large_file_gets_parts(api: Api) -> None:
    """Above 64 MiB there are parts; the first 100 URLs come at once, the rest by number."""
    upload = api("POST", "/v1/uploads", {**CLIP, "size": 1000 * MIB}).json_body
    assert (upload["part_size"], upload["part_count"], len(upload["parts"])) == (8 * MIB, 125, 100)
    rest = api("GET", f"/v1/uploads/{upload['id']}/parts?from=101").json_body
    assert [part["part_number"] for part in rest["data"]] == list(range(101, 126))
    assert rest["next_from"] is None
    some = api("GET", f"/v1/uploads/{upload['id']}/parts?from=2&count=3").json_body
    assert ([part["part_number"] for part in some["data"]], some["next_from"]) == ([2, 3, 4], 5)


def test_complete_and_cancel_answer_with_the_upload(api: Api) -> None:
    """Both need no body; a closed upload shows no URL."""
    for verb, status in (("complete", "completed"), ("cancel", "cancelled")):
        upload = api("POST", "/v1/uploads", CLIP).json_body
        if verb == "complete":
            api.desk.objects.write("source", upload["key"], b"hello", content_type="video/mp4")
        done = api("POST", f"/v1/uploads/{upload['id']}/{verb}")
        assert (done.status_code, done.json_body["status"]) == (200, status)
        assert "url" not in api("GET", f"/v1/uploads/{upload['id']}").json_body


def test_complete_takes_the_clients_parts(api: Api) -> None:
    """The client's own list of part numbers and quoted etags decides what is joined."""
    upload = api("POST", "/v1/uploads", {**CLIP, "size": 65 * MIB}).json_body
    (multipart_id, stored), *_ = api.desk.objects.multiparts.items()
    stored.parts = {1: bytes(60 * MIB), 2: bytes(5 * MIB)}
    parts = api.desk.objects.list_parts("source", upload["key"], multipart_id) or ()
    listed = [{"part_number": part.number, "etag": f'"{part.etag}"'} for part in parts]
    wrong = [{"part_number": 1, "etag": "beef"}]
    path = f"/v1/uploads/{upload['id']}/complete"
    assert api("POST", path, {"parts": wrong}).json_body["code"] == "upload-incomplete"
    assert api("POST", path, {"parts": listed[::-1]}).json_body["status"] == "completed"


def test_an_idempotency_key_makes_one_upload(api: Api) -> None:
    """The second answer is about the same upload; another body is refused."""
    key = {"Idempotency-Key": "k-1"}
    first = api("POST", "/v1/uploads", CLIP, headers=key)
    second = api("POST", "/v1/uploads", CLIP, headers=key)
    other = api("POST", "/v1/uploads", {**CLIP, "size": 6}, headers=key)
    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 422)
    assert first.json_body["id"] == second.json_body["id"]
    assert other.json_body["code"] == "idempotency-key-reused"


def test_lists_are_paged_by_the_link(api: Api) -> None:
    """Following `next_cursor` visits every upload once, the latest first; the Link says the same."""
    made = []
    for _ in range(5):
        made.append(api("POST", "/v1/uploads", CLIP).json_body["id"])
        api.desk.clock.sleep(1)
    seen, path = [], "/v1/uploads?limit=2&status=waiting"
    while path:
        page = api("GET", path)
        seen += [upload["id"] for upload in page.json_body["data"]]
        cursor = page.json_body["next_cursor"]
        path = f"/v1/uploads?limit=2&status=waiting&cursor={cursor}" if cursor else ""
        assert page.headers.get("Link", "") == (f'<{path.removeprefix("/v1/uploads")}>; rel="next"' if cursor else "")
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("raw", "error", "pointer"),
    [
        (b'{"filename":', MalformedRequest, None),
        (b"", MalformedRequest, None),
        (b"[]", InvalidRequest, ""),
        (b'{"size":5}', InvalidRequest, ""),
        (b'{"filename":"","size":5}', InvalidRequest, "/filename"),
        (b'{"filename":"a\\nb","size":5}', InvalidRequest, "/filename"),
        (b'{"filename":"a","size":0}', InvalidRequest, "/size"),
        (b'{"filename":"a","size":"5"}', InvalidRequest, "/size"),
        (b'{"filename":"a","size":5,"content_type":"video"}', InvalidRequest, "/content_type"),
        (b'{"filename":"a","size":5,"asset":{"meta":3}}', InvalidRequest, "/asset/meta"),
        (b'{"filename":"a","size":5,"colour":"red"}', InvalidRequest, ""),
        (b'{"filename":"a","size":5,"expires_in":1}', InvalidRequest, "/expires_in"),
        (b'{"filename":"a","size":5,"asset":{"meta":{"a":"' + b"x" * 10_000 + b'"}}}', InvalidRequest, "/asset/meta"),
    ],
)
def test_a_wrong_body_is_told_where(api: Api, raw: bytes, error: type[SluiceError], pointer: str | None) -> None:
    """A body that is not JSON is malformed; a wrong field is named by its pointer."""
    answer = api("POST", "/v1/uploads", raw=raw)
    assert (answer.status_code, answer.json_body["code"]) == (error.status, error.code())
    assert [each["pointer"] for each in answer.json_body["errors"]] == ([] if pointer is None else [pointer])


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=ready", "cursor=as_1", "limit=1e3"])
def test_a_wrong_query_is_named(api: Api, query: str) -> None:
    """Parameters out of range are refused by name."""
    answer = api("GET", f"/v1/uploads?{query}")
    assert (answer.status_code, answer.json_body["code"]) == (422, "invalid-request")
    assert answer.json_body["errors"][0]["pointer"] == f"/{query.split('=')[0]}"


def test_too_large_is_413(api: Api) -> None:
    """A size above `upload_max_bytes` says what the limit is."""
    answer = api("POST", "/v1/uploads", {**CLIP, "size": api.desk.settings.upload_max_bytes + 1})
    assert (answer.status_code, answer.json_body["code"]) == (413, "upload-too-large")
    assert answer.json_body["limit_bytes"] == api.desk.settings.upload_max_bytes


@pytest.mark.parametrize(
    "upload_id", ["up_", "as_01mcc5rm000000000000000000", "up_01mcc5rm000000000000000000", "x%2Fy"]
)
def test_an_unknown_upload_is_404(api: Api, upload_id: str) -> None:
    """An id that names nothing is not found, whatever its shape."""
    answer = api("GET", f"/v1/uploads/{upload_id}")
    assert (answer.status_code, answer.json_body["code"]) == (404, "upload-not-found")
