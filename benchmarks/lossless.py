"""Frames without loss, and how far a video is from them.

References are kept as 4:2:0 in BT.709, the one conversion that every output shares, so that what is measured is the
capture and the encoder. ffmpeg comes from imageio-ffmpeg: the layer's own has no PNG.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg

from benchmarks.measure import FFMPEG
from chalicelib.composition.capture import CaptureOptions, Picture
from chalicelib.tools.browser_files import BrowserFiles
from tests.composing import chromium_of

_PATIENCE_S = 900.0
_TO_VIDEO = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,format=yuv420p"
_LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0")
_AVERAGE = re.compile(r"PSNR .*average:(\S+) min:(\S+)")
_FRAMES = re.compile(r"frame=\s*(\d+)")


def from_pictures(folder: Path, target: Path, rate: int) -> None:
    """A reference of a folder of PNGs, in the order of their names."""
    words = ["-framerate", str(rate), "-pattern_type", "glob", "-i", f"{folder}/*.png"]
    _ffmpeg([*words, "-vf", _TO_VIDEO, *_LOSSLESS, str(target)])


def from_browser(project: Path, target: Path, rate: int, browser: BrowserFiles) -> None:
    """A reference of every frame, captured as PNG by our own browser session, one after the other."""
    words = ["-f", "image2pipe", "-framerate", str(rate), "-c:v", "png", "-i", "-", "-vf", _TO_VIDEO, *_LOSSLESS]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *words, str(target)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE) as encoder:
        for picture in _pictures(project, rate, browser):
            assert encoder.stdin  # noqa: S101
            encoder.stdin.write(picture)
    if encoder.returncode:
        raise SystemExit(f"ffmpeg ended with {encoder.returncode}")


def _pictures(project: Path, rate: int, browser: BrowserFiles) -> Iterator[bytes]:
    options = CaptureOptions(Fraction(rate), picture=Picture.PNG)
    deadline = time.monotonic() + _PATIENCE_S
    with chromium_of(browser, FFMPEG).open(project, options, deadline=deadline) as stage:
        total = int(stage.facts.duration * rate)
        for frame in stage.frames(0, total, preroll=False):
            yield frame.picture


def psnr(video: Path, reference: Path) -> tuple[float, float]:
    """Decibels over all planes: of the whole, and of the worst frame.

    Raises:
        SystemExit: If they have not the same number of frames.
    """
    counts = [_frame_count(path) for path in (video, reference)]
    if counts[0] != counts[1]:
        raise SystemExit(f"{video.name} has {counts[0]} frames, its reference {counts[1]}")
    graph = "[0:v]settb=AVTB,setpts=N,format=yuv420p[a];[1:v]settb=AVTB,setpts=N[b];[a][b]psnr"
    said = _ffmpeg(["-i", str(video), "-i", str(reference), "-lavfi", graph, "-f", "null", "-"], level="info")
    found = _AVERAGE.search(said)
    if not found:
        raise SystemExit(f"ffmpeg printed no PSNR: {said[-500:]}")
    return float(found[1]), float(found[2])


def _frame_count(path: Path) -> int:
    said = _ffmpeg(["-i", str(path), "-map", "0:v:0", "-c", "copy", "-f", "null", "-"], level="info")
    return int(_FRAMES.findall(said)[-1])


def _ffmpeg(words: list[str], level: str = "error") -> str:
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", level, "-hide_banner", "-nostdin", "-y", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"ffmpeg failed: {done.stderr[-2000:]}")
    return done.stderr
