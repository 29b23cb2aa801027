"""Companion's routes, called as @uppy/aws-s3 calls them: no headers, the token in the path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from chalice.test import HTTPResponse

from chalicelib.catalog.upload import MIB, UploadStatus
from tests.unit.handlers.conftest import Api

FILE = {"filename": "clip.mp4", "type": "video/mp4", "metadata": {"name": "clip.mp4", "caption": "sea"}}
MULTIPART = b"\x00\x00\x00\x18ftypisom"


class Browser:
    """A page with an upload token."""

    def __init__(self, api: Api, **wishes: Any) -> None:
        answer = api("POST", "/v1/upload-tokens", wishes)
        assert answer.status_code == 201
        self.api, self.token = api, answer.json_body["token"]

    def __call__(self, method: str, path: str, body: Any = None) -> HTTPResponse:
        return self.api(method, f"/u/{self.token}/s3{path}", body, headers={"Authorization": ""})

    def open(self, **changes: Any) -> Any:
        answer = self("POST", "/multipart", {**FILE, **changes})
        assert answer.status_code == 200, answer.json_body
        return answer.json_body

    def fill(self, opened: Any, *parts: bytes) -> list[dict[str, object]]:
        """S3 stores parts; returns what the browser notes of them."""
        objects = self.api.desk.objects
        multipart_id = self.api.desk.table.get_upload(opened["uploadId"]).multipart_id
        assert multipart_id is not None
        objects.multiparts[multipart_id].parts = dict(enumerate(parts, 1))
        stored = objects.list_parts(opened["bucket"], opened["key"], multipart_id) or ()
        return [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in stored]


def _at(opened: Any, rest: str = "") -> str:
    return f"/multipart/{opened['uploadId']}{rest}?key={quote(opened['key'], safe='')}"


def _refused(answer: HTTPResponse, status: int) -> bool:
    return answer.status_code == status and set(answer.json_body) == {"error"}


def test_a_token_names_its_endpoint(api: Api) -> None:
    """The endpoint is where the API was reached: the proxy's host, without a slash at its end."""
    made = api(
        "POST",
        "/v1/upload-tokens",
        {"max_files": 3, "max_bytes": 5 * MIB, "expires_in": 60},
        headers={"X-Forwarded-Host": "video.example.com", "X-Forwarded-Proto": "https"},
    ).json_body
    assert made["companion_endpoint"] == f"https://video.example.com/u/{made['token']}"
    assert (made["max_files"], made["max_bytes"]) == (3, 5 * MIB)


def test_a_token_gives_no_file_captions(api: Api) -> None:
    """Captions belong to one film, and a token is for many: said, not ignored."""
    captions = [{"language": "en", "text": "WEBVTT"}]
    answer = api("POST", "/v1/upload-tokens", {"asset": {"captions": captions}})
    assert (answer.status_code, answer.json_body["errors"][0]["pointer"]) == (422, "/asset/captions")


def test_the_token_is_stored_nowhere(api: Api, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    """Neither table nor log holds the secret, and what an error says does not either."""
    browser = Browser(api)
    secret = browser.token.partition(".")[2]
    log_lines()
    opened = browser.open()
    assert _refused(browser("GET", f"/multipart/{opened['uploadId']}?key=uploads/other"), 403)
    assert secret not in repr(api.desk.table.items)
    assert secret not in repr(log_lines())


def test_a_replay_shows_a_token_of_the_same_grant(api: Api) -> None:
    """With an Idempotency-Key the files are counted together, whichever answer the page was given."""
    first, second = (
        api("POST", "/v1/upload-tokens", {}, headers={"Idempotency-Key": "k"}).json_body["token"] for _ in range(2)
    )
    assert first != second
    browser = Browser(api)
    browser.token = first
    browser.open()
    browser.token = second
    assert _refused(browser("POST", "/multipart", {"filename": "other.mp4"}), 403)


def test_parts_become_an_asset(api: Api) -> None:
    """Create, sign one and several, list, complete: the asset is the token's, with the page's metadata beneath."""
    browser = Browser(api, asset={"passthrough": "p", "meta": {"course": 7}})
    opened = browser.open()
    assert set(opened) == {"key", "uploadId", "bucket"}
    one = browser("GET", _at(opened, "/1")).json_body
    assert "partNumber=1" in one["url"]
    assert one["expires"] == api.desk.settings.presign_ttl_s
    several = browser("GET", f"{_at(opened, '/batch')}&partNumbers=1,2").json_body
    assert several["presignedUrls"]["1"] == one["url"]
    noted = browser.fill(opened, MULTIPART, b"more")
    listed = browser("GET", _at(opened)).json_body
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, len(MULTIPART)), (2, 4)]

    for _ in range(2):
        done = browser("POST", _at(opened, "/complete"), {"parts": noted})
        assert done.json_body == {
            "location": f"https://source.s3.test/{opened['key']}",
            "key": opened["key"],
            "bucket": "source",
        }
    upload = api.desk.table.get_upload(opened["uploadId"])
    asset = api.desk.table.get_asset(upload.asset_id)
    assert upload.status is UploadStatus.COMPLETED
    assert (asset.passthrough, asset.meta, asset.filename) == ("p", {"caption": "sea", "course": 7}, "clip.mp4")
    assert len(api.desk.queues.sent) == 1


