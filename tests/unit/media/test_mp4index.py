"""The index of a progressive file: what it says, and what is refused."""

from __future__ import annotations

import contextlib
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import CopyUnsuitable
from chalicelib.media.mp4index import ByteRange, Edit, Movie, coalesce, find_index, read_index
from tests.unit.media.movie import box, full_box, words
from tests.unit.media.progressive import Track, audio, file_of, moov, video


def _read(*tracks: Track) -> Movie:
    data, index = file_of(*tracks)
    return read_index(index, len(data))


def test_every_sample_is_found_where_it_lies() -> None:
    """Offset and size of each sample lead to its bytes; times add up."""
    source = video()
    data, index = file_of(source, audio())
    where = find_index(io.BytesIO(data))
    assert data[where.start : where.end] == index
    picture, sound = read_index(index, len(data)).tracks
    found = [picture.samples.range_of(n) for n in range(len(picture.samples))]
    assert [data[each.start : each.end] for each in found] == list(source.samples)
    assert list(picture.samples.decode_times[:3]) == [0, 100, 200]
    assert [n for n, sync in enumerate(picture.samples.syncs) if sync] == [0, 20, 40, 60, 80]
    assert (sound.handler, sound.language, sound.timescale) == (b"soun", "eng", 48_000)
    assert all(sound.samples.syncs)


def test_edits_and_delays_are_signed() -> None:
    """Composition offsets and media times may be below zero."""
    track = video(2, gop=2)
    track.delays, track.edits = (0, -100), ((500, -1), (200, 0))
    (found,) = _read(track).tracks
    assert list(found.samples.shown) == [0, 0]
    assert found.edits == (Edit(500, -1, is_plain=True), Edit(200, 0, is_plain=True))


def test_several_samples_in_a_run() -> None:
    """`stsc` and a constant sample size, as sound recorders write them; 64-bit places."""
    track = audio(1)
    track.samples = track.samples[:5]
    track.replaced = {
        b"stsc": full_box(b"stsc", 0, 0, words(2, 1, 3, 1, 2, 2, 1)),
        b"stsz": full_box(b"stsz", 0, 0, words(6, 5)),
        b"stco": full_box(b"co64", 0, 0, words(2, 0, 100, 0, 200)),
    }
    track.replaced[b"co64"] = track.replaced.pop(b"stco")
    index = moov([track], [range(5)])
    (found,) = read_index(index, 1000).tracks
    assert list(found.samples.offsets) == [100, 106, 112, 200, 206]


BROKEN = {
    "a table of times that never ends": {b"stts": full_box(b"stts", 0, 0, words(1, 0xFFFFFFFF, 1))},
    "too few times": {b"stts": full_box(b"stts", 0, 0, words(1, 3, 1))},
    "more samples than memory": {b"stsz": full_box(b"stsz", 0, 0, words(1, 0xFFFFFFFF))},
    "samples larger than the file": {b"stsz": full_box(b"stsz", 0, 0, words(0x7FFFFFFF, 100))},
    "a count that the box does not hold": {b"stsz": full_box(b"stsz", 0, 0, words(0, 100))},
    "a run of nothing": {b"stsc": full_box(b"stsc", 0, 0, words(1, 1, 0, 1))},
    "runs that do not rise": {b"stsc": full_box(b"stsc", 0, 0, words(2, 1, 1, 1, 1, 1, 1))},
    "no runs": {b"stsc": full_box(b"stsc", 0, 0, words(0))},
    "another description": {b"stsc": full_box(b"stsc", 0, 0, words(1, 1, 1, 2))},
    "a sample outside": {b"stco": full_box(b"stco", 0, 0, words(100, *[0xFFFFFFF0] * 100))},
    "no places": {b"stco": b""},
    "a sync sample that is not there": {b"stss": full_box(b"stss", 0, 0, words(1, 101))},
    "two codecs": {b"stsd": full_box(b"stsd", 0, 0, words(2), box(b"avc1"), box(b"avc1"))},
}


@pytest.mark.parametrize("replaced", BROKEN.values(), ids=BROKEN)
def test_a_broken_table_is_refused(replaced: dict[bytes, bytes]) -> None:
    """Each lie of a table is found, and none is believed for its size."""
    track = video()
    track.replaced = dict(replaced)
    with pytest.raises(CopyUnsuitable):
        _read(track)


def test_media_in_another_file_is_refused() -> None:
    """A data reference that is not the file itself is never followed."""
    track = video()
    track.reference_flags = 0
    with pytest.raises(CopyUnsuitable, match="another file"):
        _read(track)


@pytest.mark.parametrize("kind", [b"moof", b"mdat"])
def test_a_file_without_an_index_of_the_whole_is_refused(kind: bytes) -> None:
    """A fragmented file, and one that was never finished."""
    with pytest.raises(CopyUnsuitable):
        find_index(io.BytesIO(box(b"ftyp", bytes(8)) + box(kind, bytes(100))))
    with pytest.raises(CopyUnsuitable):
        read_index(moov([], [], box(b"mvex")), 100)


def test_a_file_of_many_small_boxes_ends_the_search() -> None:
    """The search for the index is bounded."""
    with pytest.raises(CopyUnsuitable):
        find_index(io.BytesIO(box(b"free") * 1000 + moov([], [])))


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_no_bytes_break_the_reader(at: int, change: bytes) -> None:
    """Whatever is written into an index, it is read or refused."""
    data, index = file_of(video(10, gop=5))
    broken = bytearray(index)
    place = 8 + at % (len(broken) - 8)
    broken[place : place + len(change)] = change
    with contextlib.suppress(CopyUnsuitable):
        read_index(bytes(broken), len(data))


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 50)), max_size=30), st.integers(0, 40))
def test_coalesced_ranges_cover_what_was_asked_for(wanted: list[tuple[int, int]], gap: int) -> None:
    """Every byte asked for is covered, ranges rise and stay further apart than the gap."""
    ranges = [ByteRange(start, start + size) for start, size in wanted]
    found = coalesce(ranges, max_gap_bytes=gap)
    assert all(any(each.start <= one.start and one.end <= each.end for each in found) for one in ranges)
    assert all(before.end + gap < after.start for before, after in itertools.pairwise(found))
