"""Per-title pruning: the rungs that add nothing for this very title are left out.

Two rules, both over facts that cost next to nothing, and both in doubt for the rung:

1. *Nothing more to see.* Pictures spread over the title are made as small as a rung and as large as the tallest again.
   Where no 4x4 block of no picture changes by more than MAX_LOSS of 255 levels, the rungs above hold nothing that this
   one does not: the source was enlarged, or is soft. One picture with detail keeps them all, so most titles cost one
   look. A picture that even the lowest rung holds (black, a plain title card) tells nothing, and does not count.
2. *Nothing to save.* Where the source's own peak, with all safety, is below the ceiling of the lowest rung, whoever can
   play the lowest can play the highest, and those between serve nobody: slides, screens, drawings.

The lowest rung always stays, the order too, and all codecs have the same sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from chalicelib.media.flags import GLOBAL_ARGUMENTS, input_options, seconds
from chalicelib.media.plan import Plan, Rendition, VideoCodec, VideoPlan
from chalicelib.media.source import Transfer
from chalicelib.media.timing import TrackScan

MAX_LOSS = 6
"""Measured: enlarged 480p loses 4 to 6 at its own size, a soft talking head in true 720p 14, drawn lines 24."""

MIN_SAMPLES = 4
MAX_SAMPLES = 12
SAMPLE_EVERY_S = 4
"""One look costs 0.1 CPU seconds at 1080p, four seconds of encoding its ladder about six: two percent at most."""

SAFETY = 2
"""The first encode may well need more bits than the source did."""

PEAK_WINDOW_S = 6
WIDELY_PLAYABLE_PIXELS = 1920 * 1088
"""Not every device decodes more, however few bytes it is."""

LOSS_KEY = b"lavfi.signalstats.YMAX="
_DENSE_CODECS = frozenset({"HEVC", "VP9", "AV1"})
_SCALER = "lanczos+accurate_rnd+bitexact"

Lost = Callable[[Rendition, Fraction], int | None]


def sample_times(video: VideoPlan) -> tuple[Fraction, ...]:
    """Seconds after the origin at which to look, none where looking could mislead: a short title, fields, HDR."""
    duration = video.total_frames / video.frame_rate
    count = min(duration // SAMPLE_EVERY_S, MAX_SAMPLES)
    if count < MIN_SAMPLES or video.deinterlace or video.transfer is not Transfer.SDR:
        return ()
    return tuple(duration * (2 * number + 1) / (2 * count) for number in range(count))


def rungs_of(renditions: Sequence[Rendition]) -> tuple[Rendition, ...]:
    """One rendition of each size, tallest first."""
    return tuple(rendition for rendition in renditions if rendition.codec is VideoCodec.H264)


def first_needed(rungs: Sequence[Rendition], times: Sequence[Fraction], lost: Lost) -> int:
    """Rule 1: the index of the lowest rung that holds all there is to see; 0 keeps all.

    Args:
        rungs: Tallest first.
        lost: Levels that a rung loses at a time, None when there was no picture; asked no more than needed.
    """
    needed, telling = len(rungs) - 1, 0
    for time in times:
        holds = 0
        while holds < len(rungs) - 1:
            loss = lost(rungs[holds + 1], time)
            if loss is None or loss > MAX_LOSS:
                break
            holds += 1
        if holds == 0:
            return 0
        if holds < len(rungs) - 1:
            needed, telling = min(needed, holds), telling + 1
    return needed if telling >= MIN_SAMPLES else 0


def peak_bitrate_bps(track: TrackScan, codec: str) -> int | None:
    """The source's busiest PEAK_WINDOW_S, in bits per second of H.264; None when sizes are unknown, or the title is
    short: little is saved then.

    Args:
        codec: MediaInfo's name; the newer ones need about half the bits of H.264.
    """
    span = (max(track.pts) - min(track.pts)) * track.time_base
    if not track.sizes_bytes or span < MIN_SAMPLES * SAMPLE_EVERY_S:
        return None
    ticks = max(int(PEAK_WINDOW_S / track.time_base), 1)
    windows: dict[int, int] = {}
    for time, size_bytes in zip(track.pts, track.sizes_bytes, strict=True):
        windows[time // ticks] = windows.get(time // ticks, 0) + size_bytes
    peak = max(windows.values()) * 8 // PEAK_WINDOW_S
    return 2 * peak if codec in _DENSE_CODECS else peak


def prune(renditions: Sequence[Rendition], needed: int, peak_bps: int | None) -> tuple[Rendition, ...]:
    """What is left of a ladder; at least its lowest rung, in every codec that it had.

    Args:
        needed: What `first_needed` said.
        peak_bps: What `peak_bitrate_bps` said.
    """
    kept = rungs_of(renditions)[needed:]
    if peak_bps is not None and SAFETY * peak_bps <= kept[-1].max_bitrate_bps:
        playable = next((rung for rung in kept if rung.width * rung.height <= WIDELY_PLAYABLE_PIXELS), kept[-1])
        kept = tuple(rung for rung in kept if rung in (kept[0], playable, kept[-1]))
    sizes = {(rung.width, rung.height) for rung in kept}
    return tuple(rendition for rendition in renditions if (rendition.width, rendition.height) in sizes)


def prune_plan(plan: Plan, needed: int, peak_bps: int | None) -> Plan:
    """The plan with what `prune` left."""
    if plan.video is None:
        return plan
    return replace(plan, video=replace(plan.video, renditions=prune(plan.video.renditions, needed, peak_bps)))


def loss_arguments(
    plan: Plan, tallest: Rendition, rung: Rendition, time: Fraction, source_path: str
) -> tuple[str, ...]:
    """Print what two pictures near a time lose when they are made as small as a rung: lines that begin with LOSS_KEY.

    The two are the keyframe at or before the time, and one a little later, because some encoders sharpen by and by.
    """
    large, small = (f"scale={size.width}:{size.height}:flags={_SCALER}" for size in (tallest, rung))
    graph = (
        f"[0:V:0]select='eq(n,0)+eq(n,8)',{large},format=gray,split[a][b];"
        f"[b]{small},{large}[c];"
        # The mean of blocks, because one pixel of noise is no detail.
        "[a][c]blend=all_mode=difference,scale=iw/4:ih/4:flags=area+accurate_rnd+bitexact,signalstats,"
        f"metadata=mode=print:key={LOSS_KEY.decode().rstrip('=')}:file=-"
    )
    options = input_options(plan.container).items()
    return (
        *GLOBAL_ARGUMENTS,
        *(word for name, value in options for word in (f"-{name}", str(value))),
        # The keyframe will do: nothing else has to be decoded.
        "-noaccurate_seek",
        # The source's own clock, whatever its start.
        *("-seek_timestamp", "1", "-ss", seconds(plan.origin + time)),
        *("-i", source_path),
        *("-filter_complex", graph),
        # Two pictures far apart are two pictures.
        *("-fps_mode", "passthrough"),
        *("-frames:v", "2"),
        *("-f", "null", "-"),
    )


def read_loss(lines: Sequence[bytes]) -> int | None:
    """The most that any picture lost; None when none was printed."""
    found = [line[len(LOSS_KEY) :].strip() for line in lines if line.startswith(LOSS_KEY)]
    return max((int(float(value)) for value in found), default=None)
