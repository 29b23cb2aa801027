"""Cutting an encoded track into segments, and proving it against the plan."""

from __future__ import annotations

import hashlib
import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import ChunkInexact, EncoderOutputMalformed
from chalicelib.media.boxes import boxes, find
from chalicelib.media.cmaf import CodedFragment, Track, exact_audio, exact_video, read_track, segments
from chalicelib.media.receipt import IFrame, Segment
from tests.unit.media.movie import Sample, aac_entry, avc_entry, box, fragment, full_box, gop, init_segment, words

RATE = Fraction(30000, 1001)
TICKS = 1001
GOP = 6
INIT = init_segment(avc_entry(), timescale=30000)


def chunk(start_frame: int, *gops: int) -> bytes:
    parts = []
    for frames in gops:
        parts.append(gop(start_frame * TICKS, frames, frame_ticks=TICKS))
        start_frame += frames
    return b"".join([INIT, *parts, box(b"mfra", bytes(8))])


def cut(data: bytes, *, first_segment: int = 1, fragments: int = 2) -> list[tuple[Segment, bytes]]:
    track, coded = read_track(io.BytesIO(data))
    return list(segments(coded, track, first_segment=first_segment, fragments_per_segment=fragments))


def check(data: bytes, start_frame: int, end_frame: int) -> list[CodedFragment]:
    track, coded = read_track(io.BytesIO(data))
    exact = exact_video(coded, track, frame_rate=RATE, start_frame=start_frame, end_frame=end_frame, gop_frames=GOP)
    return list(exact)


def sequence_numbers(segment: bytes) -> list[int]:
    moofs = [item for item in boxes(segment) if item.kind == b"moof"]
    places = [find(segment, b"mfhd", inside=item).body + 4 for item in moofs]
    return [int.from_bytes(segment[place : place + 4], "big") for place in places]


def test_track_is_described() -> None:
    """The init segment is ftyp and moov as they are; nothing else of the file's head or tail is published."""
    track, coded = read_track(io.BytesIO(chunk(12, GOP, 4)))
    assert track.init == INIT
    assert (track.codec, track.timescale, track.is_video) == ("avc1.64001f", 30000, True)
    facts = [item.facts for item in coded]
    assert [item.decode_time_ticks for item in facts] == [12 * TICKS, 18 * TICKS]
    assert [item.duration_ticks for item in facts] == [6 * TICKS, 4 * TICKS]
    assert sum(item.samples for item in facts) == 10


class Arriving(io.RawIOBase):
    """A pipe: it cannot be sought, and counts what was taken from it."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        size = self._data.readinto(memoryview(buffer)[:1])
        self.taken += size
        return size


def test_segments_come_while_the_track_arrives() -> None:
    """A segment is there as soon as its last byte has come; nothing behind it was read, and nothing is sought."""
    data = chunk(0, GOP, GOP, GOP, 3)
    pipe = Arriving(data)
    track, coded = read_track(io.BufferedReader(pipe, 1))  # type: ignore[type-var]
    cutting = segments(coded, track, first_segment=1, fragments_per_segment=2)
    assert pipe.taken == len(INIT)
    _, first = next(cutting)
    assert pipe.taken == len(INIT) + len(first) - 24
    assert [segment.number for segment, _ in cutting] == [2]


def test_the_first_inexact_fragment_ends_it() -> None:
    """What is exact passes before what is not: an encoder that goes wrong need not end before it is noticed."""
    track, coded = read_track(io.BytesIO(chunk(12, GOP, 2, GOP)))
    exact = exact_video(coded, track, frame_rate=RATE, start_frame=12, end_frame=30, gop_frames=GOP)
    assert next(exact).facts.samples == GOP
    with pytest.raises(ChunkInexact, match="length"):
        next(exact)


def test_segments_differ_from_the_file_in_sequence_numbers_only() -> None:
    """A segment is a styp and the file's own fragments, numbered by their place in the whole track."""
    data = chunk(24, GOP, GOP, 3)
    (first, first_bytes), (second, second_bytes) = cut(data, first_segment=3)
    assert [first.number, second.number] == [3, 4]
    assert [sequence_numbers(first_bytes), sequence_numbers(second_bytes)] == [[5, 6], [7]]
    joined = first_bytes[24:] + second_bytes[24:]
    original = data[len(INIT) : -16]
    changed = [place for place, (new, old) in enumerate(zip(joined, original, strict=True)) if new != old]
    starts = [item.start for item in boxes(original) if item.kind == b"moof"]
    assert changed == [start + 8 + 8 + 4 + 3 for start in starts]
    assert [item.kind for item in boxes(first_bytes)] == [b"styp", b"moof", b"mdat", b"moof", b"mdat"]


