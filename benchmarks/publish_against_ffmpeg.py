"""Upload to `ready` against one plain ffmpeg run of the same ladder, on a 10 s 720p clip. Goal: at most 3 times.

The plain run is what one would type: one ffmpeg, one decode, every rendition and the audio with the same encoder
settings, HLS segments on local disk. The runs alternate, so that both see the same machine.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

from benchmarks.measure import FFMPEG, Figure, Stage, empty_stage, encoder_words, ratio, seconds
from chalicelib.media.ladder import choose_ladder

RUNS = 5
CLIP_SECONDS = 10
LADDER = choose_ladder(1280, 720, (720, 480, 360), Fraction(30))
GOP_FRAMES = 60


def make_clip(target: Path) -> Path:
    """Detail and motion like a camera's, not a flat test card: a zooming fractal under noise."""
    picture = f"testsrc2=s=1280x720:r=30:d={CLIP_SECONDS},noise=alls=12:allf=t"
    words = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=f=440:r=48000:d={CLIP_SECONDS}"]
    words += [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "20",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-movflags",
        "+faststart",
    ]
    subprocess.run([str(FFMPEG), "-v", "error", "-nostdin", "-y", *words, str(target)], check=True)
    return target


def plain_ffmpeg(clip: Path, folder: Path) -> None:
    """The whole ladder by hand."""
    split = "".join(f"[s{index}]" for index in range(len(LADDER)))
    scales = ";".join(
        f"[s{index}]scale={rung.width}:{rung.height}:flags=lanczos,setsar=1[v{index}]"
        for index, rung in enumerate(LADDER)
    )
    words = ["-i", str(clip), "-filter_complex", f"[0:v:0]split={len(LADDER)}{split};{scales}"]
    for index, rung in enumerate(LADDER):
        words += ["-map", f"[v{index}]", *encoder_words(rung, GOP_FRAMES)]
        words += ["-f", "hls", "-hls_time", "6", "-hls_segment_type", "fmp4", "-hls_playlist_type", "vod"]
        words += ["-hls_fmp4_init_filename", f"init-{rung.name}.mp4", str(folder / f"{rung.name}.m3u8")]
    words += ["-map", "0:a:0", "-c:a", "aac", "-b:a", "128k", str(folder / "audio.m4a")]
    subprocess.run([str(FFMPEG), "-v", "error", "-nostdin", "-y", *words], check=True, cwd=folder)


def publish(stage: Stage, clip: Path) -> None:
    asset = json.loads(stage.sluice("upload", str(clip), "--wait", "--json"))
    if asset["status"] != "ready":
        raise SystemExit(f"the clip did not become ready: {asset['errors']}")


def main() -> None:
    with empty_stage() as stage, tempfile.TemporaryDirectory() as scratch:
        clip = make_clip(Path(scratch) / "clip.mp4")
        stage.up()
        publish(stage, clip)  # the first run pays for cold functions and unpacked layers
        plain, ours = [], []
        for run in range(RUNS):
            folder = Path(scratch) / str(run)
            folder.mkdir()
            plain.append(seconds(lambda folder=folder: plain_ffmpeg(clip, folder)))  # type: ignore[misc]
            ours.append(seconds(lambda: publish(stage, clip)))
    print(Figure("plain ffmpeg, same ladder", plain))
    print(Figure("upload to ready", ours))
    print(ratio("ratio, pair by pair", [b / a for a, b in zip(plain, ours, strict=True)]))
