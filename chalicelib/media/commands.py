"""The ffmpeg commands of the workers, as argument lists.

Same plan, same index, same arguments: threads are pinned, times come from frame numbers, and nothing depends on the
machine. The recipe that makes cuts frame-exact on every kind of source (and why its relatives are not) is measured in
the project's encoding facts; each flag carries its reason. ffmpeg-python compiles the filter graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import ffmpeg

from chalicelib.media.encoders import encoder_options
from chalicelib.media.flags import (
    GLOBAL_ARGUMENTS,
    from_origin,
    input_options,
    jpeg_options,
    mp4_options,
    scale_options,
    seconds,
)
from chalicelib.media.names import POSTER_NAME
from chalicelib.media.plan import Chunk, Plan, Rendition, VideoPlan
from chalicelib.media.source import Container, Transfer

SEEK_PADS: tuple[Fraction, ...] = (Fraction(0), Fraction(2), Fraction(6), Fraction(18))
"""Seconds to seek ahead of a chunk, on each try. Containers without an index land late on the first."""

SPRITE_NAME = "sprite.jpg"
"""The storyboard tiles of one chunk, in its worker's folder."""

VIDEO_STREAM = "V:0"
"""ffmpeg's name for the first video track; V leaves out cover pictures."""

_DEINTERLACE_PAD = Fraction(1, 2)


def seek_pads(container: Container) -> tuple[Fraction, ...]:
    """The pads to try for a source, in order."""
    return SEEK_PADS[1:] if container in (Container.MPEGTS, Container.MPEGPS) else SEEK_PADS


@dataclass(frozen=True, slots=True)
class Command:
    """`arguments` follow the program's name; `outputs` are the files they make, in the working folder."""

    arguments: tuple[str, ...]
    outputs: tuple[str, ...]


def chunk_command(
    plan: Plan, index: int, source_path: str, seek_pad: Fraction = SEEK_PADS[0], *, lossless: bool = False
) -> Command:
    """Encode one chunk: one decode for every rendition, the storyboard sprite and, in one chunk, the poster.

    Args:
        seek_pad: Seconds to seek ahead of the chunk, one of SEEK_PADS.
        lossless: Keep every frame bit by bit, for the proof that cutting loses nothing.
    """
    video = _video_of(plan)
    chunk = video.chunks[index]
    stills = _stills(video, chunk)
    frames = _frames(plan, video, chunk, source_path, seek_pad)
    return _command(frames, video, chunk, video.renditions, stills, lossless=lossless)


def rest_command(plan: Plan, rest: Chunk, source_path: str, seek_pad: Fraction) -> Command:
    """Encode what is left of a chunk that ran out of time, without its stills."""
    video = _video_of(plan)
    return _command(_frames(plan, video, rest, source_path, seek_pad), video, rest, video.renditions, ())


def stills_command(plan: Plan, index: int, source_path: str) -> Command:
    """The stills of a whole chunk and nothing else. They prove no times, so seeking takes no chances."""
    video = _video_of(plan)
    chunk = video.chunks[index]
    frames = _frames(plan, video, chunk, source_path, SEEK_PADS[-1])
    return _command(frames, video, chunk, (), _stills(video, chunk))


def scan_arguments(source_path: str, container: Container) -> tuple[str, ...]:
    """List every packet of the first video track, all audio and all subtitles on stdout, decoding nothing."""
    return (
        # The header on stderr tells the container's start.
        *("-v", "info"),
        "-hide_banner",
        # No progress lines among it.
        "-nostats",
        "-nostdin",
        # The source's own clock, as the workers will see it.
        "-copyts",
        *_input_arguments(source_path, container),
        # The question mark allows there to be none.
        *("-map", f"0:{VIDEO_STREAM}?", "-map", "0:a?", "-map", "0:s?"),
        *("-c", "copy"),
        *("-f", "framecrc", "pipe:1"),
    )


def trial_arguments(source_path: str, container: Container, stream: str) -> tuple[str, ...]:
    """Decode one frame of a stream and list it on stdout: not every file holds what it says."""
    return (
        *GLOBAL_ARGUMENTS,
        *_input_arguments(source_path, container),
        *("-map", f"0:{stream}"),
        *("-frames", "1"),
        *("-f", "framecrc", "pipe:1"),
    )


