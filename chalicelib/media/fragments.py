"""The facts of one movie fragment, a `moof` with its `mdat` (ISO/IEC 14496-12, 8.8; CMAF, ISO/IEC 23000-19, 7.3.2).

Everything a manifest or a check needs is in the `moof`, so media bytes are never read here. A fragment holds one track
and counts its sample positions from its own `moof`: only then can it be moved to another file unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.errors import EncoderOutputMalformed
from chalicelib.media.boxes import Box, boxes, fields, find

# tfhd flags (8.8.7)
_BASE_DATA_OFFSET = 0x1
_DESCRIPTION_INDEX = 0x2
_DEFAULT_DURATION = 0x8
_DEFAULT_SIZE = 0x10
_DEFAULT_FLAGS = 0x20
_BASE_IS_MOOF = 0x20000
# trun flags (8.8.8); the last four say which words each sample has, in this order
_DATA_OFFSET = 0x1
_FIRST_SAMPLE_FLAGS = 0x4
_DURATION = 0x100
_SIZE = 0x200
_FLAGS = 0x400
_COMPOSITION_OFFSET = 0x800

_NON_SYNC_SAMPLE = 0x10000


@dataclass(frozen=True, slots=True)
class SampleDefaults:
    """What a sample has when its run does not say (`trex`, 8.8.3; `tfhd`, 8.8.7)."""

    duration_ticks: int
    size_bytes: int
    flags: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """Times in ticks of the track's timescale; positions count from the start of the `moof`.

    Attributes:
        size_bytes: Of `moof` and `mdat` together.
        sequence_position: Where `mfhd.sequence_number` is.
        first_sample_end: Bytes from the start to the end of the first sample.
        first_sample_delay_ticks: Composition time of the first sample minus `decode_time_ticks`.
        starts_with_sync: Whether a player can begin here.
    """

    size_bytes: int
    sequence_position: int
    decode_time_ticks: int
    duration_ticks: int
    samples: int
    first_sample_end: int
    first_sample_delay_ticks: int
    starts_with_sync: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """One `trun`. `end` is where its last sample ends; positions count from the start of the `moof`."""

    samples: int
    duration_ticks: int
    end: int
    first_sample_end: int
    first_sample_delay_ticks: int
    first_sample_flags: int


def track_defaults(init: bytes) -> SampleDefaults:
    reader = fields(init, find(init, b"moov", b"mvex", b"trex"))
    reader.version_and_flags()
    _track, _description, duration, size, flags = reader.words(5)
    return SampleDefaults(duration_ticks=duration, size_bytes=size, flags=flags)


def read_fragment(moof: bytes, *, size_bytes: int, defaults: SampleDefaults) -> Fragment:
    """Describe the fragment whose `moof` is given.

    Args:
        moof: The whole box.
        size_bytes: Bytes of `moof` and `mdat` together.

    Raises:
        EncoderOutputMalformed: If a sample lies outside the fragment, or the fragment could not be moved.
    """
    header = fields(moof, find(moof, b"moof", b"mfhd"))
    header.version_and_flags()
    tracks = [box for box in boxes(moof, find(moof, b"moof").body) if box.kind == b"traf"]
    if len(tracks) != 1:
        raise EncoderOutputMalformed("a fragment must hold one track", tracks=len(tracks))
    defaults = _fragment_defaults(moof, find(moof, b"tfhd", inside=tracks[0]), defaults)
    runs: list[_Run] = []
    for box in boxes(moof, tracks[0].body, tracks[0].end):
        if box.kind == b"trun":
            run = _read_run(moof, box, previous_end=runs[-1].end if runs else None, defaults=defaults)
            if run.samples:
                runs.append(run)
    if not runs:
        raise EncoderOutputMalformed("a fragment has no samples")
    if max(run.end for run in runs) > size_bytes:
        raise EncoderOutputMalformed("a sample reaches past the end of its fragment", size_bytes=size_bytes)
    return Fragment(
        size_bytes=size_bytes,
        sequence_position=header.skip(4),
        decode_time_ticks=_decode_time(moof, find(moof, b"tfdt", inside=tracks[0])),
        duration_ticks=sum(run.duration_ticks for run in runs),
        samples=sum(run.samples for run in runs),
        first_sample_end=runs[0].first_sample_end,
        first_sample_delay_ticks=runs[0].first_sample_delay_ticks,
        starts_with_sync=not runs[0].first_sample_flags & _NON_SYNC_SAMPLE,
    )


def _fragment_defaults(moof: bytes, box: Box, track: SampleDefaults) -> SampleDefaults:
    reader = fields(moof, box)
    _version, flags = reader.version_and_flags()
    if flags & _BASE_DATA_OFFSET or not flags & _BASE_IS_MOOF:
        raise EncoderOutputMalformed("a fragment counts its samples from elsewhere than its own start")
    reader.skip(4 + (4 if flags & _DESCRIPTION_INDEX else 0))
    return SampleDefaults(
        duration_ticks=reader.unsigned(4) if flags & _DEFAULT_DURATION else track.duration_ticks,
        size_bytes=reader.unsigned(4) if flags & _DEFAULT_SIZE else track.size_bytes,
        flags=reader.unsigned(4) if flags & _DEFAULT_FLAGS else track.flags,
    )


def _decode_time(moof: bytes, box: Box) -> int:
    """`tfdt.baseMediaDecodeTime` (8.8.12)."""
    reader = fields(moof, box)
    version, _flags = reader.version_and_flags()
    return reader.unsigned(8 if version else 4)


def _read_run(moof: bytes, box: Box, *, previous_end: int | None, defaults: SampleDefaults) -> _Run:
    reader = fields(moof, box)
    version, flags = reader.version_and_flags()
    count = reader.unsigned(4)
    data_offset = _signed(reader.unsigned(4)) if flags & _DATA_OFFSET else previous_end
    first_flags = reader.unsigned(4) if flags & _FIRST_SAMPLE_FLAGS else None
    columns = [flag for flag in (_DURATION, _SIZE, _FLAGS, _COMPOSITION_OFFSET) if flags & flag]
    # A run of which every sample is the default needs no bytes, so only the fragment's size bounds its count.
    table = reader.words(count * len(columns)) if columns and count else ()
    column = {flag: table[index :: len(columns)] for index, flag in enumerate(columns)} if count else {}
    if data_offset is None or data_offset < len(moof):
        raise EncoderOutputMalformed("a run of samples does not say where it begins", data_offset=data_offset)
    sizes, durations = column.get(_SIZE), column.get(_DURATION)
    sample_flags = column[_FLAGS][0] if _FLAGS in column else defaults.flags
    delay = column[_COMPOSITION_OFFSET][0] if _COMPOSITION_OFFSET in column else 0
    return _Run(
        samples=count,
        duration_ticks=sum(durations) if durations else count * defaults.duration_ticks,
        end=data_offset + (sum(sizes) if sizes else count * defaults.size_bytes),
        first_sample_end=data_offset + (sizes[0] if sizes else defaults.size_bytes),
        first_sample_delay_ticks=_signed(delay) if version else delay,
        first_sample_flags=sample_flags if first_flags is None else first_flags,
    )


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word
