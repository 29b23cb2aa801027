"""The outbox: events, written in the transaction of the change that they tell of. See `table.py` for the keys.

An event is pending until everything has been sent that follows from it. Whoever commits one says so on the events
queue, for speed; what he could not say any more is found by the sweep, in the index partition of what is pending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import msgspec

from chalicelib.aws.records import decode_record, encode_record
from chalicelib.aws.store import NewItem, Store, Update
from chalicelib.catalog.asset import Asset
from chalicelib.catalog.events import Event, EventType, Subject
from chalicelib.catalog.render import Render
from chalicelib.catalog.rendition import StaticRendition
from chalicelib.catalog.track import CaptionTrack
from chalicelib.catalog.upload import Upload
from chalicelib.catalog.webhook import KEPT_S, Ping

if TYPE_CHECKING:
    from chalicelib.aws.clients import Clients
    from chalicelib.aws.records import Item, Values

Announce = Callable[[Sequence[str]], None]

RECORDS: dict[str, type] = {
    "asset": Asset,
    "upload": Upload,
    "rendition": StaticRendition,
    "track": CaptionTrack,
    "render": Render,
    "ping": Ping,
}
"""The records that events are about, by the name they are stored under."""

PATIENCE_MS = 60_000
"""How long an event may take from its commit to everybody before the sweep takes it up."""

_PENDING = "event#pending"


class Outlet(StrEnum):
    """Where events go, in the order in which they are served."""

    WEBHOOKS = "webhooks"
    TOPIC = "topic"
    QUEUE = "queue"
    BUS = "bus"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """`body` is what webhooks get, fixed when it is first made; `sent` the outlets that are done."""

    event: Event
    body: str | None
    sent: frozenset[Outlet]


class Outbox(Store):
    """`announce` is told the ids of what was committed. It must not fail: the sweep makes up for it."""

    def __init__(self, clients: Clients, table: str, announce: Announce | None = None) -> None:
        super().__init__(clients, table)
        self._announce = announce

    def _put_new_telling(self, pk: str, sk: str, values: Values, events: Sequence[Event]) -> bool:
        """As `_put_new`, with its events."""
        done = self._put_new(pk, sk, values, [_new_item(event) for event in events])
        if done:
            self._told(events)
        return done

    def _update_telling(self, pk: str, sk: str, update: Update, events: Sequence[Event]) -> Item | None:
        """As `_update`, with its events."""
        item = self._update(pk, sk, update, [_new_item(event) for event in events])
        if item is not None:
            self._told(events)
        return item

    def _told(self, events: Sequence[Event]) -> None:
        if events and self._announce is not None:
            self._announce([event.id for event in events])

    def put_event(self, event: Event) -> None:
        """Tell what no record changes for."""
        item = _new_item(event)
        self._put_new(item.pk, item.sk, item.values)
        self._told([event])

    def find_event(self, event_id: str) -> StoredEvent | None:
        item = self._get(_pk(event_id), "event")
        return _stored(item) if item else None

    def pending_events(self, *, before_ms: int) -> Iterator[str]:
        """Ids of events that should have been sent everywhere before a time and were not, the oldest first."""
        for item in self._index_below(_PENDING, "due_at_ms", before_ms):
            yield item["id"]["S"]

    def put_off_event(self, event_id: str, *, until_ms: int) -> None:
        """Give whoever is told of it now so much time."""
        update = Update()
        update.require_in("gsi1pk", (_PENDING,))
        update.set("due_at_ms", until_ms)
        self._update(_pk(event_id), "event", update)

    def fix_event_body(self, event_id: str, body: str) -> str:
        """Keep `body` as the event's, unless it has one. Returns the one that stays."""
        update = Update()
        update.set("body", body)
        update.require_absent("body")
        item = self._update(_pk(event_id), "event", update) or self._get(_pk(event_id), "event") or {}
        return item["body"]["S"]

    def note_sent(self, event_id: str, outlet: Outlet, *, now_ms: int) -> None:
        update = Update()
        update.require_in("id", (event_id,))
        update.set(_sent(outlet), now_ms)
        self._update(_pk(event_id), "event", update)

    def end_event(self, event_id: str) -> None:
        """Everything has been sent: it is no longer pending."""
        update = Update()
        update.require_in("id", (event_id,))
        update.remove("gsi1pk")
        update.remove("gsi1sk")
        self._update(_pk(event_id), "event", update)


def _pk(event_id: str) -> str:
    return f"event#{event_id}"


def _sent(outlet: Outlet) -> str:
    return f"sent_{outlet}_ms"


def _new_item(event: Event) -> NewItem:
    kind = next(name for name, record in RECORDS.items() if isinstance(event.subject, record))
    values: dict[str, Any] = {
        "id": {"S": event.id},
        "type": {"S": event.type},
        "at_ms": {"N": str(event.at_ms)},
        "due_at_ms": {"N": str(event.at_ms + PATIENCE_MS)},
        "kind": {"S": kind},
        "record": {"S": msgspec.json.encode(encode_record(event.subject)).decode()},
        "detail": {"S": msgspec.json.encode(event.detail).decode()},
        "expires_at": {"N": str(event.at_ms // 1000 + KEPT_S)},
        "gsi1pk": {"S": _PENDING},
        "gsi1sk": {"S": f"{event.at_ms:015d}#{event.id}"},
    }
    return NewItem(_pk(event.id), "event", values)


def _stored(item: Item) -> StoredEvent:
    record: object = decode_record(msgspec.json.decode(item["record"]["S"]), RECORDS[item["kind"]["S"]])
    return StoredEvent(
        event=Event(
            id=item["id"]["S"],
            type=EventType(item["type"]["S"]),
            at_ms=int(item["at_ms"]["N"]),
            subject=cast("Subject", record),
            detail=msgspec.json.decode(item["detail"]["S"]),
        ),
        body=item["body"]["S"] if "body" in item else None,
        sent=frozenset(outlet for outlet in Outlet if _sent(outlet) in item),
    )
