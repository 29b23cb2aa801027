"""The facts of one movie fragment, a `moof` with its `mdat` (ISO/IEC 14496-12, 8.8; CMAF, ISO/IEC 23000-19, 7.3.2).

Everything a manifest or a check needs is in the `moof`, so media bytes are never read here. A fragment holds one track
and counts its sample positions from its own `moof`: only then can it be moved to another file unchanged.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
class FragmentSamples:
    """Every sample of a fragment, a column for each property, in the order of decoding. Times as in `Fragment`.

    Attributes:
        media_position: Where the first sample begins, from the start of the `moof`; the others follow without a gap.
        delays: Composition time minus decode time; may be below zero.
        syncs: 1 where decoding may begin.
    """

    decode_time_ticks: int
    media_position: int
    sizes: array[int]
    durations: array[int]
    delays: array[int]
    syncs: bytearray

    @property
    def media_bytes(self) -> int:
        return sum(self.sizes)


@dataclass(frozen=True, slots=True)
class _Table:
    """The words of one `trun`: a column is None where every sample has the default. `position` counts as in `_Run`."""

    samples: int
    position: int
    first_flags: int | None
    durations: Sequence[int] | None
    sizes: Sequence[int] | None
    flags: Sequence[int] | None
    delays: Sequence[int] | None


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


def read_samples(moof: bytes, defaults: SampleDefaults) -> FragmentSamples:
    """Every sample of the fragment whose `moof` is given, of which `read_fragment` has nothing to say.

    Raises:
        EncoderOutputMalformed: If its runs do not follow each other without a gap.
    """
    track = next(box for box in boxes(moof, find(moof, b"moof").body) if box.kind == b"traf")
    defaults = _fragment_defaults(moof, find(moof, b"tfhd", inside=track), defaults)
    columns = FragmentSamples(
        _decode_time(moof, find(moof, b"tfdt", inside=track)), 0, array("I"), array("I"), array("i"), bytearray()
    )
    start = end = None
    for box in boxes(moof, track.body, track.end):
        if box.kind == b"trun":
            table = _read_table(moof, box, previous_end=end)
            if end not in (None, table.position):
                raise EncoderOutputMalformed("the samples of a fragment do not follow each other", position=end)
            start = table.position if start is None else start
            end = table.position + _append(columns, table, defaults)
    return replace(columns, media_position=start or 0)


def _append(columns: FragmentSamples, table: _Table, defaults: SampleDefaults) -> int:
    """Returns how many bytes the run has."""
    sizes = table.sizes or [defaults.size_bytes] * table.samples
    columns.sizes.extend(sizes)
    columns.durations.extend(table.durations or [defaults.duration_ticks] * table.samples)
    columns.delays.extend(table.delays or [0] * table.samples)
    flags = list(table.flags or [defaults.flags] * table.samples)
    if table.first_flags is not None and flags:
        flags[0] = table.first_flags
    columns.syncs.extend(not each & _NON_SYNC_SAMPLE for each in flags)
    return sum(sizes)


def _read_run(moof: bytes, box: Box, *, previous_end: int | None, defaults: SampleDefaults) -> _Run:
    table = _read_table(moof, box, previous_end=previous_end)
    sizes, durations, count = table.sizes, table.durations, table.samples
    sample_flags = table.flags[0] if table.flags else defaults.flags
    return _Run(
        samples=count,
        duration_ticks=sum(durations) if durations else count * defaults.duration_ticks,
        end=table.position + (sum(sizes) if sizes else count * defaults.size_bytes),
        first_sample_end=table.position + (sizes[0] if sizes else defaults.size_bytes),
        first_sample_delay_ticks=table.delays[0] if table.delays else 0,
        first_sample_flags=sample_flags if table.first_flags is None else table.first_flags,
    )


def _read_table(moof: bytes, box: Box, *, previous_end: int | None) -> _Table:
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
    delays = column.get(_COMPOSITION_OFFSET)
    return _Table(
        samples=count,
        position=data_offset,
        first_flags=first_flags,
        durations=column.get(_DURATION),
        sizes=column.get(_SIZE),
        flags=column.get(_FLAGS),
        delays=tuple(map(_signed, delays)) if delays and version else delays,
    )


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word
