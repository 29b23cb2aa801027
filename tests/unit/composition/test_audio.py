"""The mix, as a filter graph of whole samples."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.composition.audio import audible, is_heard, mix_arguments
from chalicelib.composition.capture import MediaClip
from chalicelib.composition.formats import Format

CLIP = MediaClip(
    path="a/b.mp3",
    kind="audio",
    start=Fraction(1, 3),
    duration=Fraction(2),
    media_start=Fraction(1, 2),
    volume=0.5,
    playback_rate=Fraction(1),
)


def test_the_command_is_that_of_the_golden_file(golden: Callable[[str, str], None]) -> None:
    """Two clips, one of them faster, mixed to the length of the picture."""
    fast = replace(CLIP, path="v.mp4", kind="video", duration=None, playback_rate=Fraction(5))
    arguments = mix_arguments([CLIP, fast], Fraction(1001, 300), Format.MP4, "/folder/audio.m4a")
    golden("commands/composition-audio.txt", "\n".join(map(shlex.quote, arguments)) + "\n")


def _graph(clip: MediaClip, duration: Fraction = Fraction(10)) -> str:
    arguments = mix_arguments([clip], duration, Format.MP4, "out")
    return arguments[arguments.index("-filter_complex") + 1]


def test_a_clip_begins_on_its_sample() -> None:
    """A third of a second is 16,000 samples; half a second of the file is left out."""
    graph = _graph(CLIP)
    assert "atrim=start_sample=24000," in graph
    assert "atrim=end_sample=96000," in graph
    assert "adelay=delays=16000S:all=1" in graph
    assert graph.endswith("apad=whole_len=480000,atrim=end_sample=480000,asetpts=N/SR/TB[out]")


def test_a_clip_ends_with_the_composition() -> None:
    """What is longer, or has no end of its own, is cut there."""
    assert "atrim=end_sample=8000," in _graph(CLIP, Fraction(1, 2))
    assert "atrim=end_sample=464000," in _graph(replace(CLIP, duration=None))


def test_a_clip_that_began_before_is_entered_in_the_middle() -> None:
    """A second too early at double speed is two seconds of the file."""
    graph = _graph(replace(CLIP, start=Fraction(-1), playback_rate=Fraction(2)))
    assert "atrim=start_sample=120000," in graph
    assert "atempo=2.0" in graph
    assert "atrim=end_sample=48000," in graph
    assert "adelay=delays=0S" in graph


@pytest.mark.parametrize(
    ("rate", "filters"),
    [
        (Fraction(1), []),
        (Fraction(3, 2), ["atempo=1.500000000"]),
        (Fraction(5), ["atempo=2.0", "atempo=2.0", "atempo=1.250000000"]),
        (Fraction(1, 5), ["atempo=0.5", "atempo=0.5", "atempo=0.800000000"]),
    ],
)
def test_any_rate_is_made_of_good_ones(rate: Fraction, filters: list[str]) -> None:
    """One filter does from half to double; several multiply."""
    assert [part for part in _graph(replace(CLIP, playback_rate=rate)).split(",") if "atempo" in part] == filters


def test_what_nobody_hears_is_left_out() -> None:
    """Silent, late or empty clips need no decoder."""
    silent = [
        replace(CLIP, volume=0.0),
        replace(CLIP, start=Fraction(10)),
        replace(CLIP, duration=Fraction(0)),
        replace(CLIP, start=Fraction(-3)),
    ]
    assert audible([*silent, CLIP], Fraction(10)) == (CLIP,)


def test_a_file_without_sound_is_known() -> None:
    """By the tracks that ffmpeg names."""
    assert not is_heard([b"#media_type 0: video\n", b"0, 0, 0, 1, 10, 0x1\n"])
    assert is_heard([b"#media_type 0: audio\n"])
