"""The plan of an early publication, and its canonical form: which samples of the source are which segment.

What is stored is what the hash covers, so a chunk of one plan is never taken for one of another (DESIGN, law 1).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction

import msgspec

from chalicelib.media.mp4index import ByteRange
from chalicelib.media.plan import SourceIdentity

COPY_SCHEMA = 1
"""Part of the plan, so of its hash: another cut, or another byte in a segment, is another number."""


@dataclass(frozen=True, slots=True)
class CopySegment:
    """Samples [first_sample, end_sample) of a track, in published time; `size_bytes` is that of the segment."""

    first_sample: int
    end_sample: int
    decode_time_ticks: int
    duration_ticks: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CopyTrack:
    """One copied track.

    Attributes:
        name: Its folder.
        position: Among the tracks of the index.
        first_delay_ticks: Delay of the first sample, which becomes 0.
    """

    name: str
    position: int
    codec: str
    timescale: int
    first_delay_ticks: int
    init_sha256: str
    segments: tuple[CopySegment, ...]

    @property
    def length_s(self) -> Fraction:
        """When it ends, in seconds of published time."""
        last = self.segments[-1]
        return Fraction(last.decode_time_ticks + last.duration_ticks, self.timescale)


@dataclass(frozen=True, slots=True)
class CopyVideo:
    track: CopyTrack
    width: int
    height: int
    frame_rate: Fraction
    nal_length_bytes: int


@dataclass(frozen=True, slots=True)
class CopyAudio:
    """Its segments are cut where those of the video are; it may end before the video does."""

    track: CopyTrack
    language: str
    channels: int


@dataclass(frozen=True, slots=True)
class CopyChunk:
    """Segments [first_segment, end_segment), counted from 0, of every track that has them."""

    first_segment: int
    end_segment: int


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """The frozen decision. `index` is where the source's `moov` lies."""

    schema: int
    asset_id: str
    source: SourceIdentity
    index: ByteRange
    video: CopyVideo
    audio: CopyAudio | None
    chunks: tuple[CopyChunk, ...]

    @property
    def tracks(self) -> tuple[CopyTrack, ...]:
        return (self.video.track, self.audio.track) if self.audio else (self.video.track,)


def copy_plan_bytes(plan: CopyPlan) -> bytes:
    """The canonical JSON: what is stored, and what the hash covers."""
    return msgspec.json.encode(plan, enc_hook=_encode, order="deterministic")


def copy_plan_hash(plan: CopyPlan) -> str:
    return hashlib.sha256(copy_plan_bytes(plan)).hexdigest()


def parse_copy_plan(data: bytes) -> CopyPlan:
    """Raises msgspec.ValidationError if the document is not such a plan."""
    return msgspec.json.decode(data, type=CopyPlan, dec_hook=_decode)


def _encode(value: object) -> str:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    raise TypeError(f"a plan cannot hold {type(value).__name__}")


def _decode(kind: type, value: object) -> Fraction:
    if kind is Fraction:
        return Fraction(str(value))
    raise TypeError(f"a plan cannot hold {kind.__name__}")
