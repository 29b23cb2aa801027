"""The two routes for curl."""

from __future__ import annotations

import pytest

from chalicelib.usecases.simple_upload import SIMPLE_MAX_BYTES
from tests.unit.handlers.conftest import Api

FORM = {"Content-Type": "multipart/form-data; boundary=XX"}


def _form(field: str = "file", filename: str = "clip.mp4", data: bytes = b"hello") -> bytes:
    head = f'--XX\r\nContent-Disposition: form-data; name="{field}"; filename="{filename}"\r\n'
    return head.encode() + b"Content-Type: video/mp4\r\n\r\n" + data + b"\r\n--XX--\r\n"


def test_a_form_makes_an_asset(api: Api) -> None:
    """curl -F file=@clip.mp4 answers with an asset that is being prepared."""
    asset = api("POST", "/upload", raw=_form(), headers=FORM).json_body
    assert (asset["status"], asset["filename"], asset["source"]["content_type"]) == (
        "preparing",
        "clip.mp4",
        "video/mp4",
    )
    assert api.desk.objects.read("source", f"uploads/{asset['id']}/source") == b"hello"


def test_binary_data_arrives_as_it_is(api: Api) -> None:
    """Neither a form nor a raw body changes a byte."""
    data = bytes(range(256)) * 300
    raw_type = {"Content-Type": "video/mp4"}
    for raw, headers in ((_form(data=data), FORM), (data, raw_type)):
        asset = api("POST", "/upload?name=clip.mp4", raw=raw, headers=headers).json_body
        assert api.desk.objects.read("source", f"uploads/{asset['id']}/source") == data


def test_a_raw_body_is_named_by_the_query(api: Api) -> None:
    """curl --data-binary names the file with ?name=."""
    answer = api("POST", "/upload?name=a%20b.mp4", raw=b"hello", headers={"Content-Type": "video/mp4"})
    assert (answer.status_code, answer.json_body["filename"]) == (200, "a b.mp4")


def test_too_large_names_the_other_way(api: Api) -> None:
    """Above the limit the answer is 413 and says where to go."""
    answer = api("POST", "/upload", raw=bytes(SIMPLE_MAX_BYTES + 1), headers={"Content-Type": "video/mp4"})
    assert (answer.status_code, answer.json_body["code"]) == (413, "payload-too-large")
    assert "/v1/uploads" in answer.json_body["detail"]


@pytest.mark.parametrize(
    ("content_type", "raw", "code"),
    [
        ("text/plain", b"hello", "unsupported-content-type"),
        ("application/x-www-form-urlencoded", b"hello", "unsupported-content-type"),
        ("multipart/form-data; boundary=YY", _form(), "malformed-request"),
        ("multipart/form-data", _form(), "malformed-request"),
        ("multipart/form-data; boundary=XX", _form(field="other"), "invalid-request"),
        ("multipart/form-data; boundary=XX", _form(data=b""), "empty-source"),
        ("video/mp4", b"", "empty-source"),
    ],
)
def test_what_is_no_upload_is_refused(api: Api, content_type: str, raw: bytes, code: str) -> None:
    """Wrong types, broken forms, other fields and empty files make nothing."""
    answer = api("POST", "/upload", raw=raw, headers={"Content-Type": content_type})
    assert answer.json_body["code"] == code
    assert answer.status_code < 500
    assert api.desk.objects.stored == {}


def test_bad_media_is_an_errored_asset(api: Api) -> None:
    """What is wrong with the bytes is said on the asset, not by the request."""
    answer = api("POST", "/upload", raw=_form(data=b"junkjunk"), headers=FORM)
    assert (answer.status_code, answer.json_body["status"]) == (200, "errored")
    assert answer.json_body["errors"][0]["code"] == "not-a-video"


def test_presign_gives_a_url_for_plain_curl(api: Api) -> None:
    """The URL takes a PUT of any size, and the ids are known before it is used."""
    answer = api("GET", "/presign?name=clip.mp4").json_body
    assert (answer["method"], answer["content_type"], answer["size"]) == ("PUT", "video/mp4", None)
    assert answer["url"].endswith("size=None")
    assert api("GET", f"/v1/assets/{answer['asset_id']}").json_body["status"] == "waiting"
    assert api("GET", f"/v1/uploads/{answer['upload_id']}").json_body["url"] == answer["url"]


@pytest.mark.parametrize("path", ["/presign", "/presign?name=", "/presign?name=a%00b"])
def test_presign_wants_a_name(api: Api, path: str) -> None:
    """Without a usable name nothing is opened."""
    assert api("GET", path).json_body["errors"][0]["pointer"] == "/name"
    assert api.desk.table.list_uploads(status=None, limit=1, cursor=None).items == ()