def audio_stream(position: int) -> str:
    """ffmpeg's name for an audio track."""
    return f"a:{position}"


def _video_of(plan: Plan) -> VideoPlan:
    if plan.video is None:
        raise ValueError("the plan has no video")
    return plan.video


def _stills(video: VideoPlan, chunk: Chunk) -> tuple[str, ...]:
    """The names of the stills of a whole chunk: its sprite and, in one chunk, the poster."""
    poster = chunk.start_frame <= video.stills.poster_frame < chunk.end_frame
    return (SPRITE_NAME, POSTER_NAME) if poster else (SPRITE_NAME,)


def _command(
    frames: Any,
    video: VideoPlan,
    chunk: Chunk,
    renditions: Sequence[Rendition],
    stills: Sequence[str],
    *,
    lossless: bool = False,
) -> Command:
    """One decode for everything that is made of the frames of a chunk."""
    sizes = _by_size(renditions)
    branches = frames.filter_multi_output("split", len(sizes) + len(stills))
    outputs = [
        _rendition_output(picture, video, rendition, lossless=lossless)
        for position, alike in enumerate(sizes)
        for picture, rendition in _pictures(branches.stream(position), alike)
    ]
    outputs += [
        (_sprite_output if name == SPRITE_NAME else _poster_output)(branches.stream(position), video, chunk)
        for position, name in enumerate(stills, len(sizes))
    ]
    return compiled(outputs, (*(f"{rendition.name}.mp4" for rendition in renditions), *stills))


def _input_arguments(source_path: str, container: Container) -> tuple[str, ...]:
    options = input_options(container).items()
    return (*(word for name, value in options for word in (f"-{name}", str(value))), "-i", source_path)


