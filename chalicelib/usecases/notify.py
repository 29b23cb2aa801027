"""From a committed event to everybody who wants to know of it.

Every outlet may get an event twice (a message that comes twice, a worker that dies), always under the same id. What has
been done is noted outlet by outlet, so that one which fails does not make the others repeat themselves. A webhook gets
a delivery of its own and a message of its own: a slow one delays nobody.

| died before             | made up for by                                                                         |
|-------------------------|----------------------------------------------------------------------------------------|
| the announcement        | `sweep`: the event is pending                                                          |
| an outlet               | the message comes again; after five times, `sweep`                                     |
| a delivery's message    | `sweep`: the delivery is due                                                           |
| the end of an attempt   | `sweep`: the next attempt is due                                                       |
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws.outbox import Outlet
from chalicelib.aws.webhooks import MAX_WEBHOOKS
from chalicelib.catalog.events import Event, EventType
from chalicelib.catalog.messages import Notice, bus_detail, queue_message, topic_message, webhook_body
from chalicelib.catalog.render import Render
from chalicelib.catalog.webhook import Webhook, new_delivery
from chalicelib.errors import EventNotReadable, WebhookNotFound

if TYPE_CHECKING:
    from chalicelib.aws.outlets import Outlets
    from chalicelib.aws.table import Table

logger = logging.getLogger(__name__)

Record = Callable[[Event], dict[str, Any] | None]
"""An event's subject as a record of Video on Demand on AWS; None where that is not asked for."""
Show = Callable[[Event], dict[str, object]]
"""An event's subject as the API shows it."""

_SWEEP_EVENTS = 500
_SWEEP_DELIVERIES = 500
_PUT_OFF_MS = 300_000


def notify(event_id: str, show: Show, record: Record, table: Table, outlets: Outlets, *, now_ms: int) -> None:
    """Send an event everywhere where it was not sent yet.

    Raises:
        EventNotReadable: If there is no such event.
    """
    stored = table.find_event(event_id)
    if stored is None:
        raise EventNotReadable("there is no such event", event_id=event_id)
    event = stored.event
    body = stored.body or _fix_body(event, show, table)
    notice = Notice(event, msgspec.json.decode(body)["data"], record(event))
    only_webhooks = event.type is EventType.PING
    for outlet in Outlet:
        if outlet in stored.sent or (only_webhooks and outlet is not Outlet.WEBHOOKS):
            continue
        match outlet:
            case Outlet.WEBHOOKS:
                _send_webhooks(event, table, outlets, now_ms)
            case Outlet.TOPIC:
                _publish(notice, outlets)
            case Outlet.QUEUE:
                _send_record(notice, outlets)
            case Outlet.BUS:
                outlets.put_on_bus(event.type, bus_detail(notice), at_ms=event.at_ms)
        table.note_sent(event_id, outlet, now_ms=now_ms)
    table.end_event(event_id)


def _fix_body(event: Event, show: Show, table: Table) -> str:
    """What is sent now is what will be sent at every other time, and by every outlet."""
    return table.fix_event_body(event.id, webhook_body(Notice(event, {**show(event), **event.detail})))


def sweep(table: Table, outlets: Outlets, *, now_ms: int) -> None:
    """Take up what a dead worker left, and the attempts that are too far off for a delayed message."""
    # Put off first, both: else a queue that is slow, or an event that cannot be sent, would get one more message each
    # minute, and what cannot be sent would keep the rest from its turn.
    left = list(islice(table.pending_events(before_ms=now_ms), _SWEEP_EVENTS))
    for event_id in left:
        table.put_off_event(event_id, until_ms=now_ms + _PUT_OFF_MS)
        outlets.send_events([event_id])
    if left:
        logger.warning("events were left behind", extra={"count": len(left)})
    for delivery in islice(table.due_deliveries(before_ms=now_ms), _SWEEP_DELIVERIES):
        if table.put_off(delivery, until_ms=now_ms + _PUT_OFF_MS, now_ms=now_ms):
            outlets.send_delivery(delivery)


def _publish(notice: Notice, outlets: Outlets) -> None:
    message = topic_message(notice)
    if message is not None:
        outlets.publish(message)


def _send_record(notice: Notice, outlets: Outlets) -> None:
    message = queue_message(notice)
    if message is not None:
        outlets.send_record(message)


def _send_webhooks(event: Event, table: Table, outlets: Outlets, now_ms: int) -> None:
    for webhook in _wanting(event, table):
        delivery = new_delivery(webhook.id, event.id, event.type, now_ms=now_ms, event_at_ms=event.at_ms)
        if table.create_delivery(delivery):
            outlets.send_delivery(delivery)


def _wanting(event: Event, table: Table) -> Iterator[Webhook]:
    if event.type is EventType.PING:
        yield from _living(event.subject.id, table)
        return
    candidates = list(table.list_webhooks(limit=MAX_WEBHOOKS, cursor=None).items)
    if isinstance(event.subject, Render) and event.subject.webhook_id is not None:
        candidates += _living(event.subject.webhook_id, table)
    for webhook in candidates:
        if webhook.wants(event.type, event.at_ms):
            yield webhook


def _living(webhook_id: str, table: Table) -> list[Webhook]:
    try:
        return [table.get_webhook(webhook_id)]
    except WebhookNotFound:
        logger.info("the webhook is gone", extra={"webhook_id": webhook_id})
        return []
