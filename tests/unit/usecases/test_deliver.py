"""One attempt after the other, whoever dies in between."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from standardwebhooks import Webhook as Reference

from chalicelib.aws.outlets import DeliveryMessage
from chalicelib.catalog.render import UNFINISHED, RenderChange, RenderStatus
from chalicelib.catalog.webhook import (
    MOST_AT_ONCE,
    Delivery,
    DeliveryStatus,
    WebhookChange,
    WebhookStatus,
    endpoint_of,
)
from chalicelib.errors import TableUnavailable
from chalicelib.tools.post import Outcome
from chalicelib.usecases.deliver import deliver
from chalicelib.usecases.notify import notify, sweep
from chalicelib.usecases.webhooks import (
    WebhookWish,
    bind_webhook,
    change_webhook,
    create_webhook,
    ping_webhook,
    replay_delivery,
    rotate_secret,
)
from tests.unit.catalog.samples import RENDER_ID, a_render
from tests.unit.usecases.desk import Desk

GOOD, BAD, SILENT = Outcome(204, None, 5), Outcome(503, None, 5), Outcome(None, "timeout", 10_000)


class Post(Desk):
    """A desk with one webhook, and a ping on its way to it."""

    def __init__(self) -> None:
        super().__init__()
        url = "https://hooks.example.com/in"
        self.hook = create_webhook(url, (), None, self.table, self.settings, now_ms=self.clock())
        self.delivery_id = ping_webhook(self.hook.id, self.table, now_ms=self.clock()).id
        notify(self.table.told[-1], lambda _: {"n": 1}, lambda _: None, self.table, self.outlets, now_ms=self.clock())

    def deliver(self, message: DeliveryMessage) -> None:
        deliver(message, self.receiver, self.table, self.outlets, self.settings, clock=self.clock, chance=lambda: 0.5)

    def deliver_next(self) -> int:
        """Take the latest message when it is due; returns how long it was held back."""
        message, delay_s = self.outlets.deliveries.pop()
        self.clock.sleep(delay_s)
        self.deliver(message)
        return delay_s

    @property
    def delivery(self) -> Delivery:
        return self.table.get_delivery(self.hook.id, self.delivery_id)


@pytest.fixture
def post() -> Post:
    return Post()


def test_what_came_of_an_attempt_is_kept_whatever_follows(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that cannot be given back ends by itself; what was sent is not sent again."""

    def fail(_turn: object) -> None:
        raise TableUnavailable("throttled")

    monkeypatch.setattr(post.table, "leave_turn", fail)
    with pytest.raises(TableUnavailable):
        post.deliver_next()
    assert post.delivery.status is DeliveryStatus.DELIVERED


def test_an_attempt_is_signed_for_the_reference(post: Post) -> None:
    """Under the id of the event, by both secrets while one is rotated."""
    post.clock.now_ms = int(time.time() * 1000)
    rotated = rotate_secret(post.hook.id, post.table, now_ms=post.clock())
    post.deliver_next()
    ((url, body, headers),) = post.receiver.got
    assert (url, headers["Content-Type"]) == ("https://hooks.example.com/in", "application/json")
    assert headers["webhook-id"] == post.delivery.event_id
    for secret in (rotated.secret, post.hook.secret):
        assert Reference(secret).verify(body, dict(headers))["type"] == "ping"
    assert rotated.secret != post.hook.secret


def test_a_receiver_that_comes_back_gets_it(post: Post) -> None:
    """Two failures, then success: three attempts of the same body, all in the log, and the webhook is well again."""
    post.receiver.answers = [BAD, SILENT, GOOD]
    waits = [post.deliver_next() for _ in range(3)]
    assert waits == [0, 5, 300]
    assert len({body for _, body, _ in post.receiver.got}) == 1
    delivery = post.delivery
    assert (delivery.status, delivery.due_at_ms) == (DeliveryStatus.DELIVERED, None)
    assert [(each.number, each.status_code, each.error) for each in delivery.log] == [
        (1, 503, None),
        (2, None, "timeout"),
        (3, 204, None),
    ]
    assert post.table.get_webhook(post.hook.id).failing_since_ms is None
    assert post.outlets.deliveries == []


def test_a_message_that_comes_twice_sends_once(post: Post) -> None:
    """Whether the attempt failed or not."""
    post.receiver.answers = [BAD, GOOD]
    message, _ = post.outlets.deliveries[0]
    for _ in range(2):
        post.deliver(message)
    assert len(post.receiver.got) == 1
    post.deliver_next()
    post.deliver(message)
    assert len(post.receiver.got) == 2


