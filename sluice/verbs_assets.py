"""`sluice upload` and `sluice assets`: the public API from a terminal.

With --json, standard output holds exactly one document.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import ClientError
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table

from chalicelib.catalog.options import Encoder
from sluice.api_client import Api, Json
from sluice.failure import NotFound, OperatorError
from sluice.flags import LOCAL, chosen
from sluice.keys import development_key
from sluice.place import place_of
from sluice.publishing import AssetErrored, describe, expand, publish
from sluice.verbs_local import json_option, quiet_option, running_local


def open_api(url: str | None, api_key: str | None) -> Api:
    """The API of --stage, or else the one named by options or environment, or else the local one.

    Raises:
        OperatorError: If no key is known, there is no such stage, or no local AWS runs.
    """
    flags = chosen()
    if flags.stage is None and (flags.region or flags.profile):
        raise click.UsageError("--region and --profile belong to a --stage")
    if flags.stage is not None:
        context = click.get_current_context()
        if context.get_parameter_source("url") is ParameterSource.COMMANDLINE:
            raise click.UsageError("either --url or --stage")
        url = None if flags.stage == LOCAL else _address_of_stage()
        # A key of the environment is of the deployment that the environment names.
        if flags.stage == LOCAL and context.get_parameter_source("api_key") is not ParameterSource.COMMANDLINE:
            api_key = None
    if url and not api_key:
        raise OperatorError("no API key for that address: set SLUICE_API_KEY")
    if url and api_key:
        api = Api(url, api_key)
    else:
        local = running_local()
        api = Api(local.origin_url, api_key or development_key(local.home))
    running = click.get_current_context(silent=True)
    if running is not None:
        running.call_on_close(api.close)
    return api


def _address_of_stage() -> str:
    place = place_of(chosen())
    try:
        return place.outputs()["ApiUrl"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise NotFound(f"there is no {place}") from error


def api_options(command: Any) -> Any:
    """--url and --api-key, for every verb that speaks to the API."""
    command = click.option("--api-key", envvar="SLUICE_API_KEY", help="API key; the local one by default.")(command)
    return click.option("--url", envvar="SLUICE_URL", help="Address of the API; the local one by default.")(command)


@click.command()
@click.argument("sources", metavar="FILE|DIR|URL...", nargs=-1, required=True)
@click.option("--wait", is_flag=True, help="Wait until the asset is ready; leave with 1 if it fails.")
@click.option("--passthrough", help="Text that the asset and its events carry.")
@click.option("--encoder", type=click.Choice([each.value for each in Encoder]), help="Who encodes it.")
@click.option("--policy", type=click.Choice(["public", "signed"]), help="Who may fetch its media.")
@click.option("--max-cost", type=click.FloatRange(min=0, min_open=True), help="US dollars at which its work stops.")
@api_options
@json_option
@quiet_option
def upload(
    *,
    sources: tuple[str, ...],
    wait: bool,
    passthrough: str | None,
    encoder: str | None,
    policy: str | None,
    max_cost: float | None,
    url: str | None,
    api_key: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Upload files, or have URLs fetched, and publish each as an adaptive stream.

    Of a folder all videos and sounds in it are taken. An upload of a large file that was interrupted goes on where it
    was when the same command is run again. With --json, several assets are one list.
    """
    try:
        named = [each for source in sources for each in expand(source)]
    except FileNotFoundError as error:
        raise click.BadParameter(f"{error.strerror} {error.filename}", param_hint="FILE|DIR|URL") from error
    api = open_api(url, api_key)
    options = {"encoder": encoder, "passthrough": passthrough, "playback_policy": policy, "max_cost_usd": max_cost}
    wanted = {name: value for name, value in options.items() if value}
    made: list[Json] = []
    failed: list[OperatorError] = []
    for source, asset in zip(named, publish(api, named, asset=wanted, wait=wait, quiet=quiet), strict=True):
        if isinstance(asset, OperatorError):
            failed.append(asset)
            continue
        made.append(asset)
        if not as_json:
            click.echo(describe(api, asset))
        if wait and asset["status"] != "ready":
            failed.append(AssetErrored(f"{Path(source.partition('?')[0]).name} was not published"))
    is_one = len(sources) == len(named) == 1 and sources[0] == named[0]
    if as_json and not (is_one and failed and not made):
        click.echo(json.dumps(made[0] if is_one else made, indent=2))
    if failed and is_one:
        raise failed[0]
    if failed:
        for each in failed:
            click.echo(f"sluice: {each.message}", err=True)
        raise AssetErrored(f"{len(failed)} of {len(named)} were not published")


