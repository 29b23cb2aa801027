"""What the code relies on in the outbox, in deliveries, and in what they are sent to."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.outbox import PATIENCE_MS, Outlet
from chalicelib.aws.outlets import (
    DeliveryMessage,
    EventMessage,
    Outlets,
    parse_delivery_message,
    parse_event_message,
)
from chalicelib.aws.table import Table
from chalicelib.catalog.asset import AssetChange, AssetStatus
from chalicelib.catalog.events import EventType, event
from chalicelib.catalog.messages import Message
from chalicelib.catalog.rendition import RenditionChange, RenditionStatus
from chalicelib.catalog.upload import UploadStatus
from chalicelib.catalog.webhook import (
    Attempt,
    Delivery,
    DeliveryStatus,
    Ping,
    Webhook,
    WebhookChange,
    WebhookStatus,
    new_delivery,
)
from chalicelib.errors import DeliveryNotFound, WebhookNotFound
from tests.contract.conftest import TABLE
from tests.fakes import settings
from tests.unit.catalog.samples import NOW_MS, a_rendition, an_asset, an_upload

PREPARING = frozenset({AssetStatus.PREPARING})
LATER = NOW_MS + 1_000_000


def _types(table: Table) -> dict[str, str]:
    """Type by id of whatever is pending."""
    found = [table.find_event(event_id) for event_id in table.pending_events(before_ms=LATER)]
    return {stored.event.id: stored.event.type for stored in found if stored}


def a_webhook(number: int = 0) -> Webhook:
    at_ms = NOW_MS + number
    status = WebhookStatus.ENABLED
    return Webhook(
        f"wh_{number}", "https://a.example.com/", status, "whsec_AA==", at_ms, at_ms, (EventType.ASSET_READY,)
    )


def a_delivery(number: int = 0) -> Delivery:
    at_ms = NOW_MS + number
    return new_delivery("wh_0", f"ev_{number}", EventType.ASSET_READY, now_ms=at_ms, event_at_ms=at_ms)


def test_an_event_is_written_with_its_change(table: Table) -> None:
    """With the record as it became, whole; a change whose condition fails leaves neither."""
    asset = an_asset(hls_key=None)
    assert table.create_asset(asset)
    assert not table.create_asset(asset)
    late = AssetChange(attempt=9)
    ready = AssetChange(status=AssetStatus.READY, execution_arn=None)
    assert table.update_asset(asset.id, ready, expect=PREPARING, now_ms=NOW_MS + 5, unchanged=late) is None
    assert list(_types(table).values()) == ["asset.created"]
    changed = table.update_asset(asset.id, ready, expect=PREPARING, now_ms=NOW_MS + 5)
    expected = replace(asset, status=AssetStatus.READY, execution_arn=None, updated_at_ms=NOW_MS + 5)
    assert changed == expected == table.get_asset(asset.id)
    told = {kind: event_id for event_id, kind in _types(table).items()}
    assert set(told) == {"asset.created", "asset.ready"}
    stored = table.find_event(told["asset.ready"])
    assert stored is not None
    assert (stored.event.subject, stored.event.at_ms, stored.body, stored.sent) == (
        expected,
        NOW_MS + 5,
        None,
        frozenset(),
    )


def test_what_was_told_before_is_not_told_again(table: Table) -> None:
    """The change is made, and the event stays as it was."""
    asset = an_asset(hls_key=None, attempt=1)
    table.create_asset(asset)
    table.put_event(event(EventType.ASSET_READY, asset, at_ms=NOW_MS, attempt=1, detail={"first": True}))
    change = AssetChange(status=AssetStatus.READY, hls_key="k")
    assert table.update_asset(asset.id, change, expect=PREPARING, now_ms=NOW_MS + 5) is not None
    told = {kind: event_id for event_id, kind in _types(table).items()}
    assert set(told) == {"asset.created", "asset.playable", "asset.ready"}
    stored = table.find_event(told["asset.ready"])
    assert stored is not None
    assert stored.event.detail == {"first": True}


def test_an_uploads_end_is_told_once(table: Table) -> None:
    """By whoever ends it."""
    upload = an_upload()
    table.create_upload(upload)
    ended = table.end_upload(upload.id, UploadStatus.COMPLETED, now_ms=NOW_MS + 1)
    assert table.end_upload(upload.id, UploadStatus.CANCELLED, now_ms=NOW_MS + 2) is None
    ((event_id, kind),) = _types(table).items()
    stored = table.find_event(event_id)
    assert stored is not None
    assert (kind, stored.event.subject) == ("upload.completed", ended)


def test_the_end_of_a_static_rendition_is_told(table: Table) -> None:
    """With the asset it is of; what only notes its execution tells nothing."""
    rendition = a_rendition(status=RenditionStatus.PREPARING, error=None)
    table.create_rendition(rendition)
    preparing = frozenset({RenditionStatus.PREPARING})
    started = table.update_rendition(rendition, RenditionChange(execution_arn="arn"), expect=preparing, now_ms=NOW_MS)
    assert started is not None
    assert _types(table) == {}
    ready = RenditionChange(status=RenditionStatus.READY, size_bytes=7)
    done = table.update_rendition(started, ready, expect=preparing, now_ms=NOW_MS + 1)
    ((event_id, kind),) = _types(table).items()
    stored = table.find_event(event_id)
    assert stored is not None
    assert (kind, stored.event.detail) == ("rendition.ready", {"asset_id": rendition.asset_id})
    assert stored.event.subject == done


def test_an_event_is_pending_until_it_was_sent(table: Table) -> None:
    """The body stays as it was fixed first, outlets are noted one by one, and what is not there is not made."""
    table.put_event(event(EventType.PING, Ping("wh_1"), at_ms=NOW_MS))
    (event_id,) = table.pending_events(before_ms=NOW_MS + PATIENCE_MS + 1)
    assert list(table.pending_events(before_ms=NOW_MS + PATIENCE_MS)) == []
    table.put_off_event(event_id, until_ms=NOW_MS + PATIENCE_MS + 1)
    assert list(table.pending_events(before_ms=NOW_MS + PATIENCE_MS + 1)) == []
    assert [table.fix_event_body(event_id, body) for body in ("one", "two")] == ["one", "one"]
    table.note_sent(event_id, Outlet.QUEUE, now_ms=NOW_MS)
    stored = table.find_event(event_id)
    assert stored is not None
    assert (stored.body, stored.sent) == ("one", frozenset({Outlet.QUEUE}))
    assert stored.event.subject == Ping("wh_1")
    for each in (event_id, "ev_none"):
        table.end_event(each)
        table.put_off_event(each, until_ms=1)
        table.note_sent(each, Outlet.BUS, now_ms=NOW_MS)
    assert list(table.pending_events(before_ms=LATER)) == []
    assert table.find_event("ev_none") is None


def test_a_webhook_is_kept_changed_and_forgotten(table: Table) -> None:
    """Given fields are written, None removes, the rest stays; an unknown one is not made by a change."""
    for number in range(3):
        assert table.create_webhook(a_webhook(number))
    assert table.get_webhook("wh_1") == a_webhook(1)
    change = WebhookChange(status=WebhookStatus.DISABLED, disabled_because="gone", types=())
    changed = table.update_webhook("wh_1", change, now_ms=NOW_MS + 9)
    expected = replace(
        a_webhook(1), status=WebhookStatus.DISABLED, disabled_because="gone", types=(), updated_at_ms=NOW_MS + 9
    )
    assert changed == expected == table.get_webhook("wh_1")
    assert table.update_webhook("wh_1", WebhookChange(disabled_because=None), now_ms=1).disabled_because is None
    page = table.list_webhooks(limit=2, cursor=None)
    assert [hook.id for hook in page.items] == ["wh_2", "wh_1"]
    assert [hook.id for hook in table.list_webhooks(limit=2, cursor=page.next_cursor).items] == ["wh_0"]
    table.delete_webhook("wh_1")
    with pytest.raises(WebhookNotFound):
        table.update_webhook("wh_1", WebhookChange(), now_ms=1)
    with pytest.raises(WebhookNotFound):
        table.get_webhook("wh_1")


def test_an_attempt_has_one_beginner(table: Table) -> None:
    """Whoever comes second, with an old number or of a life before, gets None."""
    delivery = a_delivery()
    assert table.create_delivery(delivery)
    assert not table.create_delivery(delivery)

    def begin(number: int, replay: int) -> Delivery | None:
        return table.begin_attempt("wh_0", delivery.id, number, replay=replay, next_at_ms=NOW_MS + 50, now_ms=NOW_MS)

    begun = begin(1, 0)
    assert begun == replace(delivery, attempts=1, due_at_ms=NOW_MS + 50)
    assert [begin(1, 0), begin(3, 0), begin(2, 1)] == [None, None, None]
    failed = Attempt(1, NOW_MS, 7, 500)
    waiting = table.end_attempt(begun, failed, DeliveryStatus.PENDING, now_ms=NOW_MS, due_at_ms=NOW_MS + 20)
    assert waiting == replace(begun, log=(failed,), due_at_ms=NOW_MS + 20)
    second = begin(2, 0)
    assert second is not None
    assert table.end_attempt(begun, failed, DeliveryStatus.DELIVERED, now_ms=NOW_MS) is None
    done = table.end_attempt(second, Attempt(2, NOW_MS, 7, 204), DeliveryStatus.DELIVERED, now_ms=NOW_MS)
    assert done is not None
    assert (done.status, done.due_at_ms, len(done.log)) == (DeliveryStatus.DELIVERED, None, 2)
    assert begin(3, 0) is None
    replayed = table.replay_delivery(done, now_ms=NOW_MS + 60)
    assert replayed is not None
    assert (replayed.status, replayed.attempts, replayed.replays) == (DeliveryStatus.PENDING, 0, 1)
    assert table.replay_delivery(done, now_ms=NOW_MS + 60) is None
    assert begin(1, 0) is None
    assert begin(1, 1) is not None


def test_due_deliveries_are_the_pending_ones(table: Table) -> None:
    """In order of their time; one that is over or put off is not among them, and putting off has one winner."""
    made = [a_delivery(number) for number in range(4)]
    for delivery in made:
        table.create_delivery(delivery)
    table.give_up_delivery(made[1], now_ms=NOW_MS)
    assert table.put_off(made[2], until_ms=LATER, now_ms=NOW_MS)
    found = [delivery.id for delivery in table.due_deliveries(before_ms=NOW_MS + 10)]
    assert found == [made[0].id, made[3].id]
    assert not table.put_off(made[1], until_ms=LATER, now_ms=NOW_MS)
    assert table.get_delivery("wh_0", made[1].id).status is DeliveryStatus.FAILED


def test_places_at_an_endpoint_are_few_and_come_back(table: Table) -> None:
    """So many and no more at once; one is free again when it is left, or when its time is up, and only its holder
    leaves it."""
    taken = [table.take_turn("https://a.test", most=2, until_ms=NOW_MS + 50, now_ms=NOW_MS) for _ in range(3)]
    assert sorted(each.number for each in taken if each) == [0, 1]
    assert taken[2] is None
    assert table.take_turn("https://b.test", most=2, until_ms=NOW_MS + 50, now_ms=NOW_MS) is not None
    first = taken[0]
    assert first is not None
    table.leave_turn(first)
    again = table.take_turn("https://a.test", most=2, until_ms=NOW_MS + 90, now_ms=NOW_MS + 10)
    assert again is not None
    assert again.number == first.number
    table.leave_turn(first)
    assert table.take_turn("https://a.test", most=2, until_ms=NOW_MS + 90, now_ms=NOW_MS + 11) is None
    late = table.take_turn("https://a.test", most=2, until_ms=NOW_MS + 200, now_ms=NOW_MS + 60)
    assert late is not None
    assert late.number == 1 - first.number


def test_the_log_of_a_webhook_is_paged(table: Table) -> None:
    """The latest event first, only its own, and the webhook's record is not in the way."""
    table.create_webhook(a_webhook())
    made = [a_delivery(number) for number in range(3)]
    for delivery in (*made, replace(a_delivery(), webhook_id="wh_9")):
        table.create_delivery(delivery)
    first = table.list_deliveries("wh_0", limit=2, cursor=None)
    second = table.list_deliveries("wh_0", limit=2, cursor=first.next_cursor)
    assert [each.id for each in first.items + second.items] == [each.id for each in reversed(made)]
    assert second.next_cursor is None
    with pytest.raises(DeliveryNotFound):
        table.get_delivery("wh_0", "de_none")


