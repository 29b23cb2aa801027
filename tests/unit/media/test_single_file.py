"""One file out of fragments: what its index says is what the fragments said, whoever reads it."""

from __future__ import annotations

from array import array
from fractions import Fraction
from io import BytesIO
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import EncoderOutputMalformed
from chalicelib.media import single_file as module
from chalicelib.media.boxes import boxes, find, stream_boxes
from chalicelib.media.fragments import FragmentSamples, SampleDefaults, read_samples
from chalicelib.media.mp4index import Samples, find_index, read_index
from chalicelib.media.remux import audio_init, read_sound, read_video, video_init
from chalicelib.media.single_file import AUDIO_BRANDS, VIDEO_BRANDS, FileTrack, SingleFile, single_file
from tests.unit.media.movie import Sample, box, fragment, full_box, words
from tests.unit.media.progressive import audio, file_of, video

NO_DEFAULTS = SampleDefaults(duration_ticks=0, size_bytes=0, flags=0)


def _inits() -> tuple[bytes, bytes]:
    """Of pictures at 1,000 ticks a second and of sound at 48,000."""
    data, index = file_of(video(), audio())
    pictures, sound = read_index(index, len(data)).tracks
    return video_init(pictures, read_video(pictures)), audio_init(sound, read_sound(sound))


VIDEO_INIT, AUDIO_INIT = _inits()


def _piece(sizes: list[int], duration: int, delays: list[int] | None = None) -> FragmentSamples:
    count = len(sizes)
    syncs = bytearray([1] + [0] * (count - 1))
    columns = array("I", sizes), array("I", [duration] * count), array("i", delays or [0] * count)
    return FragmentSamples(0, 0, *columns, syncs)


def _read(file: SingleFile) -> list[Samples]:
    """What our own reader of strangers' files makes of it."""
    index = find_index(BytesIO(file.head + bytes(file.size_bytes - len(file.head))))
    return [track.samples for track in read_index(file.head[index.start : index.end], file.size_bytes).tracks]


PICTURES = FileTrack(VIDEO_INIT, 1000, tuple(_piece([50, 5, 6], 100, [0, 200, -100]) for _ in range(4)))
SOUND = FileTrack(AUDIO_INIT, 48_000, (_piece([9] * 40, 1024), _piece([8] * 7, 1024)))


def test_the_index_comes_first_and_media_fills_the_rest() -> None:
    """ftyp, moov, mdat: nothing else, and the sizes add up."""
    file = single_file([PICTURES, SOUND], VIDEO_BRANDS)
    whole = BytesIO(file.head + bytes(file.size_bytes - len(file.head)))
    assert [each.kind for each in stream_boxes(whole)] == [b"ftyp", b"moov", b"mdat"]
    assert file.size_bytes == len(file.head) + PICTURES.media_bytes + SOUND.media_bytes
    assert b"elst" not in file.head
    kinds = {each.kind for each in boxes(file.head, *_body(file.head, b"moov"))}
    assert kinds == {b"mvhd", b"trak"}


def _body(head: bytes, kind: bytes) -> tuple[int, int]:
    found = find(head, kind)
    return found.body, found.end


def test_pieces_lie_in_the_order_of_their_times() -> None:
    """So a player that reads on has both; pictures first where both begin."""
    file = single_file([PICTURES, SOUND], VIDEO_BRANDS)
    starts = [PICTURES.starts(), SOUND.starts()]
    assert file.layout == ((0, 0), (1, 0), (0, 1), (0, 2), (1, 1), (0, 3))
    times = [starts[track][piece] for track, piece in file.layout]
    assert times == sorted(times)
    assert starts[1] == [Fraction(0), Fraction(40 * 1024, 48_000)]


