"""The index of a progressive MP4 or QuickTime file: where every sample lies, and when it is decoded and shown.

Everything is in the `moov` box, so a few ranged reads of a stored file are enough, wherever that box is. Columns, not
objects: an hour of video has half a million samples.

The file is a stranger's. Every table is read inside its box, a run-length table never expands beyond the number of
samples, that number is bounded, and every sample lies inside the file: what breaks one of these raises CopyUnsuitable.
ISO/IEC 14496-12, 8.6 (times), 8.7 (sizes and places); QuickTime File Format, "Sample table atoms".
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, islice, pairwise
from typing import BinaryIO

from chalicelib.errors import CopyUnsuitable, EncoderOutputMalformed
from chalicelib.media.boxes import Box, Fields, boxes, fields, find, stream_boxes

MAX_SAMPLES = 4_000_000
"""A day of AAC; a video of 18 hours at 60 frames a second."""

MAX_INDEX_BYTES = 32 * 1024 * 1024
_MAX_TOP_BOXES = 64
_MAX_TRACKS = 64
_MAX_EDITS = 64
_MAX_DELTA = 1 << 31
_IDENTITY_MATRIX = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SELF_CONTAINED = 1
_ENABLED = 1


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes [start, end) of the file."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Samples:
    """One entry for each sample, in the order of decoding. Times are ticks of the track's timescale.

    Attributes:
        offsets: Where the bytes of a sample begin in the file.
        delays: Composition time minus decode time; may be below zero.
        syncs: 1 where decoding may begin.
    """

    offsets: array[int]
    sizes: array[int]
    decode_times: array[int]
    durations: array[int]
    delays: array[int]
    syncs: bytearray

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def shown(self) -> array[int]:
        """Composition times, in the order of decoding and before any edit."""
        return array("q", map(int.__add__, self.decode_times, self.delays))

    def range_of(self, index: int) -> ByteRange:
        return ByteRange(self.offsets[index], self.offsets[index] + self.sizes[index])


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of an edit list (8.6.6).

    Attributes:
        duration: In ticks of the movie's timescale; 0 may mean "to the end".
        media_time: In ticks of the track's timescale; -1 shows nothing for `duration`.
        is_plain: Played at its own speed.
    """

    duration: int
    media_time: int
    is_plain: bool


@dataclass(frozen=True, slots=True)
class Track:
    """One track. `entry` is its sample entry, a whole box; `handler` is such as b"vide".

    Attributes:
        width: As shown, in whole pixels, as `height`; 0 for sound.
        is_upright: Neither turned nor mirrored.
    """

    handler: bytes
    is_enabled: bool
    is_upright: bool
    width: int
    height: int
    timescale: int
    language: str
    entry_kind: bytes
    entry: bytes
    edits: tuple[Edit, ...]
    samples: Samples


@dataclass(frozen=True, slots=True)
class Movie:
    """`timescale` is that of edit durations. Tracks with other handlers than video and sound are left out."""

    timescale: int
    tracks: tuple[Track, ...]


def find_index(stream: BinaryIO) -> ByteRange:
    """Where the `moov` box of a file is, by the headers of the boxes before it.

    Raises:
        CopyUnsuitable: If there is none that could be read, or the file is fragmented.
    """
    try:
        for box in islice(stream_boxes(stream), _MAX_TOP_BOXES):
            if box.kind == b"moof":
                break
            if box.kind == b"moov":
                if box.end - box.start > MAX_INDEX_BYTES:
                    raise CopyUnsuitable("the index is too large", size_bytes=box.end - box.start)
                return ByteRange(box.start, box.end)
    except EncoderOutputMalformed as error:
        raise CopyUnsuitable("the boxes of the file are malformed", **error.context) from error
    raise CopyUnsuitable("the file has no index of the whole")


def read_index(moov: bytes, size_bytes: int) -> Movie:
    """Read a `moov` box.

    Args:
        moov: The whole box.
        size_bytes: Length of the file that it indexes.

    Raises:
        CopyUnsuitable: If it is malformed, indexes what is not in the file, or the file is fragmented.
    """
    try:
        root = find(moov, b"moov")
        children = list(islice(boxes(moov, root.body, root.end), _MAX_TRACKS * 2))
        if any(box.kind == b"mvex" for box in children):
            raise CopyUnsuitable("the file is fragmented")
        header = _full(moov, find(moov, b"mvhd", inside=root), skip32=8, skip64=16)
        timescale = header.unsigned(4)
        if timescale == 0:
            raise CopyUnsuitable("the movie has no timescale")
        tracks = [box for box in children if box.kind == b"trak"]
        return Movie(timescale, tuple(_tracks(moov, tracks, size_bytes)))
    except EncoderOutputMalformed as error:
        raise CopyUnsuitable(f"the index is malformed: {error.message}", **error.context) from error


