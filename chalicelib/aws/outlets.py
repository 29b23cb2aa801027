"""Where events go: the two queues that carry them inside, and the topic, the queue and the bus outside.

Bodies of the inner queues are pinned here: {"event_id"}, and {"webhook_id", "delivery_id", "attempt", "replay"}.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import msgspec

from chalicelib.aws.clients import Clients, calling
from chalicelib.catalog.messages import BUS_SOURCE, Message
from chalicelib.catalog.webhook import Delivery
from chalicelib.errors import AwsRefused, BusUnavailable, QueueUnavailable, TopicUnavailable

if TYPE_CHECKING:
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)

MAX_DELAY_S = 900
"""SQS holds a message back no longer."""


@dataclass(frozen=True, slots=True)
class EventMessage:
    """An event was committed and is to be sent on."""

    event_id: str


@dataclass(frozen=True, slots=True)
class DeliveryMessage:
    """Attempt `attempt` (from 1) of a delivery is due; `replay` says of which of its lives."""

    webhook_id: str
    delivery_id: str
    attempt: int
    replay: int


class Outlets:
    """An outlet without a name in the settings is off; sending there does nothing."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self._clients = clients
        self._settings = settings

    def announce(self, event_ids: Sequence[str]) -> None:
        """Say that events were committed. Never fails: what is not said here, the sweep says."""
        try:
            self.send_events(event_ids)
        except (QueueUnavailable, AwsRefused) as error:
            extra = {"code": error.code(), "detail": error.message, "event_ids": list(event_ids)}
            logger.warning("events are left to the sweep", extra=extra)

    def send_events(self, event_ids: Sequence[str]) -> None:
        """Raises QueueUnavailable."""
        for event_id in event_ids:
            with calling("sqs:SendMessage", QueueUnavailable):
                self._clients.sqs.send_message(
                    QueueUrl=self._settings.events_queue_url, MessageBody=_json(EventMessage(event_id))
                )

    def send_delivery(self, delivery: Delivery, *, delay_s: int = 0) -> None:
        """Ask for the next attempt of a delivery, at most MAX_DELAY_S from now. Raises QueueUnavailable."""
        message = DeliveryMessage(delivery.webhook_id, delivery.id, delivery.attempts + 1, delivery.replays)
        url = self._settings.webhook_queue_url
        with calling("sqs:SendMessage", QueueUnavailable):
            self._clients.sqs.send_message(QueueUrl=url, MessageBody=_json(message), DelaySeconds=delay_s)

    def publish(self, message: Message) -> None:
        """To the SNS topic. Raises TopicUnavailable."""
        arn = self._settings.notify_topic_arn
        if not arn:
            return
        attributes: Any = _attributes(message)
        with calling("sns:Publish", TopicUnavailable):
            self._clients.sns.publish(
                TopicArn=arn, Subject=message.title, Message=message.body, MessageAttributes=attributes
            )

    def send_record(self, message: Message) -> None:
        """To the SQS queue of those who watch. Raises QueueUnavailable."""
        url = self._settings.notify_queue_url
        if not url:
            return
        attributes: Any = _attributes(message)
        with calling("sqs:SendMessage", QueueUnavailable):
            self._clients.sqs.send_message(QueueUrl=url, MessageBody=message.body, MessageAttributes=attributes)

    def put_on_bus(self, detail_type: str, detail: str, *, at_ms: int) -> None:
        """To the EventBridge bus. Raises BusUnavailable."""
        bus = self._settings.event_bus
        if not bus:
            return
        entry = {"EventBusName": bus, "Source": BUS_SOURCE, "DetailType": detail_type, "Detail": detail}
        with calling("events:PutEvents", BusUnavailable):
            answer = self._clients.events.put_events(Entries=cast(Any, [{**entry, "Time": at_ms / 1000}]))
        if answer["FailedEntryCount"]:
            raise BusUnavailable("EventBridge did not take the event", aws_code=answer["Entries"][0].get("ErrorCode"))


def parse_event_message(body: str) -> EventMessage:
    """Raises msgspec.ValidationError or msgspec.DecodeError if the body is not ours."""
    return msgspec.json.decode(body, type=EventMessage)


def parse_delivery_message(body: str) -> DeliveryMessage:
    """Raises msgspec.ValidationError or msgspec.DecodeError if the body is not ours."""
    return msgspec.json.decode(body, type=DeliveryMessage)


def _attributes(message: Message) -> dict[str, dict[str, str]]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()}


def _json(message: object) -> str:
    return msgspec.json.encode(message).decode()
