"""What a key is good for, and until when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.catalog.api_key import ApiKey, Scope, allowed_by, good_until_ms, is_expired, sufficient_for

KEY = ApiKey(id="ak_1", name="n", sha256="new", hint="wxyz", scopes=(Scope.READ,), created_at_ms=1)


def test_scopes_include_others() -> None:
    """write reads and hands out playback tokens, admin does all; read and playback are only themselves."""
    assert allowed_by([Scope.WRITE]) == {Scope.WRITE, Scope.READ, Scope.PLAYBACK}
    assert allowed_by([Scope.ADMIN]) == set(Scope)
    assert allowed_by([Scope.READ, Scope.PLAYBACK]) == {Scope.READ, Scope.PLAYBACK}
    assert allowed_by([]) == frozenset()


@pytest.mark.parametrize("scope", list(Scope))
def test_what_is_enough_is_what_includes(scope: Scope) -> None:
    """A scope is enough for another exactly if a holder of it alone is allowed the other."""
    assert sufficient_for(scope) == tuple(each for each in Scope if scope in allowed_by([each]))


def test_the_old_key_ends_first() -> None:
    """The present key is good until the record's end; the one before it until its own, never later; others never."""
    rotated = replace(KEY, old_sha256="old", old_until_ms=500)
    assert (good_until_ms(KEY, "new"), good_until_ms(KEY, "old")) == (None, 0)
    assert (good_until_ms(rotated, "new"), good_until_ms(rotated, "old")) == (None, 500)
    ending = replace(rotated, expires_at_ms=300)
    assert (good_until_ms(ending, "new"), good_until_ms(ending, "old")) == (300, 300)


def test_a_key_expires_at_its_time() -> None:
    """Not a moment before, and one without a time never."""
    ending = replace(KEY, expires_at_ms=300)
    assert [is_expired(ending, now_ms) for now_ms in (299, 300)] == [False, True]
    assert not is_expired(KEY, 1 << 47)
