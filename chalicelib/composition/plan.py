"""The plan of a composition: the frozen decision about one render.

Everything a chunk worker does follows from (plan, index). The hash covers the project's identity, the Config, the
versions of the tools and the schema, so a chunk rendered under another plan can never be mixed in (DESIGN, law 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from chalicelib.canonical import canonical_bytes, canonical_hash, parse_canonical
from chalicelib.composition.capture import Picture
from chalicelib.composition.config import RenderConfig
from chalicelib.errors import FormatNotSupported, InvalidConfig, PlanTooLarge

COMPOSITION_SCHEMA = 3
MAX_HOURS = 24
MIN_CHUNK_FRAMES = 10
"""Below it, the start of a browser would cost more than what the chunk saves."""
_SEAM_FRAMES = 300
"""How far into the composition seams are compared: every frame up to there is played for it."""
_DURATION_SLACK = Fraction(1, 1000)
"""Of a frame. A duration that came through floating point must not gain a frame."""


@dataclass(frozen=True, slots=True)
class ProjectIdentity:
    """Which archive the plan was made for. `sha256` is of its bytes."""

    bucket: str
    key: str
    etag: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FrameRange:
    """The frames [start_frame, end_frame) of one chunk."""

    start_frame: int
    end_frame: int

    @property
    def frames(self) -> int:
        return self.end_frame - self.start_frame


@dataclass(frozen=True, slots=True)
class MixedAudio:
    """The sound of the whole composition, mixed with the plan; `location` is its S3 URI."""

    location: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ToolVersions:
    """Versions that the bytes depend on."""

    ffmpeg: str
    browser: str


@dataclass(frozen=True, slots=True)
class CompositionPlan:
    """`width` and `height` in pixels of the output; `duration` in seconds, a whole number of frames.

    The chunks tile the frames that are rendered, `total_frames` from `first_frame` on: those of the whole composition,
    or of the range that was asked for.

    `preroll` asks each chunk to play the page from its beginning: a page that adds up state from frame to frame shows
    something else when it is entered in the middle. `picture` is how each chunk takes its frames.
    """

    schema: int
    project: ProjectIdentity
    config: RenderConfig
    tools: ToolVersions
    runtime: str
    width: int
    height: int
    total_frames: int
    preroll: bool
    picture: Picture
    chunks: tuple[FrameRange, ...]
    audio: MixedAudio | None

    @property
    def first_frame(self) -> int:
        return self.chunks[0].start_frame

    @property
    def duration(self) -> Fraction:
        return self.total_frames / self.config.frame_rate


def plan_bytes(plan: CompositionPlan) -> bytes:
    """The canonical JSON of a plan: what is stored, and what the hash covers."""
    return canonical_bytes(plan)


def plan_hash(plan: CompositionPlan) -> str:
    """Sha-256 of the canonical JSON, 64 hex digits."""
    return canonical_hash(plan)


def parse_plan(data: bytes) -> CompositionPlan:
    """Raises msgspec.ValidationError if the document is not a plan of this schema."""
    return parse_canonical(data, CompositionPlan)


def count_frames(duration: Fraction, frame_rate: Fraction) -> int:
    """Frames that show a composition whole; at least 1.

    Raises:
        PlanTooLarge: If it is longer than a day.
    """
    if duration > MAX_HOURS * 3600:
        raise PlanTooLarge(f"a composition may last {MAX_HOURS} hours", seconds=str(duration))
    return max(1, math.ceil(duration * frame_rate - _DURATION_SLACK))


def choose_frames(total_frames: int, config: RenderConfig) -> FrameRange:
    """Which frames of the composition are rendered: all, a range, or the one of a still.

    Raises:
        InvalidConfig: If the composition has no such frame.
    """
    there = f"the composition has {total_frames} frames, 0 to {total_frames - 1}"
    if config.format.still:
        index = config.frame if config.frame >= 0 else total_frames + config.frame
        if not 0 <= index < total_frames:
            raise InvalidConfig(f"Config.frame: {there}; got {config.frame}", field="Config.frame")
        return FrameRange(index, index + 1)
    if config.frame_range is None:
        return FrameRange(0, total_frames)
    first, last = config.frame_range
    if max(first, last or 0) >= total_frames:
        asked = f"{first} to {'the end' if last is None else last}"
        raise InvalidConfig(f"Config.frameRange: {there}; got {asked}", field="Config.frameRange")
    return FrameRange(first, total_frames if last is None else last + 1)


def cut_chunks(frames: FrameRange, config: RenderConfig) -> tuple[FrameRange, ...]:
    """Tile the frames as the open contract does.

    A chunk has `chunkSize` frames, or what `maxParallelChunks` chunks need, but at least MIN_CHUNK_FRAMES; then
    `targetChunkFrames` lowers the number of chunks to as few as respect it. There are never more than
    `maxParallelChunks`: chunks outgrow their size to keep that.
    """
    total_frames = frames.frames
    if total_frames < 1:
        raise ValueError("there is at least one frame")
    limit = config.max_parallel_chunks
    if config.chunk_frames is not None:
        wished = config.chunk_frames
    else:
        target = config.target_chunk_frames
        wanted = limit if target is None else min(limit, -(-total_frames // target))
        wished = max(MIN_CHUNK_FRAMES, -(-total_frames // wanted))
        # The floor must not lift a chunk above what the caller can bear.
        wished = min(wished, max(target, -(-total_frames // limit))) if target is not None else wished
    size = max(wished, -(-total_frames // limit))
    starts = range(frames.start_frame, frames.end_frame, size)
    return tuple(FrameRange(start, min(start + size, frames.end_frame)) for start in starts)


def check_size(width: int, height: int, config: RenderConfig) -> None:
    """Raises InvalidConfig or FormatNotSupported if the format cannot hold pictures of this size."""
    if config.format.even and (width % 2 or height % 2):
        raise FormatNotSupported(
            f"{config.format} needs even sides, and the composition has {width}x{height}; give Config.width and"
            " Config.height",
            width=width,
            height=height,
        )
    if (config.width or width, config.height or height) != (width, height):
        raise InvalidConfig(
            f"Config.width: the composition cannot be shown in {config.width}x{config.height}, only in its own"
            f" proportions, such as {width}x{height}",
            field="Config.width",
        )


def seams_to_compare(chunks: Sequence[FrameRange]) -> tuple[int, ...]:
    """Frames at which a jump is held against playing from the start, to decide on `preroll`; none where nobody jumps.

    The first seam, and the last that is near; for long chunks a frame of the first: what a page adds up shows there.
    """
    starts = [chunk.start_frame for chunk in chunks if chunk.start_frame > 0]
    near = [start for start in starts if start <= _SEAM_FRAMES]
    return tuple(sorted({*near[:1], *near[-1:]})) or tuple(_SEAM_FRAMES for _ in starts[:1])


def plays_alone(chunks: Sequence[FrameRange]) -> bool:
    """Whether a single chunk begins so early that it plays the page from its beginning; comparing would do it twice."""
    return len(chunks) == 1 and 0 < chunks[0].start_frame <= _SEAM_FRAMES


def frame_to_sample(seams: Sequence[int], frames: FrameRange) -> int | None:
    """The frame at which what is read from memory is held against a screenshot: in the middle of those behind the
    seams, which were held so too. None if there is none left; each chunk looks at its own last one."""
    after = max(frames.start_frame, *(seam + 1 for seam in seams), 0)
    return (after + frames.end_frame - 1) // 2 if after < frames.end_frame else None
