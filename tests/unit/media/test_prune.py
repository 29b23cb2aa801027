"""Pruning never empties a ladder, never reorders it, and needs a reason for every rung it drops."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.media.ladder import choose_ladder
from chalicelib.media.plan import Rendition, VideoCodec
from chalicelib.media.prune import (
    MAX_LOSS,
    MIN_SAMPLES,
    first_needed,
    loss_arguments,
    peak_bitrate_bps,
    prune,
    prune_plan,
    read_loss,
    rungs_of,
    sample_times,
)
from chalicelib.media.source import Transfer
from chalicelib.media.timing import TrackScan
from tests.publication import publish_plan, video_plan

HEIGHTS = (2160, 1440, 1080, 720, 480, 360)
RATE = Fraction(30)
FULL = choose_ladder(3840, 2160, HEIGHTS, RATE)
TIMES = tuple(Fraction(number) for number in range(MIN_SAMPLES))

RENDITIONS = st.builds(
    lambda width, height, heights, codecs: choose_ladder(width, height, sorted(heights), RATE, codecs=codecs),
    st.integers(16, 4000),
    st.integers(16, 4000),
    st.sets(st.sampled_from(HEIGHTS)),
    st.sampled_from([(VideoCodec.H264,), tuple(VideoCodec)]),
)


def names(renditions: tuple[Rendition, ...]) -> list[str]:
    return [rendition.name for rendition in renditions]


@given(RENDITIONS, st.data(), st.none() | st.integers(0, 50_000_000))
def test_the_lowest_rung_and_the_order_stay(
    renditions: tuple[Rendition, ...], data: st.DataObject, peak: int | None
) -> None:
    """What is left is a part of the ladder in its order, with its lowest rung and the highest that is needed."""
    rungs = rungs_of(renditions)
    needed = data.draw(st.integers(0, len(rungs) - 1))
    left = prune(renditions, needed, peak)
    assert left
    assert [rendition for rendition in renditions if rendition in left] == list(left)
    assert rungs_of(left)[0] == rungs[needed]
    assert rungs_of(left)[-1] == rungs[-1]


@given(RENDITIONS)
def test_without_a_reason_nothing_is_dropped(renditions: tuple[Rendition, ...]) -> None:
    """Neither unknown nor high bit rates take a rung away."""
    assert prune(renditions, 0, None) == renditions
    assert prune(renditions, 0, rungs_of(renditions)[0].max_bitrate_bps) == renditions


@given(st.lists(st.lists(st.none() | st.integers(0, 60), min_size=5, max_size=5), max_size=12))
def test_one_picture_with_detail_keeps_the_highest(losses: list[list[int | None]]) -> None:
    """A rung is needed as soon as one picture needs it, or too few can tell."""

    def lost(rung: Rendition, time: Fraction) -> int | None:
        return losses[int(time)][FULL.index(rung) - 1]

    times = tuple(Fraction(number) for number in range(len(losses)))
    needed = first_needed(FULL, times, lost)
    assert 0 <= needed < len(FULL) - 1
    for row in losses if needed else []:
        assert all(loss is not None and loss <= MAX_LOSS for loss in row[:needed])


def test_an_enlarged_source_begins_at_its_own_size() -> None:
    """480p made 2160p: every rung above 480p holds nothing more, in all codecs."""
    ladder = choose_ladder(3840, 2160, HEIGHTS, RATE, codecs=(VideoCodec.H264, VideoCodec.AV1))
    needed = first_needed(rungs_of(ladder), TIMES, lambda rung, _: 5 if rung.height >= 480 else 10)
    assert names(prune(ladder, needed, None)) == ["480p", "360p", "480p-av1", "360p-av1"]


def test_detail_is_found_at_the_first_look() -> None:
    """Most titles cost one picture."""
    asked = []

    def lost(rung: Rendition, time: Fraction) -> int:
        asked.append((rung.name, time))
        return 14

    assert first_needed(FULL, TIMES, lost) == 0
    assert asked == [("1440p", TIMES[0])]


def test_pictures_without_anything_in_them_tell_nothing() -> None:
    """Black at every look is no reason, and too few looks are none."""
    assert first_needed(FULL, TIMES * 3, lambda *_: 0) == 0
    assert first_needed(FULL, TIMES[1:], lambda rung, _: 0 if rung.height > 400 else 10) == 0
    assert first_needed(FULL, (), lambda *_: 0) == 0
    assert first_needed(FULL[-1:], TIMES, lambda *_: 0) == 0


def test_a_quiet_title_needs_no_rungs_between() -> None:
    """Whoever can play the lowest can play the highest; one that every device decodes stays too."""
    ceiling = FULL[-1].max_bitrate_bps
    assert names(prune(FULL, 0, ceiling // 2)) == ["2160p", "1080p", "360p"]
    assert names(prune(FULL, 2, ceiling // 2)) == ["1080p", "360p"]
    assert prune(FULL, 0, ceiling // 2 + 1) == FULL
    assert names(prune(FULL[3:4], 0, 0)) == ["720p"]


def test_the_peak_is_that_of_the_busiest_window() -> None:
    """Six seconds of 25,000 bytes each, among quieter ones; newer codecs count double; short titles make no claim."""
    sizes = [1000] * 6 + [25_000] * 6 + [1000] * 6
    track = TrackScan(Fraction(1, 1000), range(0, 18_000, 1000), [1000] * 18, sizes)
    assert peak_bitrate_bps(track, "AVC") == 200_000
    assert peak_bitrate_bps(track, "HEVC") == 400_000
    assert peak_bitrate_bps(replace(track, sizes_bytes=()), "AVC") is None
    short = TrackScan(Fraction(1, 1000), range(0, 15_000, 1000), [1000] * 15, sizes[:15])
    assert peak_bitrate_bps(short, "AVC") is None


@pytest.mark.parametrize(
    ("frames", "changes", "count"),
    [
        (100, {}, 0),
        (470, {}, 0),
        (480, {}, 4),
        (1800, {}, 12),
        (100_000, {}, 12),
        (1800, {"deinterlace": True}, 0),
        (1800, {"transfer": Transfer.PQ}, 0),
    ],
)
def test_looks_are_few_and_spread(frames: int, changes: dict[str, object], count: int) -> None:
    """One every four seconds, twelve at most; none where they could mislead."""
    video = replace(video_plan(frames), **changes)  # type: ignore[arg-type]
    times = sample_times(video)
    assert len(times) == count
    assert all(0 < time < frames / video.frame_rate for time in times)
    assert list(times) == sorted(set(times))


def test_a_plan_keeps_all_but_its_ladder() -> None:
    """A plan without video is left alone."""
    plan = publish_plan(video_plan(800))
    pruned = prune_plan(plan, 1, None)
    assert plan.video is not None
    assert pruned == replace(plan, video=replace(plan.video, renditions=plan.video.renditions[1:]))
    silent = replace(plan, video=None)
    assert prune_plan(silent, 0, 0) == silent


def test_a_look_opens_one_file_with_one_demuxer() -> None:
    """As every command: nothing but local files and the source's own demuxer."""
    plan = replace(publish_plan(video_plan(800)), origin=Fraction(7, 5))
    assert plan.video is not None
    tallest, rung = plan.video.renditions[:2]
    arguments = loss_arguments(plan, tallest, rung, Fraction(3), "source.bin")
    before = arguments[: arguments.index("-i")]
    for flag, value in (("-f", "mov"), ("-format_whitelist", "mov"), ("-protocol_whitelist", "file")):
        assert before[before.index(flag) + 1] == value
    assert before[before.index("-ss") + 1] == "4.400000"


def test_reading_what_was_lost() -> None:
    """The most of all pictures; nothing printed is nothing known."""
    assert read_loss([b"frame:0 pts:1\n", b"lavfi.signalstats.YMAX=4\n", b"lavfi.signalstats.YMAX=14\n"]) == 14
    assert read_loss([]) is None
