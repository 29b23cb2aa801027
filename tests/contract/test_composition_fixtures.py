"""Every way in which a page moves, read back from its frames: each shows its own time, in whatever chunk it is."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from chalicelib.composition.capture import CaptureOptions, Frame, Picture
from chalicelib.composition.rgba import raw_rgba
from chalicelib.tools import Chromium
from tests.fixtures.compositions import (
    BY_NAME,
    COMPOSITIONS,
    FRAME_RATE,
    HEIGHT,
    WIDTH,
    Composition,
    clip_frame,
    counter,
    left_edge,
    make_project,
)

MOVING = [composition.name for composition in COMPOSITIONS if composition.left_px is not None]


class Show:
    """Frames of one fixture project."""

    def __init__(self, browser: Chromium, composition: Composition, folder: Path, ffmpeg: Path) -> None:
        self.browser, self.composition = browser, composition
        self.project = make_project(composition.name, folder, ffmpeg)

    def frames(self, start: int, end: int, *, preroll: bool = False, **variables: Any) -> Sequence[Frame]:
        options = CaptureOptions(Fraction(FRAME_RATE), picture=Picture.PNG, variables=variables)
        with self.browser.open(self.project, options, deadline=time.monotonic() + 120) as stage:
            assert stage.facts.runtime == self.composition.runtime
            assert stage.facts.duration == self.composition.duration_s
            assert (stage.facts.width, stage.facts.height) == (WIDTH, HEIGHT)
            return list(stage.frames(start, end, preroll=preroll))


@pytest.fixture
def show(browser: Chromium, tmp_path: Path, ffmpeg_path: Path, request: pytest.FixtureRequest) -> Show:
    return Show(browser, BY_NAME[request.param], tmp_path, ffmpeg_path)


def gray(frame: Frame) -> bytes:
    """The green of every pixel: what is moved is white."""
    return raw_rgba(frame.picture)[1::4]


def digests(frames: Sequence[Frame]) -> list[str]:
    return [hashlib.sha256(frame.picture).hexdigest() for frame in frames]


@pytest.mark.parametrize("show", MOVING, indirect=True)
def test_every_frame_shows_its_own_time(show: Show) -> None:
    """What a page moves is, in each frame, where it must be at that time."""
    composition = show.composition
    assert composition.left_px is not None
    for frame in show.frames(0, composition.total_frames):
        wanted, found = composition.left_px(Fraction(frame.index, FRAME_RATE)), left_edge(gray(frame))
        if wanted is None:
            assert found is None, frame.index
        else:
            assert found is not None, frame.index
            assert abs(found - wanted) <= composition.tolerance_px, frame.index


@pytest.mark.parametrize("show", [composition.name for composition in COMPOSITIONS], indirect=True)
def test_a_chunk_shows_what_the_whole_shows(show: Show) -> None:
    """Frames from the middle on are the same, byte by byte, as in a run from the beginning."""
    total = show.composition.total_frames
    middle = total // 2
    jumped = show.frames(middle, total, preroll=show.composition.stateful)
    assert digests(jumped) == digests(show.frames(0, total))[middle:]


@pytest.mark.parametrize("show", ["canvas-stateful"], indirect=True)
def test_a_page_that_counts_its_frames_needs_those_before(show: Show) -> None:
    """A jump shows it too early; this is what the plan looks for."""
    (jumped,) = show.frames(15, 16)
    (played,) = show.frames(15, 16, preroll=True)
    assert left_edge(gray(played)) == 20 + 6 * 15
    assert left_edge(gray(jumped)) != left_edge(gray(played))


@pytest.mark.parametrize("show", ["video"], indirect=True)
def test_every_frame_shows_its_own_picture_of_a_video(show: Show) -> None:
    """A film that is cut in shows, in each frame, the one picture that belongs there."""
    frames = show.frames(0, show.composition.total_frames)
    wanted = [clip_frame(Fraction(frame.index, FRAME_RATE)) or 0 for frame in frames]
    assert [counter(gray(frame)) for frame in frames] == wanted


@pytest.mark.parametrize("show", ["variables"], indirect=True)
def test_variables_reach_the_page(show: Show) -> None:
    """A value that is given is used, and the declared one where none is."""
    (frame,) = show.frames(0, 1, left=150)
    assert left_edge(gray(frame)) == 150
    (frame,) = show.frames(0, 1, left=150, color="#002000")
    assert left_edge(gray(frame)) is None


@pytest.mark.parametrize("show", ["random"], indirect=True)
def test_chance_is_the_same_in_every_render(show: Show) -> None:
    """Random numbers differ from frame to frame, and not from run to run."""
    first = digests(show.frames(0, 10))
    assert len(set(first)) == 10
    assert digests(show.frames(0, 10)) == first
