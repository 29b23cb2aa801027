"""The web page in a real browser, on the deployed local AWS: drop a file, watch the work, play the result.

Screenshots of each state are left in build/screenshots/, for people to look at.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import Watch, until
from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
SECONDS = 14
READY_MS = 120_000

# What a person's drag carries, made inside the page: a browser lets nobody do it from outside.
_CARRY = """([data, name]) => {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name, { type: "video/mp4" }));
    return carried;
}"""

_PLAYED = """() => {
    const video = document.querySelector("video");
    const { totalVideoFrames: frames, corruptedVideoFrames: corrupted } = video.getVideoPlaybackQuality();
    const { duration, videoWidth: width } = video;
    return { duration, width, frames, corrupted, error: video.error?.message ?? null };
}"""

# Where the thumbnail is a part of; null until it is there.
_THUMBNAIL = """() => {
    const thumbnail = document.querySelector(".preview .picture");
    return thumbnail.checkVisibility() && thumbnail.offsetWidth > 0 ? thumbnail.style.backgroundImage : null;
}"""


def drop(page: Page, file: Path) -> None:
    carried = page.evaluate_handle(_CARRY, [base64.b64encode(file.read_bytes()).decode(), file.name])
    for step in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", step, {"dataTransfer": carried})


def picture(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def play(page: Page, *, until_s: float) -> dict[str, Any]:
    """Press play, wait until the video has come so far; what was played."""
    page.locator(".player .start").click()
    until(page, "(until) => document.querySelector('video').currentTime > until", until_s)
    played: dict[str, Any] = page.evaluate(_PLAYED)
    return played


def test_a_dropped_file_plays(local_aws: LocalAws, page: Page, watch: Watch, tmp_path: Path) -> None:
    """A file dropped on the page is sent, encoded and played, with thumbnails and qualities, by one host alone."""
    page.goto(local_aws.base_url)
    picture(page, "1-home")
    drop(page, clip(tmp_path / "harbour.mp4", seconds=SECONDS, size="1280x720"))

    expect(page.get_by_role("heading", level=1)).to_have_text("harbour.mp4")
    expect(page.locator(".making")).to_contain_text("Encoding", timeout=READY_MS)
    picture(page, "2-encoding")
    expect(page.locator(".facts")).to_contain_text("Ready", timeout=READY_MS)
    expect(page.locator(".player")).to_be_visible()

    played = play(page, until_s=2)
    assert played["error"] is None
    assert abs(played["duration"] - SECONDS) < 0.1
    assert played["width"] > 0
    assert played["frames"] > 30
    assert played["corrupted"] == 0

    bar = page.get_by_role("slider", name="Position").bounding_box()
    assert bar is not None
    page.mouse.move(bar["x"] + bar["width"] * 0.7, bar["y"] + bar["height"] / 2)
    assert "/storyboard-" in until(page, _THUMBNAIL)
    picture(page, "3-playing")

    until(page, "() => document.querySelector('video').videoHeight === 720")
    page.get_by_role("button", name="Quality").click()
    expect(page.get_by_role("menuitemradio")).to_have_text(["Auto (720p)", "720p", "480p", "360p"])
    picture(page, "4-qualities")

    page.get_by_role("link", name="Library").click()
    expect(page.locator(".card", has_text="harbour.mp4").locator("img")).to_be_visible()
    picture(page, "5-library")
    assert watch == Watch(watch.host)


def test_dash_plays(local_aws: LocalAws, page: Page, watch: Watch, published: dict[str, Any]) -> None:
    """The same asset plays by DASH when the address asks for it."""
    page.goto(f"{local_aws.base_url}/?asset={published['id']}&format=dash")
    expect(page.locator(".player")).to_have_attribute("data-engine", "dash.js")
    played = play(page, until_s=2)
    assert played["error"] is None
    assert played["frames"] > 30
    assert watch == Watch(watch.host)


def test_a_lower_quality_can_be_chosen(local_aws: LocalAws, page: Page, published: dict[str, Any]) -> None:
    """The quality menu switches the rendition that is played."""
    page.goto(f"{local_aws.base_url}/?asset={published['id']}")
    play(page, until_s=0.2)
    page.get_by_role("button", name="Quality").click()
    page.get_by_role("menuitemradio", name="360p").click()
    until(page, "() => document.querySelector('video').videoHeight === 360")


def test_a_file_that_is_no_video_is_explained(local_aws: LocalAws, page: Page, tmp_path: Path) -> None:
    """What cannot be published says so in words, with the code of the error table."""
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear video, " * 100)
    page.goto(local_aws.base_url)
    page.locator("#file").set_input_files(letter)
    said = page.locator(".stage [role=alert]")
    expect(said).to_contain_text("not-a-video", timeout=READY_MS)
    expect(said.get_by_role("heading")).to_have_text("Not a video")
    picture(page, "6-failed")


def test_an_upload_outlives_a_broken_connection(local_aws: LocalAws, page: Page, tmp_path: Path) -> None:
    """A PUT that breaks off is sent again."""
    broken: list[str] = []

    def break_once(route: Route) -> None:
        if route.request.method == "PUT" and not broken:
            broken.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/*", break_once)
    page.goto(local_aws.base_url)
    drop(page, clip(tmp_path / "again.mp4", seconds=2))
    expect(page.locator(".player")).to_be_visible(timeout=READY_MS)
    assert len(broken) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(local_aws: LocalAws, browser: Browser, published: dict[str, Any], scheme: Any) -> None:
    """On a phone nothing sticks out sideways, in either colour scheme, and the file chooser is reached by keyboard."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    for name, address in (("home", "/"), ("asset", f"/?asset={published['id']}")):
        page.goto(local_aws.base_url + address)
        expect(page.locator(".card, .player").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        picture(page, f"7-phone-{name}-{scheme}")
    page.goto(local_aws.base_url)
    expect(page.locator("#file")).to_be_attached()
    for _ in range(5):  # skip link, brand, videos, renders, chooser
        page.keyboard.press("Tab")
    expect(page.locator("#file")).to_be_focused()
    context.close()


@pytest.mark.parametrize("engine", ["hls.js", "dash.js"])
def test_sound_and_subtitles_can_be_chosen(
    local_aws: LocalAws, page: Page, watch: Watch, many_tracks: dict[str, Any], engine: str
) -> None:
    """Both menus list what the asset lists; a subtitle shows its cues, another sound is fetched and plays."""
    assert [(each["type"], each["language"]) for each in many_tracks["tracks"]] == [
        *(("audio", "en"), ("audio", "de")),
        *(("text", "fr"), ("text", "pt")),
    ]
    page.goto(f"{local_aws.base_url}/?asset={many_tracks['id']}{'&format=dash' if engine == 'dash.js' else ''}")
    expect(page.locator(".player")).to_have_attribute("data-engine", engine)
    play(page, until_s=0.2)
    page.get_by_role("button", name="Subtitles").click()
    texts = page.get_by_role("menuitemradio")
    expect(texts).to_have_text(["Off", "fr", "pt"])
    texts.nth(1).click()
    # A file of cues is parsed bit by bit.
    shown = "[...document.querySelector('video').textTracks].find((each) => each.mode === 'showing')"
    until(page, f"() => {shown}?.cues?.length === 2")
    page.get_by_role("button", name="Sound").click()
    sounds = page.get_by_role("menuitemradio")
    expect(sounds).to_have_text(["en", "Ton"])
    with page.expect_response("**/audio-2/*.m4s") as fetched:
        sounds.nth(1).click()
    assert fetched.value.ok
    assert watch == Watch(watch.host)


def test_a_signed_asset_plays_on_the_page(local_aws: LocalAws, page: Page, watch: Watch, tmp_path: Path) -> None:
    """The page asks for URLs that end, and its player and its poster go by those."""
    video = clip(tmp_path / "signed.mp4", seconds=6, size="640x360")
    asset = json.loads(local_aws.sluice("upload", str(video), "--policy", "signed", "--wait", "--json").stdout)
    page.goto(f"{local_aws.base_url}/?asset={asset['id']}")
    played = play(page, until_s=2)
    assert (played["error"], played["corrupted"], played["width"]) == (None, 0, 640)
    assert watch == Watch(watch.host)
