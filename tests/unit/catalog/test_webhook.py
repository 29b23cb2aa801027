"""What a webhook wants, and what follows from an attempt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.catalog.events import EventType
from chalicelib.catalog.webhook import (
    DISABLE_AFTER_MS,
    LOG_ATTEMPTS,
    Attempt,
    Delivery,
    Webhook,
    WebhookChange,
    WebhookStatus,
    after_failure,
    is_over,
    logged,
    new_delivery,
    retry_at_ms,
    succeeded,
)
from chalicelib.settings import WEBHOOK_RETRY_S
from tests.unit.catalog.samples import NOW_MS

HOUR_MS = 3_600_000


def a_webhook(**changes: Any) -> Webhook:
    return replace(
        Webhook("wh_1", "https://a.example.com/", WebhookStatus.ENABLED, "whsec_AA==", NOW_MS, NOW_MS), **changes
    )


def a_delivery(**changes: Any) -> Delivery:
    made = new_delivery("wh_1", "ev_1", EventType.ASSET_READY, now_ms=NOW_MS, event_at_ms=NOW_MS)
    return replace(made, **changes)


def test_a_webhook_wants_its_types_from_its_creation_on() -> None:
    """None means all; a disabled one wants nothing."""
    ready, errored = EventType.ASSET_READY, EventType.ASSET_ERRORED
    assert a_webhook().wants(ready, NOW_MS)
    assert not a_webhook().wants(ready, NOW_MS - 1)
    assert a_webhook(types=(errored,)).wants(errored, NOW_MS)
    assert not a_webhook(types=(errored,)).wants(ready, NOW_MS)
    assert not a_webhook(status=WebhookStatus.DISABLED).wants(ready, NOW_MS)


def test_the_old_secret_signs_until_its_time_is_over() -> None:
    """Behind the new one."""
    rotated = a_webhook(old_secret="whsec_BB==", old_secret_until_ms=NOW_MS + 5)
    assert rotated.secrets_at(NOW_MS + 4) == ("whsec_AA==", "whsec_BB==")
    assert rotated.secrets_at(NOW_MS + 5) == ("whsec_AA==",)


def test_a_delivery_is_one_for_each_webhook_and_event() -> None:
    """Made twice it has one id, and ids sort by the time of the event."""
    assert a_delivery().id == new_delivery("wh_1", "ev_1", EventType.PING, now_ms=9, event_at_ms=NOW_MS).id
    assert a_delivery().id != new_delivery("wh_2", "ev_1", EventType.ASSET_READY, now_ms=9, event_at_ms=NOW_MS).id
    assert a_delivery().id < new_delivery("wh_1", "ev_0", EventType.ASSET_READY, now_ms=9, event_at_ms=NOW_MS + 1).id


def test_attempts_grow_apart_over_three_days() -> None:
    """Ten attempts take about 75 hours, each wait is longer than the one before, and chance moves it by a tenth."""
    waits = [retry_at_ms(number, WEBHOOK_RETRY_S, now_ms=0, chance=0.5) for number in range(1, 10)]
    assert waits == sorted(waits)
    assert 75 * HOUR_MS < sum(waits) < 76 * HOUR_MS
    low, high = (retry_at_ms(9, WEBHOOK_RETRY_S, now_ms=0, chance=chance) for chance in (0.0, 0.999))
    assert low == pytest.approx(24 * HOUR_MS * 0.9)
    assert high == pytest.approx(24 * HOUR_MS * 1.1, rel=0.01)
    assert retry_at_ms(10, WEBHOOK_RETRY_S, now_ms=0, chance=0.5) == waits[-1]


@pytest.mark.parametrize(
    ("status_code", "good"),
    [(200, True), (204, True), (299, True), (302, False), (400, False), (500, False), (None, False)],
)
def test_only_2xx_is_success(status_code: int | None, good: bool) -> None:
    """A redirect is not followed, so it is a failure."""
    assert succeeded(Attempt(1, NOW_MS, 5, status_code)) is good


def test_a_delivery_is_over_after_its_last_attempt_or_when_gone() -> None:
    """410 ends it at once."""
    failed, gone = Attempt(1, NOW_MS, 5, 500), Attempt(1, NOW_MS, 5, 410)
    assert not is_over(a_delivery(attempts=9), failed, WEBHOOK_RETRY_S)
    assert is_over(a_delivery(attempts=10), failed, WEBHOOK_RETRY_S)
    assert is_over(a_delivery(attempts=1), gone, WEBHOOK_RETRY_S)


def test_a_webhook_is_disabled_when_gone_or_failing_for_days() -> None:
    """The first failure starts the clock, and nothing else does."""
    failed = Attempt(1, NOW_MS, 5, 500)
    since = a_webhook(failing_since_ms=NOW_MS)
    assert after_failure(a_webhook(), failed, now_ms=NOW_MS) == WebhookChange(failing_since_ms=NOW_MS)
    assert after_failure(since, failed, now_ms=NOW_MS + DISABLE_AFTER_MS) is None
    late = after_failure(since, failed, now_ms=NOW_MS + DISABLE_AFTER_MS + 1)
    assert late == WebhookChange(status=WebhookStatus.DISABLED, disabled_because="failing")
    gone = after_failure(a_webhook(), Attempt(1, NOW_MS, 5, 410), now_ms=NOW_MS)
    assert gone == WebhookChange(status=WebhookStatus.DISABLED, disabled_because="gone")


def test_the_log_is_bounded() -> None:
    """The latest attempts stay."""
    delivery = a_delivery()
    for number in range(LOG_ATTEMPTS + 5):
        delivery = replace(delivery, log=logged(delivery, Attempt(number, NOW_MS, 1)))
    assert [attempt.number for attempt in delivery.log] == list(range(5, LOG_ATTEMPTS + 5))
