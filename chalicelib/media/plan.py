"""The plan: the frozen decision about one publish job.

Everything a chunk worker does follows from (plan, index). The hash covers the source's identity, the configuration, the
tool versions and the schema, so a chunk rendered under another plan can never be mixed in (DESIGN, law 1 and 2).
Time is a Fraction of a second or an integer frame number, never a float.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from chalicelib.canonical import canonical_bytes, canonical_hash, parse_canonical
from chalicelib.media.source import Container, Transfer

PLAN_SCHEMA = 2
_MIN_TIMESCALE = 10_000


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """Which bytes the plan was made for."""

    bucket: str
    key: str
    etag: str
    size_bytes: int


class VideoCodec(StrEnum):
    """What renditions are encoded in."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


@dataclass(frozen=True, slots=True)
class Rendition:
    """One video rung of the ladder in one codec. `name` ("720p", "720p-hevc") is also its folder.

    `preset` is the encoder's own name for its effort, `tuning` what is changed about it, in the encoder's own notation.
    """

    name: str
    width: int
    height: int
    crf: int
    max_bitrate_bps: int
    codec: VideoCodec = VideoCodec.H264
    preset: str = "veryfast"
    tuning: str = ""


@dataclass(frozen=True, slots=True)
class AudioRendition:
    """One audio track, encoded whole. `position` is ffmpeg's `0:a:<position>`; `name` is its folder.

    Renditions of one position are the same sound in other channels. `title` is the source's own name for it.
    """

    name: str
    position: int
    language: str
    channels: int
    bitrate_bps: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class TextRendition:
    """One subtitle track, converted whole. `position` is ffmpeg's `0:s:<position>`; `name` is its folder."""

    name: str
    position: int
    language: str
    title: str = ""
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames [start_frame, end_frame) of the grid, whole GOPs except at the very end.

    `first_segment` is the number, counted from 1, of the first segment this chunk writes.
    """

    index: int
    start_frame: int
    end_frame: int
    first_segment: int


@dataclass(frozen=True, slots=True)
class Stills:
    """Poster and storyboard.

    The storyboard takes one tile every `tile_interval_frames`; each chunk writes one sprite with its own tiles in rows
    of `columns`. Chunk bounds are multiples of the interval, so a tile belongs to one chunk only.
    """

    poster_frame: int
    poster_width: int
    poster_height: int
    tile_interval_frames: int
    tile_width: int
    tile_height: int
    columns: int


@dataclass(frozen=True, slots=True)
class VideoPlan:
    """The grid: frame n is shown at n / frame_rate seconds after `Plan.origin`.

    `first_frame` is where the source's own first picture lands; the frames before it repeat that picture. A clip's
    grid is that of its whole source, `clip_frame` frames later, and `first_frame` may be below zero.
    """

    frame_rate: Fraction
    total_frames: int
    gop_frames: int
    segment_frames: int
    renditions: tuple[Rendition, ...]
    chunks: tuple[Chunk, ...]
    stills: Stills
    first_frame: int = 0
    deinterlace: bool = False
    transfer: Transfer = Transfer.SDR
    clip_frame: int = 0

    @property
    def timescale(self) -> int:
        """Ticks per second of every video track: the rate's numerator, made large enough for players' arithmetic."""
        numerator = self.frame_rate.numerator
        return numerator if numerator >= _MIN_TIMESCALE else numerator * 1000

    @property
    def frame_ticks(self) -> int:
        """Duration of one frame in ticks of `timescale`; exact."""
        return self.frame_rate.denominator * (self.timescale // self.frame_rate.numerator)

    def tiles_of(self, chunk: Chunk) -> int:
        """Storyboard tiles in the sprite of a chunk."""
        return -(-(chunk.end_frame - chunk.start_frame) // self.stills.tile_interval_frames)


@dataclass(frozen=True, slots=True)
class Plan:
    """`origin` is the source's own time of presentation zero, in seconds; `duration` is what a player will show. What
    is `clipped` ends there, though the source goes on.
    `container` names the one demuxer that may open the source. `cover` asks for the attached picture as the poster.

    A job has `len(video.chunks)` video tasks (indexes from 0), then one task per audio rendition, the first of which is
    the default, then one task for all of the text.
    """

    schema: int
    asset_id: str
    source: SourceIdentity
    origin: Fraction
    duration: Fraction
    segment_seconds: int
    ffmpeg_version: str
    video: VideoPlan | None
    audio: tuple[AudioRendition, ...]
    container: Container = Container.MP4
    text: tuple[TextRendition, ...] = ()
    cover: bool = False
    clipped: bool = False

    @property
    def video_tasks(self) -> int:
        return len(self.video.chunks) if self.video else 0

    @property
    def text_index(self) -> int | None:
        """The task that makes all of the text, None where there is none."""
        return self.video_tasks + len(self.audio) if self.text else None

    @property
    def task_count(self) -> int:
        return self.video_tasks + len(self.audio) + bool(self.text)


def plan_bytes(plan: Plan) -> bytes:
    """The canonical JSON of a plan: what is stored, and what the hash covers."""
    return canonical_bytes(plan)


def plan_hash(plan: Plan) -> str:
    """Sha-256 of the canonical JSON, 64 hex digits."""
    return canonical_hash(plan)


def parse_plan(data: bytes) -> Plan:
    """Read back what `plan_bytes` wrote.

    Raises:
        msgspec.ValidationError: If the document is not a plan of this schema.
    """
    return parse_canonical(data, Plan)