@click.group()
def assets() -> None:
    """List, show, cancel and delete assets."""


@assets.command("ls")
@click.option("--status", type=click.Choice(["waiting", "preparing", "ready", "errored", "cancelled", "deleted"]))
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@api_options
@json_option
def list_assets(*, status: str | None, limit: int, url: str | None, api_key: str | None, as_json: bool) -> None:
    """The latest assets."""
    found = open_api(url, api_key).assets(status=status, limit=limit)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table("id", "status", "progress", "duration", "renditions", "error", box=None)
    for asset in found:
        duration = f"{asset['duration']:.1f} s" if asset["duration"] else ""
        rungs = " ".join(rendition["name"] for rendition in asset["renditions"])
        errors = " ".join(error["code"] for error in asset["errors"])
        table.add_row(asset["id"], asset["status"], f"{asset['progress']['percent']:.0f} %", duration, rungs, errors)
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)


@assets.command("get")
@click.argument("asset_id")
@api_options
@json_option
def get_asset(*, asset_id: str, url: str | None, api_key: str | None, as_json: bool) -> None:
    """One asset."""
    api = open_api(url, api_key)
    asset = api.asset(asset_id)
    click.echo(json.dumps(asset, indent=2) if as_json else describe(api, asset))


@assets.command("rm")
@click.argument("asset_ids", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@api_options
@json_option
def remove_assets(
    *, asset_ids: tuple[str, ...], yes: bool, url: str | None, api_key: str | None, as_json: bool
) -> None:
    """Delete assets with their source, outputs and stills."""
    api = open_api(url, api_key)
    if not yes:
        click.confirm(f"Delete {len(asset_ids)} asset(s) and all their files?", abort=True)
    for asset_id in asset_ids:
        api.delete_asset(asset_id)
    click.echo(json.dumps({"deleted": list(asset_ids)}) if as_json else f"deleted {', '.join(asset_ids)}")


@assets.command("cancel")
@click.argument("asset_id")
@api_options
@json_option
def cancel_asset(*, asset_id: str, url: str | None, api_key: str | None, as_json: bool) -> None:
    """End the work on an asset."""
    asset = open_api(url, api_key).cancel_asset(asset_id)
    click.echo(json.dumps(asset, indent=2) if as_json else f"{asset['id']}: {asset['status']}")


@assets.command("retry")
@click.argument("asset_id")
@click.option("--max-cost", type=click.FloatRange(min=0, min_open=True), help="A higher cap, in US dollars.")
@api_options
@json_option
def retry_asset(*, asset_id: str, max_cost: float | None, url: str | None, api_key: str | None, as_json: bool) -> None:
    """Try an errored asset again; the chunks that are done stay."""
    asset = open_api(url, api_key).retry_asset(asset_id, max_cost_usd=max_cost)
    click.echo(json.dumps(asset, indent=2) if as_json else f"{asset['id']}: {asset['status']}")


@assets.command("token")
@click.argument("asset_id")
@click.option("--type", "types", multiple=True, type=click.Choice(["video", "image", "download"]))
@click.option("--ttl", type=click.IntRange(60, 604_800), default=3600, show_default=True, help="Seconds.")
@api_options
@json_option
def create_token(
    *, asset_id: str, types: tuple[str, ...], ttl: int, url: str | None, api_key: str | None, as_json: bool
) -> None:
    """URLs that open the media of an asset for a while."""
    made = open_api(url, api_key).create_token(asset_id, types=types or ("video", "image"), ttl_s=ttl)
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    for kind in ("video", "image"):
        for name, address in made.get(kind, {}).items():
            click.echo(f"{name:<15} {address}")
    for rendition_id, address in made.get("download", {}).get("static_renditions", {}).items():
        click.echo(f"{rendition_id} {address}")


VERBS: tuple[click.Command, ...] = (upload, assets)
