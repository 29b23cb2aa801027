"""The storyboard's cues."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.media.decimals import nearest
from chalicelib.media.storyboard import storyboard_vtt
from tests.publication import NTSC, video_plan

CUE = re.compile(r"(\d+):(\d\d):(\d\d)\.(\d{3}) --> (\d+):(\d\d):(\d\d)\.(\d{3})\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)\n")


def milliseconds(hours: str, minutes: str, seconds: str, thousandths: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths)


def test_golden(golden: Callable[[str, str], None]) -> None:
    """Three chunks in rows of four tiles, the last chunk short."""
    video = video_plan(1000)
    video = replace(video, stills=replace(video.stills, columns=4))
    golden("storyboard.vtt", storyboard_vtt(video, 1000 / NTSC))


@given(st.integers(1, 3000), st.integers(1, 7))
def test_cues_tile_the_duration(frames: int, columns: int) -> None:
    """Every moment has exactly one picture, and every tile lies in its own place of its sprite."""
    video = video_plan(frames)
    video = replace(video, stills=replace(video.stills, columns=columns))
    duration = frames / NTSC
    cues = CUE.findall(storyboard_vtt(video, duration))
    assert len(cues) == sum(video.tiles_of(chunk) for chunk in video.chunks)
    end = 0
    for cue in cues:
        assert milliseconds(*cue[0:4]) == end
        end = milliseconds(*cue[4:8])
    assert end == nearest(duration * 1000)
    assert len({cue[8:11] for cue in cues}) == len(cues)
    assert all(int(cue[9]) < columns * 160 for cue in cues)


def test_hours() -> None:
    """Ten hours need no other format."""
    video = video_plan(60 * 60 * 11, frame_rate=Fraction(1))
    assert "\n10:59:58.000 --> 11:00:00.000\n" in storyboard_vtt(video, Fraction(60 * 60 * 11))
