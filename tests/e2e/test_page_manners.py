"""The page by keyboard alone, under the rules of accessibility, in both schemes; and what it shows when things fail.

Pictures are left in build/screenshots/, for people to look at.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.axe import violations
from tests.browser import Watch, until
from tests.e2e.conftest import LocalAws
from tests.e2e.test_page import picture

FOCUSED = "() => { const at = document.activeElement; return at.getAttribute('aria-label') || at.textContent.trim(); }"
RING = "() => getComputedStyle(document.activeElement).outlineStyle"
INSIDE = "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
AT = "() => document.querySelector('video')?.currentTime"  # the player is made anew at times


def walk(page: Page, name: str, *, most: int = 40) -> list[str]:
    """Press Tab until that is focused; all that was focused on the way, each of it visibly."""
    seen: list[str] = []
    while name not in seen[-1:]:
        assert len(seen) < most, seen
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        assert page.evaluate(RING) != "none", seen
    return seen


def test_by_keyboard_alone(local_aws: LocalAws, page: Page, watch: Watch, published: dict[str, Any]) -> None:
    """A card is opened, its video played, sought and muted, a quality chosen, a dialog left, without a pointer."""
    page.goto(local_aws.base_url)
    card = page.locator(f"a[href*='{published['id']}']")
    expect(card).to_be_visible()
    walk(page, card.text_content() or "")
    page.keyboard.press("Enter")
    expect(page.locator(".player")).to_be_visible()

    walk(page, "Play")
    page.keyboard.press("Enter")
    until(page, f"() => ({AT})() > 0.3")
    page.keyboard.press("k")
    page.keyboard.press("5")
    assert page.evaluate(AT) == pytest.approx(published["duration"] / 2, abs=0.1)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(AT) == pytest.approx(published["duration"] / 2 + 5, abs=0.1)
    page.keyboard.press("m")
    assert page.evaluate("() => document.querySelector('video').muted")
    page.keyboard.press(">")
    assert page.evaluate("() => document.querySelector('video').playbackRate") == 1.25
    page.keyboard.press("f")
    until(page, "() => document.fullscreenElement?.classList.contains('player')")
    page.keyboard.press("f")
    until(page, "() => !document.fullscreenElement")

    walk(page, "Quality")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    assert page.evaluate(FOCUSED) == "360p"
    picture(page, "13-keyboard")
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED) == "Quality"
    page.keyboard.press("0")
    page.keyboard.press("k")
    until(page, "() => document.querySelector('video').videoHeight === 360")

    walk(page, "Delete")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Delete this asset?")).to_be_visible()
    for _ in range(4):  # the focus goes round inside, or to the browser itself
        page.keyboard.press("Tab")
        assert page.evaluate(INSIDE)
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUSED) == "Delete"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of the player")).to_contain_text("Full screen")
    assert watch == Watch(watch.host)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(local_aws: LocalAws, browser: Browser, published: dict[str, Any], scheme: Any) -> None:
    """axe finds nothing against the library, an asset that plays, and an open dialog, in either scheme."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(local_aws.base_url)
    expect(page.locator(".card").first).to_be_visible()
    picture(page, f"14-library-{scheme}")
    assert violations(page) == []
    page.goto(f"{local_aws.base_url}/?asset={published['id']}")
    expect(page.locator(".player")).to_be_visible()
    expect(page.locator(".details")).to_contain_text("Total")
    picture(page, f"15-asset-{scheme}")
    assert violations(page) == []
    page.get_by_role("button", name="Delete").click()
    assert violations(page) == []
    context.close()


