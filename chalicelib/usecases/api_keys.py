"""API keys as an administrator handles them: made and rotated, shown once each time, and stored nowhere."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from chalicelib.catalog.api_key import KEY_BYTES, KEY_PREFIX, ApiKey, Scope, key_digest, key_hint
from chalicelib.catalog.ids import API_KEY_PREFIX, ENTROPY_BYTES, new_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.aws.table import Table


def new_key() -> str:
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def key_record(
    key: str,
    name: str,
    scopes: Iterable[Scope],
    *,
    now_ms: int,
    expires_in_s: int | None = None,
    requests_per_minute: int | None = None,
) -> ApiKey:
    """The record of a new key."""
    asked = frozenset(scopes)
    return ApiKey(
        id=new_id(API_KEY_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES)),
        name=name,
        sha256=key_digest(key),
        hint=key_hint(key),
        scopes=tuple(scope for scope in Scope if scope in asked),
        created_at_ms=now_ms,
        expires_at_ms=None if expires_in_s is None else now_ms + expires_in_s * 1000,
        requests_per_minute=requests_per_minute,
    )


def rotate_key(key_id: str, table: Table, *, old_for_s: int, now_ms: int) -> tuple[ApiKey, str]:
    """Exchange a key for the one that is returned; the old one is good for `old_for_s` more, one before it no longer.

    Raises:
        ApiKeyNotFound: If there is no such key.
    """
    while True:
        fresh = new_key()
        present = table.get_api_key(key_id)
        until_ms = now_ms + old_for_s * 1000
        rotated = table.rotate_api_key(present, key_digest(fresh), key_hint(fresh), old_until_ms=until_ms)
        if rotated is not None:
            return rotated, fresh
