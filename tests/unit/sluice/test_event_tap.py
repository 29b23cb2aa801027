"""Listening to a stage in an account: a rule and a queue, made, read and taken away again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from sluice.event_tap import sweep, tapped
from sluice.failure import OperatorError
from sluice.place import Place
from tests.unit.sluice.account.stubbed import ACCOUNT_ID, Script

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-dev-listen"
ARN = "arn:aws:sqs:eu-west-1:123456789012:sluice-dev-listen"
RULE = "arn:aws:events:eu-west-1:123456789012:rule/sluice-dev/sluice-dev-listen"


def _stack(script: Script, **outputs: str) -> None:
    shown = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    made = {"StackName": "s", "CreationTime": datetime(2026, 1, 1, tzinfo=UTC), "StackStatus": "CREATE_COMPLETE"}
    script.expect("cloudformation", "describe_stacks", None, {"Stacks": [{**made, "Outputs": shown}]})


def test_events_come_and_nothing_stays_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message is deleted once it was handed over; rule, target and queue are gone at the end, also by Ctrl-C."""
    script = Script(monkeypatch)
    place = Place("sluice-dev", "eu-west-1", ACCOUNT_ID, script.client, is_local=False)
    _stack(script, EventBusName="sluice-dev")
    script.expect("sqs", "list_queues", {"QueueNamePrefix": "sluice-dev-listen-"}, {})
    script.expect("sqs", "create_queue", None, {"QueueUrl": URL})
    script.expect("sqs", "get_queue_attributes", None, {"Attributes": {"QueueArn": ARN}})
    script.expect("events", "put_rule", None, {"RuleArn": RULE})
    script.expect("sqs", "set_queue_attributes", None)
    script.expect("events", "put_targets", None, {"FailedEntryCount": 0, "FailedEntries": []})
    body = json.dumps({"detail-type": "asset.ready", "detail": {"id": "ev_1", "type": "asset.ready"}})
    message = {"Body": body, "ReceiptHandle": "h", "MessageId": "m"}
    script.expect("sqs", "receive_message", None, {"Messages": [message]})
    script.expect("sqs", "delete_message", {"QueueUrl": URL, "ReceiptHandle": "h"})
    script.expect("sqs", "receive_message", None, {"Messages": [message]})
    script.expect("events", "remove_targets", None, {"FailedEntryCount": 0, "FailedEntries": []})
    script.expect("events", "delete_rule", None)
    script.expect("sqs", "delete_queue", {"QueueUrl": URL})
    with pytest.raises(KeyboardInterrupt), tapped(place, ["asset.ready"]) as coming:  # noqa: PT012  it ends inside
        assert [next(coming)["id"], next(coming)["id"]] == ["ev_1", "ev_1"]
        raise KeyboardInterrupt
    script.finished()


def test_what_a_killed_listener_left_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule and queue of one whose time is over; neither those of a living one, nor what is named otherwise."""
    script = Script(monkeypatch)
    dead = "sluice-dev-listen-1000-00ff00ff"
    urls = [
        URL.replace("sluice-dev-listen", name) for name in (dead, "sluice-dev-listen-9000-a", "sluice-dev-listen-x")
    ]
    script.expect("sqs", "list_queues", None, {"QueueUrls": urls})
    rule = {"EventBusName": "sluice-dev"}
    script.expect("events", "remove_targets", {**rule, "Rule": dead, "Ids": ["listener"]})
    script.refuse("events", "delete_rule", "ResourceNotFoundException")
    script.expect("sqs", "delete_queue", {"QueueUrl": urls[0]})
    assert sweep("sluice-dev", "sluice-dev", script.client("events"), script.client("sqs"), now_s=9000) == [dead]
    script.finished()


def test_a_stage_without_a_bus_says_how_to_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made."""
    script = Script(monkeypatch)
    place = Place("sluice-dev", "eu-west-1", ACCOUNT_ID, script.client, is_local=False)
    _stack(script)
    with pytest.raises(OperatorError, match="NotifyEventBridge=on"), tapped(place, []):
        pass
    script.finished()
