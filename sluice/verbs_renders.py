"""`sluice render`, `render-batch`, `sites` and `renders`: compositions from a terminal.

With --json, standard output holds exactly one document.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from chalicelib.catalog.render import RenderStatus
from chalicelib.composition.config import Quality
from chalicelib.composition.formats import Codec, Format
from sluice.api_client import Json
from sluice.batch import Outcome, read_batch, run_batch
from sluice.failure import NotFound
from sluice.projects import ENTRY
from sluice.rendering import Display, RenderUnsuccessful, begin_render, create_site, describe, download, job_of
from sluice.rendering import render_project as render_and_fetch
from sluice.verbs_assets import api_options, open_api
from sluice.verbs_local import json_option, quiet_option

_INTERRUPTED = 130
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def json_object(_ctx: click.Context, _param: click.Parameter, text: str | None) -> Json | None:
    """The value of an option that takes a JSON object."""
    return None if text is None else _object(text, "--variables")


def _variables_file(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> Json | None:
    return None if path is None else _object(path.read_text(encoding="utf-8"), str(path))


def _object(text: str, where: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"{where} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise click.BadParameter(f"{where} is not a JSON object")
    return value


def _frame_range(_ctx: click.Context, _param: click.Parameter, text: str | None) -> list[int | None] | None:
    found = None if text is None else re.fullmatch(r"([0-9]+)(?:(-)([0-9]*))?", text)
    if text is not None and found is None:
        raise click.BadParameter("give FIRST-LAST, both included, such as 30-89; or 30- for all that follow")
    if found is None:
        return None
    first = int(found[1])
    return [first, int(found[3]) if found[3] else None if found[2] else first]


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--width", type=int, help="Pixels of the output; the composition's own by default."),
    click.option("--height", type=int, help="Pixels of the output; the composition's own by default."),
    click.option("--fps", help='Frames a second: 30, 29.97, or a fraction such as "30000/1001".  [default: 30]'),
    click.option("--format", type=click.Choice([each.value for each in Format]), help="mp4, or what --out ends in."),
    click.option("--codec", type=click.Choice([each.value for each in Codec]), help="Of an mp4."),
    click.option("--quality", type=click.Choice([each.value for each in Quality]), help="standard by default."),
    click.option("--crf", type=int, help="Constant quality, in place of the preset's."),
    click.option("--bitrate", help='Such as "10M", in place of constant quality.'),
    click.option("--composition", help="The page inside DIR; index.html by default."),
    click.option("--variables", callback=json_object, help="JSON object that is handed to the composition."),
    click.option(
        "--variables-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        callback=_variables_file,
        help="The same from a file.",
    ),
    click.option("--frame", type=int, help="Renders a picture, of this frame; -1 is the last."),
    click.option(
        "--frames", "frame_range", callback=_frame_range, metavar="FIRST-LAST", help="Only these, both included."
    ),
    click.option("--chunk-frames", type=int, help="Frames of each chunk."),
    click.option("--max-parallel", type=int, help="Most chunks."),
    click.option("--max-cost", "max_cost_usd", type=float, help="US dollars at which the work is stopped."),
    click.option("--webhook", metavar="URL", help="Hears the events of this render; its secret is printed once."),
)


def _render_options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="The video or picture; DIR.mp4 here by default."
)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Fetch the video, or leave once it has begun.")
@_render_options
@api_options
@json_option
@quiet_option
def render(
    *,
    folder: Path,
    out: Path | None,
    wait: bool,
    url: str | None,
    api_key: str | None,
    as_json: bool,
    quiet: bool,
    variables_file: Json | None,
    **asked: Any,
) -> None:
    """Render the composition in DIR to a video file. Ctrl-C cancels it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if asked["variables"] is not None and variables_file is not None:
        raise click.UsageError("either --variables or --variables-file")
    asked["variables"] = asked["variables"] if variables_file is None else variables_file
    options = {name: value for name, value in asked.items() if value is not None}
    job = job_of(folder, out, options)
    api, display = open_api(url, api_key), Display(quiet=quiet)
    try:
        with display.bar:
            told = display.told()
            rendered = render_and_fetch(api, job, told) if wait else begin_render(api, job, told.sending)
    except KeyboardInterrupt:
        click.echo("sluice: cancelled", err=True)
        sys.exit(_INTERRUPTED)
    click.echo(json.dumps(rendered, indent=2) if as_json else describe(rendered, job.out))
    if wait and rendered["status"] != "succeeded":
        raise RenderUnsuccessful(f"{folder} was not rendered")


