"""What `sluice estimate` asks of the API, by what it sees in the file."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.media.source import Container, Source, Transfer, VideoTrack
from sluice.failure import OperatorError
from sluice.verbs_estimate import asked_of, look_at

_VIDEO = VideoTrack(
    codec="avc1",
    width=1920,
    height=1080,
    displayed_width=1080,
    displayed_height=1920,
    rotation=90,
    frame_rate=Fraction(30000, 1001),
    constant_rate=True,
    bit_depth=8,
    chroma="4:2:0",
    interlaced=False,
    transfer=Transfer.SDR,
)
_SOURCE = Source(Container.MP4, 5, Fraction(187, 2), _VIDEO, (), "")


def test_a_film_is_estimated_by_its_shorter_side() -> None:
    """A phone held upright has as many lines as one held across."""
    assert asked_of(_SOURCE, None) == {"duration": 93.5, "height": 1080, "fps": pytest.approx(29.97, abs=0.01)}
    assert asked_of(_SOURCE, "auto")["encoder"] == "auto"


def test_what_cannot_be_estimated_is_told() -> None:
    """No duration, no picture, no rate."""
    with pytest.raises(OperatorError, match="how long"):
        asked_of(replace(_SOURCE, duration=None), None)
    with pytest.raises(OperatorError, match="no picture"):
        asked_of(replace(_SOURCE, video=None), None)
    assert asked_of(replace(_SOURCE, video=replace(_VIDEO, frame_rate=None)), None)["fps"] == 30


def test_what_an_upload_would_refuse_is_refused_here(tmp_path: Path) -> None:
    """With the code of the API's table."""
    page = tmp_path / "page.html"
    page.write_text("<html>")
    with pytest.raises(OperatorError, match=r"page\.html: .* \([a-z-]+\)"):
        look_at(page)
