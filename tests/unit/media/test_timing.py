"""The grid: rates that people mean, frame counts that ffmpeg makes, timestamps that lie."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import UnsupportedMedia
from chalicelib.media.timing import (
    Grid,
    Scan,
    TimeRange,
    TrackScan,
    audio_duration,
    clip_grid,
    grid_rate,
    is_heard,
    origin_of,
    plan_grid,
    round_near,
)

NTSC = Fraction(30000, 1001)
MILLI = Fraction(1, 1000)
CLOCK = Fraction(1, 90_000)
NONE = Fraction(0)


def track(pts: Sequence[int], duration: int, time_base: Fraction = CLOCK) -> TrackScan:
    return TrackScan(time_base=time_base, pts=pts, durations=[duration] * len(pts))


def beat(rate: Fraction, count: int, time_base: Fraction, start: int = 0) -> list[int]:
    """Times of a constant rate, rounded to ticks as muxers do."""
    return [start + round_near(n / rate / time_base) for n in range(count)]


@pytest.mark.parametrize(
    ("rate", "time_base"),
    [
        (Fraction(30), Fraction(1, 600)),
        (NTSC, CLOCK),
        (NTSC, MILLI),
        (Fraction(24000, 1001), MILLI),
        (Fraction(60000, 1001), MILLI),
        (Fraction(25), MILLI),
        (Fraction(10), Fraction(1, 200_000)),
        (Fraction(1), MILLI),
        (Fraction(25, 2), Fraction(1, 12_800)),
        (Fraction(1000, 33), MILLI),
        (Fraction(90_000, 3008), CLOCK),
        (Fraction(50), CLOCK),
    ],
)
def test_a_constant_rate_is_kept_exactly(rate: Fraction, time_base: Fraction) -> None:
    """Through coarse clocks too, where single distances do not tell."""
    assert grid_rate(beat(rate, 600, time_base), time_base) == rate


def test_a_short_clip_takes_the_claimed_rate() -> None:
    """Over a few frames of milliseconds 29.97 and 30 look alike: the container's word decides."""
    times = beat(NTSC, 20, MILLI)
    assert grid_rate(times, MILLI, nominal=NTSC) == NTSC
    assert grid_rate(times, MILLI, nominal=Fraction(30)) == 30
    assert grid_rate(times, MILLI, nominal=Fraction(60)) in (NTSC, Fraction(30))


@pytest.mark.parametrize(("rate", "expected"), [(120, 60), (240, 60), (100, 50), (90, 45), (144, 36)])
def test_fast_sources_are_halved_until_they_fit(rate: int, expected: int) -> None:
    """At most 60 frames a second, and the source's frames stay on the grid."""
    assert grid_rate(beat(Fraction(rate), 500, CLOCK), CLOCK) == expected


@pytest.mark.parametrize(("rate", "limit", "expected"), [(120, 120, 120), (240, 120, 120), (60, 30, 30), (50, 30, 25)])
def test_the_fastest_rate_is_a_setting(rate: int, limit: int, expected: int) -> None:
    """What a deployment allows is kept, what it does not is halved."""
    assert grid_rate(beat(Fraction(rate), 500, CLOCK), CLOCK, max_rate=Fraction(limit)) == expected


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(Fraction(1, 10), Fraction(1)), (Fraction(1, 2), Fraction(1)), (Fraction(7, 10), Fraction(7, 5))],
)
def test_slow_sources_are_multiplied(rate: Fraction, expected: Fraction) -> None:
    """At least one frame a second, and the source's frames stay on the grid."""
    assert grid_rate(beat(rate, 50, CLOCK), CLOCK) == expected


def test_a_variable_rate_becomes_the_standard_rate_of_its_usual_distance() -> None:
    """Left-out frames and long holds do not change what the recorder meant."""
    full = beat(Fraction(30), 900, CLOCK)
    dropped = [time for n, time in enumerate(full) if n % 7 and n % 11 and not 300 < n < 400]
    assert grid_rate(dropped, CLOCK) == 30
    phone = [round(n * 2990 + (n * 7919 % 60)) for n in range(500)]
    assert grid_rate(phone, CLOCK) == 30
    screen = [time for n, time in enumerate(beat(Fraction(60), 900, MILLI)) if n % 3]
    assert grid_rate(screen, MILLI) == 60


def test_a_single_frame_has_a_rate_too() -> None:
    """Its duration, if that is a rate; else what the container claims; else 25."""
    assert grid_rate([0], MILLI, last_duration=40) == 25
    assert grid_rate([0], MILLI, last_duration=20_000) == 25
    assert grid_rate([0], MILLI, last_duration=1, nominal=Fraction(24)) == 24


def test_frames_are_counted_to_the_end_of_the_last_one() -> None:
    """From the origin to the end of the last frame, rounded to the grid."""
    grid = plan_grid(track(beat(NTSC, 300, CLOCK), 3003), NONE, nominal=None)
    assert (grid.frame_rate, grid.first_frame, grid.total_frames) == (NTSC, 0, 300)


def test_order_of_decoding_does_not_matter() -> None:
    """Packets come in decoding order; the last shown is not the last read."""
    grid = plan_grid(TrackScan(CLOCK, [0, 9000, 3000, 6000], [3000, 3000, 3000, 3000]), NONE, nominal=None)
    assert grid.total_frames == 4


def test_an_earlier_sound_moves_the_picture() -> None:
    """The grid begins with the container, and repeats the first picture until its time."""
    times = beat(Fraction(30), 100, CLOCK, start=126_000 + 45_000)
    grid = plan_grid(track(times, 3000), Fraction(14, 10), nominal=None)
    assert (grid.first_frame, grid.total_frames) == (15, 115)


