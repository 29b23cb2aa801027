"""The sound of a composition: every clip of the timeline mixed into one track, as long as the picture to a sample.

Decided in whole samples of 48 kHz, so nothing drifts however late a clip begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from chalicelib.composition.capture import MediaClip
from chalicelib.composition.formats import Format

RATE_HZ = 48_000
BITRATE = "192k"
MAX_CLIPS = 256
"""Each is an open file and a decoder."""
_MIN_TEMPO, _MAX_TEMPO = Fraction(1, 2), Fraction(2)
"""What one atempo filter does well; beyond, several follow each other."""
_DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,wav,ogg,flac,aac,aiff,mpegts"
_CONFINED = (
    # A file is never trusted to bring in another one, nor a reader that would.
    *("-protocol_whitelist", "file", "-format_whitelist", _DEMUXERS),
)


def listen_arguments(path: str) -> tuple[str, ...]:
    """Name the tracks of a file on stdout, and decode the beginning of its first sound."""
    return (
        *_CONFINED,
        *("-i", path),
        # Either may be missing: a video without sound is no error.
        *("-map", "0:a:0?", "-map", "0:V:0?"),
        # The picture is not decoded.
        *("-c:v", "copy"),
        *("-frames:a", "1", "-frames:v", "1"),
        *("-f", "framecrc", "pipe:1"),
    )


def is_heard(lines: Sequence[bytes]) -> bool:
    """Whether the lines of `listen_arguments` name a sound."""
    return any(line.startswith(b"#media_type") and line.rstrip().endswith(b"audio") for line in lines)


def audible(clips: Sequence[MediaClip], duration: Fraction) -> tuple[MediaClip, ...]:
    """The clips that are heard at all in a composition of so many seconds."""
    return tuple(
        clip
        for clip in clips
        if clip.volume > 0
        and clip.start < duration
        and clip.playback_rate > 0
        and (clip.duration is None or (clip.duration > 0 and clip.start + clip.duration > 0))
    )


def mix_arguments(clips: Sequence[MediaClip], duration: Fraction, format: Format, output: str) -> tuple[str, ...]:
    """Mix the clips into one file.

    Args:
        clips: At least one; each file has sound. Paths relative to the working folder.
        duration: Of the composition, in seconds.
    """
    samples = round(duration * RATE_HZ)
    branches = [_branch(position, clip, samples) for position, clip in enumerate(clips)]
    names = "".join(f"[c{position}]" for position in range(len(clips)))
    # Loud clips stay as loud as they are: the mix is their sum.
    mixed = f"{names}amix=inputs={len(clips)}:duration=longest:normalize=0" if len(clips) > 1 else f"{names}anull"
    # Counted anew: amix loses its beginning where a clip is entered in the middle, and the file would begin nowhere.
    whole = f"{mixed},apad=whole_len={samples},atrim=end_sample={samples},asetpts=N/SR/TB[out]"
    encoder = ("-c:a", "libopus", "-f", "webm") if format is Format.WEBM else ("-c:a", "aac", "-f", "mp4")
    return (
        *(word for clip in clips for word in (*_CONFINED, "-i", f"./{clip.path}")),
        *("-filter_complex", ";".join([*branches, whole])),
        *("-map", "[out]", *encoder, "-b:a", BITRATE),
        # Where it was recorded, and by whom, stays private; no versions: the same bytes every time.
        *("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"),
        # One thread: bytes must not depend on timing.
        *("-threads", "1"),
        output,
    )


def _branch(position: int, clip: MediaClip, samples: int) -> str:
    """One clip, from its file to its place on the timeline. A clip that begins before zero loses its beginning."""
    skipped = max(Fraction(0), -clip.start)
    begin = clip.media_start + skipped * clip.playback_rate
    filters = [
        # Holes in the file become silence, so that what follows stays where it was.
        f"aresample={RATE_HZ}:async=1:first_pts=0",
        "aformat=sample_fmts=fltp:channel_layouts=stereo",
        f"atrim=start_sample={_samples(begin)}",
        "asetpts=N/SR/TB",
        *_tempo(clip.playback_rate),
    ]
    room = samples - _samples(max(clip.start, Fraction(0)))
    heard = room if clip.duration is None else min(room, _samples(clip.duration - skipped))
    filters += [
        f"atrim=end_sample={max(0, heard)}",
        f"volume={clip.volume:.6f}",
        f"adelay=delays={_samples(max(clip.start, Fraction(0)))}S:all=1",
    ]
    return f"[{position}:a:0]{','.join(filters)}[c{position}]"


def _tempo(rate: Fraction) -> list[str]:
    """Faster or slower at the same pitch, as browsers play it."""
    filters = []
    while rate > _MAX_TEMPO or rate < _MIN_TEMPO:
        step = _MAX_TEMPO if rate > 1 else _MIN_TEMPO
        filters.append(f"atempo={float(step)}")
        rate /= step
    return filters if rate == 1 else [*filters, f"atempo={float(rate):.9f}"]


def _samples(seconds: Fraction) -> int:
    return round(seconds * RATE_HZ)
