"""The receiver on loopback."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from threading import Thread
from typing import Any

import httpx
import pytest

from chalicelib.catalog.signature import secret_of, signed_headers
from sluice.webhook_listener import MAX_BODY_BYTES, Listener

SECRET = secret_of(bytes(32))
BODY = json.dumps({"type": "ping"}).encode()


@pytest.fixture
def heard() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def listener(heard: list[dict[str, Any]]) -> Iterator[Listener]:
    with Listener(0, heard.append) as made:
        made.secret = SECRET
        Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made
        made.shutdown()


def _post(listener: Listener, body: bytes, secret: str = SECRET) -> int:
    headers = signed_headers("ev_1", int(time.time()), BODY, [secret])
    return httpx.post(listener.url, content=body, headers=headers, trust_env=False).status_code


def test_what_is_genuine_is_heard_once(listener: Listener, heard: list[dict[str, Any]]) -> None:
    """A second delivery of the same event is acknowledged and not repeated."""
    assert [_post(listener, BODY) for _ in range(2)] == [204, 204]
    assert heard == [{"type": "ping"}]


def test_what_is_not_genuine_is_refused(listener: Listener, heard: list[dict[str, Any]]) -> None:
    """Another secret, another body, or a body beyond all measure."""
    assert _post(listener, BODY, secret_of(b"x" * 32)) == 401
    assert _post(listener, BODY + b" ") == 401
    assert listener.refused == 2
    with contextlib.closing(HTTPConnection("127.0.0.1", listener.server_port)) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", str(MAX_BODY_BYTES + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
    assert heard == []
