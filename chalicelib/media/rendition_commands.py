"""The commands of static renditions. Their input is not the source: it is an excerpt of what was published, an
init segment with fragments behind it, whose frames are on the grid.

When an excerpt begins is told, not read: ffmpeg's demuxer moves fragments whose composition offsets are below zero.

The laws of commands.py hold here too: same request, same arguments, and each flag with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import ffmpeg

from chalicelib.media.audio_commands import AUDIO_RATE_HZ
from chalicelib.media.commands import VIDEO_STREAM, Command, compiled
from chalicelib.media.encoders import encoder_options
from chalicelib.media.flags import MICROSECONDS, input_options, mp4_options, scale_options, seconds
from chalicelib.media.plan import Rendition
from chalicelib.media.source import Container
from chalicelib.media.timing import round_near

EDGE_NAME = "edge.mp4"
SOUND_NAME = "sound.mp4"
FRAMES_NAME = "frame%03d.ppm"
"""The pictures of a WebP preview on their way to img2webp: without loss. This ffmpeg has no encoder for it."""
_FRAGMENT_SECONDS = 6
_WEBP_QUALITY, _WEBP_METHOD = 75, 4


def edge_command(
    excerpt_path: str, rendition: Rendition, frame_rate: Fraction, start_frame: int, end_frame: int, gop_frames: int
) -> Command:
    """Encode the frames [start_frame, end_frame) of an excerpt again, as the rendition was: as a GOP of their own.

    Args:
        gop_frames: Frames of a whole GOP.
    """
    rate = f"{frame_rate.numerator}/{frame_rate.denominator}"
    picture = (
        _excerpt(excerpt_path, VIDEO_STREAM, "setpts", Fraction(0))
        # The grid again: frames are numbered from the start of the excerpt.
        .filter("fps", rate, round="near")
        .filter("trim", start_pts=start_frame, end_pts=end_frame)
        .filter("setpts", "PTS-STARTPTS")
        # As for the rendition: limited range, square pixels, and the one layout.
        .filter("scale", rendition.width, rendition.height, **scale_options("tv"))
        .filter("setsar", 1)
        .filter("format", "yuv420p")
    )
    numerator = frame_rate.numerator
    output = ffmpeg.output(
        picture,
        EDGE_NAME,
        **{
            "fps_mode": "passthrough",
            **encoder_options(rendition, gop_frames, lossless=False),
            "video_track_timescale": numerator if numerator >= 10_000 else numerator * 1000,
            "movflags": "+cmaf+frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets+frag_discont",
            "write_tmcd": 0,
            **mp4_options(),
        },
    )
    return compiled([output], (EDGE_NAME,))


def sound_command(
    excerpt_path: str, begins: Fraction, start: Fraction, end: Fraction, *, channels: int, bitrate_bps: int
) -> Command:
    """Encode the sound in [start, end) seconds of the stream again: AAC can be cut at its own frames only, 21 ms.

    Args:
        begins: Seconds of the stream at which the excerpt begins.
    """
    sound = (
        _excerpt(excerpt_path, "a:0", "asetpts", begins)
        .filter("atrim", start=seconds(start), end=seconds(end))
        .filter("asetpts", f"PTS-{seconds(start)}/TB")
        # Sound that begins later than the clip keeps its distance.
        .filter("aresample", AUDIO_RATE_HZ, **{"async": 1, "first_pts": 0})
    )
    output = ffmpeg.output(
        sound,
        SOUND_NAME,
        **{
            "c:a": "aac",
            "b:a": bitrate_bps,
            "ac": channels,
            # The encoder's priming packet lies before zero.
            "bsf:a": "noise=amount=0:drop='lt(pts,0)'",
            "frag_duration": _FRAGMENT_SECONDS * MICROSECONDS,
            "movflags": "+cmaf+empty_moov+default_base_moof+frag_discont",
            **mp4_options(),
        },
    )
    return compiled([output], (SOUND_NAME,))


def preview_command(
    excerpt_path: str, name: str, begins: Fraction, start: Fraction, end: Fraction, *, width: int, fps: int
) -> Command:
    """A moving picture without sound of [start, end) seconds of the stream. The format follows from the name.

    Args:
        name: FRAMES_NAME makes pictures one by one, for `webp_arguments`.
        begins: Seconds of the stream at which the excerpt begins.
    """
    frames = (
        _excerpt(excerpt_path, VIDEO_STREAM, "setpts", begins)
        .filter("trim", start=seconds(start), end=seconds(end))
        .filter("setpts", "PTS-STARTPTS")
        .filter("fps", fps, round="near", start_time=0)
        # Bounded whatever the last frame's duration is.
        .filter("trim", end_frame=max(round((end - start) * fps), 1))
        # An even height, which AV1 wants.
        .filter("scale", width, -2, flags="lanczos")
        .filter("setsar", 1)
    )
    options: dict[str, Any]
    if name.endswith(".gif"):
        copies = frames.filter_multi_output("split", 2)
        # 256 colours chosen for this very clip, with most weight on what moves.
        palette = copies.stream(0).filter("palettegen", stats_mode="diff")
        # Ordered dither: error diffusion makes what stands still flicker, and files larger.
        frames = ffmpeg.filter([copies.stream(1), palette], "paletteuse", dither="bayer", bayer_scale=4)
        # 0 is for ever.
        options = {"loop": 0, "f": "gif"}
    elif name == FRAMES_NAME:
        frames = frames.filter("format", "rgb24")
        options = {"c:v": "ppm", "f": "image2"}
    else:
        frames = frames.filter("format", "yuv420p")
        # One picture at a time: the same bytes every time.
        options = {"c:v": "libsvtav1", "preset": 8, "crf": 38, "svtav1-params": "lp=1", "loop": 0, "f": "avif"}
    output = ffmpeg.output(frames, name, **options, **{"fps_mode": "passthrough", "fflags": "+bitexact"})
    return compiled([output], (name,))


def webp_arguments(pictures: Sequence[str], name: str, fps: int) -> tuple[str, ...]:
    """What img2webp is told: the pictures in their order, each for its own time."""
    words = [
        # For ever.
        *("-loop", "0"),
        *("-lossy", "-q", str(_WEBP_QUALITY), "-m", str(_WEBP_METHOD)),
    ]
    for picture, duration_ms in zip(pictures, _durations_ms(len(pictures), fps), strict=True):
        words += ("-d", str(duration_ms), picture)
    return (*words, "-o", name)


def _durations_ms(count: int, fps: int) -> Iterator[int]:
    """The format counts milliseconds; each picture begins at the one that is nearest, so errors never add up."""
    begins = [round_near(Fraction(1000 * frame, fps)) for frame in range(count + 1)]
    return (end - begin for begin, end in pairwise(begins))


def _excerpt(path: str, stream: str, rebase: str, begins: Fraction) -> Any:
    excerpt = ffmpeg.input(path, **input_options(Container.MP4))
    return excerpt[stream].filter(rebase, f"PTS-STARTPTS+{seconds(begins)}/TB")
