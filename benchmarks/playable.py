"""`complete` to playable, on standard 1080p input of 5 Mbit/s and 1, 10 and 30 minutes.

Goal: at most 3 s for 10 minutes, and no more for 30 than for 1.

Playable means what a player needs: the API says so and names a playlist, and the init segment with the first media
segment decode to a picture. Printed beside it: how long the call of `complete` itself took, and for the shortest source
the time to `ready`. The emulator joins the parts of a large upload by copying and hashing them, which S3 does not, and
the call waits for it: so lengths are compared by the time after the answer.

The sources are one encoded clip, repeated by stream copy. An asset is deleted once it has been measured.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx

from benchmarks.measure import FFMPEG, Figure, empty_stage
from sluice.api_client import Api, Json
from sluice.uploading import send_file

MINUTES = (1, 10, 30)
RUNS = 3
CLIP_SECONDS = 20
_POLL_S = 0.02
_PATIENCE_S = 900


class TimedApi(Api):
    """Notes when `complete` was called, and when it answered."""

    called = answered = 0.0

    def complete_upload(self, upload_id: str, parts: list[Json]) -> Json:
        self.called = time.perf_counter()
        upload = super().complete_upload(upload_id, parts)
        self.answered = time.perf_counter()
        return upload


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds since `complete` was called; `ready_s` if it was waited for."""

    answered_s: float
    playable_s: float
    ready_s: float | None


def make_clip(target: Path) -> Path:
    """What a phone or a screen recorder makes: High profile, B-frames, a keyframe every 2 s, index in front."""
    picture = f"testsrc2=s=1920x1080:r=30:d={CLIP_SECONDS},noise=alls=8:allf=t"
    words = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=f=440:r=48000:d={CLIP_SECONDS}"]
    words += ["-c:v", "libx264", "-preset", "veryfast", "-g", "60", "-pix_fmt", "yuv420p"]
    words += ["-b:v", "5M", "-maxrate", "5M", "-bufsize", "5M", "-c:a", "aac", "-b:a", "128k", str(target)]
    subprocess.run([str(FFMPEG), "-v", "error", "-nostdin", "-y", *words], check=True)
    return target


def repeat(clip: Path, target: Path, minutes: int) -> Path:
    words = ["-stream_loop", "-1", "-i", str(clip), "-t", str(60 * minutes), "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([str(FFMPEG), "-v", "error", "-nostdin", "-y", *words, str(target)], check=True)
    return target


def measure(api: TimedApi, source: Path, *, to_the_end: bool) -> Start:
    upload = send_file(api, source, asset={}, progress=lambda _: None)
    asset = _until(api, upload["asset_id"], lambda asset: bool(asset["playable"]))
    _show_first_picture(asset["playback"]["hls"])
    playable = time.perf_counter()
    ready = None
    if to_the_end:
        _until(api, upload["asset_id"], lambda asset: asset["status"] == "ready")
        ready = time.perf_counter() - api.called
    api.delete_asset(upload["asset_id"])
    return Start(api.answered - api.called, playable - api.called, ready)


def _until(api: Api, asset_id: str, done: Callable[[Json], bool]) -> Json:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        asset = api.asset(asset_id)
        if done(asset):
            return asset
        if asset["status"] not in ("waiting", "preparing"):
            break
        time.sleep(_POLL_S)
    raise SystemExit(f"{asset_id} is {asset['status']}: {asset['errors']}")


def _show_first_picture(hls: str) -> None:
    """Fetch what a player fetches first, and decode one frame of it."""
    with httpx.Client(trust_env=False) as client:
        variants = client.get(hls).raise_for_status().text.splitlines()
        playlist = urljoin(hls, next(line for line in variants if line and not line.startswith("#")))
        client.get(playlist).raise_for_status()
        data = b"".join(
            client.get(urljoin(playlist, name)).raise_for_status().content for name in ("init.mp4", "00001.m4s")
        )
    words = ["-i", "-", "-frames:v", "1", "-f", "null", "-"]
    subprocess.run([str(FFMPEG), "-v", "error", *words], input=data, check=True)


def main() -> None:
    with empty_stage() as stage, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clip = make_clip(folder / "clip.mp4")
        facts = stage.up()
        api = TimedApi(facts["url"], facts["api_key"])
        measure(api, clip, to_the_end=False)  # the first run pays for cold functions
        medians = {}
        for minutes in MINUTES:
            source = repeat(clip, folder / "source.mp4", minutes)
            starts = [measure(api, source, to_the_end=minutes == 1 and run == 0) for run in range(RUNS)]
            playable = Figure(f"{minutes} min: complete to playable", [start.playable_s for start in starts])
            after = Figure(
                f"{minutes} min: after the answer", [start.playable_s - start.answered_s for start in starts]
            )
            medians[minutes] = after.median
            print(playable, flush=True)
            print(Figure(f"{minutes} min: of which the call itself", [start.answered_s for start in starts]))
            print(after, flush=True)
            ready = starts[0].ready_s
            if ready is not None:
                print(Figure(f"{minutes} min: complete to ready", [ready]))
                print(f"{'ready / playable':<44} {ready / starts[0].playable_s:7.2f} x")
    print(f"{'after the answer, 30 min / 1 min':<44} {medians[30] / medians[1]:7.2f} x   (goal: flat)")