def coalesce(ranges: Iterable[ByteRange], *, max_gap_bytes: int) -> list[ByteRange]:
    """The fewest ranges that cover all the given ones and read at most `max_gap_bytes` for nothing between any two."""
    found: list[ByteRange] = []
    for wanted in sorted(ranges, key=lambda each: each.start):
        if found and wanted.start <= found[-1].end + max_gap_bytes:
            found[-1] = ByteRange(found[-1].start, max(found[-1].end, wanted.end))
        else:
            found.append(wanted)
    return found


def _tracks(moov: bytes, traks: list[Box], size_bytes: int) -> Iterator[Track]:
    for trak in traks:
        media = find(moov, b"mdia", inside=trak)
        handler = fields(moov, find(moov, b"hdlr", inside=media))
        handler.skip(8)
        kind = handler.take(4)
        if kind in (b"vide", b"soun"):
            yield _track(moov, trak, media, kind, size_bytes)


def _track(moov: bytes, trak: Box, media: Box, kind: bytes, size_bytes: int) -> Track:
    header_box = find(moov, b"tkhd", inside=trak)
    _, flags = fields(moov, header_box).version_and_flags()
    header = _full(moov, header_box, skip32=20, skip64=32)
    header.skip(16)
    matrix, (width, height) = header.words(9), header.words(2)
    media_header_box = find(moov, b"mdhd", inside=media)
    version, _flags = fields(moov, media_header_box).version_and_flags()
    media_header = _full(moov, media_header_box, skip32=8, skip64=16)
    timescale = media_header.unsigned(4)
    if timescale == 0:
        raise CopyUnsuitable("a track has no timescale")
    media_header.skip(8 if version == 1 else 4)
    information = find(moov, b"minf", inside=media)
    _require_own_data(moov, information)
    table = find(moov, b"stbl", inside=information)
    entry = _only_entry(moov, table)
    return Track(
        handler=kind,
        is_enabled=bool(flags & _ENABLED),
        is_upright=matrix == _IDENTITY_MATRIX,
        width=width >> 16,
        height=height >> 16,
        timescale=timescale,
        language=_language(media_header.unsigned(2)),
        entry_kind=entry.kind,
        entry=moov[entry.start : entry.end],
        edits=_edits(moov, trak),
        samples=_samples(moov, table, size_bytes),
    )


def _full(moov: bytes, box: Box, *, skip32: int, skip64: int) -> Fields:
    """The fields of a full box behind those whose width depends on its version."""
    reader = fields(moov, box)
    version, _flags = reader.version_and_flags()
    reader.skip(skip64 if version == 1 else skip32)
    return reader


def _language(packed: int) -> str:
    """ISO 639-2/T, five bits a letter (8.4.2); QuickTime's own codes are below 0x400."""
    if packed < 0x400 or packed == 0x7FFF:
        return "und"
    text = "".join(chr(0x60 + (packed >> shift & 0x1F)) for shift in (10, 5, 0))
    return text if text.isascii() and text.isalpha() else "und"


def _require_own_data(moov: bytes, information: Box) -> None:
    """A data reference may point to another file (8.7.2): never followed."""
    references = find(moov, b"dinf", b"dref", inside=information)
    for box in islice(boxes(moov, references.body + 8, references.end), 2):
        _version, flags = fields(moov, box).version_and_flags()
        if not flags & _SELF_CONTAINED:
            raise CopyUnsuitable("the media is in another file")


def _only_entry(moov: bytes, table: Box) -> Box:
    description = find(moov, b"stsd", inside=table)
    reader = fields(moov, description)
    reader.skip(4)
    if reader.unsigned(4) != 1:
        raise CopyUnsuitable("a track changes its codec on the way")
    return next(boxes(moov, description.body + 8, description.end))


def _edits(moov: bytes, trak: Box) -> tuple[Edit, ...]:
    lists = [box for box in boxes(moov, trak.body, trak.end) if box.kind == b"edts"]
    if not lists:
        return ()
    reader = fields(moov, find(moov, b"elst", inside=lists[0]))
    version, _flags = reader.version_and_flags()
    count = reader.unsigned(4)
    if count > _MAX_EDITS:
        raise CopyUnsuitable("the edit list is long", edits=count)
    width = 8 if version == 1 else 4
    edits = []
    for _ in range(count):
        duration, media_time = reader.unsigned(width), _signed(reader.unsigned(width), 8 * width)
        edits.append(Edit(duration, media_time, is_plain=reader.unsigned(4) == 0x10000))
    return tuple(edits)


