"""`sluice dlq`: the dead letters of the local AWS, or of a --stage. What to do about them is in docs/operate.md."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from sluice.dead_letters import RUNBOOK, chosen_ones, dead_letters, purge, redrive
from sluice.flags import chosen
from sluice.place import place_of
from sluice.verbs_deploy import asking


@click.group()
def dlq() -> None:
    """Messages that were given up on: count them, send them on again, or throw them away."""


@dlq.command("ls")
def list_dead_letters() -> None:
    """Every queue of dead letters, and how many messages are in it."""
    found = dead_letters(place_of(chosen()))
    if chosen().as_json:
        click.echo(json.dumps([each.as_json() for each in found], indent=2))
        return
    table = Table("queue", "messages", box=None)
    for each in found:
        table.add_row(each.name, str(each.messages))
    Console().print(table)
    if any(each.messages for each in found) and not chosen().quiet:
        click.echo(f"what to do: {RUNBOOK}", err=True)


@dlq.command("redrive")
@click.argument("names", metavar="[QUEUE]...", nargs=-1)
def redrive_dead_letters(*, names: tuple[str, ...]) -> None:
    """Send the messages of these queues, or of all, to where they came from."""
    place = place_of(chosen())
    moved = {queue.name: redrive(place, queue) for queue in chosen_ones(place, names)}
    if chosen().as_json:
        click.echo(json.dumps({"redriven": moved}))
        return
    for name, count in moved.items():
        click.echo(f"{name}: {count} sent on")


@dlq.command("purge")
@click.argument("names", metavar="QUEUE...", nargs=-1, required=True)
def purge_dead_letters(*, names: tuple[str, ...]) -> None:
    """Throw the messages of these queues away. There is no way back."""
    place = place_of(chosen())
    queues = chosen_ones(place, names)
    count = sum(queue.messages for queue in queues)
    agreed = asking(yes=chosen().yes)(f"throw away about {count} message(s) of {', '.join(names)} of {place}")
    for queue in queues if agreed else ():
        purge(place, queue)
    if chosen().as_json:
        click.echo(json.dumps({"purged": list(names) if agreed else []}))
    else:
        click.echo(f"purged {', '.join(names)}" if agreed else "nothing was changed")


VERBS: tuple[click.Command, ...] = (dlq,)
