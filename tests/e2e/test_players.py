"""A publication in the players that people use: from start to end, with changes of quality, and with seeks.

hls.js and dash.js are the very files of the page; shaka-player reads both manifests, and is stricter with them than
those are. Frame counts are held elsewhere (test_upload_to_play.py): a browser may drop frames, so here it is times.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser import Watch
from tests.e2e.conftest import LocalAws
from tests.players import DRIVER, shaka_player

SECONDS = 14
FRAME_S = 1 / 30
SKIPPED_S = 0.5
PATIENCE_MS = 60_000
# Between segments, at a segment's first picture, in the last GOP, and back in the first chunk.
SEEKS = (9.34, 6.0, 13.7, 0.5)
BLANK = "<!doctype html><title>player</title><link rel=icon href=data:,><video playsinline muted></video>"


@pytest.fixture
def page(browser: Browser, local_aws: LocalAws) -> Iterator[Page]:
    """An empty page with a <video>, on the origin that serves the media and the page's own players."""
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    files = {"player.html": BLANK, "driver.js": DRIVER.read_text(), "shaka-player.js": shaka_player().read_text()}

    def serve(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        content_type = "text/html" if name.endswith(".html") else "text/javascript"
        route.fulfill(body=files[name], content_type=f"{content_type}; charset=utf-8")

    for name in files:
        opened.route(f"{local_aws.base_url}/{name}", serve)
    opened.goto(f"{local_aws.base_url}/player.html")
    yield opened
    context.close()


def drive(page: Page, function: str, *arguments: object) -> Any:
    """Call one function of driver.js and wait for what it promises."""
    call = "async ([name, words]) => (await import('/driver.js'))[name](...words)"
    return page.evaluate(call, [function, list(arguments)])


@pytest.mark.parametrize(
    ("engine", "manifest"), [("hls", "hls"), ("dash", "dash"), ("shaka", "hls"), ("shaka", "dash")]
)
def test_it_plays_whole_with_switches_and_seeks(
    local_aws: LocalAws, page: Page, published: dict[str, Any], engine: str, manifest: str
) -> None:
    """Every moment is played but at a change of quality, each quality is shown when asked for, seeks are exact."""
    watch = Watch.on(page, local_aws.base_url)
    drive(page, "play", engine, published["playback"][manifest])
    switched = 0.0
    for height in (360, 720, 480):
        shown = drive(page, "show", height)
        assert shown["height"] == height
        switched = shown["at"]

    end = drive(page, "toTheEnd", 4)
    assert end["error"] is None
    assert abs(end["duration"] - SECONDS) < 0.05
    assert end["corrupted"] == 0
    played = end["played"]
    assert played[0][0] < FRAME_S
    assert end["duration"] - played[-1][1] < FRAME_S
    # Where a player drops what it had loaded in another quality it may skip a few pictures; nowhere else.
    for (_, left), (entered, _) in pairwise(played):
        assert entered - left < SKIPPED_S, played
        assert entered < switched + SKIPPED_S, (played, switched)

    for time in SEEKS:
        picture = drive(page, "pictureAt", time)
        assert time - FRAME_S - 0.001 < picture <= time + 0.001, f"{time} shows the picture of {picture}"
    assert watch == Watch(watch.host)