def _samples(moov: bytes, table: Box, size_bytes: int) -> Samples:
    found = {box.kind: box for box in boxes(moov, table.body, table.end)}
    sizes = _sizes(fields(moov, _need(found, b"stsz")))
    count = len(sizes)
    if sum(sizes) > size_bytes:
        raise CopyUnsuitable("the samples are larger than the file")
    durations = _runs(fields(moov, _need(found, b"stts")), count, "I")
    places = _places(moov, found)
    if max(places, default=0) > size_bytes:
        raise CopyUnsuitable("a sample lies outside the file")
    samples = Samples(
        offsets=_offsets(fields(moov, _need(found, b"stsc")), places, sizes),
        sizes=sizes,
        decode_times=array("q", islice(chain((0,), accumulate(durations)), count)),
        durations=durations,
        delays=_runs(fields(moov, found[b"ctts"]), count, "i") if b"ctts" in found else array("i", bytes(4 * count)),
        syncs=_syncs(fields(moov, found[b"stss"]), count) if b"stss" in found else bytearray(b"\1" * count),
    )
    if any(map(size_bytes.__lt__, map(int.__add__, samples.offsets, sizes))):
        raise CopyUnsuitable("a sample lies outside the file")
    return samples


def _need(found: dict[bytes, Box], kind: bytes) -> Box:
    if kind not in found:
        raise CopyUnsuitable(f"a track has no {kind.decode('latin-1')} table")
    return found[kind]


def _sizes(reader: Fields) -> array[int]:
    """`stsz` (8.7.3.2)."""
    reader.skip(4)
    size, count = reader.unsigned(4), reader.unsigned(4)
    if not 0 < count <= MAX_SAMPLES:
        raise CopyUnsuitable("a track has no samples, or too many", samples=count)
    return array("I", [size]) * count if size else array("I", reader.words(count))


def _runs(reader: Fields, count: int, typecode: str) -> array[int]:
    """`stts` (8.6.1.2) or `ctts` (8.6.1.3): runs of equal values, of `count` samples in all."""
    reader.skip(4)
    words = reader.words(2 * reader.unsigned(4))
    column = array(typecode)
    for length, word in zip(words[::2], words[1::2], strict=True):
        value = _signed(word, 32) if typecode == "i" else word
        if length > count - len(column) or abs(value) >= _MAX_DELTA:
            raise CopyUnsuitable("a table of times does not fit the number of samples")
        column.extend(array(typecode, [value]) * length)
    if len(column) != count:
        raise CopyUnsuitable("a table of times is too short", expected=count, found=len(column))
    return column


def _syncs(reader: Fields, count: int) -> bytearray:
    """`stss` (8.6.2); samples are counted from 1."""
    reader.skip(4)
    numbers = reader.words(reader.unsigned(4))
    column = bytearray(count)
    for number in numbers:
        if not 0 < number <= count:
            raise CopyUnsuitable("a sync sample does not exist", number=number)
        column[number - 1] = 1
    return column


def _places(moov: bytes, found: dict[bytes, Box]) -> array[int]:
    """Where each run of samples begins: `stco` or `co64` (8.7.5)."""
    if b"co64" not in found:
        reader = fields(moov, _need(found, b"stco"))
        reader.skip(4)
        return array("Q", reader.words(reader.unsigned(4)))
    reader = fields(moov, found[b"co64"])
    reader.skip(4)
    words = reader.words(2 * reader.unsigned(4))
    return array("Q", (high << 32 | low for high, low in zip(words[::2], words[1::2], strict=True)))


def _offsets(reader: Fields, places: array[int], sizes: array[int]) -> array[int]:
    """`stsc` (8.7.4): how many samples each run holds, in runs of runs."""
    reader.skip(4)
    words = reader.words(3 * reader.unsigned(4))
    firsts = [*words[::3], len(places) + 1]
    if firsts[0] != 1 or any(entry != 1 for entry in words[2::3]):
        raise CopyUnsuitable("the table of places is malformed")
    offsets: array[int] = array("Q")
    for (first, following), held in zip(pairwise(firsts), words[1::3], strict=True):
        if not first < following <= len(places) + 1 or not 0 < held <= len(sizes):
            raise CopyUnsuitable("the table of places is malformed", first=first, samples=held)
        for place in places[first - 1 : following - 1]:
            start = len(offsets)
            if start + held > len(sizes):
                raise CopyUnsuitable("the table of places has more samples than there are")
            offsets.extend(accumulate(sizes[start : start + held - 1], initial=place))
    if len(offsets) != len(sizes):
        raise CopyUnsuitable("the table of places has fewer samples than there are")
    return offsets


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
