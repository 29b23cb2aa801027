"""Renders on the page: listed with how far they are, cancelled, played and fetched.

What the API says is played to the page, so that nothing waits for a render; the video is a real one.
"""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.axe import violations
from tests.browser import Watch, until
from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws
from tests.e2e.test_page import picture

NOW = "2026-01-01T10:00:00.000Z"
RENDER: dict[str, Any] = {
    "id": "rn_01mcc5rm00zzzzzzzzzzzzzzzz",
    "status": "rendering",
    "site_id": "st_" + 64 * "0",
    "created_at": NOW,
    "finished_at": None,
    "progress": {"percent": 40.0, "frames_done": 12, "frames_total": 30, "chunks_done": 1, "chunks_total": 3},
    "width": 320,
    "height": 180,
    "fps": 30,
    "duration": 2.0,
    "options": {"composition": "title.html", "format": "mp4"},
    "output": None,
    "attempt": 1,
    "max_cost_usd": None,
    "cost": {"accrued_usd": 0.0123},
    "errors": [],
}


class Renders:
    """One render, as the API would show it; `calls` are the ones that change it."""

    def __init__(self, page: Page, video: Path) -> None:
        self.render = deepcopy(RENDER)
        self.calls: list[str] = []
        self._video = video
        page.route(re.compile(r"/v1/renders"), self._answer)
        page.route("**/output.mp4*", lambda route: route.fulfill(path=video, content_type="video/mp4"))

    def end(self, status: str) -> None:
        self.render |= {"status": status, "finished_at": NOW}
        if status == "succeeded":
            output = {"url": "/media/output.mp4?signed", "format": "mp4", "size": self._video.stat().st_size}
            self.render["output"] = output | {"expires_at": NOW}

    def _answer(self, route: Route) -> None:
        request = route.request
        if request.method == "POST":
            self.calls.append(request.url.rpartition("/")[2])
            self.end("cancelled")
        if request.method == "DELETE":
            self.calls.append("delete")
        one = RENDER["id"] in request.url
        route.fulfill(json=self.render if one else {"data": [self.render], "next_cursor": None})


@pytest.fixture
def renders(page: Page, tmp_path: Path) -> Renders:
    return Renders(page, clip(tmp_path / "output.mp4", seconds=2, size="320x180"))


def test_a_render_is_watched_and_cancelled(local_aws: LocalAws, page: Page, watch: Watch, renders: Renders) -> None:
    """Its row counts its frames and what it costs, and a press on Cancel ends it."""
    page.goto(local_aws.base_url)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Renders").click()
    row = page.locator(".render")
    expect(row).to_contain_text("Rendering · 40%")
    expect(row).to_contain_text(re.compile("12 of 30 frames · MP4 · 320 . 180 · 0:02 · .0.012 · "))
    expect(row.get_by_role("progressbar", name="Render of title.html")).to_have_attribute("value", "40")
    assert violations(page) == []
    picture(page, "19-renders")
    row.get_by_role("button", name="Cancel the render title.html").click()
    expect(row).to_contain_text("Cancelled")
    assert renders.calls == ["cancel"]
    assert watch == Watch(watch.host)


def test_a_render_plays_once_it_is_done(local_aws: LocalAws, page: Page, watch: Watch, renders: Renders) -> None:
    """Its page shows the work, then the video in the player, which can be fetched; one that fails says why."""
    page.goto(f"{local_aws.base_url}/?render={RENDER['id']}")
    expect(page.locator(".work .line")).to_contain_text("Rendering12 of 30 frames")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    renders.end("succeeded")
    page.locator(".player .start").click()
    until(page, "() => document.querySelector('video').currentTime > 0.5")
    expect(page.get_by_role("link", name="Download")).to_have_attribute("href", "/media/output.mp4?signed")
    assert violations(page) == []
    picture(page, "20-render")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete this render?").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Renders")
    assert renders.calls == ["delete"]
    assert watch == Watch(watch.host)

    renders.render |= {"status": "failed", "output": None, "errors": [{"code": "page-error", "message": "it threw"}]}
    page.goto(f"{local_aws.base_url}/?render={RENDER['id']}")
    expect(page.get_by_role("alert").get_by_role("heading")).to_have_text("Page error")


def test_without_renders_it_says_how_to_make_one(local_aws: LocalAws, page: Page) -> None:
    """And without an answer, that there is none, until there is."""
    page.route("**/v1/renders?*", lambda route: route.abort())
    page.goto(f"{local_aws.base_url}/?renders")
    expect(page.get_by_role("alert")).to_contain_text("The API did not answer")
    page.unroute("**/v1/renders?*")
    page.route("**/v1/renders?*", lambda route: route.fulfill(json={"data": [], "next_cursor": None}))
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".none")).to_contain_text("sluice render DIR")
    expect(page.get_by_role("alert")).to_be_empty()
