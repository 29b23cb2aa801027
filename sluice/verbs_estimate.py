"""`sluice estimate`: what publishing a file would cost, by each encoder. The file is looked at here and not sent."""

from __future__ import annotations

import json
from pathlib import Path

import click

from chalicelib.catalog.options import Encoder
from chalicelib.errors import SluiceError
from chalicelib.media.source import Source
from chalicelib.tools import MediaInfo
from sluice.api_client import Json
from sluice.failure import OperatorError
from sluice.verbs_assets import api_options, open_api
from sluice.verbs_local import json_option

_DEFAULT_FPS = 30.0


def look_at(file: Path) -> Source:
    """What MediaInfo says of a file.

    Raises:
        OperatorError: If an upload of it would be refused, with the same words.
    """
    try:
        with file.open("rb") as opened:
            return MediaInfo().probe(opened, file.stat().st_size)
    except SluiceError as error:
        raise OperatorError(f"{file}: {error.message} ({error.code()})") from error


def asked_of(source: Source, encoder: str | None) -> Json:
    """The body of POST /v1/estimates.

    Raises:
        OperatorError: If the file does not say how long it is, or has no picture.
    """
    if source.duration is None:
        raise OperatorError("the file does not say how long it is")
    if source.video is None:
        raise OperatorError("there is no picture; only pictures are estimated")
    asked: Json = {
        "duration": float(source.duration),
        "height": min(source.video.displayed_width, source.video.displayed_height),
        "fps": float(source.video.frame_rate or _DEFAULT_FPS),
    }
    return asked if encoder is None else {**asked, "encoder": encoder}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--encoder", type=click.Choice([each.value for each in Encoder]), help="Only this one.")
@api_options
@json_option
def estimate(*, file: Path, encoder: str | None, url: str | None, api_key: str | None, as_json: bool) -> None:
    """What publishing FILE would cost. Nothing is uploaded."""
    asked = asked_of(look_at(file), encoder)
    made = open_api(url, api_key).estimate(asked)
    if as_json:
        click.echo(json.dumps({"source": asked, **made}, indent=2))
        return
    for each in made["estimates"]:
        click.echo(f"{each['encoder']:<13} ${each['usd']:.6f}")
    rungs = ", ".join(f"{height}p" for height in made["ladder"])
    click.echo(f"{rungs}; list prices of {made['region']}, {made['priced_on']}, without {', '.join(made['excludes'])}")


VERBS: tuple[click.Command, ...] = (estimate,)
