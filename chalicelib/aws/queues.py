"""Messages that set work going. Their bodies are pinned here.

On the encode queue: {"asset_id", "etag"} for an asset to be published, and {"asset_id", "rendition_id",
"created_at_ms"} for a static rendition to be made. On the fetch queue: {"asset_id"} of a source to be fetched.
"""

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


@dataclass(frozen=True, slots=True)
class FetchMessage:
    """The source of an asset is to be fetched, or to be fetched on; the record says from where."""

    asset_id: str


@dataclass(frozen=True, slots=True)
class RenditionMessage:
    """A static rendition is to be made; `created_at_ms` says which record of this id is meant."""

    asset_id: str
    rendition_id: str
    created_at_ms: int


class _Body(msgspec.Struct):
    """Either of the two."""

    asset_id: str
    etag: str | None = None
    rendition_id: str | None = None
    created_at_ms: int | None = None


class Queues:
    def __init__(self, clients: Clients, encode_queue_url: str, fetch_queue_url: str = "") -> None:
        self._clients = clients
        self._encode_queue_url = encode_queue_url
        self._fetch_queue_url = fetch_queue_url

    def send_fetch(self, asset_id: str, *, delay_s: int = 0) -> None:
        """`delay_s` is at most 900. Raises QueueUnavailable."""
        body = msgspec.json.encode(FetchMessage(asset_id)).decode()
        with calling("sqs:SendMessage", QueueUnavailable):
            self._clients.sqs.send_message(QueueUrl=self._fetch_queue_url, MessageBody=body, DelaySeconds=delay_s)

    def send_encode(self, asset_id: str, etag: str) -> None:
        """Raises QueueUnavailable."""
        self._send(EncodeMessage(asset_id, etag))

    def send_rendition(self, asset_id: str, rendition_id: str, created_at_ms: int) -> None:
        """Raises QueueUnavailable."""
        self._send(RenditionMessage(asset_id, rendition_id, created_at_ms))

    def _send(self, message: EncodeMessage | RenditionMessage) -> None:
        body = msgspec.json.encode(message).decode()
        with calling("sqs:SendMessage", QueueUnavailable):
            self._clients.sqs.send_message(QueueUrl=self._encode_queue_url, MessageBody=body)


def parse_message(body: str) -> EncodeMessage | RenditionMessage:
    """Raises msgspec.ValidationError or msgspec.DecodeError if the body is none of ours."""
    found = msgspec.json.decode(body, type=_Body)
    if found.rendition_id is not None and found.created_at_ms is not None:
        return RenditionMessage(found.asset_id, found.rendition_id, found.created_at_ms)
    if found.etag is None:
        raise msgspec.ValidationError("neither an asset's message nor a rendition's")
    return EncodeMessage(found.asset_id, found.etag)


def parse_fetch_message(body: str) -> FetchMessage:
    """Raises msgspec.ValidationError or msgspec.DecodeError if the body is none of ours."""
    return msgspec.json.decode(body, type=FetchMessage)
