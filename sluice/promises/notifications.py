"""Promises about the topic and the event bus."""

from __future__ import annotations

from collections.abc import Iterator

from sluice.promises.promise import Promise, Subject


def of_topic(subject: Subject) -> Iterator[Promise]:
    """It is encrypted."""
    sns, arn = subject.clients.sns, subject.physical_id
    key = subject.properties.get("KmsMasterKeyId")
    if key is not None:
        yield subject.promise(
            "KmsMasterKeyId",
            key,
            lambda: sns.get_topic_attributes(TopicArn=arn)["Attributes"].get("KmsMasterKeyId"),
            lambda: sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue=key),
        )


def of_bus(subject: Subject) -> Iterator[Promise]:
    """It is there, under its name."""
    events, name = subject.clients.events, subject.physical_id
    yield subject.promise("Name", subject.properties["Name"], lambda: events.describe_event_bus(Name=name).get("Name"))
