"""The fonts of projects made for HyperFrames: which family stands for which, and the style sheet that says so.

HyperFrames gives a page faces of eighteen families, under whatever name of a known family the page asks for, so that it
looks the same on each machine. The same names get the same files here; they are in the browser layer, as the libraries
of CDNs are. Weights that HyperFrames would fetch from Google while it renders are in the layer too, for Latin letters.

Invariant: a family that the project declares is left alone, because CSS would otherwise take single weights of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SCOPE = "@fontsource/"
_ADDRESS = f"https://cdn.jsdelivr.net/npm/{_SCOPE}"
# Letters of the files, as Google Fonts cuts them; others come from the next family that the page names.
_LATIN = (
    "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+2074,U+20AC,"
    "U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
# HyperFrames asks for no other slanted weights.
_ITALICS = (400, 700)


@dataclass(frozen=True, slots=True)
class FontFamily:
    """A family of the layer.

    Attributes:
        slug: The last part of its npm package's name.
        weights: Lightest and heaviest, in steps of 100 but for those that `without` names.
        names: Of families that it stands for, beside its own, in lower case.
    """

    slug: str
    weights: tuple[int, int]
    names: tuple[str, ...] = ()
    italic: bool = True
    without: tuple[int, ...] = ()

    @property
    def package(self) -> str:
        return _SCOPE + self.slug

    def faces(self) -> Iterator[tuple[int, str, str]]:
        """Weight, style, and file in the package."""
        for weight in range(self.weights[0], self.weights[1] + 1, 100):
            for style in ("normal", "italic"):
                if weight not in self.without and (style == "normal" or (self.italic and weight in _ITALICS)):
                    yield weight, style, f"files/{self.slug}-latin-{weight}-{style}.woff2"


_SANS = (
    *("arial", "helvetica", "helvetica bold", "helvetica neue"),
    *("avenir", "avenir next", "geneva", "lucida grande", "optima"),
    *("sf pro", "sf pro display", "sf pro rounded", "sf pro text"),
    *("calibri", "candara", "corbel", "lucida sans", "lucida sans unicode", "tahoma", "trebuchet ms", "verdana"),
    *("dejavu sans", "liberation sans", "noto sans"),
)
_SERIF = (
    *("book antiqua", "cambria", "garamond", "georgia", "palatino", "palatino linotype", "times", "times new roman"),
    *("dejavu serif", "liberation serif"),
)
_MONOSPACE = (
    *("andale mono", "consolas", "courier", "courier new", "lucida console", "lucida sans typewriter"),
    *("menlo", "monaco", "sf mono"),
    *("dejavu sans mono", "liberation mono"),
)

FAMILIES = (
    FontFamily("archivo-black", (400, 400), italic=False),
    FontFamily("eb-garamond", (400, 800), _SERIF),
    FontFamily("ibm-plex-mono", (100, 700)),
    FontFamily("inter", (100, 900), _SANS),
    FontFamily("jetbrains-mono", (100, 800), _MONOSPACE),
    FontFamily("lato", (100, 900), without=(200, 500, 600, 800)),
    FontFamily("league-gothic", (400, 400), ("bebas neue",), italic=False),
    FontFamily("montserrat", (100, 900), ("arial black", "din alternate", "futura")),
    FontFamily("noto-sans-jp", (100, 900), ("noto sans japanese",), italic=False),
    FontFamily("nunito", (200, 900)),
    FontFamily("open-sans", (300, 800)),
    FontFamily("oswald", (200, 700), italic=False),
    FontFamily("outfit", (100, 900), italic=False),
    FontFamily("playfair-display", (400, 900)),
    FontFamily("poppins", (100, 900)),
    FontFamily("roboto", (100, 900), ("segoe ui",)),
    FontFamily("source-code-pro", (200, 900)),
    FontFamily("space-mono", (400, 700), without=(500, 600)),
)
BY_NAME = {name: family for family in FAMILIES for name in (family.slug.replace("-", " "), *family.names)}

_SCRIPT = re.compile(rb"<script\b.*?</script\s*>", re.I | re.S)
_OWN_FACE = re.compile(rb"@font-face\s*\{[^}]*?\bfont-family\s*:\s*([^;}]+)", re.I)
_NAMES = re.compile(
    rb"(?<![\w-])(?:%b)(?![\w-])"
    % b"|".join(name.replace(" ", r"\s+").encode() for name in sorted(BY_NAME, key=len, reverse=True)),
    re.I,
)


def font_sheet(texts: Iterable[bytes]) -> bytes:
    """A style element with the faces of each family that a project names and does not declare; empty if there is none.

    A face that no text is set in is not loaded, so that a word which only looks like a family's name does no harm.

    Args:
        texts: Its HTML and CSS. What only scripts name is left: HyperFrames does not look there either.
    """
    named: set[str] = set()
    declared: set[str] = set()
    for text in texts:
        named.update(_plain(found) for found in _NAMES.findall(_SCRIPT.sub(b"", text)))
        declared.update(_plain(found) for found in _OWN_FACE.findall(text))
    rules = "".join(_rule(name, *face) for name in sorted(named - declared) for face in BY_NAME[name].faces())
    return f"<style>{rules}</style>".encode() if rules else b""


def _plain(name: bytes) -> str:
    return " ".join(name.decode(errors="replace").strip(" \t\r\n'\"").lower().split())


def _rule(name: str, weight: int, style: str, file: str) -> str:
    address = f"{_ADDRESS}{BY_NAME[name].slug}/{file}"
    return (
        f'@font-face{{font-family:"{name}";src:url("{address}") format("woff2");font-weight:{weight};'
        f"font-style:{style};font-display:block;unicode-range:{_LATIN}}}"
    )
