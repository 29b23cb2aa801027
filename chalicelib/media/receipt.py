"""Receipts: what a chunk worker leaves behind so that Assemble never reads media.

A receipt is written last, after every object it names. Its presence says that the task is done; a task that finds its
receipt has nothing to do. Sizes in bytes, times in ticks of the track's timescale (ISO/IEC 14496-12).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from chalicelib.media.names import segment_name


@dataclass(frozen=True, slots=True)
class IFrame:
    """The bytes of a segment that show the first picture of one GOP: its `moof` up to the end of that picture.

    The first range of a segment begins with the segment. `duration_ticks` is the length of the GOP.
    """

    offset_bytes: int
    size_bytes: int
    duration_ticks: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One CMAF segment. `iframes` has one entry for each GOP, none for audio.

    `run` is the first segment of the encoder's run that made this one, where that run went on with a task that an
    earlier one could not finish; 0 where a single run made the task from its start. `take` counts the runs with the
    same beginning that had stored segments before they proved inexact.
    """

    number: int
    size_bytes: int
    duration_ticks: int
    decode_time_ticks: int
    samples: int
    iframes: tuple[IFrame, ...]
    sha256: str
    run: int = 0
    take: int = 0

    @property
    def name(self) -> str:
        """In the track's folder."""
        return segment_name(self.number, self.run, self.take)

    @property
    def has_own_name(self) -> bool:
        """Whether its name does not follow from its number alone."""
        return bool(self.run or self.take)


@dataclass(frozen=True, slots=True)
class TrackReceipt:
    """The segments one task wrote of one track; `track` is the name of a rendition or of an audio rendition."""

    track: str
    codec: str
    timescale: int
    init_sha256: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class TextReceipt:
    """The one file that was written of a text rendition; `track` is its name."""

    track: str
    size_bytes: int
    cues: int


@dataclass(frozen=True, slots=True)
class ChunkReceipt:
    """What task `index` of plan `plan_hash` wrote. `tiles` is the number of storyboard tiles in its sprite."""

    plan_hash: str
    index: int
    tracks: tuple[TrackReceipt, ...]
    tiles: int
    texts: tuple[TextReceipt, ...] = ()


@dataclass(frozen=True, slots=True)
class PartialReceipt:
    """What tries that ran out of time have left of task `index`: segments that every track has, from its first on.

    `idle_tries` counts the last tries that added none.
    """

    plan_hash: str
    index: int
    tracks: tuple[TrackReceipt, ...] = ()
    idle_tries: int = 0

    @property
    def segments(self) -> int:
        """How many segments each track has."""
        return len(self.tracks[0].segments) if self.tracks else 0


def receipt_bytes(receipt: ChunkReceipt | PartialReceipt) -> bytes:
    return msgspec.json.encode(receipt, order="deterministic")


def parse_receipt(data: bytes) -> ChunkReceipt:
    """Raises msgspec.ValidationError if the document is not a receipt."""
    return msgspec.json.decode(data, type=ChunkReceipt)


def parse_partial_receipt(data: bytes) -> PartialReceipt:
    """Raises msgspec.ValidationError if the document is not one."""
    return msgspec.json.decode(data, type=PartialReceipt)
