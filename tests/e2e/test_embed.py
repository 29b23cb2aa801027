"""/embed in a real browser: by itself, inside a page of another site, and closed to who may not see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.axe import violations
from tests.browser import Watch, until
from tests.e2e.clips import clip
from tests.e2e.conftest import LocalAws
from tests.e2e.test_page import picture
from tests.e2e.test_page_early import SECONDS, Growing
from tests.site import served

FRAMING = """<!doctype html><link rel=icon href=data:,><title>a customer's page</title>
<iframe width=800 height=450 src="{src}" allow="autoplay; fullscreen"></iframe>"""
HEARD = "() => { window.heard = []; addEventListener('message', ({ data }) => heard.push(data.sluice)); }"
SAY = "(words) => document.querySelector('iframe').contentWindow.postMessage(words, '*')"
VIDEO = "document.querySelector('video')"


def test_it_plays_inside_another_page(
    local_aws: LocalAws, page: Page, watch: Watch, published: dict[str, Any], tmp_path: Path
) -> None:
    """It starts where and how its address says, tells the page how far it is, and does what the page says."""
    source = f"{local_aws.base_url}/embed/{published['id']}?autoplay&muted&loop&start=5"
    (tmp_path / "index.html").write_text(FRAMING.format(src=source))
    page.add_init_script(f"({HEARD})()")
    watch.allowed = "localhost"
    with served(tmp_path) as origin:
        page.goto(origin)
        until(page, "() => ['ready', 'play', 'time'].every((each) => heard.includes(each))", timeout_s=40)
        frame = page.frames[1]
        video = frame.evaluate(f"() => [{VIDEO}.muted, {VIDEO}.loop, {VIDEO}.currentTime >= 5]")
        assert video == [True, True, True]
        page.evaluate(SAY, {"sluice": "pause"})
        until(page, "() => heard.includes('pause')")
        page.evaluate(SAY, {"sluice": "seek", "to": 9})
        until(page, "() => heard.at(-1) === 'time'")
        assert frame.evaluate(f"() => [{VIDEO}.paused, {VIDEO}.currentTime]") == [True, 9]
    assert watch == Watch(watch.host, allowed="localhost")


def test_a_signed_asset_plays_by_its_token(local_aws: LocalAws, page: Page, watch: Watch, tmp_path: Path) -> None:
    """With a token in the address it plays, with poster; without one it says so, and nothing of the asset."""
    video = clip(tmp_path / "secret.mp4", seconds=4, size="320x180")
    asset = json.loads(local_aws.sluice("upload", str(video), "--policy", "signed", "--wait", "--json").stdout)
    token = local_aws.api("POST", f"/v1/assets/{asset['id']}/tokens", json={}).json()["token"]
    page.goto(f"{local_aws.base_url}/embed/{asset['id']}?token={token}")
    expect(page.locator(".poster")).to_have_js_property("complete", True)
    assert violations(page) == []
    picture(page, "12-embed")
    page.keyboard.press("Space")
    until(page, f"() => {VIDEO}.currentTime > 1")
    assert watch == Watch(watch.host)
    page.goto(f"{local_aws.base_url}/embed/{asset['id']}?token={token}x")
    expect(page.get_by_role("alert")).to_contain_text("not open to you")
    assert "secret" not in page.content()


def test_it_waits_for_what_is_not_ready(local_aws: LocalAws, page: Page, published: dict[str, Any]) -> None:
    """What cannot be played yet says so, and plays as soon as it can."""
    ready = False
    answered = local_aws.api("GET", f"/embed/{published['id']}/playback").json()
    waiting = answered | {"status": "preparing", "playable": False, "playback": {"hls": None, "dash": None}}
    page.route("**/playback", lambda route: route.fulfill(json=answered if ready else waiting))
    page.goto(f"{local_aws.base_url}/embed/{published['id']}")
    expect(page.get_by_role("heading")).to_have_text("Not ready yet")
    ready = True
    expect(page.locator(".player")).to_be_visible()


def test_its_address_says_how_it_looks(
    local_aws: LocalAws, page: Page, watch: Watch, many_tracks: dict[str, Any]
) -> None:
    """Subtitles and a poster of one's own, or none; without controls it plays on a press; "?" lists its keys."""
    of_another = str(many_tracks["images"]["poster"])
    base = f"{local_aws.base_url}/embed/{many_tracks['id']}"
    page.goto(f"{base}?captions=pt&poster={quote(of_another + '?mine')}")
    expect(page.locator(".poster")).to_have_attribute("src", of_another + "?mine")
    shown = f"[...{VIDEO}.textTracks].find((each) => each.mode === 'showing')"
    until(page, f"() => {shown}?.language === 'pt'")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of the player")).to_contain_text("Full screen")
    assert violations(page) == []
    picture(page, "21-embed-keys")
    page.keyboard.press("Escape")

    page.goto(f"{base}?controls=0&poster=none&muted")
    expect(page.locator("video")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    expect(page.locator(".poster")).to_have_count(0)
    page.locator("video").click()
    until(page, f"() => {VIDEO}.currentTime > 0.2")
    assert watch == Watch(watch.host)


def test_it_plays_while_it_is_still_encoded(local_aws: LocalAws, page: Page, published: dict[str, Any]) -> None:
    """Who has begun keeps what plays until its end and is not thrown back; a stream that fails can be tried again."""
    growing = Growing(published)
    page.route("**/playback", growing.answer)
    page.route("**/early/**", growing.playlist)
    page.goto(f"{local_aws.base_url}/embed/{published['id']}")
    page.locator(".player .start").click()
    until(page, f"() => {VIDEO}.currentTime > 0.5")
    growing.ready = True
    growing.segments, growing.ended = 3, True
    with page.expect_response(lambda answer: "/playback" in answer.url and answer.json()["status"] == "ready"):
        pass
    assert page.evaluate(f"() => {VIDEO}.currentTime") > 0.5
    until(page, f"() => Math.abs({VIDEO}.duration - {SECONDS}) < 0.1", timeout_s=30)

    page.route("**/index.m3u8", lambda route: route.fulfill(status=404))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("does not play")
    page.unroute("**/index.m3u8")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".player")).to_be_visible()
