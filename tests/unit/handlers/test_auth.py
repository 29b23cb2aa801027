"""API keys are looked up by their hash and remembered for a while; their requests are counted by the minute."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from chalicelib.catalog.api_key import ApiKey, Caller, Scope, key_digest
from chalicelib.errors import RateLimited, Unauthorized
from chalicelib.handlers.auth import REMEMBERED_MS, USE_NOTED_MS, KeyRing
from chalicelib.usecases.api_keys import key_record, rotate_key
from tests.fakes import NOW_MS, FakeTable

MINUTE_MS = 60_000
START_MS = NOW_MS // MINUTE_MS * MINUTE_MS


def _stored(
    table: FakeTable,
    *,
    scopes: Iterable[Scope] = (Scope.READ,),
    expires_in_s: int | None = None,
    limit: int | None = None,
) -> ApiKey:
    key = key_record("sk_first", "one", scopes, now_ms=START_MS, expires_in_s=expires_in_s, requests_per_minute=limit)
    table.create_api_key(key)
    return key


def test_the_key_itself_is_stored_nowhere() -> None:
    """The table holds the hash, and the id stands for the caller."""
    table = FakeTable()
    key = _stored(table, scopes=[Scope.WRITE])
    caller = KeyRing().authenticate("bearer  sk_first ", table, START_MS)
    assert caller == Caller(key.id, frozenset({Scope.WRITE, Scope.READ, Scope.PLAYBACK}))
    assert "sk_first" not in str(table.items)


def test_an_unknown_key_is_not_remembered() -> None:
    """A key that is added after a refusal works at once."""
    table, ring = FakeTable(), KeyRing()
    with pytest.raises(Unauthorized):
        ring.authenticate("Bearer sk_first", table, START_MS)
    key = _stored(table)
    assert ring.authenticate("Bearer sk_first", table, START_MS).id == key.id


def test_a_key_is_not_remembered_beyond_its_end() -> None:
    """An expiring key ends to the millisecond, though it was seen a moment before."""
    table, ring = FakeTable(), KeyRing()
    _stored(table, expires_in_s=1)
    assert ring.authenticate("Bearer sk_first", table, START_MS + 999)
    with pytest.raises(Unauthorized):
        ring.authenticate("Bearer sk_first", table, START_MS + 1000)


def test_both_keys_of_a_rotation_are_one_caller_for_its_time() -> None:
    """The new key works at once, the old one until its time is over, both under one id."""
    table, ring = FakeTable(), KeyRing()
    key = _stored(table)
    _, fresh = rotate_key(key.id, table, old_for_s=10, now_ms=START_MS)
    for text in ("sk_first", fresh):
        assert ring.authenticate(f"Bearer {text}", table, START_MS + 9_999).id == key.id
    assert ring.authenticate(f"Bearer {fresh}", table, START_MS + 10_000).id == key.id
    with pytest.raises(Unauthorized):
        ring.authenticate("Bearer sk_first", table, START_MS + 10_000)


def test_a_second_rotation_ends_the_first_key() -> None:
    """Only one key before the present one is good, however long it was to be."""
    table = FakeTable()
    key = _stored(table)
    for _ in range(2):
        rotate_key(key.id, table, old_for_s=1000, now_ms=START_MS)
    with pytest.raises(Unauthorized):
        KeyRing().authenticate("Bearer sk_first", table, START_MS)
    assert table.items.get((f"key#{key_digest('sk_first')}", "key")) is None


def test_use_is_noted_once_an_hour() -> None:
    """The record says when its key was last used, and is not written for each request."""
    table, ring = FakeTable(), KeyRing()
    key = _stored(table)
    for at_ms in (START_MS, START_MS + REMEMBERED_MS, START_MS + USE_NOTED_MS - 1):
        ring.authenticate("Bearer sk_first", table, at_ms)
        assert table.get_api_key(key.id).last_used_at_ms == START_MS
    ring.authenticate("Bearer sk_first", table, START_MS + USE_NOTED_MS + REMEMBERED_MS)
    assert table.get_api_key(key.id).last_used_at_ms == START_MS + USE_NOTED_MS + REMEMBERED_MS


def test_workers_share_one_limit() -> None:
    """Two processes together let through what one minute allows, and say when there is more."""
    table, rings = FakeTable(), (KeyRing(), KeyRing())
    _stored(table, limit=3)
    caller = rings[0].authenticate("Bearer sk_first", table, START_MS)
    for ring in (rings[0], rings[1], rings[0]):
        ring.admit(caller, table, START_MS + 1000)
    for ring in rings:
        with pytest.raises(RateLimited) as refused:
            ring.admit(caller, table, START_MS + 18_500)
        assert refused.value.context == {"limit": 3, "retry_after_s": 42}
    rings[0].admit(caller, table, START_MS + MINUTE_MS)


def test_a_full_minute_costs_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was refused once does not write again before the minute is over."""
    table, ring = FakeTable(), KeyRing()
    _stored(table, limit=1)
    caller = ring.authenticate("Bearer sk_first", table, START_MS)
    ring.admit(caller, table, START_MS)
    with pytest.raises(RateLimited):
        ring.admit(caller, table, START_MS)
    monkeypatch.setattr(table, "count_request", lambda *_, **__: pytest.fail("it was counted"))
    with pytest.raises(RateLimited):
        ring.admit(caller, table, START_MS + MINUTE_MS - 1)


def test_who_has_no_limit_is_not_counted() -> None:
    """A key without a limit costs no write."""
    table, ring = FakeTable(), KeyRing()
    _stored(table)
    caller = ring.authenticate("Bearer sk_first", table, START_MS)
    before = dict(table.items)
    ring.admit(caller, table, START_MS)
    assert table.items == before
