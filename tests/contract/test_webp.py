"""Animated WebP as a browser decodes it, against the stream it was made of."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import fmean as mean
from typing import Any

import pytest
from playwright.sync_api import Page

from chalicelib.catalog.rendition import RenditionType, RenditionWish
from chalicelib.errors import EncoderFailed
from chalicelib.tools import Program
from tests.browser import chromium
from tests.contract.test_renditions import Shop
from tests.fixtures.media_factory import MediaFactory

ADDRESS = "https://preview.test/"
START_S, END_S, FPS, WIDTH, HEIGHT = Fraction("1.5"), Fraction("3.5"), 15, 80, 46
WISH = RenditionWish(RenditionType.WEBP, "90p", START_S, END_S, width=WIDTH, fps=FPS)
DECODE = """async (address) => {
  const decoder = new ImageDecoder({type: "image/webp", data: (await fetch(address)).body});
  await decoder.completed;
  const {frameCount, repetitionCount} = decoder.tracks.selectedTrack;
  const canvas = new OffscreenCanvas(1, 1);
  const frames = [];
  for (let frameIndex = 0; frameIndex < frameCount; frameIndex++) {
    const {image} = await decoder.decode({frameIndex});
    [canvas.width, canvas.height] = [image.displayWidth, image.displayHeight];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    frames.push({
      begins: image.timestamp,
      lasts: image.duration,
      size: [canvas.width, canvas.height],
      pixels: btoa(Array.from(pixels, (value) => String.fromCharCode(value)).join("")),
    });
  }
  return {frames, forever: repetitionCount === Infinity};
}"""


@pytest.fixture(scope="module")
def shop(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    factory = MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips"))
    return Shop(tmp_path_factory.mktemp("shop"), factory, "plain.mp4")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page()


def _decoded(page: Page, path: Path) -> dict[str, Any]:
    page.route(f"{ADDRESS}**", lambda route: route.fulfill(body="<title>preview</title>", content_type="text/html"))
    page.route(f"{ADDRESS}preview.webp", lambda route: route.fulfill(path=path, content_type="image/webp"))
    page.goto(ADDRESS)
    found: dict[str, Any] = page.evaluate(DECODE, f"{ADDRESS}preview.webp")
    return found


def _stream(shop: Shop) -> list[bytes]:
    """The pictures of the stream that the preview should show, as RGB."""
    graph = (
        f"setpts=PTS-STARTPTS,trim={float(START_S)}:{float(END_S)},setpts=PTS-STARTPTS,"
        f"fps={FPS}:round=near:start_time=0,scale={WIDTH}:{HEIGHT}"
    )
    output = ("-vf", graph, "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    data = shop.factory.run("-i", str(shop.stream("90p")), *output)
    size_bytes = WIDTH * HEIGHT * 3
    return [data[place : place + size_bytes] for place in range(0, len(data), size_bytes)]


def _luma(pixels: bytes, channels: int) -> list[float]:
    """Colours are halved by the format, which costs a tiny drawn picture more than the encoder does."""
    places = range(0, len(pixels), channels)
    return [0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2] for at in places]


def _likeness_db(one: list[float], other: list[float]) -> float:
    error = sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) / len(one)
    return 10 * math.log10(255**2 / error) if error else math.inf


def test_a_webp_shows_the_stream(shop: Shop, page: Page) -> None:
    """Every picture, at its time to the millisecond, near to the stream's in light and colour, to no other's."""
    found = _decoded(page, shop.file(WISH))
    frames = found["frames"]
    assert found["forever"]
    assert {tuple(frame["size"]) for frame in frames} == {(WIDTH, HEIGHT)}
    assert [frame["begins"] for frame in frames] == [round(frame * 1000 / FPS) * 1000 for frame in range(2 * FPS)]
    assert sum(frame["lasts"] for frame in frames) == 2_000_000
    pictures = _stream(shop)
    wanted = [_luma(picture, 3) for picture in pictures]
    assert len(wanted) == len(frames)
    for number, frame in enumerate(frames):
        rgba = base64.b64decode(frame["pixels"])
        for colour in range(3):
            assert mean(rgba[colour::4]) == pytest.approx(mean(pictures[number][colour::3]), abs=3)
        shown = _luma(rgba, 4)
        own = _likeness_db(shown, wanted[number])
        assert own > 32
        assert all(own > _likeness_db(shown, other) for other in (*wanted[:number][-1:], *wanted[number + 1 :][:1]))


def test_a_layer_without_the_program_says_so(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is stored, and the error names the layer."""
    lame = replace(shop.tools, img2webp=Program(str(tmp_path / "img2webp")))
    monkeypatch.setattr(shop, "tools", lame)
    rendition = shop.order(replace(WISH, fps=5))
    with pytest.raises(EncoderFailed, match="layer"):
        shop.make(rendition)
    assert not shop.objects.path("media", rendition.key).exists()
