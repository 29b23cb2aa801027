"""What the outlets make of answers that the emulator never gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.outlets import Outlets
from chalicelib.errors import BusUnavailable, QueueUnavailable
from tests.fakes import settings


def test_an_event_that_the_bus_did_not_take_is_an_error() -> None:
    """PutEvents answers 200 also when it failed."""
    answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
    clients = cast(Clients, SimpleNamespace(events=SimpleNamespace(put_events=lambda **_: answer)))
    with pytest.raises(BusUnavailable, match="did not take"):
        Outlets(clients, settings(event_bus="bus")).put_on_bus("asset.ready", "{}", at_ms=1)


def test_only_the_announcement_is_forgiven() -> None:
    """It never fails, since its caller has committed; whoever sweeps must know."""

    def fail(**_: Any) -> None:
        raise QueueUnavailable("no answer")

    outlets = Outlets(cast(Clients, SimpleNamespace(sqs=SimpleNamespace(send_message=fail))), settings())
    outlets.announce(["ev_1"])
    with pytest.raises(QueueUnavailable):
        outlets.send_events(["ev_1"])