def test_all_attempts_are_made_and_then_it_has_failed(post: Post) -> None:
    """Near ones by delayed messages, far ones by the sweep, which is on time to the minute; ten in 75 hours."""
    post.receiver.answers = [BAD]
    began_ms = post.clock()
    while post.delivery.status is DeliveryStatus.PENDING:
        while post.outlets.deliveries:
            post.deliver_next()
        post.clock.sleep(60)
        sweep(post.table, post.outlets, now_ms=post.clock())
    assert len(post.receiver.got) == 10
    assert 75 < (post.clock() - began_ms) / 3_600_000 < 76
    assert (post.delivery.status, len(post.delivery.log)) == (DeliveryStatus.FAILED, 10)
    assert post.table.get_webhook(post.hook.id).failing_since_ms == began_ms


def test_a_worker_that_dies_costs_one_attempt(post: Post) -> None:
    """Nothing is sent while it may still run; then the sweep asks for the next attempt."""

    class Killed(BaseException):
        pass

    def die(*_: object) -> Outcome:
        raise Killed

    message, _ = post.outlets.deliveries.pop()
    with pytest.raises(Killed):
        deliver(message, die, post.table, post.outlets, post.settings, clock=post.clock, chance=lambda: 0.5)
    post.clock.sleep(30)
    sweep(post.table, post.outlets, now_ms=post.clock())
    assert post.outlets.deliveries == []
    post.clock.sleep(60)
    sweep(post.table, post.outlets, now_ms=post.clock())
    post.deliver_next()
    assert [each.number for each in post.delivery.log] == [2]
    assert post.delivery.status is DeliveryStatus.DELIVERED


def test_the_last_worker_may_die_too(post: Post) -> None:
    """The delivery ends all the same."""
    waits = len(post.settings.webhook_retry_s)
    for number in range(1, waits + 2):
        message = DeliveryMessage(post.hook.id, post.delivery_id, number, 0)
        post.receiver.answers = [BAD]
        if number <= waits:
            post.deliver(message)
        else:
            args = {"replay": 0, "next_at_ms": post.clock(), "now_ms": post.clock()}
            assert post.table.begin_attempt(post.hook.id, post.delivery_id, number, **args)
    post.outlets.deliveries.clear()
    post.clock.sleep(1)
    sweep(post.table, post.outlets, now_ms=post.clock())
    post.deliver_next()
    assert (post.delivery.status, len(post.receiver.got)) == (DeliveryStatus.FAILED, waits)


def test_gone_disables_the_webhook(post: Post) -> None:
    """410 is for ever: what is still on its way is not sent, until its owner enables it again."""
    second = ping_webhook(post.hook.id, post.table, now_ms=post.clock())
    notify(second.event_id, lambda _: {}, lambda _: None, post.table, post.outlets, now_ms=post.clock())
    post.receiver.answers = [Outcome(410, None, 5), GOOD]
    post.deliver_next()
    post.deliver_next()
    hook = post.table.get_webhook(post.hook.id)
    assert (hook.status, hook.disabled_because, len(post.receiver.got)) == (WebhookStatus.DISABLED, "gone", 1)
    assert post.delivery.status is DeliveryStatus.FAILED
    wish = WebhookWish(status=WebhookStatus.ENABLED)
    enabled = change_webhook(hook.id, wish, post.table, post.settings, now_ms=post.clock())
    assert (enabled.disabled_because, enabled.failing_since_ms) == (None, None)
    replay_delivery(hook.id, post.delivery_id, post.table, post.outlets, now_ms=post.clock())
    post.deliver_next()
    assert (post.delivery.status, len(post.receiver.got)) == (DeliveryStatus.DELIVERED, 2)


def test_a_webhook_that_fails_for_days_is_disabled(post: Post) -> None:
    """And says so."""
    post.receiver.answers = [BAD]
    post.table.update_webhook(post.hook.id, WebhookChange(failing_since_ms=1), now_ms=post.clock())
    post.deliver_next()
    hook = post.table.get_webhook(post.hook.id)
    assert (hook.status, hook.disabled_because) == (WebhookStatus.DISABLED, "failing")


