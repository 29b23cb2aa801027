"""Uppy 6 as it is, in a real browser, on the deployed local AWS: by upload token, from a page of another origin."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws
from tests.uppy import uppy_site

PARTS = re.compile(r"[?&]partNumber=\d+")
FILLING_BYTES = 11 * 1024 * 1024


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with uppy_site() as origin:
        yield origin


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A page of a customer's site, which has Uppy and nothing of ours."""
    context = browser.new_context(base_url=site)
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of three parts: most of it is a `free` box, so that it is encoded in no time."""
    video = clip(tmp_path_factory.mktemp("uppy") / "large.mp4", seconds=2)
    with video.open("ab") as file:
        file.write((FILLING_BYTES + 8).to_bytes(4) + b"free" + os.urandom(FILLING_BYTES))
    return video


def token_for(local_aws: LocalAws, **wishes: Any) -> str:
    answer = local_aws.api("POST", "/v1/upload-tokens", json=wishes).raise_for_status().json()
    return str(answer["companion_endpoint"])


def show(page: Page, endpoint: str, *, parts: bool) -> None:
    page.goto(f"/?{urlencode({'endpoint': endpoint, **({'parts': '1'} if parts else {})})}")


def heard(page: Page, what: str) -> Any:
    """Wait until Uppy has said so; what it said."""
    return page.wait_for_function(f"() => {what}").json_value()


def asset_of(local_aws: LocalAws, key: str) -> dict[str, Any]:
    return local_aws.settled(key.split("/")[1])


class Line:
    """The connection of a page: `puts` counts what was sent of each part, and some of it does not get through."""

    def __init__(self, page: Page, *, broken: dict[int, int], stuck: frozenset[int] = frozenset()) -> None:
        self.puts: Counter[int] = Counter()
        self.asked: list[str] = []
        self._broken = Counter(broken)
        self._stuck = set(stuck)
        page.route(PARTS, self._pass_on)
        page.on("request", lambda request: self.asked.append(f"{request.method} {urlsplit(request.url).path}"))

    def _pass_on(self, route: Route) -> None:
        number = int(parse_qs(urlsplit(route.request.url).query)["partNumber"][0])
        if route.request.method != "PUT":
            route.continue_()
            return
        self.puts[number] += 1
        if self._broken[number]:
            self._broken[number] -= 1
            route.abort("connectionreset")
        elif number in self._stuck:
            self._stuck.remove(number)  # no answer, until the page goes away
        else:
            route.continue_()

    def lists(self) -> int:
        return sum(re.fullmatch(r"GET /u/[^/]+/s3/multipart/up_\w+", line) is not None for line in self.asked)


def test_parts_survive_a_pause_a_broken_line_and_a_reload(local_aws: LocalAws, page: Page, large: Path) -> None:
    """No part that was stored is sent again, and what arrives is the file, byte by byte."""
    # Uppy tries a part four times by itself.
    line = Line(page, broken={2: 4}, stuck=frozenset({3}))
    endpoint = token_for(local_aws, asset={"passthrough": "form-7"})
    show(page, endpoint, parts=True)
    page.evaluate("uppy.once('s3-multipart:part-uploaded', () => uppy.pauseAll())")
    page.locator("input").set_input_files(large)
    heard(page, "heard.parts.includes(1) && uppy.getFiles()[0].isPaused")
    assert line.lists() == 0
    page.evaluate("uppy.resumeAll()")

    heard(page, "heard.failed")
    assert line.puts == {1: 1, 2: 4}
    assert line.lists() == 1
    with page.expect_request(re.compile(r"[?&]partNumber=3")):
        page.evaluate("void uppy.retryAll()")

    page.reload()
    heard(page, "heard.restored")
    page.evaluate("uppy.emit('restore-confirmed')")
    key = heard(page, "heard.succeeded")["key"]
    assert line.puts == {1: 1, 2: 5, 3: 2}
    assert page.evaluate("heard.parts") == [3]

    asset = asset_of(local_aws, key)
    assert asset["status"] == "ready", asset["errors"]
    assert (asset["passthrough"], asset["meta"]) == ("form-7", {"caption": "By the sea"})
    stored = local_aws.clients.s3.get_object(Bucket=local_aws.source_bucket, Key=key)["Body"].read()
    assert hashlib.sha256(stored).digest() == hashlib.sha256(large.read_bytes()).digest()


def test_a_cancelled_file_makes_room_for_another(local_aws: LocalAws, page: Page, large: Path, tmp_path: Path) -> None:
    """Cancelling drops the parts; a token of one file then takes a small one, in one POST that S3 reports."""
    Line(page, broken={}, stuck=frozenset({2}))
    endpoint = token_for(local_aws)
    show(page, endpoint, parts=True)
    page.locator("input").set_input_files(large)
    heard(page, "heard.parts.includes(1)")
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as cancelled:
        page.evaluate("uppy.cancelAll()")
    assert cancelled.value.ok
    key = parse_qs(urlsplit(cancelled.value.url).query)["key"][0]
    assert asset_of(local_aws, key)["status"] == "cancelled"
    open_still = local_aws.clients.s3.list_multipart_uploads(Bucket=local_aws.source_bucket, Prefix=key)
    assert not open_still.get("Uploads")

    show(page, endpoint, parts=False)
    page.locator("input").set_input_files(clip(tmp_path / "small.mp4", seconds=1))
    asset = asset_of(local_aws, heard(page, "heard.succeeded")["key"])
    assert (asset["status"], asset["filename"]) == ("ready", "small.mp4"), asset["errors"]


def test_an_announced_upload_has_an_endpoint_of_its_own(local_aws: LocalAws, page: Page, large: Path) -> None:
    """What POST /v1/uploads opened, Uppy fills."""
    announced = {"filename": "mine.mp4", "size": large.stat().st_size, "content_type": "video/mp4"}
    upload = local_aws.api("POST", "/v1/uploads", json=announced).raise_for_status().json()
    show(page, upload["companion_endpoint"], parts=True)
    page.locator("input").set_input_files(large)
    assert heard(page, "heard.succeeded")["key"] == upload["key"]
    asset = asset_of(local_aws, upload["key"])
    assert (asset["id"], asset["status"], asset["filename"]) == (upload["asset_id"], "ready", "mine.mp4")


def test_boto3_puts_a_file_into_the_bucket(local_aws: LocalAws, large: Path) -> None:
    """boto3's own upload_file, which sends parts, makes an asset as any upload does."""
    key = "uploads/by-boto3.mp4"
    local_aws.clients.s3.upload_file(str(large), local_aws.source_bucket, key)
    until = time.monotonic() + 60
    found: list[str] = []
    while not found:
        assert time.monotonic() < until, "nothing was ingested"
        time.sleep(0.25)
        assets = local_aws.api("GET", "/v1/assets").raise_for_status().json()["data"]
        found = [asset["id"] for asset in assets if asset["filename"] == "by-boto3.mp4"]
    assert local_aws.settled(found[0])["status"] == "ready"
