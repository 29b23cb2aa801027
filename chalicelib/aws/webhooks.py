"""Webhook records and their deliveries. See `table.py` for the keys.

A delivery lies under its webhook, so that its log is one query. While it is pending it is in the index too, by the time
of its next attempt; that is what the sweep reads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import UNSET

from chalicelib.aws.lists import Page
from chalicelib.aws.records import decode_record, encode_record, removed_fields
from chalicelib.aws.store import Store, Update
from chalicelib.catalog.webhook import Attempt, Delivery, DeliveryStatus, Webhook, WebhookChange, logged
from chalicelib.errors import DeliveryNotFound, WebhookNotFound

if TYPE_CHECKING:
    from chalicelib.aws.records import Item

MAX_WEBHOOKS = 100
"""Of one deployment: each event is compared with all of them."""

_ALL = "webhook"
_DUE = "delivery#due"


class WebhookRecords(Store):
    def create_webhook(self, webhook: Webhook) -> bool:
        """One that is bound to a render is not listed; its render names it."""
        values = encode_record(webhook)
        if webhook.render_id is None:
            values["gsi1pk"] = {"S": _ALL}
            values["gsi1sk"] = {"S": webhook.id}
        return self._put_new(_pk(webhook.id), "webhook", values)

    def get_webhook(self, webhook_id: str) -> Webhook:
        """Raises WebhookNotFound."""
        item = self._get(_pk(webhook_id), "webhook")
        if item is None:
            raise WebhookNotFound("there is no such webhook", webhook_id=webhook_id)
        return decode_record(item, Webhook)

    def list_webhooks(self, *, limit: int, cursor: str | None) -> Page[Webhook]:
        """By time of creation, the latest first."""
        found = self._index_page(_ALL, before=cursor, limit=limit + 1)
        page = tuple(decode_record(item, Webhook) for item in found[:limit])
        return Page(page, page[-1].id if len(found) > limit else None)

    def update_webhook(self, webhook_id: str, change: WebhookChange, *, now_ms: int) -> Webhook:
        """Raises WebhookNotFound, and writes nothing, if it is not there."""
        update = Update()
        update.require_in("id", (webhook_id,))
        for field in dataclasses.fields(change):
            value = getattr(change, field.name)
            if value is not UNSET and value is not None:
                update.set(field.name, value)
        for name in removed_fields(change):
            update.remove(name)
        update.set("updated_at_ms", now_ms)
        item = self._update(_pk(webhook_id), "webhook", update)
        if item is None:
            raise WebhookNotFound("there is no such webhook", webhook_id=webhook_id)
        return decode_record(item, Webhook)

    def delete_webhook(self, webhook_id: str) -> None:
        """Its deliveries end at their next attempt, and are forgotten in their time."""
        self._delete(_pk(webhook_id), "webhook")

    def create_delivery(self, delivery: Delivery) -> bool:
        """Returns False if it exists, and then it stays."""
        values = encode_record(delivery)
        values["gsi1pk"] = {"S": _DUE}
        values["gsi1sk"] = {"S": _due_key(delivery.due_at_ms or 0, delivery.id)}
        return self._put_new(_pk(delivery.webhook_id), _sk(delivery.id), values)

    def get_delivery(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Raises DeliveryNotFound."""
        item = self._get(_pk(webhook_id), _sk(delivery_id))
        if item is None:
            raise DeliveryNotFound("there is no such delivery", webhook_id=webhook_id, delivery_id=delivery_id)
        return decode_record(item, Delivery)

    def list_deliveries(self, webhook_id: str, *, limit: int, cursor: str | None) -> Page[Delivery]:
        """By time of their events, the latest first."""
        before = _sk(cursor) if cursor else None
        found = self._page_under(_pk(webhook_id), prefix=_sk(""), before=before, limit=limit + 1)
        page = tuple(decode_record(item, Delivery) for item in found[:limit])
        return Page(page, page[-1].id if len(found) > limit else None)

    def begin_attempt(
        self, webhook_id: str, delivery_id: str, number: int, *, replay: int, next_at_ms: int, now_ms: int
    ) -> Delivery | None:
        """Count attempt `number` (from 1) as begun, and note when the next one is due.

        Returns:
            The delivery; None if it is over, or at another attempt or replay: somebody else has this one.
        """
        update = Update()
        update.require_in("status", (DeliveryStatus.PENDING,))
        update.require_in("attempts", (number - 1,))
        update.require_in("replays", (replay,))
        update.set("attempts", number)
        return self._set_due(update, webhook_id, delivery_id, next_at_ms, now_ms)

    def end_attempt(
        self,
        delivery: Delivery,
        attempt: Attempt,
        status: DeliveryStatus,
        *,
        now_ms: int,
        due_at_ms: int | None = None,
    ) -> Delivery | None:
        """Write down how the attempt went that was begun last.

        Args:
            due_at_ms: Of the next attempt, if the delivery stays pending.

        Returns:
            None, and nothing is written, if the next one was begun or the delivery was replayed in the meantime.
        """
        update = Update()
        update.require_in("attempts", (delivery.attempts,))
        update.require_in("replays", (delivery.replays,))
        update.set("log", logged(delivery, attempt))
        if due_at_ms is not None:
            return self._set_due(update, delivery.webhook_id, delivery.id, due_at_ms, now_ms)
        return self._end(update, delivery, status, now_ms)

    def give_up_delivery(self, delivery: Delivery, *, now_ms: int) -> None:
        """It ends without another attempt."""
        update = Update()
        update.require_in("status", (DeliveryStatus.PENDING,))
        update.require_in("replays", (delivery.replays,))
        self._end(update, delivery, DeliveryStatus.FAILED, now_ms)

    def replay_delivery(self, delivery: Delivery, *, now_ms: int) -> Delivery | None:
        """Begin anew with the first attempt. None if somebody replayed it at the same time."""
        update = Update()
        update.require_in("replays", (delivery.replays,))
        update.set("replays", delivery.replays + 1)
        update.set("attempts", 0)
        update.set("status", DeliveryStatus.PENDING)
        return self._set_due(update, delivery.webhook_id, delivery.id, now_ms, now_ms)

    def due_deliveries(self, *, before_ms: int) -> Iterator[Delivery]:
        """Pending deliveries whose next attempt was due before a time, the longest overdue first."""
        for item in self._index_below(_DUE, "due_at_ms", before_ms):
            yield decode_record(item, Delivery)

    def put_off(self, delivery: Delivery, *, until_ms: int, now_ms: int) -> bool:
        """Note another time for the next attempt. False if one was begun meanwhile, or the delivery is over."""
        update = Update()
        update.require_in("status", (DeliveryStatus.PENDING,))
        update.require_in("attempts", (delivery.attempts,))
        update.require_in("replays", (delivery.replays,))
        return self._set_due(update, delivery.webhook_id, delivery.id, until_ms, now_ms) is not None

    def _set_due(
        self, update: Update, webhook_id: str, delivery_id: str, due_at_ms: int, now_ms: int
    ) -> Delivery | None:
        update.set("due_at_ms", due_at_ms)
        update.set("updated_at_ms", now_ms)
        update.set("gsi1pk", _DUE)
        update.set("gsi1sk", _due_key(due_at_ms, delivery_id))
        return _delivery(self._update(_pk(webhook_id), _sk(delivery_id), update))

    def _end(self, update: Update, delivery: Delivery, status: DeliveryStatus, now_ms: int) -> Delivery | None:
        update.set("status", status)
        update.set("updated_at_ms", now_ms)
        for name in ("due_at_ms", "gsi1pk", "gsi1sk"):
            update.remove(name)
        return _delivery(self._update(_pk(delivery.webhook_id), _sk(delivery.id), update))


def _delivery(item: Item | None) -> Delivery | None:
    return decode_record(item, Delivery) if item is not None else None


def _pk(webhook_id: str) -> str:
    return f"webhook#{webhook_id}"


def _sk(delivery_id: str) -> str:
    return f"delivery#{delivery_id}"


def _due_key(due_at_ms: int, delivery_id: str) -> str:
    return f"{due_at_ms:015d}#{delivery_id}"
