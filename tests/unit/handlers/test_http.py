"""The frame around every route: keys, problems, CORS, the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.handlers import http
from chalicelib.handlers.auth import REMEMBERED_MS
from tests.unit.handlers.conftest import API_KEY, Api

PROBLEM = "application/problem+json"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic sk_test", "Bearer sk_other", "sk_test"])
def test_without_a_known_key_the_answer_is_401(api: Api, value: str) -> None:
    """Everything but health and the description asks for a key that is known."""
    answer = api("GET", "/v1/assets", headers={"Authorization": value})
    assert (answer.status_code, answer.json_body["code"]) == (401, "unauthorized")
    wanted = 'Bearer error="invalid_token"' if value == "Bearer sk_other" else "Bearer"
    assert answer.headers["WWW-Authenticate"] == wanted
    assert api("GET", "/v1/health", headers={"Authorization": value}).json_body == {"status": "ok"}


def test_a_revoked_key_works_no_longer_than_a_minute(api: Api) -> None:
    """A key is looked up again once its minute is over."""
    assert api("GET", "/v1/assets").status_code == 200
    api.desk.table.items = {key: item for key, item in api.desk.table.items.items() if key[1] != "key"}
    api.desk.clock.now_ms += REMEMBERED_MS - 1
    assert api("GET", "/v1/assets").status_code == 200
    api.desk.clock.now_ms += 1
    assert api("GET", "/v1/assets").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "content_type", "status", "code"),
    [
        ("PATCH", "/v1/assets", "application/json", 405, "method-not-allowed"),
        ("POST", "/v1/uploads", "text/plain", 415, "unsupported-content-type"),
    ],
)
def test_chalices_own_answers_are_problems(
    api: Api, method: str, path: str, content_type: str, status: int, code: str
) -> None:
    """What Chalice refuses by itself has the same form, and a page may read it."""
    answer = api(method, path, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json_body["code"]) == (status, code)
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Request-Id"] == answer.json_body["request_id"]


def test_the_unexpected_is_an_internal_fault(api: Api, monkeypatch: pytest.MonkeyPatch, log_lines: Lines) -> None:
    """A bug answers 500 without its message; the traceback is in the log, under the same request id."""

    def explode(**_: object) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(api.desk.table, "list_assets", explode)
    answer = api("GET", "/v1/assets")
    assert (answer.status_code, answer.json_body["code"]) == (500, "internal-fault")
    assert b"secret" not in answer.body
    (line,) = log_lines()
    assert (line["level"], line["request_id"]) == ("ERROR", answer.json_body["request_id"])
    assert "the secret is 42" in line["exception"]


def test_every_request_leaves_one_line_without_secrets(api: Api, log_lines: Lines) -> None:
    """A line has route, status and time; neither the key nor a presigned URL is in it."""
    answer = api("GET", "/presign?name=clip.mp4")
    (line,) = log_lines()
    assert (line["message"], line["status"], line["level"]) == ("GET /presign", 200, "INFO")
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert API_KEY not in str(line)
    assert "s3.test" not in str(line)


def test_head_is_get_without_its_body(api: Api) -> None:
    """Status and headers are the same, for pages and for records; what opens an upload has no HEAD."""
    for path in ("/", "/v1/health", "/v1/assets?limit=0", "/v1/assets/as_none"):
        got, head = api("GET", path), api("HEAD", path)
        assert (head.status_code, head.headers["Content-Type"]) == (got.status_code, got.headers["Content-Type"])
        assert head.body == b""
    refused = api("HEAD", "/presign?name=a")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")


def test_cors_is_on_every_answer(api: Api) -> None:
    """Pages may call the API and read the headers they need."""
    for path, headers in (("/v1/assets", {}), ("/v1/assets", {"Authorization": ""})):
        answer = api("GET", path, headers={"Origin": "https://page.test", **headers})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        exposed = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
        assert {"ETag", "Location", "X-Request-Id"} <= exposed


def test_several_origins_are_named_one_at_a_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a list of origins, an answer names the caller's own if it is on the list, and never another's."""
    monkeypatch.setattr(http, "cors_origins", lambda: ("https://a.test", "https://b.test"))
    for origin, named in (("https://b.test", "https://b.test"), ("https://evil.test", "https://a.test")):
        answer = api("GET", "/v1/assets", headers={"Origin": origin})
        assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == (named, "Origin")
