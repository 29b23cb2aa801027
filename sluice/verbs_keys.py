"""`sluice keys`: who may call the API. With --json, standard output holds exactly one document."""

from __future__ import annotations

import json
import re
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from chalicelib.catalog.api_key import Scope
from sluice.failure import OperatorError
from sluice.verbs_assets import api_options, open_api
from sluice.verbs_local import json_option, running_local

_SCOPES = click.Choice([scope.value for scope in Scope])
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


def duration(text: str) -> int:
    """Seconds of 90d, 12h, 30m or 45."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no duration, such as 90d, 12h, 30m or 45 (seconds)")
    return int(found[1]) * _UNITS_S[found[2] or "s"]


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def keys(ctx: click.Context, *, as_json: bool) -> None:
    """API keys: make, list, rotate and revoke. Alone it prints the development key of the local AWS."""
    if ctx.invoked_subcommand is not None:
        return
    from sluice.keys import development_key

    key = development_key(running_local().home)
    click.echo(json.dumps({"api_key": key}) if as_json else key)


@keys.command("create")
@click.argument("name")
@click.option("--scope", "scopes", type=_SCOPES, multiple=True, required=True, help="What it may do; repeat it.")
@click.option("--expires", type=duration, help="How long it is good, such as 90d; for ever by default.")
@click.option("--requests-per-minute", type=click.IntRange(1, 30_000), help="Any number by default.")
@api_options
@json_option
def create_key(
    *,
    name: str,
    scopes: tuple[str, ...],
    expires: int | None,
    requests_per_minute: int | None,
    url: str | None,
    api_key: str | None,
    as_json: bool,
) -> None:
    """Make a key for NAME. It is shown this once."""
    wanted = {
        "name": name,
        "scopes": list(dict.fromkeys(scopes)),
        "expires_in": expires,
        "requests_per_minute": requests_per_minute,
    }
    _print_key(open_api(url, api_key).create_key(wanted), as_json)


@keys.command("ls")
@api_options
@json_option
def list_keys(*, url: str | None, api_key: str | None, as_json: bool) -> None:
    """Every key, without the keys themselves."""
    found = open_api(url, api_key).keys()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table("id", "name", "key", "scopes", "status", "expires", "last used", "a minute", box=None)
    for key in found:
        last_used, expires = (str(key[name] or "never")[:16] for name in ("last_used_at", "expires_at"))
        limit = str(key["requests_per_minute"] or "")
        hint = f"...{key['hint']}"
        table.add_row(key["id"], key["name"], hint, " ".join(key["scopes"]), key["status"], expires, last_used, limit)
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)


@keys.command("rotate")
@click.argument("key_id")
@click.option("--old-for", type=duration, default="1d", show_default=True, help="How long the old key stays good.")
@api_options
@json_option
def rotate_key(*, key_id: str, old_for: int, url: str | None, api_key: str | None, as_json: bool) -> None:
    """Exchange a key; name, scopes and limits stay."""
    _print_key(open_api(url, api_key).rotate_key(key_id, old_for_s=old_for), as_json)


@keys.command("rm")
@click.argument("key_ids", nargs=-1, required=True)
@api_options
@json_option
def remove_keys(*, key_ids: tuple[str, ...], url: str | None, api_key: str | None, as_json: bool) -> None:
    """Revoke keys: within a minute they open nothing more."""
    api = open_api(url, api_key)
    for key_id in key_ids:
        api.delete_key(key_id)
    click.echo(json.dumps({"deleted": list(key_ids)}) if as_json else f"deleted {', '.join(key_ids)}")


def _print_key(key: dict[str, Any], as_json: bool) -> None:
    if key.get("key") is None:
        raise OperatorError(f"the API did not show the key of {key['id']}; rotate it: sluice keys rotate {key['id']}")
    click.echo(json.dumps(key, indent=2) if as_json else f"{key['id']}\n{key['key']}")


VERBS: tuple[click.Command, ...] = (keys,)