def _frames(plan: Plan, video: VideoPlan, chunk: Chunk, source_path: str, seek_pad: Fraction) -> Any:
    """The chunk's frames on the grid, numbered from the origin."""
    seek = _seek(plan, video, chunk, seek_pad)
    source = ffmpeg.input(
        source_path,
        **input_options(plan.container),
        # Decode and keep everything from the keyframe on: the frame shown at the cut is then always there.
        noaccurate_seek=None,
        # Absolute times, so that every chunk counts from the same zero ...
        copyts=None,
        # ... and seeking means them too, whatever the container's start.
        seek_timestamp=1,
        **({"ss": seconds(seek)} if seek is not None else {}),
        # A change of size in mid-stream would rebuild the filters and add a frame.
        reinit_filter=0,
    )
    frames = source[VIDEO_STREAM].filter("setpts", from_origin(_grid_origin(plan, video)))
    if video.deinterlace:
        # One frame out for each frame in; progressive frames pass untouched.
        frames = frames.filter("bwdif", mode="send_frame", deint="interlaced")
    rate = f"{video.frame_rate.numerator}/{video.frame_rate.denominator}"
    # Until the source's first picture there is nothing to seek to: begin the grid here and repeat that picture.
    start, end = video.clip_frame + chunk.start_frame, video.clip_frame + chunk.end_frame
    begin = {} if _seeks(video, chunk) else {"start_time": seconds(start / video.frame_rate)}
    frames = frames.filter("fps", rate, round="near", **begin)
    if chunk.end_frame == video.total_frames:
        # A damaged tail must not lose the chunk: hold the last picture, for a second at most.
        frames = frames.filter("tpad", stop_mode="clone", stop=-(-video.frame_rate // 1))
    # Integers, and always an end: a 3 kB file with one late timestamp would otherwise make millions of frames.
    frames = frames.filter("trim", start_pts=start, end_pts=end)
    if video.clip_frame:
        # From the whole grid to the clip's own.
        frames = frames.filter("setpts", f"PTS-{video.clip_frame}")
    return frames if video.transfer is Transfer.SDR else _to_standard_range(frames, video)


def _to_standard_range(frames: Any, video: VideoPlan) -> Any:
    """Map HDR down, once for all outputs because it is the dearest step; HDR renditions are another ladder."""
    tallest = video.renditions[0]
    standard = {"out_primaries": "bt709", "out_transfer": "bt709", "out_color_matrix": "bt709"}
    scaled = frames.filter("scale", tallest.width, tallest.height, **scale_options("tv"), **standard)
    return scaled.filter("format", "yuv420p")


def _by_size(renditions: Sequence[Rendition]) -> list[list[Rendition]]:
    """The renditions that share a picture, whatever their codec, in the order of the first of each."""
    sizes: dict[tuple[int, int], list[Rendition]] = {}
    for rendition in renditions:
        sizes.setdefault((rendition.width, rendition.height), []).append(rendition)
    return list(sizes.values())


def _pictures(frames: Any, renditions: Sequence[Rendition]) -> list[tuple[Any, Rendition]]:
    """Frames scaled once, for renditions of one size."""
    scaled = frames.filter("scale", renditions[0].width, renditions[0].height, **scale_options("tv"))
    # Square pixels, and the one layout that every player decodes.
    picture = scaled.filter("setsar", 1).filter("format", "yuv420p")
    if len(renditions) == 1:
        return [(picture, renditions[0])]
    copies = picture.filter_multi_output("split", len(renditions))
    return [(copies.stream(position), rendition) for position, rendition in enumerate(renditions)]


def _rendition_output(picture: Any, video: VideoPlan, rendition: Rendition, *, lossless: bool) -> Any:
    return ffmpeg.output(
        picture,
        f"{rendition.name}.mp4",
        **{
            # Frames are on the grid already; never duplicate or drop again.
            "fps_mode": "passthrough",
            **encoder_options(rendition, video.gop_frames, lossless=lossless),
            # Every frame starts on a whole tick.
            "video_track_timescale": video.timescale,
            # CMAF brands (ISO/IEC 23000-19); a fragment per GOP; sample offsets below zero instead of an edit list,
            # so that the picture is not 66 ms late.
            "movflags": "+cmaf+frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets+frag_discont",
            # No time code track: it would be a second track.
            "write_tmcd": 0,
            **mp4_options(),
        },
    )


def _sprite_output(frames: Any, video: VideoPlan, chunk: Chunk) -> Any:
    stills = video.stills
    rows = -(-video.tiles_of(chunk) // stills.columns)
    tiles = (
        # Frames count from 0 here, and chunks begin on a tile.
        frames.filter("select", f"not(mod(n,{stills.tile_interval_frames}))")
        .filter("scale", stills.tile_width, stills.tile_height, **scale_options("pc"))
        .filter("setsar", 1)
        .filter("format", "yuvj420p")
        .filter("tile", f"{stills.columns}x{rows}")
    )
    return ffmpeg.output(tiles, SPRITE_NAME, **jpeg_options(quality=5))


def _poster_output(frames: Any, video: VideoPlan, chunk: Chunk) -> Any:
    stills = video.stills
    picture = (
        frames.filter("select", f"eq(n,{stills.poster_frame - chunk.start_frame})")
        .filter("scale", stills.poster_width, stills.poster_height, **scale_options("pc"))
        .filter("setsar", 1)
        .filter("format", "yuvj420p")
    )
    return ffmpeg.output(picture, POSTER_NAME, **jpeg_options(quality=3))


def _seeks(video: VideoPlan, chunk: Chunk) -> bool:
    return chunk.start_frame > video.first_frame


def _seek(plan: Plan, video: VideoPlan, chunk: Chunk, seek_pad: Fraction) -> Fraction | None:
    """Where to begin reading, in the source's own seconds; None for its start."""
    # The deinterlacer looks at the frame before.
    pad = max(seek_pad, _DEINTERLACE_PAD) if video.deinterlace else seek_pad
    start = (video.clip_frame + chunk.start_frame) / video.frame_rate - pad
    return _grid_origin(plan, video) + start if _seeks(video, chunk) and start > 0 else None


def _grid_origin(plan: Plan, video: VideoPlan) -> Fraction:
    """The source's own time of the grid's zero, which a clip leaves behind."""
    return plan.origin - video.clip_frame / video.frame_rate


def compiled(outputs: list[Any], names: tuple[str, ...]) -> Command:
    """The command that writes the outputs, whose files are `names`."""
    words: list[str] = ffmpeg.merge_outputs(*outputs).compile(cmd="")
    return Command(arguments=(*GLOBAL_ARGUMENTS, *words[1:]), outputs=names)
