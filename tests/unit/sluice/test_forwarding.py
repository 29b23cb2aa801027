"""Events that are handed on to a URL are signed as webhooks are."""

from __future__ import annotations

from threading import Thread
from typing import Any

from sluice.forwarding import Forwarder
from sluice.webhook_listener import Listener


def test_a_receiver_of_webhooks_takes_what_is_forwarded() -> None:
    """By the secret that was made for it; with another one it is refused, and nobody there is no crash."""
    taken: list[dict[str, Any]] = []
    with Listener(0, taken.append) as listener:
        Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
        forwarder = Forwarder(listener.url)
        listener.secret = forwarder.secret
        event = {"id": "ev_1", "type": "asset.ready", "data": {"name": "ä"}}
        assert forwarder.send(event) == "204"
        assert Forwarder(listener.url).send({**event, "id": "ev_2"}) == "401"
        listener.shutdown()
    assert taken == [event]
    assert forwarder.send(event) == "ConnectError"
