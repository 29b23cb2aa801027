"""`sluice renditions`: single files made of a published asset."""

from __future__ import annotations

import json
import time
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from sluice.failure import OperatorError
from sluice.verbs_assets import api_options, open_api
from sluice.verbs_local import json_option

_POLL_S = 0.5


class RenditionErrored(OperatorError):
    """The rendition was not made."""


@click.group()
def renditions() -> None:
    """Make MP4, M4A and previews of an asset, and list them."""


@renditions.command("create")
@click.argument("asset_id")
@click.option("--type", "kind", type=click.Choice(["mp4", "m4a", "gif", "avif", "webp"]), required=True)
@click.option("--height", type=int, help="Of a published rendition; the tallest by default.")
@click.option("--start", type=float, help="Seconds.")
@click.option("--end", type=float, help="Seconds.")
@click.option("--width", type=int, help="Of a preview, in pixels.")
@click.option("--fps", type=int, help="Of a preview.")
@click.option("--wait", is_flag=True, help="Wait until it is ready; leave with 1 if it fails.")
@api_options
@json_option
def create_rendition(
    *,
    asset_id: str,
    kind: str,
    height: int | None,
    start: float | None,
    end: float | None,
    width: int | None,
    fps: int | None,
    wait: bool,
    url: str | None,
    api_key: str | None,
    as_json: bool,
) -> None:
    """Make one file of a ready asset; with --start and --end, a clip."""
    api = open_api(url, api_key)
    asked = {"type": kind, "height": height, "start": start, "end": end, "width": width, "fps": fps}
    made = api.create_rendition(asset_id, {name: value for name, value in asked.items() if value is not None})
    while wait and made["status"] == "preparing":
        time.sleep(_POLL_S)
        made = api.rendition(asset_id, made["id"])
    click.echo(json.dumps(made, indent=2) if as_json else _line(made))
    if wait and made["status"] != "ready":
        raise RenditionErrored(f"{made['id']} was not made")


@renditions.command("ls")
@click.argument("asset_id")
@api_options
@json_option
def list_renditions(*, asset_id: str, url: str | None, api_key: str | None, as_json: bool) -> None:
    """The static renditions of an asset."""
    found = open_api(url, api_key).renditions(asset_id)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table("id", "type", "status", "rung", "size", "url or error", box=None)
    for each in found:
        size = f"{each['size_bytes']:,}" if each["size_bytes"] else ""
        table.add_row(each["id"], each["type"], each["status"], each["rung"] or "", size, _outcome(each))
    console = Console()
    if not console.is_terminal:
        console.width = 300
    console.print(table)


def _line(made: dict[str, Any]) -> str:
    return f"{made['id']}: {made['status']} {_outcome(made)}".rstrip()


def _outcome(made: dict[str, Any]) -> str:
    return str(made["error"]["code"] if made["error"] else made["url"] or made["key"] or "")


VERBS: tuple[click.Command, ...] = (renditions,)
