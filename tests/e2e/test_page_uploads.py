"""Uploads of the page: they stop when told, go on where they were, and outlive a reload."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import Watch
from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws
from tests.e2e.test_page import READY_MS, picture

PARTS = re.compile(r"[?&]partNumber=\d+")
FILLING_BYTES = 66 * 1024 * 1024


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A clip that is sent in parts: most of it is a `free` box of nothing, so that it is encoded in no time."""
    video = clip(tmp_path / "large.mp4", seconds=2)
    with video.open("ab") as file:
        file.write((FILLING_BYTES + 8).to_bytes(4) + b"free")
        file.truncate(file.tell() + FILLING_BYTES)
    return video


def test_an_upload_is_paused_and_outlives_a_reload(local_aws: LocalAws, page: Page, watch: Watch, large: Path) -> None:
    """Parts that were sent are not sent again: neither after a pause, nor when the same file is chosen anew."""
    sent: Counter[int] = Counter()
    open_to = 1

    def pass_on(route: Route) -> None:
        number = int(parse_qs(urlsplit(route.request.url).query)["partNumber"][0])
        if route.request.method != "PUT" or number <= open_to:
            sent[number] += route.request.method == "PUT"
            route.continue_()
        # Else it neither arrives nor fails: a line that stands still.

    page.route(PARTS, pass_on)
    page.goto(local_aws.base_url)
    page.locator("#file").set_input_files(large)
    with page.expect_response(lambda answer: "partNumber=1&" in answer.url and answer.request.method == "PUT"):
        pass
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".work .line")).to_contain_text("Upload paused")
    open_to = 2
    with page.expect_response(lambda answer: "partNumber=2&" in answer.url and answer.request.method == "PUT"):
        page.get_by_role("button", name="Resume").click()

    page.on("dialog", lambda dialog: dialog.accept())  # it asks whether to leave while bytes travel
    page.goto(local_aws.base_url)
    row = page.locator(".upload")
    expect(row).to_contain_text("Interrupted at")
    picture(page, "11-interrupted")
    open_to = 10_000
    row.locator("input[type=file]").set_input_files(large)
    expect(page.locator(".facts")).to_contain_text("Ready", timeout=READY_MS)
    assert set(sent.values()) == {1}
    assert len(sent) > 2
    assert page.evaluate("localStorage.getItem('sluice.uploads')") == "[]"
    assert watch == Watch(watch.host)


def test_several_files_are_sent_from_the_list(local_aws: LocalAws, page: Page, tmp_path: Path) -> None:
    """Each has a row of its own, and one can be cancelled; what is sent becomes a card that comes to its end."""
    videos = [clip(tmp_path / f"{name}.mp4", seconds=1, size="320x180") for name in ("one", "two", "three")]
    page.route("**/v1/uploads", lambda route: None if _is_of(route, "three.mp4") else route.continue_())
    page.goto(local_aws.base_url)
    page.locator("#file").set_input_files(videos)
    third = page.locator(".upload", has_text="three.mp4")
    expect(third.get_by_role("progressbar")).to_be_visible()
    third.get_by_role("button", name="Cancel").click()
    expect(page.locator(".upload")).to_have_count(0, timeout=READY_MS)
    for name in ("one", "two"):
        expect(page.locator(".card", has_text=f"{name}.mp4").first).to_contain_text("Ready", timeout=READY_MS)
    expect(page.locator(".card", has_text="three.mp4")).to_have_count(0)


def _is_of(route: Route, filename: str) -> bool:
    return route.request.method == "POST" and filename in (route.request.post_data or "")
