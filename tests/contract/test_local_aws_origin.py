"""The one origin: page, media and API, as a browser and a player ask for them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.local_aws import ToyAws

SEGMENT = bytes(range(256)) * 4096


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyAws]:
    made = ToyAws.under(tmp_path_factory.mktemp("origin"))
    try:
        made.up()
        s3, bucket = made.clients.s3, made.outputs["MediaBucketName"]
        s3.put_object(Bucket=bucket, Key="media/a/1.m4s", Body=SEGMENT, CacheControl="max-age=9")
        s3.put_object(Bucket=bucket, Key="media/a/index.m3u8", Body=b"#EXTM3U\n")
        s3.put_object(Bucket=bucket, Key="media/a/p q.jpg", Body=b"jpeg", ContentType="image/jpeg")
        s3.put_object(Bucket=bucket, Key="secret", Body=b"not media")
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def http(toy: ToyAws) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=toy.local.origin_url, trust_env=False, timeout=20) as client:
        yield client


def test_media_whole(http: httpx.Client) -> None:
    """A media object comes whole, with the type its name says, and any page may read it."""
    answer = http.get("/media/a/1.m4s")

    assert (answer.status_code, answer.content) == (200, SEGMENT)
    assert answer.headers["content-type"] == "video/iso.segment"
    assert answer.headers["content-length"] == str(len(SEGMENT))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "max-age=9"
    assert http.get("/media/a/index.m3u8").headers["content-type"] == "application/vnd.apple.mpegurl"
    assert http.get("/media/a/p%20q.jpg").content == b"jpeg"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=300000-", 300000, len(SEGMENT)), ("bytes=-5", len(SEGMENT) - 5, len(SEGMENT))],
)
def test_media_range(http: httpx.Client, asked: str, start: int, end: int) -> None:
    """A range is answered by exactly those bytes."""
    answer = http.get("/media/a/1.m4s", headers={"Range": asked})

    assert (answer.status_code, answer.content) == (206, SEGMENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(SEGMENT)}"


def test_media_range_beyond_the_end(http: httpx.Client) -> None:
    """A range that starts beyond the end is 416."""
    assert http.get("/media/a/1.m4s", headers={"Range": "bytes=99999999-"}).status_code == 416


def test_media_head_and_not_modified(http: httpx.Client) -> None:
    """HEAD has the headers and no body; a known ETag is answered by 304."""
    head = http.head("/media/a/1.m4s")
    again = http.get("/media/a/1.m4s", headers={"If-None-Match": head.headers["etag"]})

    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(SEGMENT)))
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/media/none", "/media/../secret", "/media/%2e%2e/secret"])
def test_only_media_is_served(http: httpx.Client, path: str) -> None:
    """What is not there, or lies outside media/, is not served."""
    answer = http.get(path)

    assert answer.status_code in (403, 404)
    assert b"not media" not in answer.content


def test_media_preflight(http: httpx.Client) -> None:
    """A player on another origin may ask for ranges."""
    answer = http.options("/media/a/1.m4s")

    assert answer.status_code == 204
    assert "Range" in answer.headers["access-control-allow-headers"]


def test_api_passes_through(http: httpx.Client, toy: ToyAws) -> None:
    """The API sees the caller's host and headers, and nobody else's word for them."""
    answer = http.get("/v1/health?a=1", headers={"X-Forwarded-Host": "evil.example", "X-Thing": "x"})
    seen = answer.json()["headers"]

    assert answer.status_code == 200
    assert seen["x-forwarded-host"] == seen["host"] == f"127.0.0.1:{toy.local.origin_port}"
    assert (seen["x-forwarded-proto"], seen["x-thing"]) == ("http", "x")


def test_api_preflight(http: httpx.Client) -> None:
    """A preflight of the API is answered by the gateway, without a function."""
    asked = {"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answer = http.options("/v1/health", headers=asked)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "GET" in answer.headers["access-control-allow-methods"]


def test_api_binary_bodies(http: httpx.Client) -> None:
    """Bytes go through the API unchanged, both ways."""
    content = bytes(range(256))
    headers = {"Content-Type": "video/mp4", "Accept": "application/octet-stream"}
    answer = http.put("/v1/blob", content=content, headers=headers)

    assert (answer.status_code, answer.content) == (201, content)


def test_api_body_limit(http: httpx.Client) -> None:
    """A body that API Gateway would refuse is refused here, with the way to send it."""
    answer = http.put("/v1/blob", content=bytes(11 * 1024 * 1024), headers={"Content-Type": "video/mp4"})

    assert answer.status_code == 413
    assert answer.json()["code"] == "payload-too-large"
    assert "/v1/uploads" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
@pytest.mark.parametrize("path", ["/", "/v1/health", "/local/config.json", "/media/a/1.m4s"])
def test_other_hosts_are_refused(http: httpx.Client, host: str, path: str) -> None:
    """A request that names another host gets nothing, whatever it asks for (DNS rebinding)."""
    assert http.get(path, headers={"Host": host}).status_code == 421


def test_files_of_the_page(http: httpx.Client) -> None:
    """They come from disk, with the headers that the API gives them; nothing outside of their folder does."""
    answer = http.get("/web/js/main.js")

    assert (answer.status_code, answer.headers["content-type"].endswith("javascript")) == (200, True)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "toy" in answer.text
    for path in ("/web/../app.py", "/web/%2e%2e/%2e%2e/app.py", "/web/js/..%2f..%2f..%2fapp.py", "/web/js/.hidden"):
        assert b"Chalice" not in http.get(path).content


def test_page_configuration(http: httpx.Client, toy: ToyAws) -> None:
    """The page on this machine gets the key; a page of another site does not."""
    answer = http.get("/local/config.json")

    assert answer.json() == {"api_key": toy.local.home.key_file.read_text().strip()}
    assert "access-control-allow-origin" not in answer.headers
    assert http.get("/local/config.json", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
