"""The page while a ladder is made: what is there of the source plays, grows and ends, and the ladder takes over.

The growth is played to the page, segment by segment, so that nothing depends on how fast this machine copies: the API's
answers and the playlists are those of a real publication, cut short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import Watch, until
from tests.e2e.conftest import LocalAws
from tests.e2e.test_page import picture, play

SECONDS = 14
SHOWN = "() => document.querySelector('video')?.readyState >= 2 && document.querySelector('video').videoWidth > 0"


@dataclass
class Growing:
    """An asset that is still prepared, of which so many segments can be played."""

    asset: dict[str, Any]
    segments: int = 1
    ended: bool = False
    ready: bool = False

    @property
    def early(self) -> str:
        return urljoin(str(self.asset["playback"]["hls"]), "/early/index.m3u8")

    def answer(self, route: Route) -> None:
        """As the API says it."""
        if self.ready:
            route.fulfill(json=self.asset)
            return
        playback = self.asset["playback"] | {"hls": self.early, "dash": None}
        progress = {"state": "encoding", "percent": 40}
        preparing = {"status": "preparing", "playable": True, "playback": playback, "progress": progress}
        nothing_yet: dict[str, Any] = {"renditions": [], "tracks": [], "images": {}}
        route.fulfill(json=self.asset | preparing | nothing_yet)

    def playlist(self, route: Route) -> None:
        """The real playlists, as far as they have grown."""
        path = route.request.url.partition("/early/")[2]
        real = urljoin(self.asset["playback"]["hls"], path)
        text = httpx.get(real).raise_for_status().text
        if "#EXTINF" in text:
            head, *segments = re.split(r"(?=#EXTINF)", text.replace("#EXT-X-ENDLIST\n", ""))
            growing = "EVENT\n#EXT-X-START:TIME-OFFSET=0"
            text = head.replace("VOD", "VOD" if self.ended else growing) + "".join(segments[: self.segments])
            text = re.sub(r"^([^#\s].*)$", lambda found: urljoin(real, found[1]), text, flags=re.MULTILINE)
            text = re.sub(r'MAP:URI="(.*)"', lambda found: f'MAP:URI="{urljoin(real, found[1])}"', text)
            text += "#EXT-X-ENDLIST\n" if self.ended else ""
        route.fulfill(body=text, content_type="application/vnd.apple.mpegurl")


@pytest.fixture
def growing(local_aws: LocalAws, page: Page, published: dict[str, Any]) -> Growing:
    """The asset's page, with one segment to play."""
    made = Growing(published)
    page.route(f"**/v1/assets/{published['id']}", made.answer)
    page.route("**/early/**", made.playlist)
    page.goto(f"{local_aws.base_url}/?asset={published['id']}")
    return made


def test_it_plays_while_it_grows_and_then_ends(local_aws: LocalAws, page: Page, growing: Growing) -> None:
    """A picture before the ladder is ready, seeking in what is there, more as it comes, and an end; then the ladder."""
    watch = Watch.on(page, local_aws.base_url)
    until(page, SHOWN)
    expect(page.locator(".making")).to_contain_text("Encoding · 40%")
    expect(page.locator(".facts")).to_contain_text("Preparing")
    assert page.evaluate("document.querySelector('video').currentTime") < 0.1
    picture(page, "8-playable")

    play(page, until_s=1)
    page.evaluate("document.querySelector('video').currentTime = 5")
    until(page, "() => document.querySelector('video').currentTime > 5.2")
    growing.segments = 2
    until(page, "() => document.querySelector('video').currentTime > 7", timeout_s=30)

    growing.ready = True
    expect(page.locator(".making")).to_contain_text("Every quality is ready")
    picture(page, "9-watching-when-ready")
    # The place is kept, and so is what plays.
    assert page.evaluate("document.querySelector('video').currentTime") > 7
    growing.segments, growing.ended = 3, True
    until(page, f"() => Math.abs(document.querySelector('video').duration - {SECONDS}) < 0.1")
    ladder = page.expect_response(lambda answer: answer.url == growing.asset["playback"]["hls"], timeout=30_000)
    with ladder:
        page.evaluate("document.querySelector('video').currentTime = 13")
    expect(page.locator(".making")).to_be_hidden()
    until(page, "() => document.querySelector('video').currentTime === 0")
    until(page, SHOWN)
    assert play(page, until_s=1)["error"] is None
    assert watch == Watch(watch.host)


def test_who_has_not_begun_gets_the_ladder(page: Page, growing: Growing) -> None:
    """At once, when it is ready, with its qualities and thumbnails."""
    until(page, SHOWN)
    with page.expect_response(lambda answer: answer.url == growing.asset["playback"]["hls"]):
        growing.ready = True
    expect(page.locator(".making")).to_be_hidden()
    until(page, SHOWN)
    played = play(page, until_s=0.5)
    assert abs(played["duration"] - SECONDS) < 0.1


def test_a_copy_that_does_not_play_leaves_the_work_to_look_at(page: Page, growing: Growing) -> None:
    """Nothing is lost but the early start: the ladder plays when it is ready."""
    page.route("**/early/**", lambda route: route.fulfill(status=404))
    page.reload()
    expect(page.locator(".work .line")).to_contain_text("Encoding", timeout=30_000)
    growing.ready = True
    until(page, SHOWN)
    assert play(page, until_s=0.5)["error"] is None
