"""What a page says, read as facts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from chalicelib.composition.capture import CaptureOptions
from chalicelib.composition.facts import DEFAULT_SIZE, first_size, project_path, read_facts
from chalicelib.errors import CompositionUnplayable, NotMediaPayload

OPTIONS = CaptureOptions(frame_rate=Fraction(30))
CLIP: dict[str, Any] = {
    "kind": "audio",
    "url": "http://project.localhost/sound/a%20b.mp3",
    "start": 0.1 + 0.2,
    "duration": None,
    "mediaStart": 0,
    "volume": None,
    "rate": 1,
    "plays": True,
    "silent": False,
    "sound": True,
    "readable": True,
}


def state(**changes: Any) -> dict[str, Any]:
    return {"width": 1920, "height": 1080, "duration": 3.0, "media": [], **changes}


def options(**changes: Any) -> CaptureOptions:
    return CaptureOptions(frame_rate=Fraction(30), **changes)


@pytest.mark.parametrize(
    ("wanted", "scale"),
    [
        (options(), Fraction(1)),
        (options(width=1280), Fraction(2, 3)),
        (options(height=2160), Fraction(2)),
        (options(width=1280, height=720), Fraction(2, 3)),
        # The nearest whole pixel is the same shape.
        (options(width=854, height=480), Fraction(427, 960)),
    ],
)
def test_the_scale_makes_the_output_size(wanted: CaptureOptions, scale: Fraction) -> None:
    """One side decides; the other must agree to the pixel."""
    assert read_facts(state(), "page", wanted).scale == scale


@pytest.mark.parametrize("wanted", [options(width=1080, height=1080), options(width=1280, height=722)])
def test_another_shape_is_refused(wanted: CaptureOptions) -> None:
    """A picture is never distorted."""
    with pytest.raises(CompositionUnplayable, match="without distortion"):
        read_facts(state(), "page", wanted)


@pytest.mark.parametrize("wanted", [options(width=14080, height=7920), options(width=7200)])
def test_what_the_browser_cannot_draw_is_refused(wanted: CaptureOptions) -> None:
    """More than ten times the composition, or a side above 7680: the message says what to do."""
    small = state(width=1280, height=720) if wanted.height else state(width=640, height=1280)
    with pytest.raises(CompositionUnplayable, match="larger data-width"):
        read_facts(small, "page", wanted)


def test_a_page_without_a_size_takes_the_request_s() -> None:
    """Else it is laid out in full HD."""
    bare = state(width=None, height=None)
    assert (read_facts(bare, "page", OPTIONS).width, read_facts(bare, "page", OPTIONS).height) == DEFAULT_SIZE
    asked = read_facts(bare, "page", options(width=720, height=1280))
    assert (asked.width, asked.height, asked.scale) == (720, 1280, Fraction(1))


@pytest.mark.parametrize("changes", [{"width": 0}, {"height": 7681}, {"duration": 0}, {"duration": 86401}])
def test_what_cannot_be_a_video_is_refused(changes: dict[str, Any]) -> None:
    """No side outside of 1 to 7680, no length outside of a day."""
    with pytest.raises(CompositionUnplayable):
        read_facts(state(**changes), "page", OPTIONS)


def test_the_source_tells_the_size_to_load_in() -> None:
    """The viewport is right before the page has run."""
    assert first_size(b'<div id="r" data-width="640" data-height=\'360\'>', OPTIONS) == (640, 360)
    assert first_size(b"<div>", OPTIONS) == DEFAULT_SIZE


def test_a_clip_is_read_in_the_words_of_the_timeline() -> None:
    """Floats are meant as the short fractions that they stand for; the path is the project's."""
    (clip,) = read_facts(state(media=[CLIP]), "page", OPTIONS).media
    assert (clip.path, clip.start, clip.volume, clip.playback_rate) == (
        "sound/a b.mp3",
        Fraction(3, 10),
        1.0,
        Fraction(1),
    )
    assert clip.duration is None


@pytest.mark.parametrize(
    "changes",
    [
        {"silent": True},
        {"sound": False},
        {"volume": 0},
        {"plays": False},
        {"start": 3},
        {"url": ""},
        {"url": "https://elsewhere.example/a.mp3"},
        {"url": "data:audio/mp3;base64,AAAA"},
    ],
)
def test_what_is_not_heard_is_no_clip(changes: dict[str, Any]) -> None:
    """Silent, never started, behind the end, or not of the project."""
    assert read_facts(state(media=[{**CLIP, **changes}]), "page", OPTIONS).media == ()


def test_a_video_that_cannot_be_read_is_no_silence() -> None:
    """One of the project is named; what is elsewhere was never to be had, and who mixes the sound tells of that."""
    broken = {**CLIP, "kind": "video", "readable": False}
    with pytest.raises(NotMediaPayload, match=r"sound/a b\.mp3"):
        read_facts(state(media=[broken]), "page", OPTIONS)
    elsewhere = {**broken, "url": "https://elsewhere.example/a.mp4"}
    assert read_facts(state(media=[elsewhere]), "page", OPTIONS).media == ()
    assert read_facts(state(media=[{**broken, "kind": "audio"}]), "page", OPTIONS).media


def test_only_the_page_s_own_host_is_the_project() -> None:
    """A path is taken from a URL of the host that does not exist, and from no other."""
    assert project_path("http://project.localhost/a/b.mp4?x#y") == "a/b.mp4"
    assert project_path("http://project.localhost.example/a.mp4") is None
    assert project_path("http://project.localhost:8080/a.mp4") is None
