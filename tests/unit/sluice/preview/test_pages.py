"""A previewed project's files, as the browser gets them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.composition.capture import CaptureOptions
from chalicelib.composition.fonts import font_sheet
from chalicelib.composition.page import HYPERFRAMES, PAGE
from sluice.preview.pages import first_script, is_rewritten, project_policy, served

GSAP = b"/__sluice/vendor/gsap/dist/gsap.min.js"


@pytest.mark.parametrize(
    "url",
    [
        b"https://cdn.jsdelivr.net/npm/gsap@3.12.5/dist/gsap.min.js",
        b"//unpkg.com/gsap@3/dist/gsap.min.js",
        b"https://cdnjs.cloudflare.com/ajax/libs/gsap/3.12.5/gsap.min.js",
    ],
)
def test_libraries_come_from_the_layer(url: bytes) -> None:
    """In pages, scripts and styles alike, as a render answers them; what it would refuse is left as it is."""
    for path, around in (("a/b.html", b'<script src="%s"></script>'), ("m.mjs", b"import gsap from '%s';")):
        assert GSAP in served(path, around % url, entry="index.html", runtime=PAGE)
    other = b'<script src="https://unpkg.com/left-pad"></script>'
    assert other in served("index.html", other, entry="index.html", runtime=PAGE)


def test_our_scripts_come_first() -> None:
    """In every page the clock; in the entry page of a composition the published runtime after it, once."""
    html = b'<html><head><script src="x/hyperframe.runtime.js"></script><script>1</script></head></html>'
    entry = served("index.html", html, entry="index.html", runtime=HYPERFRAMES)
    assert entry.index(b"first.js") < entry.index(b"/__sluice/hyperframes.js") < entry.index(b"<script>1")
    assert b"x/hyperframe.runtime.js" not in entry
    other = served("child.html", html, entry="index.html", runtime=HYPERFRAMES)
    assert other.index(b"first.js") < other.index(b"x/hyperframe.runtime.js")
    assert b"/__sluice/hyperframes.js" not in other
    assert served("a.js", b"1;", entry="index.html", runtime=PAGE) == b"1;"


def test_fonts_come_from_the_layer() -> None:
    """The sheet that a render puts into the entry page of a composition, with addresses that the preview answers."""
    sheet = font_sheet([b"h1{font-family:Lato}"])
    entry = served("index.html", b"<head>", entry="index.html", runtime=HYPERFRAMES, fonts=sheet)
    assert b'url("/__sluice/vendor/@fontsource/lato/files/lato-latin-700-normal.woff2")' in entry
    assert b"cdn.jsdelivr.net" not in entry
    assert b"lato" not in served("index.html", b"<head>", entry="index.html", runtime=PAGE, fonts=sheet)


def test_only_text_is_rewritten() -> None:
    """Media goes out as it is, with ranges."""
    assert [is_rewritten(name) for name in ("a.HTML", "a.mjs", "a.css", "a.json", "a.mp4")] == [True] * 3 + [False] * 2


def test_the_first_script_knows_player_and_variables() -> None:
    """It answers to the player's origin only, and hands over what the author set."""
    options = CaptureOptions(frame_rate=Fraction(25), variables={"title": "</script>"})
    script = first_script(HYPERFRAMES, options, "http://127.0.0.1:1")
    assert '"player": "http://127.0.0.1:1"' in script
    assert '"title": "</script>"' in script
    assert '"fps": 25.0' in script


def test_a_project_loads_nothing_from_elsewhere() -> None:
    """And is framed by the player, or by itself, and nobody else."""
    policy = project_policy("http://127.0.0.1:1")
    assert "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:" in policy
    assert "frame-ancestors 'self' http://127.0.0.1:1" in policy
