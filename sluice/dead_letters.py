"""The dead letters of a deployment: how many there are, sent on once more, or thrown away.

Sending on is our own loop, the same on the local AWS and on AWS: a message is put where it came from and then deleted,
so one may come twice, which every consumer here allows. What Lambda gave up on (`-ingest-dead`) has no queue behind it:
its event is handed to the function again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice.failure import NotFound
from sluice.place import Place

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

RUNBOOK = "docs/operate.md#dead-letters"
_SUFFIX = "-dead"
_BATCH = 10
# The function whose failed events a queue without a source holds.
_FUNCTIONS = {"ingest": "Ingest"}


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """One queue of dead letters; `name` is without the stack's and without `-dead`."""

    name: str
    url: str
    messages: int
    sources: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"queue": self.name, "messages": self.messages, "runbook": RUNBOOK}


def dead_letters(place: Place) -> list[DeadLetters]:
    """Every one of the stack, in order of their names."""
    sqs: SQSClient = place.client("sqs")
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=f"{place.stack}-")
    urls = [url for page in pages for url in page.get("QueueUrls", [])]
    told: dict[str, Mapping[Any, str]] = {
        url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"] for url in urls
    }
    found = []
    for url, attributes in told.items():
        name = url.rsplit("/", 1)[-1]
        if name.endswith(_SUFFIX):
            sources = tuple(each for each in urls if _target(told[each]) == attributes["QueueArn"])
            short = name.removeprefix(f"{place.stack}-").removesuffix(_SUFFIX)
            found.append(DeadLetters(short, url, int(attributes["ApproximateNumberOfMessages"]), sources))
    return sorted(found, key=lambda each: each.name)


def _target(attributes: Mapping[Any, str]) -> str | None:
    """Where the dead letters of a queue go. (The local AWS cannot be asked for the sources of a dead-letter queue.)"""
    policy: dict[str, str] = json.loads(attributes.get("RedrivePolicy", "{}"))
    return policy.get("deadLetterTargetArn")


def chosen_ones(place: Place, names: tuple[str, ...]) -> list[DeadLetters]:
    """Those that are named; all of them if none is.

    Raises:
        NotFound: If one is not there.
    """
    found = {each.name: each for each in dead_letters(place)}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise NotFound(f"{place} has no dead letters called {', '.join(unknown)}; it has {', '.join(found)}")
    return [found[name] for name in names or found]


def redrive(place: Place, queue: DeadLetters) -> int:
    """Send every message to where it came from; returns how many there were."""
    sqs: SQSClient = place.client("sqs")
    count = 0
    for message in _messages(sqs, queue.url):
        if queue.sources:
            attributes = message.get("MessageAttributes", {})
            sqs.send_message(QueueUrl=queue.sources[0], MessageBody=message["Body"], MessageAttributes=attributes)
        else:
            _invoke(place, queue, message["Body"])
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
        count += 1
    return count


def purge(place: Place, queue: DeadLetters) -> None:
    """Throw every message away. AWS takes up to a minute."""
    place.client("sqs").purge_queue(QueueUrl=queue.url)


def _messages(sqs: SQSClient, url: str) -> Iterator[Any]:
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=_BATCH, MessageAttributeNames=["All"], WaitTimeSeconds=1
        )
        if not answer.get("Messages"):
            return
        yield from answer["Messages"]


def _invoke(place: Place, queue: DeadLetters, event: str) -> None:
    if queue.name not in _FUNCTIONS:
        raise NotFound(f"nothing is known to have sent {queue.name}; see {RUNBOOK}")
    resource = place.client("cloudformation").describe_stack_resource(
        StackName=place.stack, LogicalResourceId=_FUNCTIONS[queue.name]
    )
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    place.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=event.encode())
