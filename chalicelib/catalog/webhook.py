"""Webhooks and their deliveries: the records, and what follows from an attempt.

A delivery is one event on its way to one webhook. It is `pending` until an answer of 2xx, or until its attempts are
used up. An attempt is counted when it begins, and the time of the next one is noted with it: a worker that dies takes
one attempt along and nothing else. What is sent stays the same from attempt to attempt but for timestamp and signature.

The waits between attempts (Standard Webhooks, "Retries") add up to 75 hours with ten attempts. A webhook is disabled
when it answers 410 Gone, or when nothing but failures came of it for DISABLE_AFTER_MS.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType

from chalicelib.catalog.events import EventType
from chalicelib.catalog.ids import DELIVERY_PREFIX, ENTROPY_BYTES, new_id
from chalicelib.catalog.render import RETENTION_DAYS

DISABLE_AFTER_MS = 5 * 24 * 3600 * 1000
ROTATION_MS = 24 * 3600 * 1000
LOG_ATTEMPTS = 20
"""Attempts that a delivery remembers, the latest ones."""
KEPT_S = 30 * 24 * 3600
"""How long an event and its deliveries can be looked at and replayed."""
BOUND_S = RETENTION_DAYS * 24 * 3600 + KEPT_S
"""How long the webhook of one render is known: as long as what was sent to it can be replayed."""
JITTER = 0.2
MOST_AT_ONCE = 10
"""Attempts under way at one endpoint, whatever the number of webhooks that name it."""

_GONE = 410


class WebhookStatus(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Webhook:
    """The record.

    Attributes:
        types: Of the events it wants; empty for all.
        secret: Never shown after its creation or rotation, never logged.
        old_secret: Signs beside the new one until `old_secret_until_ms`.
        disabled_because: "gone", "failing" or "requested".
        failing_since_ms: Of the first failure after the last success.
        render_id: Of the one render that it hears of; such a webhook is in no list.
        expires_at: When DynamoDB forgets it, in seconds.
    """

    id: str
    url: str
    status: WebhookStatus
    secret: str
    created_at_ms: int
    updated_at_ms: int
    types: tuple[EventType, ...] = ()
    description: str | None = None
    old_secret: str | None = None
    old_secret_until_ms: int | None = None
    disabled_because: str | None = None
    failing_since_ms: int | None = None
    render_id: str | None = None
    expires_at: int | None = None

    def wants(self, kind: EventType, at_ms: int) -> bool:
        """Whether an event is sent to it: of its types, and none from before it was made.

        What a render tells comes after the webhook that is bound to it, whatever the clock of its worker says.
        """
        of_its_types = not self.types or kind in self.types
        is_later = self.render_id is not None or at_ms >= self.created_at_ms
        return self.status is WebhookStatus.ENABLED and of_its_types and is_later

    def secrets_at(self, now_ms: int) -> tuple[str, ...]:
        """What an attempt is signed with, the newest first."""
        if self.old_secret is not None and now_ms < (self.old_secret_until_ms or 0):
            return self.secret, self.old_secret
        return (self.secret,)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """The fields of a webhook that an update writes. UNSET leaves a field alone; None removes it."""

    url: str | UnsetType = UNSET
    status: WebhookStatus | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    types: tuple[EventType, ...] | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    old_secret: str | UnsetType | None = UNSET
    old_secret_until_ms: int | UnsetType | None = UNSET
    disabled_because: str | UnsetType | None = UNSET
    failing_since_ms: int | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `error` says why there was no answer; of an answer only its status is kept."""

    number: int
    at_ms: int
    duration_ms: int
    status_code: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The record.

    Attributes:
        attempts: Begun since its creation or its last replay.
        replays: How often it was replayed.
        due_at_ms: When the next attempt may begin; None once it is over.
        log: The latest attempts, the latest last.
    """

    id: str
    webhook_id: str
    event_id: str
    type: EventType
    status: DeliveryStatus
    created_at_ms: int
    updated_at_ms: int
    expires_at: int
    attempts: int = 0
    replays: int = 0
    due_at_ms: int | None = None
    log: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Ping:
    """What the event `ping` is about: `id` is that of the webhook."""

    id: str


def new_delivery(webhook_id: str, event_id: str, kind: EventType, *, now_ms: int, event_at_ms: int) -> Delivery:
    """The one delivery of an event to a webhook: made twice, it has the same id. Ids sort by the time of the event."""
    digest = hashlib.sha256(f"{webhook_id}\0{event_id}".encode()).digest()
    return Delivery(
        id=new_id(DELIVERY_PREFIX, event_at_ms, digest[:ENTROPY_BYTES]),
        webhook_id=webhook_id,
        event_id=event_id,
        type=kind,
        status=DeliveryStatus.PENDING,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        expires_at=now_ms // 1000 + KEPT_S,
        due_at_ms=now_ms,
    )


def retry_at_ms(attempt: int, waits_s: Sequence[int], *, now_ms: int, chance: float) -> int:
    """When the attempt after `attempt` is due; after the last one, when it may be given up.

    Args:
        waits_s: Between one attempt and the next, so there is one attempt more than waits.
        chance: From [0, 1): spreads what failed together.
    """
    wait_s = waits_s[min(attempt, len(waits_s)) - 1]
    return now_ms + round(wait_s * 1000 * (1 + JITTER * (chance - 0.5)))


def endpoint_of(url: str) -> str:
    """The server that a URL names, in one spelling."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def succeeded(attempt: Attempt) -> bool:
    return attempt.status_code is not None and 200 <= attempt.status_code < 300


def is_over(delivery: Delivery, attempt: Attempt, waits_s: Sequence[int]) -> bool:
    """Whether no attempt follows this failed one."""
    return attempt.status_code == _GONE or delivery.attempts > len(waits_s)


def after_failure(webhook: Webhook, attempt: Attempt, *, now_ms: int) -> WebhookChange | None:
    """What a failed attempt changes about its webhook, if anything."""
    if attempt.status_code == _GONE:
        return WebhookChange(status=WebhookStatus.DISABLED, disabled_because="gone")
    if webhook.failing_since_ms is None:
        return WebhookChange(failing_since_ms=now_ms)
    if now_ms - webhook.failing_since_ms > DISABLE_AFTER_MS:
        return WebhookChange(status=WebhookStatus.DISABLED, disabled_because="failing")
    return None


def logged(delivery: Delivery, attempt: Attempt) -> tuple[Attempt, ...]:
    return (*delivery.log, attempt)[-LOG_ATTEMPTS:]
