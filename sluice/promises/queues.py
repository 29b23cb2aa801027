"""Promises about queues."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sluice.promises.promise import Promise, Subject

_ATTRIBUTES = ("VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds", "SqsManagedSseEnabled")


def of_queue(subject: Subject) -> Iterator[Promise]:
    """Times, encryption, and where messages that fail too often go."""
    sqs, url = subject.clients.sqs, subject.physical_id

    def attributes() -> dict[str, str]:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return {str(name): value for name, value in found.items()}

    def attribute(name: str) -> Promise:
        given = subject.properties[name]
        value = str(given).lower() if isinstance(given, bool) else str(given)
        change: Any = {name: value}
        return subject.promise(
            name,
            value,
            lambda: attributes().get(name),
            lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes=change),
        )

    def redrive() -> dict[str, Any]:
        found = json.loads(attributes().get("RedrivePolicy", "{}"))
        return {name: str(value) for name, value in found.items()}

    yield from (attribute(name) for name in _ATTRIBUTES if name in subject.properties)
    if "RedrivePolicy" in subject.properties:
        wanted = {name: str(value) for name, value in subject.properties["RedrivePolicy"].items()}
        yield subject.promise("RedrivePolicy", wanted, redrive)
