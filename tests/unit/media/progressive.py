"""Progressive MP4 files written box by box, so that tests can break any field: 10 frames a second, and AAC."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.unit.media.movie import aac_entry, box, full_box, words

AVC_RECORD = bytes.fromhex("0164000bffe100196764000bacd9428df930110000030001000003003c0f14299601000468ef8fcbfdf8f800")
"""160x90, High profile, 4:2:0, 8 bits, progressive, square pixels."""

IDR, OTHER = bytes.fromhex("0000000165"), bytes.fromhex("0000000141")
IDENTITY = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
MOVIE_TIMESCALE = 1000


def avc_entry() -> bytes:
    return box(b"avc1", bytes(78), box(b"avcC", AVC_RECORD))


@dataclass
class Track:
    """A track of samples that all have the same duration; `delays` and `syncs` may be left out."""

    entry: bytes
    timescale: int
    duration: int
    samples: Sequence[bytes]
    handler: bytes = b"vide"
    syncs: Sequence[int] = ()
    delays: Sequence[int] = ()
    edits: Sequence[tuple[int, int]] = ()
    matrix: bytes = IDENTITY
    reference_flags: int = 1
    replaced: dict[bytes, bytes] = field(default_factory=dict)

    def trak(self, offsets: Sequence[int]) -> bytes:
        count = len(self.samples)
        tables = {
            b"stsd": full_box(b"stsd", 0, 0, words(1), self.entry),
            b"stts": full_box(b"stts", 0, 0, words(1, count, self.duration)),
            b"stsc": full_box(b"stsc", 0, 0, words(1, 1, 1, 1)),
            b"stsz": full_box(b"stsz", 0, 0, words(0, count, *map(len, self.samples))),
            b"stco": full_box(b"stco", 0, 0, words(count, *offsets)),
        }
        if self.syncs:
            tables[b"stss"] = full_box(b"stss", 0, 0, words(len(self.syncs), *self.syncs))
        if self.delays:
            pairs = [word for delay in self.delays for word in (1, delay)]
            tables[b"ctts"] = full_box(b"ctts", 1, 0, words(len(self.delays), *pairs))
        tables |= self.replaced
        reference = full_box(b"dref", 0, 0, words(1), full_box(b"url ", 0, self.reference_flags))
        entries = b"".join(words(length, start, 0x10000) for length, start in self.edits)
        return box(
            b"trak",
            full_box(b"tkhd", 0, 1, bytes(36), self.matrix, words(160 << 16, 90 << 16)),
            box(b"edts", full_box(b"elst", 0, 0, words(len(self.edits)), entries)) if self.edits else b"",
            box(
                b"mdia",
                full_box(b"mdhd", 0, 0, bytes(8), words(self.timescale, 0), struct.pack(">H2x", 0x15C7)),
                full_box(b"hdlr", 0, 0, bytes(4), self.handler, bytes(13)),
                box(b"minf", box(b"dinf", reference), box(b"stbl", *tables.values())),
            ),
        )


def video(frames: int = 100, *, gop: int = 20) -> Track:
    """Closed GOPs without B-frames, in ticks of a millisecond."""
    samples = [(IDR if n % gop == 0 else OTHER) + bytes([n % 256]) * 20 for n in range(frames)]
    return Track(avc_entry(), 1000, 100, samples, syncs=[n + 1 for n in range(0, frames, gop)])


def audio(seconds: int = 10) -> Track:
    count = -(-seconds * 48_000 // 1024)
    return Track(aac_entry(), 48_000, 1024, [bytes([n % 256]) * 6 for n in range(count)], handler=b"soun")


def moov(tracks: Sequence[Track], offsets: Sequence[Sequence[int]], *extra: bytes) -> bytes:
    header = full_box(b"mvhd", 0, 0, bytes(8), words(MOVIE_TIMESCALE, 0), bytes(80))
    return box(b"moov", header, *(track.trak(at) for track, at in zip(tracks, offsets, strict=True)), *extra)


def file_of(*tracks: Track) -> tuple[bytes, bytes]:
    """A whole file with its index at the end, and that index."""
    start = box(b"ftyp", b"isom", bytes(4))
    position = len(start) + 8
    offsets, media = [], b""
    for track in tracks:
        offsets.append([position + len(media) + at for at in _ends(track.samples)])
        media += b"".join(track.samples)
    index = moov(tracks, offsets)
    return start + box(b"mdat", media) + index, index


def _ends(samples: Sequence[bytes]) -> list[int]:
    found, at = [], 0
    for sample in samples:
        found.append(at)
        at += len(sample)
    return found
