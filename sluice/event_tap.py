"""Every event of a stage in an account, as long as somebody listens: a rule on its event bus and a queue of its own.

A webhook can not reach a laptop; a queue can be asked. Both are deleted at the end, also by Ctrl-C. A listener that was
killed leaves them behind: they are named `<stack>-listen-<when they end>-...`, no listener uses its own for longer, and
the next listener deletes those whose time is over. Events may come twice, as everywhere.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sluice.failure import OperatorError
from sluice.place import Place

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

_WAIT_S = 20
_RETENTION_S = "3600"
_LIFE_S = 12 * 3600
# Between the end of a listener's time and its being taken for dead: it may be deleting them itself.
_GRACE_S = 600
_LISTENER = "listener"


@contextmanager
def tapped(place: Place, types: Sequence[str]) -> Iterator[Iterator[dict[str, Any]]]:
    """Events of these types, or all, one after the other, for twelve hours; who listens on makes another.

    Raises:
        OperatorError: If the stage has no event bus.
    """
    bus = place.outputs().get("EventBusName")
    if not bus:
        raise OperatorError(f"{place} has no event bus: deploy it with -p NotifyEventBridge=on")
    events: EventBridgeClient = place.client("events")
    sqs: SQSClient = place.client("sqs")
    sweep(place.stack, bus, events, sqs, now_s=int(time.time()))
    until_s = int(time.time()) + _LIFE_S
    name = f"{_prefix(place.stack)}{until_s}-{secrets.token_hex(4)}"
    queue_url = sqs.create_queue(QueueName=name, Attributes={"MessageRetentionPeriod": _RETENTION_S})["QueueUrl"]
    rule_made = False
    try:
        queue_arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern: dict[str, Any] = {"source": ["sluice"]} | ({"detail-type": list(types)} if types else {})
        try:
            rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise OperatorError(f"{place} has no event bus: deploy it with -p NotifyEventBridge=on") from error
        rule_made = True
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": _policy(queue_arn, rule["RuleArn"])})
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": _LISTENER, "Arn": queue_arn}])
        yield _received(sqs, queue_url, until_s)
    finally:
        if rule_made:
            _delete_rule(events, bus, name)
        sqs.delete_queue(QueueUrl=queue_url)


def sweep(stack: str, bus: str, events: EventBridgeClient, sqs: SQSClient, *, now_s: int) -> list[str]:
    """Delete what listeners left behind whose time is over. Returns the names, which rule and queue share."""
    prefix = _prefix(stack)
    queues = sqs.list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    swept = []
    for queue_url in queues:
        name = queue_url.rpartition("/")[2]
        ended = re.fullmatch(r"([0-9]+)-[0-9a-f]+", name.removeprefix(prefix))
        if ended is None or int(ended[1]) + _GRACE_S > now_s:
            continue
        # Another listener may be sweeping too.
        with suppress(events.exceptions.ResourceNotFoundException):
            _delete_rule(events, bus, name)
        with suppress(sqs.exceptions.QueueDoesNotExist):
            sqs.delete_queue(QueueUrl=queue_url)
        swept.append(name)
    return swept


def _prefix(stack: str) -> str:
    return f"{stack}-listen-"


def _delete_rule(events: EventBridgeClient, bus: str, name: str) -> None:
    events.remove_targets(Rule=name, EventBusName=bus, Ids=[_LISTENER])
    events.delete_rule(Name=name, EventBusName=bus)


def _policy(queue_arn: str, rule_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _received(sqs: SQSClient, queue_url: str, until_s: int) -> Iterator[dict[str, Any]]:
    while time.time() < until_s:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_S)
        for message in answer.get("Messages", []):
            event: dict[str, Any] = json.loads(message["Body"])["detail"]
            yield event
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