def test_whoever_missed_the_end_hears_of_it(api: Api) -> None:
    """After completion the parts are still listed, so that Uppy completes again instead of sending them."""
    browser = Browser(api)
    opened = browser.open()
    browser("POST", _at(opened, "/complete"), {"parts": browser.fill(opened, MULTIPART)})
    listed = browser("GET", _at(opened)).json_body
    assert [part["PartNumber"] for part in listed] == [1]
    assert browser("POST", _at(opened, "/complete"), {"parts": listed}).status_code == 200
    assert browser("DELETE", _at(opened)).json_body == {}
    assert api.desk.table.get_upload(opened["uploadId"]).status is UploadStatus.COMPLETED


def test_only_the_own_key_is_taken(api: Api) -> None:
    """Another key, no key, another's upload and an unknown one are refused alike by every route."""
    browser, other = Browser(api), Browser(api)
    opened, foreign = browser.open(), other.open()
    for upload_id, key in (
        (opened["uploadId"], foreign["key"]),
        (opened["uploadId"], "uploads/mine.mp4"),
        (opened["uploadId"], ""),
        (foreign["uploadId"], foreign["key"]),
        ("up_none", opened["key"]),
    ):
        path = f"/multipart/{upload_id}"
        calls = [("GET", ""), ("DELETE", ""), ("GET", "/1"), ("POST", "/complete")]
        bodies = {"/complete": {"parts": [{"PartNumber": 1, "ETag": "a"}]}}
        for method, rest in calls:
            answer = browser(method, f"{path}{rest}?key={quote(key, safe='')}", bodies.get(rest))
            assert _refused(answer, 403), (method, rest, upload_id, key)
        assert _refused(browser("GET", f"{path}/batch?key={quote(key, safe='')}&partNumbers=1"), 403)


@pytest.mark.parametrize("token", ["ut_01mcc5rm00d6es3s04gr4b1q4p.secret", "nothing", "a.b", "x" * 500])
def test_an_unknown_token_opens_nothing(api: Api, token: str) -> None:
    """403, in Companion's form."""
    browser = Browser(api)
    browser.token = token
    assert _refused(browser("POST", "/multipart", FILE), 403)


def test_a_wrong_secret_opens_nothing(api: Api) -> None:
    """The id alone is no token."""
    browser = Browser(api)
    browser.token = f"{browser.token.partition('.')[0]}.guess"
    assert _refused(browser("GET", "/params?filename=a.mp4"), 403)


def test_an_expired_token_is_gone(api: Api) -> None:
    """410 for whatever is asked, also of what it opened before."""
    browser = Browser(api, expires_in=60)
    opened = browser.open()
    api.desk.clock.sleep(60)
    assert _refused(browser("POST", "/multipart", FILE), 410)
    assert _refused(browser("GET", _at(opened, "/1")), 410)
    assert list(api.desk.table.expired_uploads(api.desk.clock() + 1)) != []


def test_files_are_counted(api: Api) -> None:
    """A cancelled file does not count, however often it is cancelled; the same name again is the same file."""
    browser = Browser(api, max_files=2)
    first, second = browser.open(filename="1.mp4"), browser.open(filename="2.mp4")
    assert _refused(browser("POST", "/multipart", {"filename": "3.mp4"}), 403)
    assert browser.open(filename="2.mp4") == second
    for _ in range(2):
        assert browser("DELETE", _at(first)).json_body == {}
    third = browser.open(filename="3.mp4")
    assert third["uploadId"] not in (first["uploadId"], second["uploadId"])
    assert _refused(browser("POST", "/multipart", {"filename": "4.mp4"}), 403)


