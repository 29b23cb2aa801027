"""The ffmpeg commands of the workers that need no picture: sound, subtitles, and the cover of a file of sound.

Each runs over the whole source, once. The laws of commands.py hold here too: same plan, same arguments, one demuxer,
and each flag with its reason.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import ffmpeg

from chalicelib.media.commands import Command, compiled
from chalicelib.media.flags import (
    MICROSECONDS,
    POSTER_LONG_SIDE,
    from_origin,
    input_options,
    jpeg_options,
    mp4_options,
    scale_options,
    seconds,
)
from chalicelib.media.names import POSTER_NAME
from chalicelib.media.plan import AudioRendition, Plan
from chalicelib.media.source import Container
from chalicelib.media.webvtt import LEAD_S

AUDIO_RATE_HZ = 48_000

_INDEXED = frozenset({Container.MP4, Container.MATROSKA})
_SEEK_PAD_S = 10
"""How much further sound and picture may lie apart in a file than in time."""
_LEAD_TICKS = 16 * 1024
"""A third of a second: packets of an AAC encoder before its choices are those of one that has run for long."""

COVER_STREAM = "v:0"
"""ffmpeg's name for the attached picture of a file that has no other picture."""


def audio_command(plan: Plan, rendition: AudioRendition, source_path: str, *, start_ticks: int = 0) -> Command:
    """Encode one audio track, whole: cut audio drifts, and one pass runs at many times real time.

    Args:
        start_ticks: Where to go on, at AUDIO_RATE_HZ, a whole number of packets. All before it is decoded again,
            because only that counts samples as the run did that got so far, but it is not encoded.
    """
    sound = _source(plan, source_path, seek=_seek(plan))[f"a:{rendition.position}"]
    sound = sound.filter("asetpts", from_origin(plan.origin))
    if plan.clipped:
        # To the sample: what the source has before and after is none of the clip.
        sound = sound.filter("atrim", start=0, end=seconds(plan.duration))
    # Fill holes with silence and cut overlaps, from the first picture on, so that sound stays where it was.
    sound = sound.filter("aresample", AUDIO_RATE_HZ, **{"async": 1, "first_pts": 0})
    if start_ticks:
        # On the grid of the run before, with some packets to get going, which are dropped below.
        sound = sound.filter("atrim", start_pts=max(0, start_ticks - _LEAD_TICKS))
    name = f"{rendition.name}.mp4"
    output = ffmpeg.output(
        sound,
        name,
        **{
            "c:a": "aac",
            "b:a": rendition.bitrate_bps,
            # Stereo for every player; 5.1 where the plan keeps it.
            "ac": rendition.channels,
            # The encoder's priming packet lies before zero; without it no edit list is needed and nothing is late.
            "bsf:a": f"noise=amount=0:drop='lt(pts,{start_ticks})'",
            # One fragment a segment. Unlike video there is no keyframe to cut at.
            "frag_duration": plan.segment_seconds * MICROSECONDS,
            # CMAF brands; no sample table up front; offsets from each fragment; times that begin where it says.
            "movflags": "+cmaf+empty_moov+default_base_moof+frag_discont",
            # Until when, on the output's clock: longer than the media by the packet that rounding may add; a lying
            # timestamp cannot ask for more.
            "t": seconds(plan.duration + 1),
            **mp4_options(),
        },
    )
    return compiled([output], (name,))


def text_command(plan: Plan, source_path: str) -> Command:
    """Convert every subtitle track of the plan to WebVTT in one pass; media/webvtt.py makes the final files of them."""
    source = _source(plan, source_path)
    names = tuple(f"{rendition.name}.vtt" for rendition in plan.text)
    outputs = [
        ffmpeg.output(
            source[f"s:{rendition.position}"],
            name,
            **{
                "c:s": "webvtt",
                # From the origin on, like picture and sound, but ahead: the muxer cannot write what begins before.
                "output_ts_offset": seconds(LEAD_S - plan.origin),
                # Else the muxer would move all cues when one lies before zero.
                "avoid_negative_ts": "disabled",
                "map_metadata": -1,
                # No version in the file.
                "fflags": "+bitexact",
                "f": "webvtt",
            },
        )
        for rendition, name in zip(plan.text, names, strict=True)
    ]
    return compiled(outputs, names)


def cover_command(plan: Plan, source_path: str) -> Command:
    """The attached picture as the poster: at most as large as a poster is, never enlarged."""
    picture = (
        ffmpeg.input(source_path, **input_options(plan.container))[COVER_STREAM]
        .filter(
            "scale",
            f"min({POSTER_LONG_SIDE},iw)",
            f"min({POSTER_LONG_SIDE},ih)",
            force_original_aspect_ratio="decrease",
            **scale_options("pc"),
        )
        .filter("setsar", 1)
        .filter("format", "yuvj420p")
    )
    return compiled([ffmpeg.output(picture, POSTER_NAME, **jpeg_options(quality=3))], (POSTER_NAME,))


def _seek(plan: Plan) -> Fraction | None:
    """Where to begin reading for a clip's sound; containers without an index are read from their start."""
    return plan.origin - _SEEK_PAD_S if plan.clipped and plan.container in _INDEXED and plan.origin > 60 else None


def _source(plan: Plan, source_path: str, *, seek: Fraction | None = None) -> Any:
    # Absolute times, the keyframe before, and all that comes after it: see commands.py.
    seeking = {"noaccurate_seek": None, "seek_timestamp": 1, "ss": seconds(seek)} if seek is not None else {}
    return ffmpeg.input(
        source_path,
        **input_options(plan.container),
        # Keep the source's clock: the origin is subtracted from it, for picture, sound and text alike.
        copyts=None,
        **seeking,
    )
