"""One progressive MP4 out of the fragments of published tracks: no sample is changed, and the index comes first.

The file is `ftyp`, `moov`, `mdat`: a player begins before it has all of it ("fast start"). Its tables are made of what
the fragments say of their samples, so everything before the media is known before any media is read, and media can be
streamed behind it. Each fragment is one chunk of the file; the fragments of all tracks lie in the order of their times.

There is no edit list: tracks begin at zero, as they do in the segments, and composition offsets may be below zero, as
they are there (`ctts` version 1). So picture and sound keep the distance they have in the stream.
ISO/IEC 14496-12, 8.2 to 8.7.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby

from chalicelib.media.boxes import fields, find, pack_box, pack_full_box
from chalicelib.media.fragments import FragmentSamples

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_TRACK_ENABLED_IN_MOVIE = 3
_LARGE_BYTES = 1 << 31
"""Above it, places are written with 64 bits."""

VIDEO_BRANDS = struct.pack(">4sI4s4s4s4s", b"isom", 0x200, b"isom", b"iso4", b"avc1", b"mp41")
AUDIO_BRANDS = struct.pack(">4sI4s4s4s4s", b"M4A ", 0, b"M4A ", b"mp42", b"isom", b"iso4")


@dataclass(frozen=True, slots=True)
class FileTrack:
    """One track of the file. `init` is an init segment of the track, `pieces` its fragments in order."""

    init: bytes
    timescale: int
    pieces: tuple[FragmentSamples, ...]

    @property
    def duration_ticks(self) -> int:
        return sum(sum(piece.durations) for piece in self.pieces)

    @property
    def media_bytes(self) -> int:
        return sum(piece.media_bytes for piece in self.pieces)

    def starts(self) -> list[Fraction]:
        """When each piece is decoded, in seconds from the start of the file; what fragments say does not count."""
        ticks = accumulate((sum(piece.durations) for piece in self.pieces), initial=0)
        return [Fraction(start, self.timescale) for start, _ in zip(ticks, self.pieces, strict=False)]


@dataclass(frozen=True, slots=True)
class SingleFile:
    """`head` is everything before the first sample; behind it come pieces (track, piece) in the order of `layout`."""

    head: bytes
    layout: tuple[tuple[int, int], ...]
    size_bytes: int


def single_file(tracks: Sequence[FileTrack], brands: bytes) -> SingleFile:
    """Lay out the file of one or more tracks, each with at least one piece."""
    times = [(start, track, piece) for track, each in enumerate(tracks) for piece, start in enumerate(each.starts())]
    layout = tuple((track, piece) for _, track, piece in sorted(times))
    media_bytes = sum(track.media_bytes for track in tracks)
    large = media_bytes > _LARGE_BYTES
    media_header = struct.pack(">I4sQ", 1, b"mdat", 16 + media_bytes)
    file_type = pack_box(b"ftyp", brands)
    # The index is as long whatever the places are.
    before = len(file_type) + len(_movie(tracks, layout, 0, large=large)) + len(media_header)
    head = file_type + _movie(tracks, layout, before, large=large) + media_header
    return SingleFile(head, layout, len(head) + media_bytes)


def _movie(tracks: Sequence[FileTrack], layout: Sequence[tuple[int, int]], start: int, *, large: bool) -> bytes:
    places: list[list[int]] = [[] for _ in tracks]
    for track, piece in layout:
        places[track].append(start)
        start += tracks[track].pieces[piece].media_bytes
    timescale = tracks[0].timescale
    durations = [-(-track.duration_ticks * timescale // track.timescale) for track in tracks]
    header = struct.pack(">QQIQIH10x", 0, 0, timescale, max(durations), 0x10000, 0x100)
    return pack_box(
        b"moov",
        pack_full_box(b"mvhd", 1, 0, header, _MATRIX, bytes(24), struct.pack(">I", len(tracks) + 1)),
        *(
            _track(track, number, duration, places[number - 1], large=large)
            for number, (track, duration) in enumerate(zip(tracks, durations, strict=True), 1)
        ),
    )


def _track(track: FileTrack, number: int, duration: int, places: Sequence[int], *, large: bool) -> bytes:
    """`duration` is in ticks of the movie."""
    init = track.init
    media_path = (b"moov", b"trak", b"mdia")
    is_video = fields(init, find(init, *media_path, b"hdlr")).take(12)[8:] == b"vide"
    shape = init[find(init, b"moov", b"trak", b"tkhd").end - 8 : find(init, b"moov", b"trak", b"tkhd").end]
    language = init[find(init, *media_path, b"mdhd").end - 4 : find(init, *media_path, b"mdhd").end]
    track_header = struct.pack(">QQI4xQ8xHHH2x", 0, 0, number, duration, 0, 0, 0 if is_video else 0x100)
    return pack_box(
        b"trak",
        pack_full_box(b"tkhd", 1, _TRACK_ENABLED_IN_MOVIE, track_header, _MATRIX, shape),
        pack_box(
            b"mdia",
            pack_full_box(b"mdhd", 1, 0, struct.pack(">QQIQ", 0, 0, track.timescale, track.duration_ticks), language),
            _copied(init, *media_path, b"hdlr"),
            pack_box(
                b"minf",
                _copied(init, *media_path, b"minf", b"vmhd" if is_video else b"smhd"),
                _copied(init, *media_path, b"minf", b"dinf"),
                _sample_table(track, places, large=large),
            ),
        ),
    )


def _sample_table(track: FileTrack, places: Sequence[int], *, large: bool) -> bytes:
    pieces = track.pieces
    sizes = array("I", (size for piece in pieces for size in piece.sizes))
    return pack_box(
        b"stbl",
        _copied(track.init, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"),
        _table(b"stts", 0, _runs(duration for piece in pieces for duration in piece.durations)),
        _delays(pieces),
        _syncs(pieces),
        _table(b"stsc", 0, _chunks(pieces)),
        pack_full_box(b"stsz", 0, 0, struct.pack(">II", 0, len(sizes)), _big_endian(sizes)),
        pack_full_box(
            b"co64" if large else b"stco",
            0,
            0,
            struct.pack(">I", len(places)),
            _big_endian(array("Q" if large else "I", places)),
        ),
    )


def _delays(pieces: Sequence[FragmentSamples]) -> bytes:
    if not any(any(piece.delays) for piece in pieces):
        return b""
    # Version 1: signed.
    return _table(b"ctts", 1, _runs(delay & 0xFFFFFFFF for piece in pieces for delay in piece.delays))


def _syncs(pieces: Sequence[FragmentSamples]) -> bytes:
    """Without this table, every sample is one that decoding may begin with (8.6.2)."""
    if all(all(piece.syncs) for piece in pieces):
        return b""
    marks = (mark for piece in pieces for mark in piece.syncs)
    numbers = array("I", (number for number, mark in enumerate(marks, 1) if mark))
    return pack_full_box(b"stss", 0, 0, struct.pack(">I", len(numbers)), _big_endian(numbers))


def _chunks(pieces: Sequence[FragmentSamples]) -> list[tuple[int, ...]]:
    """(first chunk, samples in each, sample description), one entry where the number of samples changes."""
    counts = [len(piece.sizes) for piece in pieces]
    firsts = [index for index, count in enumerate(counts) if index == 0 or count != counts[index - 1]]
    return [(first + 1, counts[first], 1) for first in firsts]


def _runs(values: Iterable[int]) -> list[tuple[int, ...]]:
    return [(sum(1 for _ in run), value) for value, run in groupby(values)]


def _table(kind: bytes, version: int, rows: Sequence[tuple[int, ...]]) -> bytes:
    words = array("I", (word for row in rows for word in row))
    return pack_full_box(kind, version, 0, struct.pack(">I", len(rows)), _big_endian(words))


def _big_endian(words: array[int]) -> bytes:
    swapped = array(words.typecode, words)
    # Every machine that Lambda has is little-endian.
    swapped.byteswap()
    return swapped.tobytes()


def _copied(data: bytes, *path: bytes) -> bytes:
    box = find(data, *path)
    return data[box.start : box.end]