def test_empty_and_silent(local_aws: LocalAws, page: Page) -> None:
    """Without an asset the page says how to begin; without an answer it says that, and looks again when told."""
    page.route("**/v1/assets?*", lambda route: route.fulfill(json={"data": [], "next_cursor": None}))
    page.goto(local_aws.base_url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Drop a video. Get a stream.")
    expect(page.locator(".library")).to_be_hidden()
    picture(page, "16-empty")
    page.unroute("**/v1/assets?*")
    page.route("**/v1/assets?*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The API did not answer")
    picture(page, "17-silent")
    page.unroute("**/v1/assets?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_an_errored_asset_is_tried_again(local_aws: LocalAws, page: Page, published: dict[str, Any]) -> None:
    """Its card says why it failed and offers another try; a file that is itself at fault is not offered one."""
    failed = {"status": "errored", "playable": False, "renditions": [], "images": {}}
    ours = published | failed | {"errors": [{"code": "encoder-failed", "message": "it ended with 1"}]}
    theirs = published | failed | {"id": "as_other", "errors": [{"code": "not-a-video", "message": "it is text"}]}
    page.route("**/v1/assets?*", lambda route: route.fulfill(json={"data": [ours, theirs], "next_cursor": None}))
    page.route("**/retry", lambda route: route.fulfill(json=ours))
    page.goto(local_aws.base_url)
    expect(page.locator(".card").first).to_contain_text("encoder failed")
    expect(page.get_by_role("button", name="Try published.mp4 again")).to_have_count(1)
    with page.expect_request(f"**/v1/assets/{published['id']}/retry"):
        page.get_by_role("button", name="Try published.mp4 again").click()


def test_a_stream_that_breaks_off_goes_on_where_it_was(
    local_aws: LocalAws, page: Page, published: dict[str, Any]
) -> None:
    """When they say so; and what a viewer chose, how loud it is, holds for the next video too."""
    held: list[Route] = []
    line = "slow"

    def answer(route: Route) -> None:
        if line == "slow":
            held.append(route)
        elif line == "broken":
            route.fulfill(status=404)
        else:
            route.continue_()

    page.route(re.compile(r"/0000[2-9][^/]*\.m4s"), answer)
    page.goto(f"{local_aws.base_url}/?asset={published['id']}")
    page.locator(".player .start").click()
    until(page, f"() => ({AT})() > 1.5")
    line = "broken"
    for route in held:
        route.fulfill(status=404)
    expect(page.get_by_role("alert")).to_contain_text("This stream does not play", timeout=40_000)
    line = "whole"
    page.get_by_role("button", name="Try again").click()
    until(page, f"() => ({AT})() > 1.5")
    page.get_by_label("Volume").fill("0.4")
    page.get_by_role("button", name="Mute").click()
    page.reload()
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    page.get_by_role("button", name="Unmute").click()
    assert page.evaluate("() => document.querySelector('video').volume") == 0.4


def test_the_work_on_an_asset_is_cancelled(local_aws: LocalAws, page: Page, published: dict[str, Any]) -> None:
    """A press on Cancel tells the API; the page then says that there is nothing to play."""
    asset = published | {"status": "preparing", "playable": False, "meta": {"title": "Cut"}}
    asset |= {"progress": {"state": "encoding", "percent": 40, "chunks_done": 1, "chunks_total": 2}}
    cancelled: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method == "POST":
            cancelled.append(route.request.url.rpartition("/")[2])
            asset["status"] = "cancelled"
        route.fulfill(json=asset)

    page.route(f"**/v1/assets/{published['id']}**", answer)
    page.goto(f"{local_aws.base_url}/?asset={published['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cut")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".stage")).to_contain_text("There is nothing to play")
    assert cancelled == ["cancel"]


def test_a_key_is_asked_for_where_nobody_hands_one_out(local_aws: LocalAws, page: Page) -> None:
    """It is kept for the tab unless its owner says otherwise, never in the address, and forgotten when told."""
    page.route("**/local/config.json", lambda route: route.fulfill(status=404))
    page.goto(local_aws.base_url)
    asked = page.get_by_role("dialog", name="API key")
    asked.get_by_label("Key", exact=True).fill("sk_wrong")
    asked.get_by_role("button", name="Continue").click()
    expect(asked.get_by_role("alert")).to_contain_text("not accepted")
    picture(page, "18-key")
    asked.get_by_label("Key", exact=True).fill(local_aws.api_key)
    asked.get_by_role("button", name="Continue").click()
    expect(page.locator("#library, .gate").first).to_be_visible()
    kept = "() => [sessionStorage, localStorage].map((each) => each.getItem('sluice.api-key'))"
    until(page, "() => sessionStorage.getItem('sluice.api-key')")
    assert page.evaluate(kept) == [local_aws.api_key, None]
    assert local_aws.api_key not in page.url
    page.get_by_role("button", name="Forget the key").click()
    expect(asked).to_be_visible()
    assert page.evaluate(kept) == [None, None]
