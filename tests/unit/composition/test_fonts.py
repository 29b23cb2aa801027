"""Which faces a project made for HyperFrames gets under which names."""

from __future__ import annotations

import re

import pytest

from chalicelib.composition.fonts import BY_NAME, FAMILIES, font_sheet
from chalicelib.composition.serving import Source, answer

_RULE = re.compile(rb'font-family:"([^"]+)";src:url\("([^"]+)"\) format\("woff2"\);font-weight:(\d+);font-style:(\w+)')


def _rules(*texts: bytes) -> list[tuple[str, str, int, str]]:
    return [
        (name.decode(), url.decode(), int(weight), style.decode())
        for name, url, weight, style in _RULE.findall(font_sheet(texts))
    ]


@pytest.mark.parametrize(
    ("css", "slug"),
    [
        (b"p{font-family:Helvetica}", "inter"),
        (b"p{font: 700 20px/1.2 'Helvetica  Neue', sans-serif}", "inter"),
        (b'<p style="font-family:&quot;Courier New&quot;">', "jetbrains-mono"),
        (b":root{--display:Times New Roman,serif}", "eb-garamond"),
        (b"p{font-family:BEBAS NEUE}", "league-gothic"),
        (b"p{font-family:Arial Black}", "montserrat"),
        (b"p{font-family:Noto Sans JP}", "noto-sans-jp"),
        (b"p{font-family:Segoe UI}", "roboto"),
        (b"p{font-family:Space Mono}", "space-mono"),
    ],
)
def test_a_family_stands_for_those_that_hyperframes_gives_it_to(css: bytes, slug: str) -> None:
    """By whatever way of CSS a name is written, in whatever letters, and the longest name of those that fit."""
    rules = _rules(css)
    assert {url.split("/")[5] for _name, url, _weight, _style in rules} == {slug}
    assert len({name for name, *_rest in rules}) == 1


def test_weights_are_those_of_the_family() -> None:
    """Each that its designers drew stands in its place, and the two slanted ones that HyperFrames asks for."""
    faces = [(weight, style) for _name, _url, weight, style in _rules(b"p{font-family:Lato}")]
    assert faces == [
        (100, "normal"),
        (300, "normal"),
        (400, "normal"),
        (400, "italic"),
        (700, "normal"),
        (700, "italic"),
        (900, "normal"),
    ]


@pytest.mark.parametrize(
    "declared",
    [
        b"@font-face{font-family:Helvetica;src:url(a.woff2)}",
        b"@FONT-FACE {\n src: url(a.woff2);\n font-family : 'helvetica' \n}",
        b'<style>@font-face{font-weight:700;font-family:"Helvetica"}</style>',
    ],
)
def test_a_family_that_the_project_declares_is_its_own(declared: bytes) -> None:
    """In whichever file it does, and all of its weights; other families are given all the same."""
    names = {name for name, *_rest in _rules(b"p{font-family:Helvetica,Georgia}", declared)}
    assert names == {"georgia"}


@pytest.mark.parametrize(
    "text",
    [b"", b"p{font-family:Comic Sans MS,sans-serif}", b"<script>c.font='9px Arial'</script>", b"p{--x:my-arial-2}"],
)
def test_nothing_is_put_in_where_no_known_family_is_named(text: bytes) -> None:
    """Neither for unknown or generic families, nor for a part of a longer name, nor for what a script names."""
    assert font_sheet([text]) == b""


def test_every_face_is_answered_from_the_layer() -> None:
    """No address of the sheet leads anywhere else; and no name stands for two families."""
    rules = _rules(*(name.encode() for name in BY_NAME))
    assert {name for name, *_rest in rules} == set(BY_NAME)
    assert all(answer(url).source is Source.VENDOR for _name, url, _weight, _style in rules)
    assert len(BY_NAME) == sum(1 + len(family.names) for family in FAMILIES)
