"""Messages on SQS. The body of an encode message is pinned here: {"asset_id", "etag"}."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from chalicelib.aws.clients import Clients, calling
from chalicelib.errors import QueueUnavailable


@dataclass(frozen=True, slots=True)
class EncodeMessage:
    """An ingested asset is to be published; `etag` says which bytes."""

    asset_id: str
    etag: str


class Queues:
    def __init__(self, clients: Clients, encode_queue_url: str) -> None:
        self._clients = clients
        self._encode_queue_url = encode_queue_url

    def send_encode(self, asset_id: str, etag: str) -> None:
        """Raises QueueUnavailable."""
        body = msgspec.json.encode(EncodeMessage(asset_id, etag)).decode()
        with calling("sqs:SendMessage", QueueUnavailable):
            self._clients.sqs.send_message(QueueUrl=self._encode_queue_url, MessageBody=body)


def parse_encode_message(body: str) -> EncodeMessage:
    """Raises msgspec.ValidationError or msgspec.DecodeError if the body is not what `send_encode` writes."""
    return msgspec.json.decode(body, type=EncodeMessage)