def test_who_commits_says_so(emulator: Clients) -> None:
    """After the commit, so that the event can be read by whoever is told."""
    told: list[str] = []
    table = Table(emulator, TABLE, told.extend)
    asset = an_asset(id="as_told", hls_key=None)
    table.create_asset(asset)
    table.update_asset(asset.id, AssetChange(status=AssetStatus.READY), expect=PREPARING, now_ms=NOW_MS)
    table.update_asset(asset.id, AssetChange(status=AssetStatus.READY), expect=PREPARING, now_ms=NOW_MS)
    assert [stored.event.type for each in told if (stored := table.find_event(each))] == [
        "asset.created",
        "asset.ready",
    ]


def _queue(clients: Clients, name: str) -> str:
    return clients.sqs.create_queue(QueueName=name)["QueueUrl"]


def _admit(clients: Clients, url: str) -> None:
    """As on AWS, a queue takes nothing from a service unless its policy says so."""
    services = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
    allow = {"Effect": "Allow", "Principal": services, "Action": "sqs:SendMessage", "Resource": _arn(clients, url)}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def _arn(clients: Clients, url: str) -> str:
    return clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _receive(clients: Clients, url: str) -> Any:
    (message,) = clients.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"])["Messages"]
    return message


def test_inner_messages_arrive_as_they_were_sent(emulator: Clients) -> None:
    """The bodies of both queues are what the consumers parse."""
    events, hooks = _queue(emulator, "events"), _queue(emulator, "webhooks")
    outlets = Outlets(emulator, settings(events_queue_url=events, webhook_queue_url=hooks))
    outlets.announce(["ev_1"])
    body = _receive(emulator, events)["Body"]
    assert (json.loads(body), parse_event_message(body)) == ({"event_id": "ev_1"}, EventMessage("ev_1"))
    outlets.send_delivery(replace(a_delivery(), attempts=2, replays=1))
    sent = parse_delivery_message(_receive(emulator, hooks)["Body"])
    assert sent == DeliveryMessage("wh_0", a_delivery().id, 3, 1)