def test_segment_facts() -> None:
    """A receipt's numbers are those of the bytes."""
    (first, first_bytes), (second, _) = cut(chunk(0, GOP, GOP, 3))
    assert first.size_bytes == len(first_bytes)
    assert first.sha256 == hashlib.sha256(first_bytes).hexdigest()
    assert (first.decode_time_ticks, first.duration_ticks, first.samples) == (0, 12 * TICKS, 12)
    assert (second.decode_time_ticks, second.duration_ticks, second.samples) == (12 * TICKS, 3 * TICKS, 3)


def test_iframe_ranges() -> None:
    """A range runs from the moof, or the segment's first byte, to the end of the GOP's first picture."""
    ((segment, data),) = cut(chunk(0, GOP, 3))
    first, second = segment.iframes
    moofs = [item.start for item in boxes(data) if item.kind == b"moof"]
    mdats = [item.body for item in boxes(data) if item.kind == b"mdat"]
    assert first == IFrame(0, mdats[0] + 17, 6 * TICKS)
    assert second == IFrame(moofs[1], mdats[1] + 17 - moofs[1], 3 * TICKS)


def test_exact_chunk_passes() -> None:
    """Whole GOPs from the planned frame to the planned frame; the last may be short."""
    check(chunk(12, GOP, GOP, 2), 12, 26)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (chunk(12, GOP, GOP), "missing at the end"),
        (chunk(12, GOP, GOP, 3), "length"),
        (chunk(12, GOP, GOP, 2, 1), "length"),
        (chunk(13, GOP, GOP, 2), "begins at another time"),
        (chunk(12, GOP, 2, GOP), "length"),
        (INIT + gop(12 * TICKS, GOP, frame_ticks=TICKS) + gop(19 * TICKS, 6, frame_ticks=TICKS), "begins at another"),
        (INIT + gop(12 * TICKS, GOP, frame_ticks=TICKS) + gop(18 * TICKS, 6, frame_ticks=TICKS + 1), "ends at another"),
        (INIT + fragment(12 * TICKS, [Sample(9, TICKS, delay_ticks=TICKS)] * GOP), "shown at once"),
        (INIT + fragment(12 * TICKS, [Sample(9, TICKS, delay_ticks=-TICKS)] * GOP), "shown at once"),
        (INIT + fragment(12 * TICKS, [Sample(9, TICKS, is_sync=False)] * GOP), "shown at once"),
        (INIT, "missing at the end"),
    ],
)
def test_inexact_chunk_is_refused(data: bytes, message: str) -> None:
    """One frame or one tick away from the plan is another video."""
    with pytest.raises(ChunkInexact, match=message):
        check(data, 12, 26)


def audio_track(*fragments: bytes) -> tuple[Track, list[CodedFragment]]:
    init = init_segment(aac_entry(), timescale=48000, handler=b"soun", version=1)
    track, coded = read_track(io.BytesIO(b"".join([init, *fragments])))
    return track, list(exact_audio(coded, track))


def test_audio_starts_at_zero_without_a_hole() -> None:
    """Sound has no planned number of samples, but it starts at the origin and is contiguous."""
    first, second = fragment(0, [Sample(5, 1024)] * 3), fragment(3072, [Sample(5, 1024)] * 2)
    track, coded = audio_track(first, second)
    assert [item.data for item in coded] == [first, second]
    assert (track.codec, track.timescale, track.is_video) == ("mp4a.40.2", 48000, False)
    for broken in ([second], [first, first], []):
        with pytest.raises(ChunkInexact):
            audio_track(*broken)