def test_a_replay_is_the_same_event_from_the_first_attempt_on(post: Post) -> None:
    """A message of the life before does nothing; one that is on its way is left alone."""
    old, _ = post.outlets.deliveries[0]
    post.deliver_next()
    before = post.delivery
    first = replay_delivery(post.hook.id, before.id, post.table, post.outlets, now_ms=post.clock())
    again = replay_delivery(post.hook.id, before.id, post.table, post.outlets, now_ms=post.clock())
    assert (first.status, first.replays, again) == (DeliveryStatus.PENDING, 1, first)
    post.deliver(old)
    post.deliver(replace(old, attempt=len(post.settings.webhook_retry_s) + 2))
    assert len(post.receiver.got) == 1
    post.deliver_next()
    assert (post.delivery.replays, [each.number for each in post.delivery.log]) == (1, [1, 1])
    assert post.receiver.got[0][1] == post.receiver.got[1][1]
    assert post.receiver.got[0][2]["webhook-id"] == post.receiver.got[1][2]["webhook-id"]


def test_a_deleted_webhook_gets_nothing(post: Post) -> None:
    """Its deliveries end without an attempt, and a message about what is forgotten does nothing."""
    post.table.delete_webhook(post.hook.id)
    post.deliver_next()
    assert (post.delivery.status, post.receiver.got) == (DeliveryStatus.FAILED, [])
    post.deliver(DeliveryMessage(post.hook.id, "de_none", 1, 0))


def test_the_webhook_of_one_render_is_signed_with_its_own_secret(post: Post) -> None:
    """Tried again and logged like any other; a rotated secret signs beside it."""
    post.clock.now_ms = int(time.time() * 1000)
    post.outlets.deliveries.clear()
    bound = bind_webhook("https://hooks.example.com/one", RENDER_ID, post.table, now_ms=post.clock())
    post.table.create_render(a_render(status=RenderStatus.QUEUED, errors=(), webhook_id=bound.id))
    change = RenderChange(status=RenderStatus.PLANNING)
    post.table.update_render(RENDER_ID, change, expect=UNFINISHED, now_ms=post.clock())
    notify(post.table.told[-1], lambda _: {}, lambda _: None, post.table, post.outlets, now_ms=post.clock())
    rotated = rotate_secret(bound.id, post.table, now_ms=post.clock())
    assert (rotated.render_id, rotated.expires_at) == (RENDER_ID, bound.expires_at)
    assert post.table.list_webhooks(limit=9, cursor=None).items == (post.table.get_webhook(post.hook.id),)
    post.receiver.answers = [BAD, GOOD]
    post.deliver_next()
    post.deliver_next()
    got = [(body, headers) for url, body, headers in post.receiver.got if url == bound.url]
    assert len(got) == 2
    for body, headers in got:
        for secret in (bound.secret, rotated.secret):
            assert Reference(secret).verify(body, dict(headers))["type"] == "render.started"
    (delivery,) = post.table.list_deliveries(bound.id, limit=9, cursor=None).items
    assert (delivery.status, len(delivery.log)) == (DeliveryStatus.DELIVERED, 2)


def test_an_endpoint_gets_so_many_at_once(post: Post) -> None:
    """Who finds no place is put off without losing an attempt, and goes on when there is one."""
    endpoint = "https://hooks.example.com"
    now_ms = post.clock()
    places = [
        post.table.take_turn(endpoint, most=MOST_AT_ONCE, until_ms=now_ms + 60_000, now_ms=now_ms)
        for _ in range(MOST_AT_ONCE)
    ]
    assert all(places)
    post.deliver_next()
    assert post.receiver.got == []
    assert (post.delivery.status, post.delivery.attempts) == (DeliveryStatus.PENDING, 0)
    sweep(post.table, post.outlets, now_ms=post.clock())
    assert len(post.outlets.deliveries) == 1
    assert places[0] is not None
    post.table.leave_turn(places[0])
    assert 5 <= post.deliver_next() <= 20
    assert (len(post.receiver.got), post.delivery.status) == (1, DeliveryStatus.DELIVERED)
    assert post.table.take_turn(endpoint, most=MOST_AT_ONCE, until_ms=now_ms + 1, now_ms=now_ms) is not None


def test_a_second_message_for_a_busy_endpoint_ends(post: Post) -> None:
    """A message of an attempt that was made meanwhile is not sent round for ever."""
    ((first, _),) = post.outlets.deliveries
    post.deliver_next()
    now_ms = post.clock()
    for _ in range(MOST_AT_ONCE):
        post.table.take_turn("https://hooks.example.com", most=MOST_AT_ONCE, until_ms=now_ms + 1, now_ms=now_ms)
    post.deliver(first)
    assert post.outlets.deliveries == []


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://Hooks.example.com/a?b", "https://hooks.example.com"),
        ("https://hooks.example.com:8443/", "https://hooks.example.com:8443"),
    ],
)
def test_an_endpoint_is_a_server(url: str, endpoint: str) -> None:
    """Paths and queries do not make another one."""
    assert endpoint_of(url) == endpoint