def test_an_announcement_never_fails(emulator: Clients) -> None:
    """Whoever committed has done his part; the sweep does the rest."""
    Outlets(emulator, settings(events_queue_url=_queue(emulator, "x").replace("/x", "/none"))).announce(["ev_1"])


def test_topic_queue_and_bus_get_what_is_sent(emulator: Clients) -> None:
    """With attributes and detail-type to filter by; an outlet without a name gets nothing and fails nothing."""
    url = _queue(emulator, "watchers")
    _admit(emulator, url)
    topic = emulator.sns.create_topic(Name="topic")["TopicArn"]
    emulator.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=_arn(emulator, url))
    emulator.events.create_event_bus(Name="bus")
    pattern = json.dumps({"source": ["sluice"], "detail-type": ["asset.ready"]})
    emulator.events.put_rule(Name="rule", EventBusName="bus", EventPattern=pattern)
    other = _queue(emulator, "rule-target")
    _admit(emulator, other)
    emulator.events.put_targets(Rule="rule", EventBusName="bus", Targets=[{"Id": "1", "Arn": _arn(emulator, other)}])
    outlets = Outlets(emulator, settings(notify_topic_arn=topic, notify_queue_url=url, event_bus="bus"))
    message = Message('{"n":1}', {"type": "asset.ready", "stage": "complete"}, "Sluice: asset.ready")

    outlets.send_record(message)
    got = _receive(emulator, url)
    assert (got["Body"], got["MessageAttributes"]["stage"]["StringValue"]) == ('{"n":1}', "complete")
    outlets.publish(message)
    got = json.loads(_receive(emulator, url)["Body"])
    assert (got["Message"], got["Subject"]) == ('{"n":1}', "Sluice: asset.ready")
    assert got["MessageAttributes"]["stage"] == {"Type": "String", "Value": "complete"}
    outlets.put_on_bus("asset.created", "{}", at_ms=NOW_MS)
    outlets.put_on_bus("asset.ready", '{"n":1}', at_ms=NOW_MS)
    got = json.loads(_receive(emulator, other)["Body"])
    assert (got["source"], got["detail-type"], got["detail"]) == ("sluice", "asset.ready", {"n": 1})

    off = Outlets(emulator, settings())
    off.send_record(message)
    off.publish(message)
    off.put_on_bus("asset.ready", "{}", at_ms=NOW_MS)
