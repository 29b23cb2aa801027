"""What each encoder setting costs in CPU and pays in quality: CPU against VMAF against bit rate, with BD-rates.

Every setting encodes the same short clips at several CRFs as a worker does (closed GOPs of two seconds, pinned
threads); VMAF is against the clip itself. CPU is user and system time of the encoder alone (decoding included, the same
for all), as a ratio to x264 medium. BD-rate is the mean difference in bit rate at equal VMAF over the range that two
settings share, each curve drawn as straight lines of log(rate) over VMAF; negative is better.

libvmaf is not in the build that we ship; it comes from imageio-ffmpeg, which is used nowhere else. The clips are made
on the spot: the picture of a moving camera with sensor noise, as near as filters come. VIDEO=path adds one of yours.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg

from benchmarks.measure import FFMPEG
from chalicelib.media.encoders import X264_THREADS

SECONDS = 3
SIZE = (1280, 720)
RATE = 30
GOP = 60
BASE = "x264 medium"

_SCORE = re.compile(r"VMAF score: ([\d.]+)")
_LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "yuv420p")
_CLIPS = {
    # A hand-held look across texture: slow drift, two shakes, noise of a sensor.
    "texture": (
        f"perlin=s=1600x900:r={RATE}:octaves=7:persistence=0.62:xscale=14:yscale=14:random_mode=seed:seed=7,"
        "trim=end_frame=1,loop=-1:size=1,setpts=N/FRAME_RATE/TB,crop=1280:720:x='160+3*n/5+9*sin(n/7)':y='90+7*sin(n/11)',noise=alls=2:allf=t"
    ),
    # Edges at every scale, zooming in.
    "edges": f"mandelbrot=s=1280x720:r={RATE}:end_pts=300:end_scale=0.02,gblur=sigma=0.6,noise=alls=2:allf=t",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to encode: `arguments` without the CRF, and the CRFs to try."""

    name: str
    arguments: tuple[str, ...]
    crfs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One encode: rate in kbit/s, VMAF, CPU seconds."""

    crf: int
    rate_kbps: float
    vmaf: float
    cpu_s: float


def _x264(preset: str, tuning: str = "") -> tuple[str, ...]:
    closed = ("-g", str(GOP), "-keyint_min", str(GOP), "-sc_threshold", "0", "-flags", "+cgop", "-bf", "3")
    return ("-c:v", "libx264", "-preset", preset, *closed, *(("-x264-params", tuning) if tuning else ()))


def _x265(preset: str) -> tuple[str, ...]:
    closed = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:open-gop=0:pools=none:wpp=0:frame-threads=1:log-level=error"
    return ("-c:v", "libx265", "-preset", preset, "-x265-params", closed)


def _av1(preset: int) -> tuple[str, ...]:
    return ("-c:v", "libsvtav1", "-preset", str(preset), "-g", str(GOP), "-svtav1-params", "lp=1:scd=0")


_X264_CRFS = (20, 23, 28)
SETTINGS = (
    Setting(BASE, _x264("medium"), _X264_CRFS),
    Setting("x264 superfast", _x264("superfast"), _X264_CRFS),
    Setting("x264 veryfast", _x264("veryfast"), _X264_CRFS),
    Setting("x264 veryfast trellis=1 ref=2", _x264("veryfast", "trellis=1:ref=2"), _X264_CRFS),
    Setting("x264 faster", _x264("faster"), _X264_CRFS),
    Setting("x265 superfast", _x265("superfast"), (22, 26, 30)),
    Setting("x265 veryfast", _x265("veryfast"), (22, 26, 30)),
    Setting("x265 fast", _x265("fast"), (22, 26, 30)),
    Setting("x265 medium", _x265("medium"), (22, 26, 30)),
    Setting("svt-av1 10", _av1(10), (28, 36, 44)),
    Setting("svt-av1 8", _av1(8), (28, 36, 44)),
    Setting("svt-av1 6", _av1(6), (28, 36, 44)),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, clip in _clips(folder):
            print(f"\n{name}, {SIZE[0]}x{SIZE[1]}, {SECONDS} s")
            _print_table(clip, folder)


def bd_rate(base: Sequence[Point], other: Sequence[Point]) -> float:
    """Mean difference in rate at equal quality, in percent; NaN when the curves share no quality."""
    low = max(min(point.vmaf for point in curve) for curve in (base, other))
    high = min(max(point.vmaf for point in curve) for curve in (base, other))
    if high <= low:
        return math.nan
    steps = 200
    scores = [low + (high - low) * step / steps for step in range(steps + 1)]
    mean = sum(_log_rate(other, score) - _log_rate(base, score) for score in scores) / len(scores)
    return 100 * (math.exp(mean) - 1)


def _log_rate(curve: Sequence[Point], vmaf: float) -> float:
    rising = sorted((point.vmaf, math.log(point.rate_kbps)) for point in curve)
    for (left, left_rate), (right, right_rate) in pairwise(rising):
        if left <= vmaf <= right and right > left:
            return left_rate + (right_rate - left_rate) * (vmaf - left) / (right - left)
    return rising[0][1] if vmaf <= rising[0][0] else rising[-1][1]


def _clips(folder: Path) -> Iterator[tuple[str, Path]]:
    if os.environ.get("VIDEO"):
        target = folder / "yours.mkv"
        fit = f"scale={SIZE[0]}:{SIZE[1]}:flags=lanczos,setsar=1,fps={RATE}"
        words = ("-ss", "4", "-i", os.environ["VIDEO"], "-t", str(SECONDS), "-an", "-vf", fit)
        _run(str(FFMPEG), *words, *_LOSSLESS, str(target))
        yield "VIDEO", target
    for name, graph in _CLIPS.items():
        target = folder / f"{name}.mkv"
        _run(str(FFMPEG), "-f", "lavfi", "-i", graph, "-t", str(SECONDS), *_LOSSLESS, str(target))
        yield name, target


def _curve(setting: Setting, clip: Path, folder: Path) -> list[Point]:
    points = []
    for crf in setting.crfs:
        encoded = folder / "encoded.mp4"
        words = ("-i", str(clip), *setting.arguments, "-crf", str(crf), "-threads", str(X264_THREADS), str(encoded))
        cpu_s = _run(str(FFMPEG), *words)
        rate = encoded.stat().st_size * 8 / SECONDS / 1000
        points.append(Point(crf, rate, _vmaf(encoded, clip), cpu_s))
    return points


def _vmaf(encoded: Path, clip: Path) -> float:
    program = imageio_ffmpeg.get_ffmpeg_exe()
    graph = "[0:v]settb=AVTB,setpts=N[a];[1:v]settb=AVTB,setpts=N[b];[a][b]libvmaf=n_threads=2:n_subsample=3"
    words = ("-nostdin", "-hide_banner", "-i", str(encoded), "-i", str(clip), "-lavfi", graph, "-f", "null", "-")
    report = subprocess.run([program, *words], check=True, capture_output=True, text=True).stderr
    found = _SCORE.search(report)
    if not found:
        raise SystemExit(f"libvmaf printed no score: {report[-500:]}")
    return float(found[1])


def _run(*words: str) -> float:
    """Run ffmpeg to its end; the CPU seconds it took."""
    argv = [words[0], "-v", "error", "-nostdin", "-y", *words[1:]]
    with subprocess.Popen(argv, env={**os.environ, "SVT_LOG": "1"}) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"ffmpeg failed with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _print_table(clip: Path, folder: Path) -> None:
    """A line as soon as a setting is done; the first of them is the base of the ratios."""
    print(f"{'setting':<30} {'CPU':>5} {'BD-rate':>8}   CRF: kbit/s, VMAF")
    base: list[Point] = []
    for setting in SETTINGS:
        curve = _curve(setting, clip, folder)
        base = base or curve
        cpu = sum(point.cpu_s for point in curve) / sum(point.cpu_s for point in base)
        points = "  ".join(f"{point.crf:>2}: {point.rate_kbps:>6.0f}, {point.vmaf:>5.1f}" for point in curve)
        print(f"{setting.name:<30} {cpu:>5.2f} {bd_rate(base, curve):>+7.1f}%   {points}", flush=True)
