"""One attempt to deliver an event to a webhook.

The attempt is counted in the table before anything is sent, and the time of the next one is noted with it. So a message
that comes twice sends once, and an attempt whose worker dies is followed by the next. What is near is asked for with a
delayed message; what is further off than SQS holds a message back is left to the sweep (usecases/notify.py).

So many attempts go to one endpoint at once and no more: what finds no turn there is put off by some seconds, and is
not counted, so that events that come by the thousand neither overrun a receiver nor keep other receivers waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from chalicelib.aws.outlets import MAX_DELAY_S
from chalicelib.catalog.signature import signed_headers
from chalicelib.catalog.webhook import (
    MOST_AT_ONCE,
    Attempt,
    Delivery,
    DeliveryStatus,
    Webhook,
    WebhookChange,
    WebhookStatus,
    after_failure,
    endpoint_of,
    is_over,
    retry_at_ms,
    succeeded,
)
from chalicelib.errors import DeliveryNotFound, WebhookNotFound

if TYPE_CHECKING:
    from chalicelib.aws.outlets import DeliveryMessage, Outlets
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools.post import Outcome

    Send = Callable[[str, bytes, Mapping[str, str]], Outcome]

logger = logging.getLogger(__name__)

LEASE_MS = 60_000
"""How much later the next attempt is due while this one runs, and how long it holds its turn: longer than it can
take."""
_PUT_OFF_S = (5, 20)
"""Until there may be a turn, at least and at most: an attempt takes ten seconds at the longest."""
USER_AGENT = "Sluice-Webhooks/1"


def deliver(
    message: DeliveryMessage,
    send: Send,
    table: Table,
    outlets: Outlets,
    settings: Settings,
    *,
    clock: Callable[[], int],
    chance: Callable[[], float],
) -> None:
    """Make the attempt that the message asks for, unless it was begun before or nobody wants it any more.

    Args:
        chance: From [0, 1), anew each time: spreads the retries.
    """
    waits_s = settings.webhook_retry_s
    try:
        delivery = table.get_delivery(message.webhook_id, message.delivery_id)
        if message.attempt > len(waits_s) + 1 and message.replay == delivery.replays:
            table.give_up_delivery(delivery, now_ms=clock())  # the worker of the last attempt died
            return
        webhook = table.get_webhook(message.webhook_id)
    except DeliveryNotFound:
        return
    except WebhookNotFound:
        table.give_up_delivery(delivery, now_ms=clock())
        return
    event = table.find_event(delivery.event_id)
    if webhook.status is WebhookStatus.DISABLED or event is None or event.body is None:
        table.give_up_delivery(delivery, now_ms=clock())
        return
    now_ms = clock()
    turn = table.take_turn(endpoint_of(webhook.url), most=MOST_AT_ONCE, until_ms=now_ms + LEASE_MS, now_ms=now_ms)
    if turn is None:
        _put_off(message, delivery, table, outlets, chance(), now_ms)
        return
    try:
        begun = table.begin_attempt(
            message.webhook_id,
            message.delivery_id,
            message.attempt,
            replay=message.replay,
            next_at_ms=retry_at_ms(message.attempt, waits_s, now_ms=now_ms + LEASE_MS, chance=chance()),
            now_ms=now_ms,
        )
        if begun is None:
            logger.info("attempt was made before", extra={"delivery_id": delivery.id, "attempt": message.attempt})
            return
        attempt = _attempt(begun, webhook, event.body.encode(), send, clock)
        # First what came of it: who cannot give the turn back must not make the attempt again.
        _end(begun, attempt, webhook, table, outlets, waits_s, chance(), clock())
    finally:
        table.leave_turn(turn)


def _put_off(
    message: DeliveryMessage, delivery: Delivery, table: Table, outlets: Outlets, chance: float, now_ms: int
) -> None:
    """Ask for the same attempt again, unless somebody has begun it. The sweep, which looks at when it is due, does not
    ask for it too."""
    if (message.attempt, message.replay) != (delivery.attempts + 1, delivery.replays):
        return
    shortest_s, longest_s = _PUT_OFF_S
    delay_s = round(shortest_s + (longest_s - shortest_s) * chance)
    if table.put_off(delivery, until_ms=now_ms + 2 * delay_s * 1000, now_ms=now_ms):
        logger.info("the endpoint is busy", extra={"webhook_id": delivery.webhook_id, "delivery_id": delivery.id})
        outlets.send_delivery(delivery, delay_s=delay_s)


def _attempt(delivery: Delivery, webhook: Webhook, body: bytes, send: Send, clock: Callable[[], int]) -> Attempt:
    at_ms = clock()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **signed_headers(delivery.event_id, at_ms // 1000, body, webhook.secrets_at(at_ms)),
    }
    outcome = send(webhook.url, body, headers)
    return Attempt(delivery.attempts, at_ms, outcome.duration_ms, outcome.status_code, outcome.error)


def _end(
    delivery: Delivery,
    attempt: Attempt,
    webhook: Webhook,
    table: Table,
    outlets: Outlets,
    waits_s: tuple[int, ...],
    chance: float,
    now_ms: int,
) -> None:
    logger.info(
        "webhook answered" if attempt.error is None else "webhook did not answer",
        extra={
            "webhook_id": webhook.id,
            "delivery_id": delivery.id,
            "event_id": delivery.event_id,
            "attempt": attempt.number,
            "status_code": attempt.status_code,
            "error": attempt.error,
            "duration_ms": attempt.duration_ms,
        },
    )
    if succeeded(attempt):
        table.end_attempt(delivery, attempt, DeliveryStatus.DELIVERED, now_ms=now_ms)
        if webhook.failing_since_ms is not None:
            _change(webhook, WebhookChange(failing_since_ms=None), table, now_ms)
        return
    over = is_over(delivery, attempt, waits_s)
    if over:
        table.end_attempt(delivery, attempt, DeliveryStatus.FAILED, now_ms=now_ms)
    else:
        due_at_ms = retry_at_ms(delivery.attempts, waits_s, now_ms=now_ms, chance=chance)
        waiting = table.end_attempt(delivery, attempt, DeliveryStatus.PENDING, now_ms=now_ms, due_at_ms=due_at_ms)
        delay_s = -(-(due_at_ms - now_ms) // 1000)
        if waiting is not None and delay_s <= MAX_DELAY_S:
            outlets.send_delivery(waiting, delay_s=delay_s)
    change = after_failure(webhook, attempt, now_ms=now_ms)
    if change is not None:
        _change(webhook, change, table, now_ms)


def _change(webhook: Webhook, change: WebhookChange, table: Table, now_ms: int) -> None:
    try:
        table.update_webhook(webhook.id, change, now_ms=now_ms)
    except WebhookNotFound:
        logger.info("the webhook was deleted meanwhile", extra={"webhook_id": webhook.id})
