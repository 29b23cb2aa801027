"""`sluice up`, `down`, `logs`: the local AWS."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import click

from sluice.facts import read_facts
from sluice.failure import NotFound, OperatorError
from sluice.flags import chosen
from sluice.functionlogs import follow, print_lines
from sluice.lifecycle import Running, down, up_detached, up_in_foreground
from sluice.paths import Local
from sluice.report import Report

# A function's log group may be years long.
_HOURS_BACK = 24.0

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Print nothing but the result.")


def running_local() -> Local:
    """The local AWS of this home, at the ports where it runs.

    Raises:
        OperatorError: If it does not run.
    """
    local = Local.from_env()
    facts = read_facts(local.home)
    if facts is None or not facts.ready:
        raise OperatorError("the local AWS is not running; start it with: sluice up --detach")
    return Local(local.project, local.home, facts.origin_port, facts.gateway_port)


def _show(running: Running, *, as_json: bool, detached: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(running)))
        return
    click.echo(f"Sluice     {running.url}/")
    click.echo(f"API key    {running.api_key}   (development only)")
    if detached or running.already_running:
        click.echo("stop with  sluice down")
    else:
        click.echo("stop with  Ctrl-C")


@click.command("up")
@click.option("--detach", "-d", is_flag=True, help="Return when it is ready; it keeps running.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of page, API and media (default 8000).")
@click.option("--child", is_flag=True, hidden=True)
@json_option
@quiet_option
def up_verb(*, detach: bool, port: int | None, child: bool, as_json: bool, quiet: bool) -> None:
    """Start the local AWS and deploy the app into it; when it runs already, deploy what has changed."""
    local = Local.from_env(port=port)
    report = Report(quiet=quiet or as_json)
    if detach:
        _show(up_detached(local, report), as_json=as_json, detached=True)
    elif child:
        up_in_foreground(local, report, lambda _: None)
    else:
        up_in_foreground(local, report, lambda running: _show(running, as_json=as_json, detached=False))


@click.command("down")
@quiet_option
def down_verb(*, quiet: bool) -> None:
    """Stop the local AWS; assets and state stay."""
    ended = down(Local.from_env())
    if chosen().as_json:
        click.echo(json.dumps({"stopped": bool(ended)}))
    elif not quiet:
        click.echo("stopped" if ended else "nothing was running")


@click.command("logs")
@click.argument("id", required=False)
@click.option("--follow", "-f", "following", is_flag=True, help="Keep printing new lines.")
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), help="How far back; on AWS 24 by default.")
@json_option
def logs_verb(*, id: str | None, following: bool, hours: float | None, as_json: bool) -> None:
    """Print what the functions logged, all of it or the lines about one asset, render, upload or request."""
    from sluice.place import place_of

    place = place_of(chosen())
    hours = hours if hours is not None or place.is_local else _HOURS_BACK
    since_ms = 0 if hours is None else int((time.time() - hours * 3600) * 1000)
    lines = follow(place.client("logs"), f"/aws/lambda/{place.stack}-", wanted=id, forever=following, since_ms=since_ms)
    printed = print_lines(lines, as_json=as_json)
    if id and not printed:
        raise NotFound(f"nothing was logged about {id}")


VERBS = (up_verb, down_verb, logs_verb)
