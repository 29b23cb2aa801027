"""The preview in a real browser: the frames of a render, by hand, and nothing from elsewhere.

Screenshots are left in build/screenshots/, for people to look at.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from chalicelib.composition.capture import CaptureOptions
from chalicelib.tools import Ffmpeg, MediaInfo
from chalicelib.tools.project_media import ProjectMedia
from sluice.browser_layer import build_browser
from sluice.paths import Project
from sluice.preview.server import Previewed, PreviewServer
from tests.browser import Watch, chromium
from tests.e2e.clips import FFMPEG, clip

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"

# A bar as wide as the second is old, driven by gsap from a CDN, under the published runtime.
TIMELINE = """<!doctype html><html><head><meta charset="utf-8">
<script src="https://cdn.jsdelivr.net/npm/gsap@3.12.5/dist/gsap.min.js"></script>
<style>body { margin: 0; background: #0b3d46 } #bar { width: 0; height: 120px; margin-top: 120px; background: #ffb454 }
h1 { position: absolute; top: 16px; left: 24px; margin: 0; color: #fff; font: 600 40px sans-serif }</style></head><body>
<div id="root" data-composition-id="main" data-start="0" data-duration="2" data-width="640" data-height="360">
<h1 class="clip" data-start="0" data-duration="2" data-track-index="1">Two seconds</h1><div id="bar"></div></div>
<script>
  window.__timelines = window.__timelines || {};
  const timeline = gsap.timeline({ paused: true });
  timeline.to("#bar", { width: 640, duration: 2, ease: "none" });
  window.__timelines.main = timeline;
</script></body></html>
"""
# Any page: what a timer did to it cannot be undone.
PAGE = """<!doctype html><meta name="sluice:duration" content="2"><body style="margin:0;background:#fff">
<p id="said">before</p><script src="//example.com/tracker.js"></script>
<script>setTimeout(() => { document.getElementById("said").textContent = "after"; }, 1000);</script>
"""

VIDEO = """<!doctype html><meta name="sluice:duration" content="2"><body style="margin:0;background:#fff">
<video src="clip.mp4" autoplay muted width="320" height="180"></video>
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 760}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


@contextmanager
def _previewed(folder: Path, html: str) -> Iterator[PreviewServer]:
    """A server of the page, in a thread of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(html)
    project = Project.here()
    layer = build_browser(project.browser_layer_zip, project.npm / "browser").path
    media = ProjectMedia(Ffmpeg(str(FFMPEG)), MediaInfo(), deadline=time.monotonic() + 300)
    server = PreviewServer(Previewed(folder, CaptureOptions(frame_rate=Fraction(30)), layer, media), 0)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(30)
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _shown(page: Page, frame: int) -> None:
    expect(page.locator("body")).to_have_attribute("data-shown", str(frame))


def _width(page: Page) -> float:
    width: float = page.frames[-1].evaluate("document.getElementById('bar').getBoundingClientRect().width")
    return width


def test_a_composition_is_scrubbed_by_mouse_and_keys(page: Page, tmp_path: Path) -> None:
    """Every control shows the frame that it names, forwards and backwards, and the page is at that frame's time."""
    with _previewed(tmp_path / "two-seconds", TIMELINE) as server:
        watch = Watch.on(page, server.player_origin)
        page.goto(server.player_origin)
        _shown(page, 0)
        expect(page.locator("#size")).to_have_text("640 \u00d7 360 · 30 fps · 2.00 s")
        expect(page.locator("#frames")).to_have_text("frame 0 of 60")
        assert _width(page) == 0
        page.locator("#scrubber").fill("45")
        _shown(page, 45)
        assert abs(_width(page) - 640 * 45 / 60) < 1
        expect(page.locator("#time")).to_have_text("00:00:01:15")
        page.screenshot(path=SCREENSHOTS / "preview.png")
        for key, frame in (("ArrowLeft", 44), ("Shift+ArrowLeft", 14), ("ArrowRight", 15), ("End", 59), ("Home", 0)):
            page.keyboard.press(key)
            _shown(page, frame)
            assert abs(_width(page) - 640 * frame / 60) < 1, key
        page.get_by_role("button", name="One frame on").click()
        _shown(page, 1)
        assert (watch.console_errors, watch.foreign_requests) == ([], [])


def test_playing_ends_on_the_last_frame(page: Page, tmp_path: Path) -> None:
    """Space begins and pauses; whole frames go by until there are no more, and playing again begins anew."""
    with _previewed(tmp_path / "two-seconds", TIMELINE) as server:
        page.goto(server.player_origin)
        _shown(page, 0)
        page.keyboard.press("Space")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        _shown(page, 59)
        expect(page.get_by_role("button", name="Play")).to_be_visible()
        page.get_by_role("button", name="Play").click()
        expect(page.locator("body")).not_to_have_attribute("data-shown", "59")
        page.keyboard.press("k")
        expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_page_goes_back_by_beginning_again(page: Page, tmp_path: Path) -> None:
    """What a timer has changed is as it was before; what a render would not load is named; a reload shows an edit."""
    folder = tmp_path / "page"
    with _previewed(folder, PAGE) as server:
        answered: list[str] = []
        refused: dict[str, str | None] = {}
        page.on("response", lambda response: answered.append(response.url))
        page.on("requestfailed", lambda request: refused.update({request.url: request.failure}))
        page.goto(server.player_origin)
        _shown(page, 0)
        said = page.frame_locator(".screen:not(.waiting) iframe").locator("#said")
        for frame, text in ((29, "before"), (45, "after"), (10, "before"), (31, "after")):
            page.locator("#scrubber").fill(str(frame))
            _shown(page, frame)
            expect(said).to_have_text(text)
        expect(page.locator("#messages")).to_contain_text("example.com")
        (folder / "index.html").write_text(PAGE.replace("after", "edited"))
        page.keyboard.press("r")
        expect(said).to_have_text("edited")
        assert refused["http://example.com/tracker.js"] == "csp"
        assert {httpx.URL(url).host for url in answered} == {"127.0.0.1"}


def test_a_video_shows_the_frame_of_a_render(page: Page, tmp_path: Path) -> None:
    """Its pictures come one by one, exact to the frame, in either direction."""
    folder = tmp_path / "video"
    folder.mkdir()
    clip(folder / "clip.mp4", seconds=2, size="320x180", rate="10", audio=False)
    with _previewed(folder, VIDEO) as server:
        page.goto(server.player_origin)
        _shown(page, 0)
        for frame, picture in ((31, 10), (9, 3), (59, 19)):
            page.locator("#scrubber").fill(str(frame))
            _shown(page, frame)
            painted = (
                page.frame_locator(".screen:not(.waiting) iframe")
                .locator("video")
                .evaluate("video => getComputedStyle(video).backgroundImage")
            )
            assert f"/__sluice/picture/{picture}/clip.mp4" in painted, frame


def test_a_page_that_does_not_load_says_so(page: Page, tmp_path: Path) -> None:
    """An error of the page is in the list, and controls that have nothing to do stay off."""
    with _previewed(tmp_path / "bad", "<body><script>throw new Error('no such thing')</script>") as server:
        page.goto(server.player_origin)
        expect(page.locator("#messages")).to_contain_text("no such thing")


def test_the_server_gives_the_project_and_no_more(tmp_path: Path) -> None:
    """No file outside of it, through links neither; no other host; and policies that keep both pages here."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "link.txt").symlink_to("../secret.txt")
    (folder / "data.bin").write_bytes(bytes(range(100)))
    with _previewed(folder, TIMELINE) as server, httpx.Client(trust_env=False) as client:
        project = server.project_origin
        for path in ("/link.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/__sluice/vendor/../../x", "/none"):
            assert client.get(project + path).status_code == 404, path
        assert client.get(project + "/index.html", headers={"Host": "evil.test"}).status_code == 403
        assert client.get(project + "/data.bin", headers={"Range": "bytes=5-6"}).content == b"\x05\x06"
        index = client.get(project + "/index.html")
        assert "cdn.jsdelivr.net" not in index.text
        assert f"frame-ancestors 'self' {server.player_origin}" in index.headers["Content-Security-Policy"]
        player = client.get(server.player_origin + "/")
        assert "default-src 'none'; script-src 'self'" in player.headers["Content-Security-Policy"]
        assert client.get(server.player_origin + "/index.html").status_code == 404
