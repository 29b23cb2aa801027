"""Who answers a page's request."""

from __future__ import annotations

import pytest

from chalicelib.composition.serving import VENDOR_FILES, Answer, Source, answer, content_type

REFUSED = Answer(Source.REFUSED)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://cdn.jsdelivr.net/npm/gsap@3.12.5/dist/gsap.min.js", "gsap/dist/gsap.min.js"),
        ("https://cdn.jsdelivr.net/npm/gsap", "gsap/dist/gsap.min.js"),
        ("https://cdnjs.cloudflare.com/ajax/libs/gsap/3.12.2/ScrollTrigger.min.js", "gsap/dist/ScrollTrigger.min.js"),
        ("https://unpkg.com/lottie-web@5.12.2/build/player/lottie.min.js", "lottie-web/build/player/lottie.min.js"),
        ("https://cdnjs.cloudflare.com/ajax/libs/bodymovin/5.12.2/lottie.js", "lottie-web/build/player/lottie.min.js"),
        ("https://cdn.jsdelivr.net/npm/animejs@3.2.1/lib/anime.min.js", "animejs3/lib/anime.min.js"),
        ("https://cdn.jsdelivr.net/npm/animejs@4.0.2/lib/anime.iife.min.js", "animejs/dist/bundles/anime.umd.min.js"),
        ("https://cdnjs.cloudflare.com/ajax/libs/three.js/r128/three.min.js", "three-script/build/three.min.js"),
        ("https://unpkg.com/three@0.160.0/build/three.module.js", "three/build/three.module.js"),
        (
            "https://cdn.jsdelivr.net/npm/@hyperframes/shader-transitions@0.4/dist/index.global.js",
            "@hyperframes/shader-transitions/dist/index.global.js",
        ),
    ],
)
def test_known_libraries_come_from_the_layer(url: str, path: str) -> None:
    """By package and file name, in the spelling of each CDN."""
    assert answer(url) == Answer(Source.VENDOR, path)


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.jsdelivr.net/npm/left-pad@1/index.js",
        "https://cdn.jsdelivr.net.example/npm/gsap/dist/gsap.min.js",
        "https://cdn.jsdelivr.net/gh/gsap/gsap.min.js",
        "http://127.0.0.1/gsap.min.js",
        "http://project.localhost:8080/index.html",
        "https://project.localhost/index.html",
        "file:///etc/passwd",
        "ftp://cdn.jsdelivr.net/npm/gsap",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    """No other host, port or scheme has an answer."""
    assert answer(url) == REFUSED


def test_the_project_is_one_host() -> None:
    """Its paths are unquoted once; ours are told apart."""
    assert answer("http://project.localhost/a%20b/%252e.png?x=1") == Answer(Source.PROJECT, "a b/%2e.png")
    assert answer("http://project.localhost/__sluice/picture/3/clip.mp4") == Answer(Source.OWN, "picture/3/clip.mp4")


def test_no_two_libraries_claim_one_name() -> None:
    """The table is a function."""
    names = [(file.package, name) for file in VENDOR_FILES for name in file.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.MJS", "text/javascript; charset=utf-8"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.woff2", "font/woff2"),
        ("noending", "application/octet-stream"),
    ],
)
def test_content_types_do_not_depend_on_the_machine(path: str, kind: str) -> None:
    """A module is refused by a browser unless it is called a script."""
    assert content_type(path) == kind
