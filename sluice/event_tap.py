"""Every event of a stage in an account, as long as somebody listens: a rule on its event bus and a queue of its own.

A webhook can not reach a laptop; a queue can be asked. Both are deleted at the end, also by Ctrl-C; a listener that was
killed leaves them behind, and they are named `<stack>-listen-...`. Events may come twice, as everywhere.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sluice.failure import OperatorError
from sluice.place import Place

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

_WAIT_S = 20
_RETENTION_S = "3600"


@contextmanager
def tapped(place: Place, types: Sequence[str]) -> Iterator[Iterator[dict[str, Any]]]:
    """Events of these types, or all, one after the other without an end.

    Raises:
        OperatorError: If the stage has no event bus.
    """
    bus = place.outputs().get("EventBusName")
    if not bus:
        raise OperatorError(f"{place} has no event bus: deploy it with -p NotifyEventBridge=on")
    events: EventBridgeClient = place.client("events")
    sqs: SQSClient = place.client("sqs")
    name = f"{place.stack}-listen-{secrets.token_hex(4)}"
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
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "listener", "Arn": queue_arn}])
        yield _received(sqs, queue_url)
    finally:
        if rule_made:
            events.remove_targets(Rule=name, EventBusName=bus, Ids=["listener"])
            events.delete_rule(Name=name, EventBusName=bus)
        sqs.delete_queue(QueueUrl=queue_url)


def _policy(queue_arn: str, rule_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _received(sqs: SQSClient, queue_url: str) -> Iterator[dict[str, Any]]:
    while True:
        answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_S)
        for message in answer.get("Messages", []):
            event: dict[str, Any] = json.loads(message["Body"])["detail"]
            yield event
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
