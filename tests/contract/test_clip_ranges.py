"""A part of a source is published as if it were the source: its pictures, its sound and its text, each at its time."""

from __future__ import annotations

from array import array
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.errors import UnsupportedMedia
from chalicelib.media.audio_commands import text_command
from chalicelib.media.timing import TimeRange, round_near
from chalicelib.media.webvtt import Cue, read_cues
from chalicelib.tools import Ffmpeg
from tests.contract.test_exact_chunks import Bench, in_one_chunk, onset_s, soon
from tests.fixtures.media_factory import PICTURE_SECONDS, SOUND_LATE_S, MediaFactory

PART = TimeRange(Fraction("1.3"), Fraction("6.1"))


@pytest.fixture(scope="module")
def bench(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips")), Ffmpeg(str(ffmpeg_path)))


@pytest.mark.parametrize(
    "clip",
    [
        "ntsc.mp4",
        "variable.mp4",
        "jitter.mp4",
        "edited.mp4",
        "picture-late.mp4",
        "picture-much-later.mp4",
        "transport.ts",
        "remuxed.mkv",
        "odd.webm",
        "interlaced.mkv",
    ],
)
def test_a_part_has_the_pictures_of_the_whole(bench: Bench, clip: str, tmp_path: Path) -> None:
    """In three chunks or in one, and hash by hash those that the whole source has in that range of its grid."""
    plan, whole = bench.plan(clip, part=PART), bench.plan(clip)
    assert plan.video is not None
    assert whole.video is not None
    assert len(plan.video.chunks) == 3
    rate = whole.video.frame_rate
    first, end = (round_near(second * rate) for second in (PART.start, PART.end or Fraction(0)))
    pictures = bench.hashes_of(bench.publish(plan, clip, tmp_path), tmp_path)
    assert pictures == bench.hashes_of(bench.publish(in_one_chunk(plan), clip, tmp_path / "one"), tmp_path)
    assert pictures == bench.plain_pass(whole, clip)[first:end]
    assert plan.duration == plan.video.total_frames / rate


@pytest.mark.parametrize(("start", "end"), [("0", "2.5"), ("4", None), ("6.9", "100")])
def test_a_part_may_lie_at_either_end(bench: Bench, start: str, end: str | None, tmp_path: Path) -> None:
    """From the start, to the end, and beyond the end it is the end."""
    plan = bench.plan("sound-late.mp4", part=TimeRange(Fraction(start), Fraction(end) if end else None))
    pictures = bench.hashes_of(bench.publish(plan, "sound-late.mp4", tmp_path), tmp_path)
    first = round(Fraction(start) * 30)
    last = min(round(Fraction(end) * 30), PICTURE_SECONDS * 30) if end else PICTURE_SECONDS * 30
    assert pictures == bench.plain_pass(bench.plan("sound-late.mp4"), "sound-late.mp4")[first:last]


@pytest.mark.parametrize("clip", ["sound-late.mp4", "transport.ts", "remuxed.mkv", "odd.webm"])
def test_the_sound_of_a_part_stays_with_its_picture(bench: Bench, clip: str, tmp_path: Path) -> None:
    """A tone begins as much earlier as the part begins later, and it ends with the part, within 10 ms."""
    start = Fraction(1, 4)
    plan = bench.plan(clip, part=TimeRange(start, Fraction(4)))
    assert plan.video is not None
    begins = plan.video.clip_frame / plan.video.frame_rate
    samples, plain = bench.sound(plan, clip, tmp_path), bench.plain_sound(clip, 0)
    assert onset_s(samples) == pytest.approx(max(onset_s(plain) - begins, 0), abs=0.01)
    assert len(samples) / 48_000 == pytest.approx(float(plan.duration), abs=0.03)
    assert len(samples) / 48_000 - onset_s(samples[::-1]) == pytest.approx(float(plan.duration), abs=0.01)


def test_sound_alone_is_cut_too(bench: Bench, tmp_path: Path) -> None:
    """To the sample, but for the last AAC frame."""
    plan = bench.plan("sound.flac", part=TimeRange(Fraction("1.234"), Fraction("3.5")))
    samples = bench.sound(plan, "sound.flac", tmp_path)
    assert plan.duration == Fraction("2.266")
    assert len(samples) / 48_000 == pytest.approx(2.266, abs=0.03)
    # The tone has a period of 109 samples: a window of fewer finds the one place where it fits.
    assert lag(samples[4800:5800], bench.plain_sound("sound.flac", 0)[round(1.234 * 48_000) + 4750 :][:1100]) == 50


def lag(short: array[int], long: array[int]) -> int:
    """How many samples into `long` the other one lies."""
    places = range(len(long) - len(short))
    return min(places, key=lambda place: sum(abs(a - b) for a, b in zip(short, long[place:], strict=False)))


def test_sound_outside_of_the_part_is_left_out(bench: Bench) -> None:
    """A track that has not begun would be a track without a sample."""
    plan = bench.plan("sound-late.mp4", part=TimeRange(Fraction(0), Fraction(SOUND_LATE_S) - Fraction("0.1")))
    assert (plan.video is not None, plan.audio) == (True, ())


def test_subtitles_move_with_the_part(bench: Bench, tmp_path: Path) -> None:
    """One that has begun before is shown from the start, and none outlasts the end."""
    late = round(SOUND_LATE_S * 1000)
    plan = bench.plan("many.mkv", part=TimeRange(Fraction(2), Fraction(4)))
    command = text_command(plan, str(bench.factory.clip("many.mkv")))
    bench.ffmpeg.run(command.arguments, cwd=tmp_path, deadline=soon())
    found = [read_cues((tmp_path / name).read_text(), plan.duration) for name in command.outputs]
    first = Cue(0, late, "Hello &amp; <i>world</i>")
    assert found == [(first, Cue(500 + late, 2000, "Two\nlines"))] * 2


@pytest.mark.parametrize("clip", ["plain.mp4", "sound.mp3"])
def test_a_part_that_is_nowhere_is_refused(bench: Bench, clip: str) -> None:
    """Behind the end there is nothing to publish."""
    with pytest.raises(UnsupportedMedia, match="outside"):
        bench.plan(clip, part=TimeRange(Fraction(9), Fraction(10)))