@pytest.mark.parametrize(("duration", "expected"), [(3000, 100), (6000, 101), (0, 100), (1, 100)])
def test_the_last_frame_lasts_as_long_as_ffmpeg_shows_it(duration: int, expected: int) -> None:
    """Its own duration, or the distance before it when that is missing or not credible."""
    times = beat(Fraction(30), 100, CLOCK)
    scan = TrackScan(CLOCK, times, [3000] * 99 + [duration])
    assert plan_grid(scan, NONE, nominal=None).total_frames == expected


@given(
    total=st.integers(1, 5000),
    rate=st.sampled_from([Fraction(25), NTSC, Fraction(1)]),
    start=st.fractions(0, 100),
    length=st.fractions(0, 100),
)
def test_a_clip_lies_on_its_grid(total: int, rate: Fraction, start: Fraction, length: Fraction) -> None:
    """Its bounds are the frames nearest to the range, none lies outside, and nothing else of the grid changes."""
    grid = Grid(rate, 3, total)
    try:
        part = clip_grid(grid, TimeRange(start, start + length))
    except UnsupportedMedia:
        assert round_near(start * rate) >= min(round_near((start + length) * rate), total)
        return
    assert (part.frame_rate, part.first_frame + part.clip_frame) == (rate, 3)
    assert abs(part.clip_frame - start * rate) <= Fraction(1, 2)
    end = part.clip_frame + part.total_frames
    assert part.total_frames >= 1
    assert end == total or abs(end - (start + length) * rate) <= Fraction(1, 2)
    assert clip_grid(grid, TimeRange(Fraction(0))) == grid


@pytest.mark.parametrize(
    ("start", "end", "heard"),
    [("0", None, True), ("0", "10", False), ("9", "10.01", True), ("14.9", "20", True), ("15", None, False)],
)
def test_sound_is_heard_where_it_has_a_packet(start: str, end: str | None, heard: bool) -> None:
    """Packets from 10 s to 15 s; one that has begun before the range is heard in it."""
    sound = track(list(range(10_000, 15_000, 100)), 100, MILLI)
    assert is_heard(sound, Fraction(start), Fraction(end) if end else None) is heard


def test_fields_are_not_frames() -> None:
    """Interlaced streams may carry a packet for each field; a frame is two."""
    fields = track(beat(Fraction(50), 200, CLOCK), 1800)
    assert plan_grid(fields, NONE, nominal=Fraction(25), interlaced=True).frame_rate == 25
    assert plan_grid(fields, NONE, nominal=Fraction(25)).frame_rate == 50


@pytest.mark.parametrize(
    "scan",
    [
        TrackScan(CLOCK, [0, 3000, 3000 + 3601 * 90_000], [3000] * 3),
        TrackScan(CLOCK, [0, 3000, 6000], [3000, 3000, 10**12]),
        TrackScan(CLOCK, [4000 * 90_000, 4000 * 90_000 + 3000], [3000] * 2),
        TrackScan(CLOCK, list(range(0, 25 * 3600 * 90_000, 1800 * 90_000)), [3000] * 50),
        TrackScan(CLOCK, [0, 3000, 0, 0, 3000, 3000, 0], [3000] * 7),
    ],
    ids=["hole", "endless last frame", "late start", "longer than a day", "backwards"],
)
def test_lying_timestamps_are_refused(scan: TrackScan) -> None:
    """Every second between two timestamps would be encoded, so no small file may ask for hours."""
    with pytest.raises(UnsupportedMedia):
        plan_grid(scan, NONE, nominal=None)


def test_sound_has_a_length_and_may_not_lie_either() -> None:
    """From the origin to the end of the last packet."""
    sound = track([-1024, 0, 1024], 1024, Fraction(1, 48_000))
    assert audio_duration(sound, NONE) == Fraction(2048, 48_000)
    with pytest.raises(UnsupportedMedia):
        audio_duration(track([0, 10**12], 1024), NONE)


def test_the_origin_is_the_containers_start() -> None:
    """Else the earliest packet's, else zero."""
    video, audio = track([9000], 3000), track([4800], 1024, Fraction(1, 48_000))
    assert origin_of(Scan(Fraction(7, 5), video, (audio,))) == Fraction(7, 5)
    assert origin_of(Scan(None, video, (None, audio))) == Fraction(1, 10)
    assert origin_of(Scan(None, None)) == 0


@pytest.mark.parametrize(("value", "rounded"), [("1/2", 1), ("-1/2", -1), ("3/2", 2), ("-7/3", -2), ("5/3", 2)])
def test_halves_round_away_from_zero(value: str, rounded: int) -> None:
    """As ffmpeg does; Python's round() goes to even."""
    assert round_near(Fraction(value)) == rounded


@given(
    st.lists(st.integers(1, 40_000), min_size=1, max_size=60),
    st.integers(-(10**6), 10**6),
    st.sampled_from([CLOCK, MILLI, Fraction(1, 600), Fraction(1, 12_288)]),
)
def test_any_recording_gets_a_grid_that_holds_it(gaps: list[int], start: int, time_base: Fraction) -> None:
    """The rate is from 1 to 60, and the last picture lies on the grid, however uneven the times are."""
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    grid = plan_grid(track(times, 1000, time_base), start * time_base, nominal=None)
    assert 1 <= grid.frame_rate <= 60
    assert grid.first_frame == 0
    last = round_near((times[-1] - start) * time_base * grid.frame_rate)
    assert last <= grid.total_frames <= last + round_near(1000 * time_base * grid.frame_rate) + 1
