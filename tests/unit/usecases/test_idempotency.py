"""One effect for one Idempotency-Key."""

from __future__ import annotations

import pytest

from chalicelib.aws.tokens import KEPT_S, LOCK_S
from chalicelib.errors import IdempotencyKeyInFlight, IdempotencyKeyReused, UploadTooLarge
from chalicelib.usecases.idempotency import once
from tests.fakes import NOW_MS, FakeTable


class Maker:
    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        return f"up_{self.made}"


def _once(table: FakeTable, make: Maker, *, body: bytes = b"{}", scope: str = "me", now_ms: int = NOW_MS) -> str:
    return once(table, scope, "key", body, make, now_ms=now_ms)


def test_the_same_request_makes_one_thing() -> None:
    """The second request gets the first one's result, until a day has passed."""
    table, make = FakeTable(), Maker()
    assert _once(table, make) == _once(table, make) == "up_1"
    assert _once(table, make, now_ms=NOW_MS + KEPT_S * 1000) == "up_2"


def test_keys_of_two_callers_never_meet() -> None:
    """The same key of another caller or route is another key."""
    table, make = FakeTable(), Maker()
    assert _once(table, make) != _once(table, make, scope="you")


def test_another_body_is_refused() -> None:
    """A key stands for one body."""
    table, make = FakeTable(), Maker()
    _once(table, make)
    with pytest.raises(IdempotencyKeyReused):
        _once(table, make, body=b"{} ")


def test_a_request_in_flight_is_not_started_twice() -> None:
    """While the first is being answered the second is refused; a first that died frees the key."""
    table, make = FakeTable(), Maker()

    def nested() -> str:
        with pytest.raises(IdempotencyKeyInFlight):
            _once(table, make)
        return "up_0"

    assert once(table, "me", "key", b"{}", nested, now_ms=NOW_MS) == "up_0"
    table.claim_idempotency("dead", "f", now_ms=NOW_MS)
    assert table.claim_idempotency("dead", "f", now_ms=NOW_MS + 1) is not None
    assert table.claim_idempotency("dead", "f", now_ms=NOW_MS + LOCK_S * 1000) is None


def test_a_failure_frees_the_key() -> None:
    """A request that made nothing may be sent again, corrected."""
    table, make = FakeTable(), Maker()

    def fail() -> str:
        raise UploadTooLarge("too large")

    with pytest.raises(UploadTooLarge):
        once(table, "me", "key", b"{}", fail, now_ms=NOW_MS)
    assert _once(table, make, body=b"smaller") == "up_1"
