"""From a change of a record to everybody who wants to know of it, and what makes up for whoever died on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.aws.outbox import PATIENCE_MS
from chalicelib.aws.outlets import DeliveryMessage
from chalicelib.catalog.asset import AssetChange, AssetError, AssetStatus
from chalicelib.catalog.events import Event, EventType
from chalicelib.catalog.render import UNFINISHED, RenderChange, RenderStatus
from chalicelib.errors import BusUnavailable, EventNotReadable, QueueUnavailable, TableUnavailable
from chalicelib.usecases.notify import notify, sweep
from chalicelib.usecases.webhooks import bind_webhook, create_webhook, ping_webhook
from tests.unit.catalog.samples import ASSET_ID, RENDER_ID, a_render, an_asset
from tests.unit.usecases.desk import Desk

OTHER_RENDER_ID = f"{RENDER_ID[:-1]}1"
PREPARING = frozenset({AssetStatus.PREPARING})


def _show(event: Event) -> dict[str, object]:
    return {"id": event.subject.id}


def _notify(desk: Desk, event_id: str) -> None:
    notify(event_id, _show, lambda _: None, desk.table, desk.outlets, now_ms=desk.clock())


def _hook(desk: Desk, *types: EventType) -> str:
    url = "https://hooks.example.com/"
    return create_webhook(url, types, None, desk.table, desk.settings, now_ms=desk.clock()).id


def _errored(desk: Desk) -> str:
    """An asset that fails; the id of the event."""
    desk.table.create_asset(an_asset(errors=()))
    change = AssetChange(status=AssetStatus.ERRORED, errors=(AssetError("not-a-video", "no track"),))
    desk.table.update_asset(ASSET_ID, change, expect=PREPARING, now_ms=desk.clock())
    return desk.table.told[-1]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_event_goes_everywhere_once(desk: Desk) -> None:
    """A second message about it sends nothing, and it is no longer pending."""
    hook = _hook(desk, EventType.ASSET_ERRORED)
    other = _hook(desk, EventType.ASSET_READY)
    event_id = _errored(desk)
    for _ in range(2):
        _notify(desk, event_id)
    bodies = [desk.outlets.published[0].body, desk.outlets.records[0].body, desk.outlets.on_bus[0][1]]
    assert {json.loads(body)["id"] for body in bodies} == {event_id}
    assert (len(desk.outlets.published), len(desk.outlets.records), len(desk.outlets.on_bus)) == (1, 1, 1)
    (page,) = desk.table.list_deliveries(hook, limit=9, cursor=None).items
    assert desk.outlets.deliveries == [(DeliveryMessage(hook, page.id, 1, 0), 0)]
    assert desk.table.list_deliveries(other, limit=9, cursor=None).items == ()
    desk.clock.sleep(3600)
    assert event_id not in list(desk.table.pending_events(before_ms=desk.clock()))


def test_an_outlet_that_fails_does_not_make_others_repeat(desk: Desk) -> None:
    """The message comes again, and only what is missing is sent."""
    event_id = _errored(desk)
    desk.outlets.broken["bus"] = BusUnavailable("throttled")
    with pytest.raises(BusUnavailable):
        _notify(desk, event_id)
    desk.outlets.broken.clear()
    _notify(desk, event_id)
    assert (len(desk.outlets.published), len(desk.outlets.records), len(desk.outlets.on_bus)) == (1, 1, 1)


def test_the_body_is_fixed_when_it_is_first_made(desk: Desk) -> None:
    """What comes later changes nothing that is sent, so each outlet, attempt and replay tells the same."""
    event_id = _errored(desk)
    desk.outlets.broken["queue"] = QueueUnavailable("throttled")
    with pytest.raises(QueueUnavailable):
        _notify(desk, event_id)
    desk.outlets.broken.clear()
    first = desk.table.find_event(event_id)
    notify(event_id, lambda _: {"id": "later"}, lambda _: None, desk.table, desk.outlets, now_ms=desk.clock())
    assert first is not None
    assert first.body is not None
    assert json.loads(first.body)["data"] == {"id": ASSET_ID}
    assert [first.body] == [message.body for message in desk.outlets.records]
    assert first.body == desk.outlets.published[0].body == desk.outlets.on_bus[0][1]


def test_the_event_has_the_record_as_it_was(desk: Desk) -> None:
    """Whatever has become of the asset when the event is sent."""
    event_id = _errored(desk)
    deleted = AssetChange(status=AssetStatus.DELETED)
    desk.table.update_asset(ASSET_ID, deleted, expect=frozenset({AssetStatus.ERRORED}), now_ms=desk.clock())
    stored = desk.table.find_event(event_id)
    assert stored is not None
    expected = replace(an_asset(), status=AssetStatus.ERRORED, errors=(AssetError("not-a-video", "no track"),))
    assert stored.event.subject == expected
    assert stored.event.type is EventType.ASSET_ERRORED


def test_an_unknown_event_is_tried_again(desk: Desk) -> None:
    """It raises, so that its message comes back."""
    with pytest.raises(EventNotReadable):
        _notify(desk, "ev_none")


def test_a_ping_goes_to_its_webhook_alone(desk: Desk) -> None:
    """Whatever types that wants, and to no other outlet."""
    hook, other = _hook(desk, EventType.ASSET_READY), _hook(desk)
    delivery = ping_webhook(hook, desk.table, now_ms=desk.clock())
    _notify(desk, delivery.event_id)
    assert [message.delivery_id for message, _ in desk.outlets.deliveries] == [delivery.id]
    assert desk.table.get_delivery(hook, delivery.id).type is EventType.PING
    assert desk.table.list_deliveries(other, limit=9, cursor=None).items == ()
    assert not desk.outlets.published + desk.outlets.records
    assert not desk.outlets.on_bus


def test_the_webhook_of_a_render_hears_of_that_render_alone(desk: Desk) -> None:
    """Of its start and its end, whatever the clocks say, beside the registered webhooks; not of another render."""
    everything, now_ms = _hook(desk), desk.clock()
    bound = bind_webhook("https://hooks.example.com/one", RENDER_ID, desk.table, now_ms=now_ms).id
    queued = a_render(status=RenderStatus.QUEUED, errors=(), webhook_id=bound)
    desk.table.create_render(queued)
    desk.table.create_render(replace(queued, id=OTHER_RENDER_ID, webhook_id=None))
    for render_id in (RENDER_ID, OTHER_RENDER_ID):
        for status in (RenderStatus.PLANNING, RenderStatus.CANCELLED):
            desk.table.update_render(render_id, RenderChange(status=status), expect=UNFINISHED, now_ms=now_ms - 1000)
    desk.table.create_asset(an_asset(errors=()))
    for event_id in desk.table.told:
        _notify(desk, event_id)
    heard = desk.table.list_deliveries(bound, limit=9, cursor=None).items
    assert sorted(each.type for each in heard) == ["render.cancelled", "render.started"]
    assert len(desk.table.list_deliveries(everything, limit=9, cursor=None).items) == 1
    told = [desk.table.find_event(each.event_id) for each in heard]
    assert [each.event.subject.id for each in told if each] == [RENDER_ID, RENDER_ID]


def test_a_bound_webhook_that_is_gone_stops_nobody(desk: Desk) -> None:
    """Deleted or forgotten: the event goes everywhere else."""
    everything = _hook(desk)
    desk.table.create_render(a_render(status=RenderStatus.QUEUED, errors=(), webhook_id="wh_gone"))
    change = RenderChange(status=RenderStatus.PLANNING)
    desk.table.update_render(RENDER_ID, change, expect=UNFINISHED, now_ms=desk.clock())
    _notify(desk, desk.table.told[-1])
    assert len(desk.table.list_deliveries(everything, limit=9, cursor=None).items) == 1
    assert len(desk.outlets.on_bus) == 1


def test_the_sweep_announces_what_nobody_has_sent(desk: Desk) -> None:
    """Not what was told a moment ago, and not what was sent."""
    _errored(desk)
    sweep(desk.table, desk.outlets, now_ms=desk.clock())
    assert desk.outlets.events == []
    late_ms = desk.clock() + PATIENCE_MS + 1
    for _ in range(2):
        sweep(desk.table, desk.outlets, now_ms=late_ms)
    assert sorted(desk.outlets.events) == sorted(desk.table.told)
    for told in desk.table.told:
        _notify(desk, told)
    desk.outlets.events.clear()
    desk.clock.sleep(86_400)
    sweep(desk.table, desk.outlets, now_ms=desk.clock())
    assert desk.outlets.events == []


def test_the_sweep_asks_for_attempts_that_are_due(desk: Desk) -> None:
    """Once, and not again before their message has had its time."""
    hook = _hook(desk)
    _notify(desk, _errored(desk))
    desk.outlets.deliveries.clear()
    desk.clock.sleep(1)
    for _ in range(2):
        sweep(desk.table, desk.outlets, now_ms=desk.clock())
    ((message, delay_s),) = desk.outlets.deliveries
    assert (message.webhook_id, message.attempt, delay_s) == (hook, 1, 0)
    desk.clock.sleep(301)
    sweep(desk.table, desk.outlets, now_ms=desk.clock())
    assert len(desk.outlets.deliveries) == 2


def test_a_change_that_fails_tells_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No event without its change: neither when a condition fails nor when the table does."""
    desk.table.create_asset(an_asset())
    told = list(desk.table.told)
    ready = AssetChange(status=AssetStatus.READY)
    still = AssetChange(attempt=9)
    assert desk.table.update_asset(ASSET_ID, ready, expect=PREPARING, now_ms=1, unchanged=still) is None

    def fail(*_: Any) -> None:
        raise TableUnavailable("throttled")

    monkeypatch.setattr(desk.table, "_update", fail)
    with pytest.raises(TableUnavailable):
        desk.table.update_asset(ASSET_ID, ready, expect=PREPARING, now_ms=1)
    assert desk.table.told == told
    assert len([pk for pk, _ in desk.table.items if pk.startswith("event#")]) == 1
