"""The ladder never upscales, and rungs are what people call them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.media.encoders import Quality
from chalicelib.media.ladder import choose_ladder, fit_even, max_bitrate_bps
from chalicelib.media.plan import VideoCodec

HEIGHTS = (2160, 1440, 1080, 720, 480, 360)
RATE = Fraction(30)
SIDES = st.integers(16, 8000)


def sizes(width: int, height: int) -> list[tuple[str, int, int]]:
    return [(rung.name, rung.width, rung.height) for rung in choose_ladder(width, height, HEIGHTS, RATE)]


@pytest.mark.parametrize(
    ("source", "ladder"),
    [
        ((1280, 720), [("720p", 1280, 720), ("480p", 854, 480), ("360p", 640, 360)]),
        ((720, 1280), [("720p", 720, 1280), ("480p", 480, 854), ("360p", 360, 640)]),
        (
            (1440, 1080),
            [("1080p", 1440, 1080), ("720p", 960, 720), ("480p", 640, 480), ("360p", 480, 360)],
        ),
        (
            (1920, 804),
            [("1080p", 1920, 804), ("720p", 1280, 536), ("480p", 854, 358), ("360p", 640, 268)],
        ),
        ((320, 568), [("320p", 320, 568)]),
        ((320, 240), [("240p", 320, 240)]),
        ((518, 488), [("480p", 510, 480), ("360p", 382, 360)]),
        ((1024, 576), [("576p", 1024, 576), ("480p", 854, 480), ("360p", 640, 360)]),
        ((161, 91), [("91p", 160, 90)]),
        ((640, 360), [("360p", 640, 360)]),
    ],
)
def test_ladders_of_known_sources(source: tuple[int, int], ladder: list[tuple[str, int, int]]) -> None:
    """Lying, standing, 4:3, widescreen, odd and small sources get the rungs that a person would choose."""
    assert sizes(*source) == ladder


@given(SIDES, SIDES, st.sets(st.integers(100, 4320), max_size=8))
def test_no_rung_is_larger_than_the_source(width: int, height: int, heights: set[int]) -> None:
    """Rungs are even, at most the source's size, distinct, and fall in size and in bitrate."""
    ladder = choose_ladder(width, height, sorted(heights), RATE)
    assert ladder
    for rung in ladder:
        assert rung.width <= width
        assert rung.height <= height
        assert rung.width % 2 == rung.height % 2 == 0
        assert min(rung.width, rung.height) >= 2
    assert len({rung.name for rung in ladder}) == len(ladder)
    assert [rung.width for rung in ladder] == sorted((rung.width for rung in ladder), reverse=True)
    assert [rung.max_bitrate_bps for rung in ladder] == sorted((r.max_bitrate_bps for r in ladder), reverse=True)


@given(st.integers(16, 200_000), st.integers(16, 200_000), st.sets(st.integers(100, 4320), min_size=1, max_size=8))
def test_no_rung_is_taller_than_the_tallest_on_offer(width: int, height: int, heights: set[int]) -> None:
    """Whatever size a source claims, the deployment decides how much work it is."""
    for rung in choose_ladder(width, height, sorted(heights), RATE):
        assert int(rung.name.removesuffix("p")) <= max(heights)
        assert max(rung.width * 9, rung.height * 9) <= max(heights) * 16 + 18


def test_a_lying_size() -> None:
    """A header that claims 16,475 pixels in a row once made a rung of 9,267 lines where the ladder ends at 90."""
    assert [rung.name for rung in choose_ladder(16_475, 90, (90,), RATE)] == ["90p"]
    assert [rung.name for rung in choose_ladder(3840, 2160, (1080, 720), RATE)] == ["1080p", "720p"]


@given(SIDES, SIDES, st.fractions(Fraction(1, 20), 1))
def test_fitting_keeps_the_shape(width: int, height: int, scale: Fraction) -> None:
    """Each side is off by less than two pixels."""
    fitted = fit_even(width, height, scale)
    assert abs(fitted[0] - width * scale) < 2
    assert abs(fitted[1] - height * scale) < 2


def test_every_codec_has_every_rung() -> None:
    """H.264 keeps the plain names; the newer codecs have lower ceilings, and skip what is too small to gain."""
    ladder = choose_ladder(640, 360, (360, 180), RATE, codecs=tuple(VideoCodec), quality=Quality.HIGH)
    assert [rung.name for rung in ladder] == ["360p", "180p", "360p-hevc", "180p-hevc", "360p-av1", "180p-av1"]
    assert [rung.max_bitrate_bps for rung in ladder[::2]] == [960_000, 672_000, 576_000]
    assert {(rung.codec, rung.preset) for rung in ladder} == {("h264", "medium"), ("hevc", "medium"), ("av1", "6")}
    small = choose_ladder(160, 90, (90,), RATE, codecs=tuple(VideoCodec))
    assert [rung.name for rung in small] == ["90p"]


def test_the_ceiling_grows_with_pixels_and_rate() -> None:
    """5 Mbit/s for 1080p30; other sizes and rates scale from there."""
    assert max_bitrate_bps(1920, 1080, Fraction(30)) == 5_000_000
    assert max_bitrate_bps(1280, 720, Fraction(30)) == 2_720_000
    assert max_bitrate_bps(1920, 1080, Fraction(60)) == 7_070_000
    assert max_bitrate_bps(16, 16, Fraction(1)) == 100_000
