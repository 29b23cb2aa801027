"""Renditions in HEVC and AV1 and sound in 5.1, in headless Chromium, by the page's own players.

What the browser decodes is shown when it is asked for; what it does not, the players leave out, and play H.264. The
publication was interrupted on its way, so its MPD lists its segments, and its segments are of several runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import m3u8
import pytest
from playwright.sync_api import Browser, Page, Route

from chalicelib.catalog.keys import media_prefix
from sluice.paths import Project
from tests.browser import chromium
from tests.fixtures.media_factory import MediaFactory
from tests.interruption import Interruption, tries
from tests.players import DRIVER
from tests.workshop import Workshop

ORIGIN = "http://localhost"
SECONDS = 8
PATIENCE_MS = 60_000
BLANK = "<!doctype html><title>player</title><link rel=icon href=data:,><video playsinline muted></video>"
CODECS = {"avc1": "180p", "hvc1": "180p-hevc", "av01": "180p-av1"}
TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".js": "text/javascript"}


@dataclass(frozen=True)
class Published:
    folder: Path
    codecs: dict[str, str]


@pytest.fixture(scope="module")
def published(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Three codecs, stereo and 5.1, of a picture that is noisy enough for the encoder to be stopped midway."""
    root = tmp_path_factory.mktemp("codecs")
    picture = f"testsrc2=size=320x180:rate=15:duration={SECONDS},noise=alls=40:allf=t"
    sound = f"aevalsrc={'|'.join(f'0.2*sin({200 * n}*2*PI*t)' for n in range(1, 7))}:c=5.1:s=48000:d={SECONDS}"
    inputs = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound)
    MediaFactory(ffmpeg_path, root).run(
        *inputs, "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(root / "source.mp4")
    )
    options: dict[str, Any] = {"codecs": ("h264", "hevc", "av1"), "quality": "fast", "keep_surround": True}
    workshop = Workshop(root / "objects", root / "source.mp4", ffmpeg_path, ladder=(180,), segment_seconds=2, **options)
    planned = workshop.plan()
    with pytest.MonkeyPatch.context() as patch:
        Interruption(workshop, patch, segments=5)
        assert tries(workshop, planned.digest, 0) > 1
    for index in planned.tasks:
        workshop.render(planned.digest, index)
    workshop.assemble(planned.digest)
    folder = workshop.objects.path(workshop.settings.media_bucket, media_prefix(workshop.asset.id, planned.digest))
    assert "SegmentList" in (folder / "manifest.mpd").read_text()
    variants = m3u8.load(str(folder / "index.m3u8")).playlists
    return Published(folder, {item.stream_info.codecs[:4]: item.stream_info.codecs.split(",")[0] for item in variants})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def fetched() -> list[str]:
    """Paths of everything that was asked for."""
    return []


@pytest.fixture
def page(browser: Browser, published: Published, fetched: list[str]) -> Iterator[Page]:
    """An empty page with a <video>, on an origin that is made of files."""
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    roots = {"web": Project.here().web, "media": published.folder}

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(f"{ORIGIN}/")
        fetched.append(path)
        top, _, name = path.partition("/")
        if top in roots:
            file = roots[top] / name
            route.fulfill(path=file, content_type=TYPES.get(file.suffix, "video/mp4"))
        elif path == "driver.js":
            route.fulfill(path=DRIVER, content_type="text/javascript")
        else:
            route.fulfill(body=BLANK, content_type="text/html; charset=utf-8")

    opened.route(f"{ORIGIN}/**", serve)
    opened.goto(f"{ORIGIN}/player.html")
    yield opened
    context.close()


def drive(page: Page, function: str, *arguments: object) -> Any:
    call = "async ([name, words]) => (await import('/driver.js'))[name](...words)"
    return page.evaluate(call, [function, list(arguments)])


@pytest.mark.parametrize(("engine", "manifest"), [("hls", "index.m3u8"), ("dash", "manifest.mpd")])
def test_each_codec_plays_where_it_is_decoded(
    page: Page, published: Published, fetched: list[str], engine: str, manifest: str
) -> None:
    """From the start to the end, in each codec that this browser has, and with six channels; never in another."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    decoded = [name for name, full in published.codecs.items() if drive(page, "decodes", "video/mp4", full)]
    assert "avc1" in decoded
    drive(page, "play", engine, f"/media/{manifest}")
    for codec in decoded:
        with page.expect_request(f"**/media/{CODECS[codec]}/*.m4s"):
            drive(page, "ask", 180, codec)
    with page.expect_request("**/media/surround/*.m4s"):
        drive(page, "ask", 180, decoded[-1], 6)
    end = drive(page, "toTheEnd", 1)
    assert (end["error"], end["corrupted"]) == (None, 0)
    assert end["frames"] > 0
    assert abs(end["duration"] - SECONDS) < 0.1
    segments = {path.split("/")[1] for path in fetched if path.endswith(".m4s")}
    assert segments & set(CODECS.values()) == {CODECS[codec] for codec in decoded}
    assert any("-" in path.rpartition("/")[2] for path in fetched if path.endswith(".m4s"))
    assert errors == []
