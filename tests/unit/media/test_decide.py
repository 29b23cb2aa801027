"""From facts to a plan."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import NotAVideo
from chalicelib.media.decide import PlanOptions, build_plan
from chalicelib.media.plan import Plan, SourceIdentity, VideoPlan, parse_plan, plan_bytes, plan_hash
from chalicelib.media.source import AudioTrack, Container, Source, Transfer, VideoTrack
from chalicelib.media.timing import Scan, TrackScan

VIDEO = VideoTrack("AVC", 1280, 720, 1280, 720, 0, Fraction(30), True, 8, "4:2:0", False, Transfer.SDR)
ENGLISH = AudioTrack(0, "AAC", 6, 48_000, "en", False)
GERMAN = AudioTrack(1, "AAC", 2, 48_000, "de", True)
SOURCE = Source(Container.MP4, 1000, Fraction(42), VIDEO, (ENGLISH, GERMAN), "")
IDENTITY = SourceIdentity("bucket", "uploads/as_1/source", "etag", 1000)


def pictures(count: int, rate: int = 30) -> TrackScan:
    return TrackScan(Fraction(1, 90_000), range(0, count * 90_000 // rate, 90_000 // rate), [90_000 // rate] * count)


def sound(seconds: int) -> TrackScan:
    return TrackScan(Fraction(1, 48_000), range(0, seconds * 48_000, 1000), [1000] * (seconds * 48))


def plan(source: Source = SOURCE, scan: Scan | None = None, options: PlanOptions | None = None) -> Plan:
    return build_plan(
        asset_id="as_1",
        identity=IDENTITY,
        source=source,
        scan=scan or Scan(Fraction(0), pictures(1260), (sound(42), sound(42))),
        options=options or PlanOptions(),
        ffmpeg_version="n8.1.2",
    )


def video_of(made: Plan) -> VideoPlan:
    assert made.video is not None
    return made.video


def test_a_plain_source() -> None:
    """42 seconds of 720p30 become three rungs, four chunks, and two sound tracks, the flagged one first."""
    made = plan()
    video = video_of(made)
    assert [rung.name for rung in video.renditions] == ["720p", "480p", "360p"]
    assert (video.frame_rate, video.total_frames, video.gop_frames, video.segment_frames) == (
        Fraction(30),
        1260,
        60,
        180,
    )
    assert [(c.start_frame, c.end_frame, c.first_segment) for c in video.chunks] == [
        (0, 360, 1),
        (360, 720, 3),
        (720, 1080, 5),
        (1080, 1260, 7),
    ]
    assert [(track.name, track.position, track.language, track.channels) for track in made.audio] == [
        ("audio", 1, "de", 2),
        ("audio-2", 0, "en", 2),
    ]
    assert made.duration == 42
    assert made.task_count == 6


def test_the_same_facts_give_the_same_plan() -> None:
    """Law 1: a plan is a value, and its hash survives storage."""
    assert plan() == plan()
    assert plan_hash(parse_plan(plan_bytes(plan()))) == plan_hash(plan())
    assert plan_hash(plan()) != plan_hash(plan(options=PlanOptions(ladder=(720,))))


def test_the_longer_track_is_the_duration() -> None:
    """A player shows until the last track ends."""
    assert plan(scan=Scan(Fraction(0), pictures(300), (sound(42), sound(42)))).duration == 42
    assert plan(scan=Scan(Fraction(0), pictures(1260), (sound(5), sound(5)))).duration == 42


def test_the_facts_that_change_the_encoding_reach_the_plan() -> None:
    """Container, curve and scan decide flags of the commands."""
    changed = replace(VIDEO, interlaced=True, transfer=Transfer.HLG)
    made = plan(replace(SOURCE, container=Container.MPEGTS, video=changed))
    assert made.container is Container.MPEGTS
    assert (video_of(made).deinterlace, video_of(made).transfer) == (True, Transfer.HLG)
    assert parse_plan(plan_bytes(made)) == made


@pytest.mark.parametrize("video", [None, TrackScan(Fraction(1, 25), [], [])])
def test_a_video_track_without_packets_is_sound_alone(video: TrackScan | None) -> None:
    """A cover picture, or an empty track, is announced but not there."""
    made = plan(scan=Scan(Fraction(0), video, (sound(42), sound(42))))
    assert made.video is None
    assert (made.task_count, made.duration) == (2, Fraction(42))


def test_a_silent_source_has_no_audio() -> None:
    """Announced sound without packets is no sound."""
    assert plan(scan=Scan(Fraction(0), pictures(300))).audio == ()
    assert plan(replace(SOURCE, audio=())).audio == ()


def test_nothing_to_play_is_no_video() -> None:
    """Neither track has a packet."""
    with pytest.raises(NotAVideo):
        plan(scan=Scan(None, None))


@settings(max_examples=50)
@given(
    st.integers(1, 20_000),
    st.sampled_from([1, 5, 10, 24, 25, 30, 50, 60]),
    st.integers(16, 3840),
    st.integers(16, 2160),
    st.sampled_from([1, 2, 4, 6]),
    st.sampled_from([4, 12, 30]),
)
def test_stills_fit_the_chunks(frames: int, rate: int, width: int, height: int, segment: int, chunk: int) -> None:
    """Every chunk begins on a tile; the poster lies inside; sprites stay small; no still is larger than the source."""
    shown = replace(VIDEO, displayed_width=width, displayed_height=height, frame_rate=Fraction(rate))
    scan = Scan(Fraction(0), TrackScan(Fraction(1, rate), range(frames), [1] * frames))
    made = plan(replace(SOURCE, video=shown), scan, PlanOptions(segment_seconds=segment, chunk_seconds=chunk))
    video = video_of(made)
    stills = video.stills
    assert all(chunk.start_frame % stills.tile_interval_frames == 0 for chunk in video.chunks)
    assert all(chunk.start_frame % video.segment_frames == 0 for chunk in video.chunks)
    assert 0 <= stills.poster_frame < video.total_frames
    assert 1 <= stills.columns <= 10
    tiles = sum(video.tiles_of(chunk) for chunk in video.chunks)
    assert tiles <= max(150, len(video.chunks)) + 1
    assert stills.tile_interval_frames >= video.frame_rate
    for side, largest in ((stills.tile_width, width), (stills.poster_width, width), (stills.tile_height, height)):
        assert side % 2 == 0
        assert 2 <= side <= largest


def test_a_long_title_keeps_to_its_workers() -> None:
    """Chunks grow when there would be too many."""
    video = video_of(plan(scan=Scan(Fraction(0), pictures(30 * 7200)), options=PlanOptions(max_chunks=100)))
    assert len(video.chunks) == 100
    assert video.chunks[0].end_frame == 2160
