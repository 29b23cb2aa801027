"""`sluice webhooks`: have events sent, look at what was sent, and receive them on this machine.

With --json, standard output holds exactly one document; `listen` prints one event a line.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from chalicelib.catalog.events import EventType
from chalicelib.catalog.signature import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, is_genuine
from sluice.event_tap import tapped
from sluice.failure import OperatorError, PortTaken
from sluice.flags import LOCAL, chosen
from sluice.forwarding import Forwarder
from sluice.place import place_of
from sluice.verbs_assets import api_options, open_api
from sluice.verbs_local import json_option
from sluice.webhook_listener import Listener

# The values: click would take members by their names.
_TYPES = click.Choice([kind.value for kind in EventType if kind is not EventType.PING])
_events_option = click.option("--event", "events", type=_TYPES, multiple=True, help="A type to send; all by default.")


class NotGenuine(OperatorError):
    """The signature is not by this secret, or too old."""


@click.group()
def webhooks() -> None:
    """Send events to URLs: make, test, replay and receive."""


@webhooks.command("ls")
@api_options
@json_option
def list_webhooks(*, url: str | None, api_key: str | None, as_json: bool) -> None:
    """Every webhook."""
    found = open_api(url, api_key).webhooks()
    rows = [
        (hook["id"], hook["status"], hook["disabled_because"] or "", " ".join(hook["events"]) or "all", hook["url"])
        for hook in found
    ]
    _print(found, ("id", "status", "because", "events", "url"), rows, as_json=as_json)


@webhooks.command("create")
@click.argument("target")
@_events_option
@click.option("--description", help="For you.")
@api_options
@json_option
def create_webhook(
    *,
    target: str,
    events: tuple[str, ...],
    description: str | None,
    url: str | None,
    api_key: str | None,
    as_json: bool,
) -> None:
    """Send events to the URL TARGET. Prints the secret, which is shown this once."""
    _print_secret(open_api(url, api_key).create_webhook(target, events=events, description=description), as_json)


@webhooks.command("rm")
@click.argument("webhook_ids", nargs=-1, required=True)
@api_options
@json_option
def remove_webhooks(*, webhook_ids: tuple[str, ...], url: str | None, api_key: str | None, as_json: bool) -> None:
    """Send nothing more to these webhooks."""
    api = open_api(url, api_key)
    for webhook_id in webhook_ids:
        api.delete_webhook(webhook_id)
    click.echo(json.dumps({"deleted": list(webhook_ids)}) if as_json else f"deleted {', '.join(webhook_ids)}")


@webhooks.command("rotate")
@click.argument("webhook_id")
@api_options
@json_option
def rotate_webhook(*, webhook_id: str, url: str | None, api_key: str | None, as_json: bool) -> None:
    """Make a new secret; for 24 hours the old one signs beside it."""
    _print_secret(open_api(url, api_key).rotate_webhook(webhook_id), as_json)


@webhooks.command("deliveries")
@click.argument("webhook_id")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@api_options
@json_option
def list_deliveries(*, webhook_id: str, limit: int, url: str | None, api_key: str | None, as_json: bool) -> None:
    """What was sent to a webhook, and how it answered."""
    found = open_api(url, api_key).deliveries(webhook_id, limit=limit)
    rows = []
    for delivery in found:
        last = delivery["attempts"][-1] if delivery["attempts"] else {}
        answer = str(last.get("status_code") or last.get("error") or "")
        rows.append((delivery["id"], delivery["type"], delivery["status"], str(len(delivery["attempts"])), answer))
    _print(found, ("id", "type", "status", "attempts", "last answer"), rows, as_json=as_json)


@webhooks.command("replay")
@click.argument("webhook_id")
@click.argument("delivery_id")
@api_options
@json_option
def replay_delivery(*, webhook_id: str, delivery_id: str, url: str | None, api_key: str | None, as_json: bool) -> None:
    """Deliver once more, under the same webhook-id."""
    delivery = open_api(url, api_key).replay_delivery(webhook_id, delivery_id)
    click.echo(json.dumps(delivery, indent=2) if as_json else f"{delivery['id']}: {delivery['status']}")


@webhooks.command("trigger")
@click.argument("webhook_id")
@api_options
@json_option
def trigger_webhook(*, webhook_id: str, url: str | None, api_key: str | None, as_json: bool) -> None:
    """Send a test event, of type ping, to one webhook."""
    delivery = open_api(url, api_key).ping_webhook(webhook_id)
    click.echo(json.dumps(delivery, indent=2) if as_json else f"{delivery['id']}: {delivery['type']} is on its way")


@webhooks.command("verify")
@click.argument("body", type=click.File("rb"), default="-")
@click.option("--secret", envvar="SLUICE_WEBHOOK_SECRET", required=True, help="whsec_...; better in the environment.")
@click.option("--id", "event_id", required=True, help=f"The header {ID_HEADER}.")
@click.option("--timestamp", required=True, help=f"The header {TIMESTAMP_HEADER}.")
@click.option("--signature", required=True, help=f"The header {SIGNATURE_HEADER}.")
def verify_body(*, body: Any, secret: str, event_id: str, timestamp: str, signature: str) -> None:
    """Whether BODY, a file or standard input, was signed with a secret."""
    headers = {ID_HEADER: event_id, TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: signature}
    try:
        genuine = is_genuine(headers, body.read(), secret, now_s=int(time.time()))
    except ValueError as error:
        raise OperatorError(str(error)) from error
    if not genuine:
        raise NotGenuine("not genuine: signed with another secret, changed on the way, or more than five minutes old")
    click.echo(json.dumps({"genuine": True}) if chosen().as_json else "genuine")


@webhooks.command("listen")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of loopback; any free one by default.")
@click.option("--forward-to", metavar="URL", help="Send each on to this URL, signed.")
@_events_option
@api_options
def listen(*, port: int, forward_to: str | None, events: tuple[str, ...], url: str | None, api_key: str | None) -> None:
    """Print events as JSON, one a line, until Ctrl-C.

    On the local AWS they come by a webhook of its own; of a --stage in an account by a queue of its own behind its
    event bus, for which AWS credentials are needed, and no API key.
    """
    forwarder = Forwarder(forward_to) if forward_to else None
    if forwarder is not None:
        click.echo(f"signing with {forwarder.secret}", err=True)

    def hand_over(event: dict[str, Any]) -> None:
        _print_event(event)
        if forwarder is not None:
            click.echo(f"{event['id']} to {forwarder.url}: {forwarder.send(event)}", err=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if chosen().stage not in (None, LOCAL):
        _listen_to_stage(events, hand_over)
        return
    api = open_api(url, api_key)
    try:
        listener = Listener(port, hand_over)
    except OSError as error:
        raise PortTaken(f"the port {port} is taken") from error
    with listener:
        hook = api.create_webhook(listener.url, events=events, description=f"sluice webhooks listen, {Path.cwd().name}")
        listener.secret = hook["secret"]
        click.echo(f"{hook['id']} at {listener.url}", err=True)
        try:
            listener.serve_forever()
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
        finally:
            api.delete_webhook(hook["id"])


def _listen_to_stage(events: Sequence[str], hand_over: Callable[[dict[str, Any]], None]) -> None:
    place = place_of(chosen())
    try:
        click.echo(f"events of {place}", err=True)
        while True:
            with tapped(place, events) as coming:
                for event in coming:
                    hand_over(event)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


def _print_event(event: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _print_secret(webhook: dict[str, Any], as_json: bool) -> None:
    click.echo(json.dumps(webhook, indent=2) if as_json else f"{webhook['id']}\n{webhook['secret']}")


def _print(found: object, names: tuple[str, ...], rows: Sequence[Sequence[str]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    table = Table(*names, box=None)
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console.width = 200
    console.print(table)


VERBS: tuple[click.Command, ...] = (webhooks,)
