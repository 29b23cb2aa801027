"""CMAF written from the samples of a progressive file: nothing is decoded, no encoder and no muxer is run.

The samples of H.264 and AAC have the same form in both files, so a segment is their bytes behind a `moof` that this
module writes, and an init segment is the source's decoder configuration in boxes of our own making: of the source's
bytes only `avcC`, an `nclx` colour box and the AudioSpecificConfig get through.

Edit lists are resolved into composition offsets, which may be below zero (`trun` version 1), as in the ladder's
fragments. ISO/IEC 14496-12 8.8; CMAF, ISO/IEC 23000-19 7.3.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from chalicelib.errors import CopyUnsuitable, EncoderOutputMalformed
from chalicelib.media.avc import AvcStream, read_configuration
from chalicelib.media.boxes import Box, boxes, pack_box, pack_full_box
from chalicelib.media.cmaf import SEGMENT_TYPE
from chalicelib.media.codecs import audio_configuration, audio_object_type
from chalicelib.media.mp4index import Samples, Track

_AAC_LC = 2
_SAMPLE_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8}
_VISUAL_FIELDS = 8 + 78
_AUDIO_FIELDS = 8 + 28
_QUICKTIME_FIELDS = {0: 0, 1: 16, 2: 36}
_MAX_CONFIGURATION_BYTES = 4096
_MAX_CHILDREN = 32
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SYNC_FLAGS, _OTHER_FLAGS = 0x2000000, 0x1010000
_MOOF_BYTES = 8 + 16 + 8 + 16 + 20 + 20
_RUN_WORDS_BYTES = 16
_MDAT_HEADER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sound:
    """What an AAC track holds. `configuration` is its AudioSpecificConfig."""

    sample_rate_hz: int
    channels: int
    configuration: bytes


def read_video(track: Track) -> AvcStream:
    """The stream of an `avc1` track. Raises CopyUnsuitable if it is another codec, or is malformed."""
    if track.entry_kind != b"avc1":
        raise CopyUnsuitable("the video is not H.264", codec=repr(track.entry_kind))
    inner = _children(track.entry, _VISUAL_FIELDS)
    if b"clap" in inner:
        raise CopyUnsuitable("the picture is cropped by its container")
    if b"pasp" in inner and len(inner[b"pasp"]) >= 8:
        across, down = struct.unpack_from(">2I", inner[b"pasp"])
        if across != down:
            raise CopyUnsuitable("the pixels are not square", across=across, down=down)
    return read_configuration(_configuration(inner, b"avcC"))


def read_sound(track: Track) -> Sound:
    """The stream of an AAC-LC track. Raises CopyUnsuitable if it is another codec."""
    if track.entry_kind != b"mp4a" or len(track.entry) < _AUDIO_FIELDS:
        raise CopyUnsuitable("the sound is not AAC", codec=repr(track.entry_kind))
    version = int.from_bytes(track.entry[16:18], "big")
    inner = _children(track.entry, _AUDIO_FIELDS + _QUICKTIME_FIELDS.get(version, 0))
    if b"wave" in inner:
        inner = _children(inner[b"wave"], 0)
    descriptors = _configuration(inner, b"esds")
    try:
        _kind, specific = audio_configuration(descriptors, Box(b"esds", 0, 0, len(descriptors)))
        if audio_object_type(specific) != _AAC_LC:
            raise CopyUnsuitable("the sound is not AAC-LC")
    except EncoderOutputMalformed as error:
        raise CopyUnsuitable("the configuration of the sound is malformed", **error.context) from error
    word = int.from_bytes(specific[:2], "big")
    rate, channels = word >> 7 & 0xF, word >> 3 & 0xF
    if rate >= len(_SAMPLE_RATES) or channels not in _CHANNELS:
        raise CopyUnsuitable("the sound has an unusual rate or layout", rate_index=rate, layout=channels)
    return Sound(_SAMPLE_RATES[rate], _CHANNELS[channels], specific)


def video_init(track: Track, stream: AvcStream) -> bytes:
    """The init segment of the copied video."""
    inner = _children(track.entry, _VISUAL_FIELDS)
    colour = inner.get(b"colr", b"")
    entry = pack_box(
        b"avc1",
        struct.pack(">6xH16x2H2I4xH32xHh", 1, stream.width, stream.height, 0x480000, 0x480000, 1, 24, -1),
        pack_box(b"avcC", _configuration(inner, b"avcC")),
        pack_box(b"colr", colour[:11]) if colour.startswith(b"nclx") and len(colour) >= 11 else b"",
    )
    return _init(b"vide", track, entry, pack_full_box(b"vmhd", 0, 1, bytes(8)), stream.width, stream.height)


def audio_init(track: Track, sound: Sound) -> bytes:
    """The init segment of the copied sound."""
    decoder = struct.pack(">BB3x8x", 0x40, 0x15) + _descriptor(5, sound.configuration)
    stream = bytes(3) + _descriptor(4, decoder) + _descriptor(6, b"\2")
    entry = pack_box(
        b"mp4a",
        struct.pack(">6xH8x2H4xI", 1, sound.channels, 16, sound.sample_rate_hz << 16 & 0xFFFFFFFF),
        pack_full_box(b"esds", 0, 0, _descriptor(3, stream)),
    )
    return _init(b"soun", track, entry, pack_full_box(b"smhd", 0, 0, bytes(4)), 0, 0)


def segment_size(samples: Samples, first: int, end: int) -> int:
    """Bytes of the segment that `write_segment` makes of these samples."""
    header = len(SEGMENT_TYPE) + _MOOF_BYTES + _MDAT_HEADER_BYTES
    return header + _RUN_WORDS_BYTES * (end - first) + sum(samples.sizes[first:end])


def write_segment(
    samples: Samples,
    first: int,
    end: int,
    media: Sequence[bytes | memoryview],
    *,
    number: int,
    decode_time_ticks: int,
    first_delay_ticks: int,
) -> bytes:
    """One CMAF segment of one fragment.

    Args:
        media: The bytes of samples [first, end).
        number: Of the segment, counted from 1.
        decode_time_ticks: When the first sample is decoded, in published time.
        first_delay_ticks: The delay of the track's first sample, which becomes 0.
    """
    run = bytearray()
    for index in range(first, end):
        flags = _SYNC_FLAGS if samples.syncs[index] else _OTHER_FLAGS
        delay = samples.delays[index] - first_delay_ticks
        run += struct.pack(">3Ii", samples.durations[index], samples.sizes[index], flags, delay)
    moof = pack_box(
        b"moof",
        pack_full_box(b"mfhd", 0, 0, struct.pack(">I", number)),
        pack_box(
            b"traf",
            # The fragment counts from its own start (default-base-is-moof).
            pack_full_box(b"tfhd", 0, 0x20000, struct.pack(">I", 1)),
            pack_full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time_ticks)),
            # Version 1: signed offsets. Every sample says its duration, size, flags and offset.
            pack_full_box(
                b"trun",
                1,
                0xF01,
                struct.pack(">2I", end - first, _MOOF_BYTES + _RUN_WORDS_BYTES * (end - first) + _MDAT_HEADER_BYTES),
                bytes(run),
            ),
        ),
    )
    return b"".join((SEGMENT_TYPE, moof, struct.pack(">I4s", 8 + sum(map(len, media)), b"mdat"), *media))


def _children(data: bytes, start: int) -> dict[bytes, bytes]:
    """The bodies of the boxes from `start` on, up to the first that is none; QuickTime may end it with zeros."""
    found: dict[bytes, bytes] = {}
    try:
        for box in islice(boxes(data, start), _MAX_CHILDREN):
            found[box.kind] = data[box.body : box.end]
    except EncoderOutputMalformed:
        return found
    return found


def _configuration(inner: dict[bytes, bytes], kind: bytes) -> bytes:
    if kind not in inner or len(inner[kind]) > _MAX_CONFIGURATION_BYTES:
        raise CopyUnsuitable(f"a sample entry has no usable {kind.decode('latin-1')} box")
    return inner[kind]


def _init(handler: bytes, track: Track, entry: bytes, media_header: bytes, width: int, height: int) -> bytes:
    letters = zip(track.language, (10, 5, 0), strict=True)
    language = sum((ord(letter) - 0x60 & 0x1F) << shift for letter, shift in letters)
    table = pack_box(
        b"stbl",
        pack_full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        *(pack_full_box(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco")),
        pack_full_box(b"stsz", 0, 0, bytes(8)),
    )
    media = pack_box(
        b"mdia",
        pack_full_box(b"mdhd", 0, 0, struct.pack(">8xI4xH2x", track.timescale, language)),
        pack_full_box(b"hdlr", 0, 0, struct.pack(">4x4s12x", handler), b"\0"),
        pack_box(
            b"minf",
            media_header,
            pack_box(b"dinf", pack_full_box(b"dref", 0, 0, struct.pack(">I", 1), pack_full_box(b"url ", 0, 1))),
            table,
        ),
    )
    volume = 0x100 if handler == b"soun" else 0
    track_header = struct.pack(">8xI4x4x8x4xH2x", 1, volume) + _MATRIX + struct.pack(">2I", width << 16, height << 16)
    movie_header = struct.pack(">8x2IIH10x", 1000, 0, 0x10000, 0x100) + _MATRIX + struct.pack(">24xI", 2)
    movie = pack_box(
        b"moov",
        pack_full_box(b"mvhd", 0, 0, movie_header),
        pack_box(b"trak", pack_full_box(b"tkhd", 0, 3, track_header), media),
        pack_box(b"mvex", pack_full_box(b"trex", 0, 0, struct.pack(">5I", 1, 1, 0, 0, 0))),
    )
    # cmf2: composition offsets may be below zero, and there is no edit list.
    return pack_box(b"ftyp", struct.pack(">4sI4s4s4s", b"iso6", 0, b"iso6", b"cmfc", b"cmf2")) + movie


def _descriptor(tag: int, body: bytes) -> bytes:
    """A descriptor of ISO/IEC 14496-1, its length in four bytes."""
    size = len(body)
    return bytes((tag, size >> 21 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size & 0x7F)) + body
