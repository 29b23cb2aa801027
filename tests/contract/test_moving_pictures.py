"""Pictures that move by themselves: at each frame they show what belongs to its time, wherever they are on the page."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.tools import Chromium
from tests.browser import layer_browser
from tests.composing import chromium_of
from tests.moving_pictures import DELAY_MS, apng, gif, webp
from tests.theatre import SIZE, Theatre, pixel

_GREYS = (15, 55, 95, 135, 175)
_SIZE = 20, 10
_FILES = {"a.gif": gif(*_SIZE, _GREYS), "a.png": apng(*_SIZE, _GREYS), "a.webp": webp(*_SIZE, _GREYS)}
_STYLE = """*{margin:0;border:0} img,svg,iframe{display:block} p{width:20px;height:10px}
.sheet{background:no-repeat url('a.gif');transition:all 1s} .before::before{content:"";display:block;height:10px;
background:url(a.webp)} .variable{--picture:url(a.png);background:var(--picture)}"""
# One below the other.
_PLACES = {
    "GIF": "<img src=a.gif>",
    "APNG": "<img src=a.png>",
    "WebP": "<img src=a.webp>",
    "data": f"<img src=data:image/gif;base64,{base64.b64encode(_FILES['a.gif']).decode()}>",
    "picture": "<picture><source srcset=a.webp type=image/webp><img src=none.png></picture>",
    "drawing": "<svg width=20 height=10><image href=a.gif width=20 height=10 /></svg>",
    "sheet": "<p class=sheet></p>",
    "pseudo-element": "<p class=before></p>",
    "variable": "<p class=variable></p>",
}
_PAGE = f"""<!doctype html><style>{_STYLE}</style><body data-duration="2" {SIZE}
    style="background:#000">{"".join(_PLACES.values())}"""


@pytest.fixture(scope="module")
def browser(ffmpeg_path: Path) -> Iterator[Chromium]:
    found = chromium_of(layer_browser(), ffmpeg_path)
    yield found
    found.close()


@pytest.fixture
def theatre(browser: Chromium, tmp_path: Path) -> Theatre:
    for name, content in _FILES.items():
        (tmp_path / name).write_bytes(content)
    return Theatre(browser, tmp_path)


def _grey(index: int, *, since_ms: int = 0) -> int:
    return _GREYS[(index * 1000 // 30 - since_ms) // DELAY_MS % len(_GREYS)]


def test_every_kind_of_picture_is_at_the_frame_s_time_wherever_it_is(theatre: Theatre) -> None:
    """From the start and after a jump: in elements, drawings and style sheets."""
    with theatre.stage(_PAGE) as stage:
        frames = [*stage.frames(0, 8, preroll=False), *stage.frames(20, 22, preroll=False)]
        assert not stage.began_late()
    for frame in frames:
        shown = {place: pixel(frame.picture, 10, 10 * at + 5)[0] for at, place in enumerate(_PLACES)}
        assert shown == dict.fromkeys(_PLACES, _grey(frame.index)), frame.index


def test_one_that_comes_late_begins_when_it_comes(theatre: Theatre) -> None:
    """And says so, because a chunk then depends on what was before; one with a place in the timeline begins there."""
    html = f"""<!doctype html><style>{_STYLE}</style><body data-duration="2" {SIZE}>
        <img src="a.png" data-start="0.2"><script>
        setTimeout(()=>document.body.insertAdjacentHTML('beforeend','<img src=a.gif>'),300)</script>"""
    with theatre.stage(html) as stage:
        frames = list(stage.frames(0, 16, preroll=False))
        assert stage.began_late()
    for frame in frames[9:]:
        shown = [pixel(frame.picture, 10, y)[0] for y in (5, 15)]
        assert shown == [_grey(frame.index, since_ms=200), _grey(frame.index, since_ms=300)], frame.index
