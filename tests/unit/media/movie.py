"""Fragmented MP4 files written box by box, so that tests can break any field."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

AVC_CONFIGURATION = bytes.fromhex("0164001fffe1")
AAC_LC = bytes.fromhex("1190")


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def words(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def avc_entry(configuration: bytes = AVC_CONFIGURATION) -> bytes:
    return box(b"avc1", bytes(78), box(b"avcC", configuration))


def hevc_entry(configuration: bytes) -> bytes:
    return box(b"hvc1", bytes(78), box(b"hvcC", configuration))


def av1_entry(configuration: bytes) -> bytes:
    return box(b"av01", bytes(78), box(b"av1C", configuration))


def descriptor(tag: int, body: bytes, *, long_size: bool = False) -> bytes:
    size = bytes([0x80, 0x80, 0x80, len(body)]) if long_size else bytes([len(body)])
    return bytes([tag]) + size + body


def aac_entry(specific: bytes = AAC_LC, *, object_type: int = 0x40, flags: int = 0, long_size: bool = False) -> bytes:
    optional = (
        (bytes(2) if flags & 0x80 else b"") + (b"\3url" if flags & 0x40 else b"") + (bytes(2) if flags & 0x20 else b"")
    )
    decoder = bytes([object_type]) + bytes(12) + descriptor(5, specific, long_size=long_size)
    stream = bytes(2) + bytes([flags]) + optional + descriptor(4, decoder, long_size=long_size)
    return box(b"mp4a", bytes(28), full_box(b"esds", 0, 0, descriptor(3, stream, long_size=long_size)))


def init_segment(entry: bytes, *, timescale: int, handler: bytes = b"vide", version: int = 0) -> bytes:
    times = bytes(16) if version else bytes(8)
    return box(b"ftyp", b"iso6", bytes(4)) + box(
        b"moov",
        box(
            b"trak",
            box(
                b"mdia",
                full_box(b"mdhd", version, 0, times, words(timescale), bytes(8)),
                full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(13)),
                box(b"minf", box(b"stbl", full_box(b"stsd", 0, 0, words(1), entry))),
            ),
        ),
        box(b"mvex", full_box(b"trex", 0, 0, words(1, 1, 0, 0, 0))),
    )


@dataclass(frozen=True, slots=True)
class Sample:
    size_bytes: int
    duration_ticks: int
    delay_ticks: int = 0
    is_sync: bool = True


def fragment(decode_time_ticks: int, samples: Sequence[Sample], *, fill: bytes = b"m") -> bytes:
    """One fragment in which every sample says everything of itself."""

    def moof(data_offset: int) -> bytes:
        table = (
            words(sample.duration_ticks, sample.size_bytes, 0 if sample.is_sync else 0x10000, sample.delay_ticks)
            for sample in samples
        )
        return box(
            b"moof",
            full_box(b"mfhd", 0, 0, words(99)),
            box(
                b"traf",
                full_box(b"tfhd", 0, 0x20000, words(1)),
                full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time_ticks)),
                full_box(b"trun", 1, 0xF01, words(len(samples), data_offset), *table),
            ),
        )

    return moof(len(moof(0)) + 8) + box(b"mdat", fill * sum(sample.size_bytes for sample in samples))


def gop(decode_time_ticks: int, frames: int, *, frame_ticks: int, frame_bytes: int = 10) -> bytes:
    samples = [Sample(frame_bytes + 7 * (n == 0), frame_ticks, is_sync=n == 0) for n in range(frames)]
    return fragment(decode_time_ticks, samples)
