"""API keys are looked up by their hash and remembered for a while."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.aws.tokens import ApiKey
from chalicelib.errors import Unauthorized
from chalicelib.handlers.auth import KeyRing
from tests.fakes import NOW_MS, FakeTable


def test_the_key_itself_is_stored_nowhere() -> None:
    """The table holds the hash, and the hash stands for the caller."""
    table, sha256 = FakeTable(), hashlib.sha256(b"sk_1").hexdigest()
    table.put_api_key(ApiKey(sha256, "one", NOW_MS))
    assert KeyRing().authenticate("bearer  sk_1 ", table, NOW_MS) == sha256
    assert "sk_1" not in str(table.items)


def test_an_unknown_key_is_not_remembered() -> None:
    """A key that is added after a refusal works at once."""
    table, ring, sha256 = FakeTable(), KeyRing(), hashlib.sha256(b"sk_1").hexdigest()
    with pytest.raises(Unauthorized):
        ring.authenticate("Bearer sk_1", table, NOW_MS)
    table.put_api_key(ApiKey(sha256, "one", NOW_MS))
    assert ring.authenticate("Bearer sk_1", table, NOW_MS) == sha256
