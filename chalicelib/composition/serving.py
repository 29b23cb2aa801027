"""What a page gets for each URL that it asks for: a file of its project, one of ours, or nothing.

Invariant: no request leaves the machine. The page lives on a host that does not exist; libraries that compositions
commonly load from a CDN are answered from the browser layer, by package and file name, whatever version was asked for
within the table's limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from chalicelib.composition.fonts import FAMILIES

HOST = "project.localhost"
ORIGIN = f"http://{HOST}"
OWN_PREFIX = "/__sluice/"


class Source(StrEnum):
    """Who has the bytes."""

    PROJECT = "project"
    OWN = "own"
    VENDOR = "vendor"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a URL's bytes come from; `path` is relative to that source."""

    source: Source
    path: str = ""


@dataclass(frozen=True, slots=True)
class VendorFile:
    """A library of the layer.

    Attributes:
        package: What a CDN calls it.
        names: File names that ask for it.
        folder: Of the npm package in the layer's manifest (an alias where two versions are carried).
        file: Inside that package.
    """

    package: str
    names: tuple[str, ...]
    folder: str
    file: str


_GSAP = (
    "gsap",
    "CSSRulePlugin",
    "CustomBounce",
    "CustomEase",
    "CustomWiggle",
    "DrawSVGPlugin",
    "EasePack",
    "EaselPlugin",
    "Flip",
    "InertiaPlugin",
    "MorphSVGPlugin",
    "MotionPathPlugin",
    "Observer",
    "Physics2DPlugin",
    "PhysicsPropsPlugin",
    "PixiPlugin",
    "ScrambleTextPlugin",
    "ScrollSmoother",
    "ScrollToPlugin",
    "ScrollTrigger",
    "SplitText",
    "TextPlugin",
)

VENDOR_FILES = (
    *(VendorFile("gsap", (f"{name}.min.js", f"{name}.js"), "gsap", f"dist/{name}.min.js") for name in _GSAP),
    VendorFile("lottie-web", ("lottie.min.js", "lottie.js"), "lottie-web", "build/player/lottie.min.js"),
    VendorFile("lottie-web", ("lottie_svg.min.js",), "lottie-web", "build/player/lottie_svg.min.js"),
    VendorFile("lottie-web", ("lottie_light.min.js",), "lottie-web", "build/player/lottie_light.min.js"),
    VendorFile("lottie-web", ("lottie_canvas.min.js",), "lottie-web", "build/player/lottie_canvas.min.js"),
    # Version 4 has another interface than 3, and other file names.
    VendorFile("animejs", ("anime.min.js",), "animejs3", "lib/anime.min.js"),
    VendorFile(
        "animejs",
        ("anime.iife.min.js", "anime.iife.js", "anime.umd.min.js", "anime.umd.js"),
        "animejs",
        "dist/bundles/anime.umd.min.js",
    ),
    VendorFile("animejs", ("anime.esm.min.js", "anime.esm.js"), "animejs", "dist/bundles/anime.esm.min.js"),
    # The last versions that came as a plain script.
    VendorFile("three", ("three.min.js", "three.js"), "three-script", "build/three.min.js"),
    VendorFile("three", ("three.module.js", "three.module.min.js"), "three", "build/three.module.js"),
    VendorFile("three", ("three.core.js", "three.core.min.js"), "three", "build/three.core.js"),
    VendorFile("d3", ("d3.min.js", "d3.js"), "d3", "dist/d3.min.js"),
    VendorFile("topojson-client", ("topojson-client.min.js",), "topojson-client", "dist/topojson-client.min.js"),
    VendorFile(
        "@hyperframes/shader-transitions",
        ("index.global.js",),
        "@hyperframes/shader-transitions",
        "dist/index.global.js",
    ),
    *(
        VendorFile(family.package, (file.rpartition("/")[2],), family.package, file)
        for family in FAMILIES
        for _weight, _style, file in family.faces()
    ),
)

_NAMES_OF_CDNJS = {"three.js": "three", "bodymovin": "lottie-web"}
_CDN_PATHS = {
    "cdn.jsdelivr.net": re.compile(r"/npm/((?:@[^/@]+/)?[^/@]+)(?:@[^/]*)?(/.*)?"),
    "unpkg.com": re.compile(r"/((?:@[^/@]+/)?[^/@]+)(?:@[^/]*)?(/.*)?"),
    "cdnjs.cloudflare.com": re.compile(r"/ajax/libs/([^/]+)/[^/]+(/.*)"),
}
_BY_NAME = {(file.package, name): file for file in VENDOR_FILES for name in file.names}
# What the bare package name stands for.
_MAIN = {"gsap": "gsap.min.js", "lottie-web": "lottie.min.js", "animejs": "anime.umd.min.js", "d3": "d3.min.js"}


def answer(url: str) -> Answer:
    """Decide about one URL. A path of the project is not yet checked for containment."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.netloc == HOST:
        path = unquote(parts.path)
        if path.startswith(OWN_PREFIX):
            return Answer(Source.OWN, path[len(OWN_PREFIX) :])
        return Answer(Source.PROJECT, path.lstrip("/"))
    file = _vendor_file(parts.hostname or "", parts.path) if parts.scheme in ("http", "https") else None
    return Answer(Source.VENDOR, f"{file.folder}/{file.file}") if file else Answer(Source.REFUSED)


def _vendor_file(host: str, path: str) -> VendorFile | None:
    pattern = _CDN_PATHS.get(host)
    match = pattern.fullmatch(path) if pattern else None
    if match is None:
        return None
    package = _NAMES_OF_CDNJS.get(match[1], match[1])
    name = (match[2] or "").rpartition("/")[2] or _MAIN.get(package, "")
    return _BY_NAME.get((package, name))


# Beside Python's own table, which depends on the machine's files.
_TYPES = {
    "js": "text/javascript",
    "mjs": "text/javascript",
    "css": "text/css",
    "html": "text/html",
    "htm": "text/html",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "wasm": "application/wasm",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "txt": "text/plain",
    "xml": "text/xml",
    "vtt": "text/vtt",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "webm": "video/webm",
}


def content_type(path: str) -> str:
    """The Content-Type for a file name."""
    kind = _TYPES.get(path.rpartition(".")[2].lower(), "application/octet-stream")
    textual = kind.startswith("text/") or kind in ("application/json", "image/svg+xml")
    return f"{kind}; charset=utf-8" if textual else kind