@given(
    pictures=st.lists(st.lists(st.integers(1, 300), min_size=1, max_size=5), min_size=1, max_size=6),
    sounds=st.lists(st.lists(st.integers(1, 300), min_size=1, max_size=5), min_size=1, max_size=6),
    delays=st.lists(st.integers(-900, 900), min_size=30, max_size=30),
)
def test_every_sample_is_found_where_it_lies(
    pictures: list[list[int]], sounds: list[list[int]], delays: list[int]
) -> None:
    """Size, times, sync mark and place of each, whatever the pieces are."""
    moving = FileTrack(
        VIDEO_INIT, 1000, tuple(_piece(sizes, 40 + n, delays[: len(sizes)]) for n, sizes in enumerate(pictures))
    )
    heard = FileTrack(AUDIO_INIT, 48_000, tuple(_piece(sizes, 1024) for sizes in sounds))
    tracks = [moving, heard]
    file = single_file(tracks, VIDEO_BRANDS)
    at = len(file.head)
    expected: list[list[int]] = [[], []]
    for track, piece in file.layout:
        sizes = tracks[track].pieces[piece].sizes
        expected[track] += [at + before for before in accumulate(sizes, initial=0)][:-1]
        at += sum(sizes)
    assert at == file.size_bytes
    for each, samples, offsets in zip(tracks, _read(file), expected, strict=True):
        assert samples.offsets.tolist() == offsets
        assert samples.sizes.tolist() == [size for piece in each.pieces for size in piece.sizes]
        assert samples.durations.tolist() == [ticks for piece in each.pieces for ticks in piece.durations]
        assert samples.delays.tolist() == [delay for piece in each.pieces for delay in piece.delays]
        assert samples.syncs == b"".join(bytes(piece.syncs) for piece in each.pieces)


def test_places_beyond_four_gibibytes_are_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 64 bits, as soon as 32 might not do."""
    assert b"stco" in single_file([PICTURES], VIDEO_BRANDS).head
    small = _read(single_file([PICTURES], VIDEO_BRANDS))[0].offsets
    monkeypatch.setattr(module, "_LARGE_BYTES", 100)
    large = single_file([PICTURES], VIDEO_BRANDS)
    assert b"co64" in large.head
    assert b"stco" not in large.head
    shift = 4 * len(PICTURES.pieces)
    assert _read(large)[0].offsets.tolist() == [place + shift for place in small]


def test_sound_alone_says_so() -> None:
    """The brand of M4A; every sample may begin, so no table says which."""
    heard = FileTrack(AUDIO_INIT, 48_000, (_all_sync(_piece([9] * 4, 1024)),))
    head = single_file([heard], AUDIO_BRANDS).head
    assert head[8:12] == b"M4A "
    assert b"stss" not in head
    assert b"ctts" not in head


def _all_sync(piece: FragmentSamples) -> FragmentSamples:
    piece.syncs[:] = bytes([1] * len(piece.syncs))
    return piece


def test_the_samples_of_a_fragment_are_read_one_by_one() -> None:
    """What `read_fragment` only adds up."""
    data = fragment(700, [Sample(5, 10), Sample(6, 20, -3, is_sync=False)])
    moof = data[: find(data, b"moof").end]
    found = read_samples(moof, NO_DEFAULTS)
    assert (found.decode_time_ticks, found.media_position) == (700, len(moof) + 8)
    assert (found.sizes.tolist(), found.durations.tolist()) == ([5, 6], [10, 20])
    assert (found.delays.tolist(), list(found.syncs), found.media_bytes) == ([0, -3], [1, 0], 11)


def test_defaults_fill_what_a_run_does_not_say() -> None:
    """And the flags of a first sample are its own."""
    moof = _moof(full_box(b"trun", 0, 0x5, words(3, 500, 0)))
    found = read_samples(moof, SampleDefaults(duration_ticks=7, size_bytes=9, flags=0x10000))
    assert (found.sizes.tolist(), found.durations.tolist()) == ([9] * 3, [7] * 3)
    assert (list(found.syncs), found.media_position) == ([1, 0, 0], 500)


def test_runs_with_a_gap_are_refused() -> None:
    """What lies between them would end up in the file."""
    runs = (full_box(b"trun", 0, 1, words(1, 500)), full_box(b"trun", 0, 1, words(1, 510)))
    with pytest.raises(EncoderOutputMalformed, match="follow each other"):
        read_samples(_moof(*runs), SampleDefaults(duration_ticks=7, size_bytes=9, flags=0))


def _moof(*runs: bytes) -> bytes:
    header = full_box(b"tfhd", 0, 0x20000, words(1))
    return box(
        b"moof", full_box(b"mfhd", 0, 0, words(1)), box(b"traf", header, full_box(b"tfdt", 0, 0, words(0)), *runs)
    )