@click.command("render-batch")
@click.argument("file", metavar="FILE.jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--max-concurrent", type=click.IntRange(1, 64), default=4, show_default=True, help="Renders at once.")
@api_options
@json_option
@quiet_option
def render_batch(
    *, file: Path, max_concurrent: int, url: str | None, api_key: str | None, as_json: bool, quiet: bool
) -> None:
    """Render each line of FILE: {"dir": ..., "out": ..., and the options of `sluice render` with underscores}.

    Leaves with 1 if any of them failed. Ctrl-C cancels those under way.
    """
    jobs = read_batch(file)

    def announce(outcome: Outcome) -> None:
        if not quiet:
            click.echo(f"line {outcome.line}: {outcome.problem or outcome.job.out}", err=True)

    outcomes = run_batch(open_api(url, api_key), jobs, at_once=max_concurrent, announce=announce)
    failed = [outcome for outcome in outcomes if outcome.problem]
    if as_json:
        click.echo(json.dumps([outcome.as_json() for outcome in outcomes], indent=2))
    else:
        click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} rendered")
    if failed:
        lines = ", ".join(str(outcome.line) for outcome in failed)
        raise RenderUnsuccessful(f"not rendered: line {lines} of {file}")


@click.group()
def sites() -> None:
    """Store the projects of compositions."""


@sites.command("create")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@api_options
@json_option
@quiet_option
def create(*, folder: Path, url: str | None, api_key: str | None, as_json: bool, quiet: bool) -> None:
    """Pack DIR and store it; the same files give the same site."""
    api, display = open_api(url, api_key), Display(quiet=quiet)
    with display.bar:
        site = create_site(api, folder, display.told().sending, entry=ENTRY, out=None)
    shown = {name: site[name] for name in ("id", "sha256", "size")}
    click.echo(json.dumps(shown, indent=2) if as_json else site["id"])


@click.group()
def renders() -> None:
    """List, show, cancel and delete renders."""


@renders.command("ls")
@click.option("--status", type=click.Choice([each.value for each in RenderStatus]))
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@api_options
@json_option
def list_renders(*, status: str | None, limit: int, url: str | None, api_key: str | None, as_json: bool) -> None:
    """The latest renders."""
    found = open_api(url, api_key).renders(status=status, limit=limit)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table("id", "status", "progress", "size", "duration", "cost", "error", box=None)
    for each in found:
        size = f"{each['width']}x{each['height']}" if each["width"] else ""
        duration = f"{each['duration']:.1f} s" if each["duration"] else ""
        errors = " ".join(error["code"] for error in each["errors"])
        cost = f"${each['cost']['accrued_usd']:.4f}"
        table.add_row(each["id"], each["status"], f"{each['progress']['percent']:.0f} %", size, duration, cost, errors)
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)


@renders.command("get")
@click.argument("render_id")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Fetch the video, if there is one.")
@api_options
@json_option
def get_render(*, render_id: str, out: Path | None, url: str | None, api_key: str | None, as_json: bool) -> None:
    """One render."""
    api = open_api(url, api_key)
    found = api.render(render_id)
    if out is not None:
        if not (found["output"] and found["output"]["url"]):
            raise NotFound(f"{found['id']} has no video: it is {found['status']}, or no longer kept")
        download(api, found, out)
    click.echo(json.dumps(found, indent=2) if as_json else describe(found, out))


@renders.command("cancel")
@click.argument("render_ids", nargs=-1, required=True)
@api_options
@json_option
def cancel_renders(*, render_ids: tuple[str, ...], url: str | None, api_key: str | None, as_json: bool) -> None:
    """Stop the work on renders."""
    api = open_api(url, api_key)
    cancelled = [api.cancel_render(render_id) for render_id in render_ids]
    click.echo(json.dumps(cancelled, indent=2) if as_json else f"cancelled {', '.join(render_ids)}")


@renders.command("rm")
@click.argument("render_ids", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@api_options
@json_option
def remove_renders(
    *, render_ids: tuple[str, ...], yes: bool, url: str | None, api_key: str | None, as_json: bool
) -> None:
    """Delete renders and their videos; those that go on are stopped."""
    api = open_api(url, api_key)
    if not yes:
        click.confirm(f"Delete {len(render_ids)} render(s) and their videos?", abort=True)
    for render_id in render_ids:
        api.delete_render(render_id)
    click.echo(json.dumps({"deleted": list(render_ids)}) if as_json else f"deleted {', '.join(render_ids)}")


VERBS: tuple[click.Command, ...] = (render, render_batch, sites, renders)