def test_a_small_file_is_one_form(api: Api) -> None:
    """A POST policy, of at least a byte and at most what the token allows, whose key the server made."""
    browser = Browser(api, max_bytes=9)
    form = browser("GET", "/params?filename=a.mp4&type=video/mp4&metadata[caption]=sea&metadata[relativePath]=null")
    made = form.json_body
    assert (made["method"], made["expires"]) == ("POST", api.desk.settings.presign_ttl_s)
    assert "least=1&most=9" in made["url"]
    assert made["fields"]["Content-Type"] == "video/mp4"
    asset = api.desk.table.get_asset(made["fields"]["key"].split("/")[1])
    assert asset.meta == {"caption": "sea"}
    again = browser("GET", "/params?filename=a.mp4&type=video/mp4").json_body
    assert again["fields"]["key"] == made["fields"]["key"]


def test_a_file_above_the_limit_is_not_put_together(api: Api) -> None:
    """Parts cannot be held to a size by S3, so they are weighed before they are one object; nor are more signed."""
    browser = Browser(api, max_bytes=20)
    opened = browser.open()
    assert _refused(browser("GET", _at(opened, "/2")), 413)
    noted = browser.fill(opened, MULTIPART, MULTIPART)
    assert _refused(browser("POST", _at(opened, "/complete"), {"parts": noted}), 413)
    assert not api.desk.objects.exists(opened["bucket"], opened["key"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/params", None),
        ("GET", "/params?filename=a&type=nonsense", None),
        ("POST", "/multipart", {"type": "video/mp4"}),
        ("POST", "/multipart", {**FILE, "metadata": {"long": "x" * 11_000}}),
        ("GET", "/multipart/{id}/0?key={key}", None),
        ("GET", "/multipart/{id}/batch?key={key}", None),
        ("GET", "/multipart/{id}/batch?key={key}&partNumbers=1,10001", None),
        ("POST", "/multipart/{id}/complete?key={key}", {"parts": []}),
    ],
)
def test_nonsense_is_a_bad_request(api: Api, method: str, path: str, body: Any) -> None:
    """400 with one sentence: Companion knows no 422."""
    browser = Browser(api, max_files=2)
    opened = browser.open()
    assert _refused(browser(method, path.format(id=opened["uploadId"], key=quote(opened["key"], safe="")), body), 400)


def test_what_chalice_refuses_is_in_the_same_form(api: Api) -> None:
    """A wrong content type too."""
    browser = Browser(api)
    answer = api("POST", f"/u/{browser.token}/s3/multipart", FILE, headers={"Content-Type": "text/plain"})
    assert _refused(answer, 415)


@pytest.mark.parametrize("size", [5 * MIB, 100 * MIB])
def test_an_announced_upload_has_a_token_of_its_own(api: Api, size: int) -> None:
    """Its endpoint gives that upload, as a form of exactly that size or in parts, and no other."""
    upload = api("POST", "/v1/uploads", {"filename": "mine.mp4", "size": size}).json_body
    browser = Browser(api)
    browser.token = upload["companion_endpoint"].rpartition("/")[2]
    opened = browser.open(filename="whatever.mp4")
    assert (opened["uploadId"], opened["key"]) == (upload["id"], upload["key"])
    assert browser.open() == opened
    form = browser("GET", "/params?filename=x.mp4").json_body
    assert form["fields"]["key"] == upload["key"]
    assert f"least={size}&most={size}" in form["url"]
    assert len(api.desk.objects.multiparts) == 1
    browser("DELETE", _at(opened))
    assert _refused(browser("POST", "/multipart", FILE), 409)


def test_what_was_cancelled_elsewhere_is_closed(api: Api) -> None:
    """Signing and listing say that the upload is not open."""
    browser = Browser(api)
    opened = browser.open()
    api("POST", f"/v1/uploads/{opened['uploadId']}/cancel")
    assert _refused(browser("GET", _at(opened, "/1")), 409)
    assert _refused(browser("GET", _at(opened)), 409)
    assert browser("DELETE", _at(opened)).json_body == {}
