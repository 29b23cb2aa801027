"""The development key of a local AWS, and the first key of a deployment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.catalog.api_key import Scope
from chalicelib.handlers.auth import KeyRing
from chalicelib.usecases.api_keys import rotate_key
from sluice import keys
from tests.fakes import FakeTable

NOBODY: Any = SimpleNamespace()


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> FakeTable:
    made = FakeTable()
    monkeypatch.setattr(keys, "Table", lambda *_: made)
    return made


def test_the_same_key_is_registered_once(table: FakeTable) -> None:
    """Each start of the local AWS does it again; the key keeps its id, and may do all."""
    for _ in range(2):
        keys.register(NOBODY, "t", "sk_local_1")
    (key,) = table.list_api_keys(limit=9, cursor=None).items
    assert key.scopes == (Scope.ADMIN,)


def test_a_key_that_was_ended_is_registered_anew(table: FakeTable) -> None:
    """A development key that somebody deleted or rotated works again after the next start."""
    keys.register(NOBODY, "t", "sk_local_1")
    (first,) = table.list_api_keys(limit=9, cursor=None).items
    rotate_key(first.id, table, old_for_s=0, now_ms=0)
    keys.register(NOBODY, "t", "sk_local_1")
    second = KeyRing().authenticate("Bearer sk_local_1", table, first.created_at_ms)
    assert second.id != first.id
    table.delete_api_key(table.get_api_key(second.id))
    keys.register(NOBODY, "t", "sk_local_1")
    assert KeyRing().authenticate("Bearer sk_local_1", table, first.created_at_ms)
