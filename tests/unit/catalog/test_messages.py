"""What goes out, byte by byte."""

from __future__ import annotations

import json

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.events import Event, EventType, asset_events, event
from chalicelib.catalog.messages import Notice, bus_detail, queue_message, topic_message, webhook_body
from chalicelib.catalog.options import AssetOptions
from tests.unit.catalog.samples import ASSET_ID, NOW_MS, an_asset


def _notice(kind: EventType) -> Notice:
    return Notice(event(kind, an_asset(), at_ms=NOW_MS), {"id": ASSET_ID})


def test_one_envelope_for_every_outlet() -> None:
    """Webhook, queue, bus and topic carry the same document."""
    notice = _notice(EventType.ASSET_READY)
    document = {
        "id": notice.event.id,
        "type": "asset.ready",
        "timestamp": "2027-01-15T08:00:00.000Z",
        "data": {"id": ASSET_ID},
    }
    topic, record = topic_message(notice), queue_message(notice)
    assert topic is not None
    assert record is not None
    for body in (webhook_body(notice), record.body, bus_detail(notice), topic.body):
        assert json.loads(body) == document
    assert record.attributes == {"type": "asset.ready"}
    assert topic.title == f"Sluice: asset.ready {ASSET_ID}"


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        (EventType.ASSET_READY, "complete"),
        (EventType.ASSET_ERRORED, "error"),
        (EventType.RENDER_FAILED, "error"),
        (EventType.ASSET_CREATED, None),
        (EventType.UPLOAD_COMPLETED, None),
        (EventType.ASSET_UPDATED, None),
    ],
)
def test_the_topic_tells_ingest_complete_and_error(kind: EventType, stage: str | None) -> None:
    """Every other event is left to the other outlets."""
    message = topic_message(_notice(kind))
    assert (message.attributes if message else None) == ({"type": kind, "stage": stage} if stage else None)


def test_ingest_is_the_update_that_takes_the_source_in() -> None:
    """Neither a cancelled asset nor a customer's change is work begun."""
    waiting = an_asset(status=AssetStatus.WAITING, hls_key=None)

    def stage(told: tuple[Event, ...]) -> str | None:
        message = topic_message(Notice(told[0], {}))
        return message.attributes["stage"] if message else None

    preparing = an_asset(hls_key=None)
    assert stage(asset_events(waiting, preparing, at_ms=1)) == "ingest"
    assert stage(asset_events(waiting, an_asset(status=AssetStatus.CANCELLED), at_ms=1)) is None
    assert stage(asset_events(preparing, an_asset(hls_key=None, passthrough="new"), at_ms=1)) is None


def test_an_asset_may_turn_notifications_off() -> None:
    """What its metadata file says of SNS and SQS holds for it alone."""
    silent = an_asset(options=AssetOptions(enable_sns=False, enable_sqs=False))
    notice = Notice(event(EventType.ASSET_READY, silent, at_ms=NOW_MS), {})
    assert (topic_message(notice), queue_message(notice)) == (None, None)


def test_the_words_of_video_on_demand_on_aws() -> None:
    """SNS gets its three messages, SQS the record of a complete video; the other outlets get what they always got."""
    record = {"guid": ASSET_ID, "workflowStatus": "Complete", "srcVideo": "v.mp4", "srcMediainfo": "{}"}
    ready = Notice(event(EventType.ASSET_READY, an_asset(), at_ms=NOW_MS), {"id": ASSET_ID}, vod=record)
    topic, queue = topic_message(ready), queue_message(ready)
    assert topic is not None
    assert queue is not None
    assert json.loads(topic.body) == {name: record[name] for name in ("guid", "workflowStatus", "srcVideo")}
    assert topic.title == f"Workflow Status:: Complete:: {ASSET_ID}"
    assert json.loads(queue.body) == record
    assert json.loads(webhook_body(ready))["data"] == {"id": ASSET_ID}
    errored = Notice(event(EventType.ASSET_ERRORED, an_asset(), at_ms=NOW_MS), {}, vod=record)
    assert queue_message(errored) is None