def test_audio_has_no_iframes() -> None:
    """An I-frame playlist is for pictures."""
    data = init_segment(aac_entry(), timescale=48000, handler=b"soun") + fragment(0, [Sample(5, 1024)])
    ((segment, _),) = cut(data, fragments=1)
    assert segment.iframes == ()


def moof(traf: bytes) -> bytes:
    return box(b"moof", full_box(b"mfhd", 0, 0, words(1)), traf) + box(b"mdat", bytes(8))


def traf(*runs: bytes, tfhd_flags: int = 0x20038, tfhd: bytes = words(1, TICKS, 4, 0)) -> bytes:
    return box(b"traf", full_box(b"tfhd", 0, tfhd_flags, tfhd), full_box(b"tfdt", 0, 0, words(7)), *runs)


def test_defaults_of_the_fragment() -> None:
    """A run without a table has the defaults of its tfhd, and a second run follows the first."""
    offset = 92 + 8 + 20
    data = INIT + moof(traf(full_box(b"trun", 0, 1, words(1, offset)), full_box(b"trun", 0, 0, words(1))))
    (item,) = (coded.facts for coded in read_track(io.BytesIO(data))[1])
    assert (item.samples, item.duration_ticks, item.decode_time_ticks) == (2, 2 * TICKS, 7)
    assert item.starts_with_sync


@pytest.mark.parametrize(
    "tail",
    [
        moof(traf(full_box(b"trun", 0, 1, words(3, 108)))),
        moof(traf(full_box(b"trun", 0, 1, words(2**32 - 1, 108)))),
        moof(traf(full_box(b"trun", 0, 0x201, words(2**32 - 1, 108)))),
        moof(traf(full_box(b"trun", 0, 1, words(1, 20)))),
        moof(traf(full_box(b"trun", 0, 1, words(1, -8)))),
        moof(traf(full_box(b"trun", 0, 0, words(1)))),
        moof(traf()),
        moof(traf(full_box(b"trun", 0, 1, words(1, 108)), tfhd_flags=0x38)),
        moof(traf(full_box(b"trun", 0, 1, words(1, 108)), tfhd_flags=0x20039)),
        moof(traf(full_box(b"trun", 0, 1, words(1, 108))) * 2),
        moof(b""),
        moof(traf(full_box(b"trun", 0, 1, words(1, 108))))[:-16],
        box(b"moof") + box(b"mdat"),
    ],
)
def test_malformed_fragments_are_refused(tail: bytes) -> None:
    """Samples lie inside their fragment, of one track, counted from its own start."""
    with pytest.raises(EncoderOutputMalformed):
        list(read_track(io.BytesIO(INIT + tail))[1])


def test_no_timescale() -> None:
    """A timescale of 0 has no times."""
    with pytest.raises(EncoderOutputMalformed):
        read_track(io.BytesIO(init_segment(avc_entry(), timescale=0)))


WHOLE = chunk(0, GOP, GOP, 2)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_mutated_files_stay_in_bounds(position: int, patch: bytes) -> None:
    """Whatever bytes change, a file is cut into segments of its own bytes, or refused by an error of our table."""
    data = (WHOLE[:position] + patch + WHOLE[position + len(patch) :])[: len(WHOLE)]
    try:
        track, coded = read_track(io.BytesIO(data))
        exact = exact_video(coded, track, frame_rate=RATE, start_frame=0, end_frame=14, gop_frames=GOP)
        made = list(segments(exact, track, first_segment=1, fragments_per_segment=2))
    except (EncoderOutputMalformed, ChunkInexact):
        return
    for segment, content in made:
        assert len(content) == segment.size_bytes <= len(data) + 24
        assert all(item.offset_bytes + item.size_bytes <= segment.size_bytes for item in segment.iframes)


@given(st.integers(0, len(WHOLE) - len(box(b"mfra", bytes(8))) - 1))
def test_truncated_files_are_refused(length: int) -> None:
    """A file that ends early never passes for a whole one."""
    with pytest.raises((EncoderOutputMalformed, ChunkInexact)):
        check(WHOLE[:length], 0, 14)
