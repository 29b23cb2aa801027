"""What is standard input, where it is cut, and how it is shared out."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from chalicelib.errors import CopyUnsuitable
from chalicelib.media import early
from chalicelib.media.copy_plan import CopyPlan, copy_plan_bytes, copy_plan_hash, parse_copy_plan
from chalicelib.media.early import plan_copy
from chalicelib.media.mp4index import ByteRange, read_index
from chalicelib.media.plan import SourceIdentity
from tests.unit.media.progressive import OTHER, Track, audio, file_of, video


def _plan(*tracks: Track, segment_seconds: int = 6) -> CopyPlan:
    data, index = file_of(*tracks)
    return plan_copy(
        asset_id="as_test",
        identity=SourceIdentity("source", "key", "etag", len(data)),
        index=ByteRange(0, len(index)),
        movie=read_index(index, len(data)),
        segment_seconds=segment_seconds,
    )


def _lengths(plan: CopyPlan) -> list[int]:
    return [segment.end_sample - segment.first_sample for segment in plan.video.track.segments]


def test_segments_are_whole_gops_of_about_the_wished_length() -> None:
    """GOPs of 2 s make segments of 6 s; one that is longer than wished is a segment of its own."""
    assert _lengths(_plan(video(200))) == [60, 60, 60, 20]
    assert _lengths(_plan(video(200, gop=80))) == [80, 80, 40]


def test_keyframes_too_far_apart_are_refused() -> None:
    """A player would wait too long for a segment, and could not seek."""
    with pytest.raises(CopyUnsuitable, match="too far apart"):
        _plan(video(300, gop=150))


def test_an_open_keyframe_is_no_place_to_cut() -> None:
    """A keyframe after which something is shown that was decoded later, but belongs before it."""
    track = video(40, gop=10)
    # Sample 20 is shown after sample 21: what follows the keyframe leads it.
    track.delays = [0] * 20 + [150, -50] + [0] * 18
    assert _lengths(_plan(track, segment_seconds=1)) == [10, 20, 10]


def test_sound_is_cut_where_the_picture_is() -> None:
    """Segments of both begin together, to the sample, and tile their tracks."""
    plan = _plan(video(200), audio(20))
    assert plan.audio is not None
    for picture, sound in zip(plan.video.track.segments, plan.audio.track.segments, strict=True):
        late = Fraction(sound.decode_time_ticks, 48_000) - Fraction(picture.decode_time_ticks, 1000)
        assert 0 <= late < Fraction(1024, 48_000)
    for track in plan.tracks:
        for one, following in pairwise(track.segments):
            assert one.end_sample == following.first_sample
            assert one.decode_time_ticks + one.duration_ticks == following.decode_time_ticks


def test_sound_may_end_first() -> None:
    """Then it has fewer segments."""
    plan = _plan(video(200), audio(7))
    assert plan.audio is not None
    assert [len(track.segments) for track in plan.tracks] == [4, 2]


@pytest.mark.parametrize("edits", [((1000, 1000),), ((500, 0), (500, 500)), ((5000, 0),)])
def test_an_edit_list_that_hides_pictures_is_refused(edits: tuple[tuple[int, int], ...]) -> None:
    """One that begins in the middle, one of two stretches, and one that ends too soon."""
    track = video()
    track.edits = edits
    with pytest.raises(CopyUnsuitable, match="edit list"):
        _plan(track)


def test_a_decoders_run_up_is_left_out() -> None:
    """Sound that begins before zero by its edit list has no time in a segment."""
    sound = audio(10)
    sound.edits = ((10_000, 1024),)
    plan = _plan(video(), sound)
    assert plan.audio is not None
    first = plan.audio.track.segments[0]
    assert (first.first_sample, first.decode_time_ticks) == (1, 0)


def test_a_late_picture_keeps_its_distance() -> None:
    """An empty edit moves the track, as far as players bear it."""
    track = video()
    track.edits = ((300, -1), (10_000, 0))
    assert _plan(track, audio()).video.track.segments[0].decode_time_ticks == 300
    track.edits = ((600, -1), (10_000, 0))
    with pytest.raises(CopyUnsuitable, match="later than the other"):
        _plan(track, audio())


def test_chunks_tile_the_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first chunk is short; the others end once they are large enough."""
    monkeypatch.setattr(early, "CHUNK_BYTES", 3000)
    plan = _plan(video(600), audio(60))
    bounds = [(chunk.first_segment, chunk.end_segment) for chunk in plan.chunks]
    assert bounds[0] == (0, 3)
    assert all(before[1] == after[0] for before, after in pairwise(bounds))
    assert bounds[-1][1] == len(plan.video.track.segments)
    assert len(bounds) > 2


def test_a_plan_survives_storage() -> None:
    """It is read back as it was written, under the same hash."""
    plan = _plan(video(), audio())
    assert parse_copy_plan(copy_plan_bytes(plan)) == plan
    assert copy_plan_hash(parse_copy_plan(copy_plan_bytes(plan))) == copy_plan_hash(plan)


def test_a_bit_rate_that_no_stream_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Players could not keep up; the ladder is made for them."""
    monkeypatch.setattr(early, "MAX_AVERAGE_BPS", 100)
    with pytest.raises(CopyUnsuitable, match="bit rate"):
        _plan(video())


def test_a_first_picture_that_is_no_keyframe_is_refused() -> None:
    """Decoding could not begin."""
    track = video()
    track.samples, track.syncs = [OTHER, *track.samples[1:]], [21, 41]
    with pytest.raises(CopyUnsuitable, match="keyframe"):
        _plan(track)
