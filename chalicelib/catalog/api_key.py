"""API keys: who may call, what for, until when and how often.

A key is `sk_` and 256 bits of chance; of it only the SHA-256 is stored. Its id stands for it everywhere else, so that a
key can be rotated and still be the same caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

KEY_PREFIX = "sk_"
KEY_BYTES = 32
MOST_CHARACTERS = 128
WINDOW_S = 60
"""Requests are counted per minute of the clock, so that every worker counts in the same one."""

_HINT_CHARACTERS = 4


class Scope(StrEnum):
    """What a caller may do. `write` includes `read` and `playback`; `admin` includes all."""

    READ = "read"
    WRITE = "write"
    PLAYBACK = "playback"
    ADMIN = "admin"


_INCLUDED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.PLAYBACK: frozenset({Scope.PLAYBACK}),
    Scope.WRITE: frozenset({Scope.WRITE, Scope.READ, Scope.PLAYBACK}),
    Scope.ADMIN: frozenset(Scope),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """The record.

    Attributes:
        sha256: Of the whole key, in hex.
        hint: The key's last characters, by which its owner tells it from others.
        scopes: As they were asked for; `allowed_by` knows what they include.
        expires_at_ms: From when it is no longer good; None for never.
        requests_per_minute: Of all workers together; None for any number.
        old_sha256, old_until_ms: The key before the last rotation, and until when it is good beside the new one.
        last_used_at_ms: To the hour.
    """

    id: str
    name: str
    sha256: str
    hint: str
    scopes: tuple[Scope, ...]
    created_at_ms: int
    expires_at_ms: int | None = None
    requests_per_minute: int | None = None
    old_sha256: str | None = None
    old_until_ms: int | None = None
    last_used_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved who they are.

    Attributes:
        id: Of the API key; or the ARN or subject that an authorizer of API Gateway vouched for. Empty on open routes.
        scopes: All that they may do, with what is included.
    """

    id: str
    scopes: frozenset[Scope]
    requests_per_minute: int | None = None


NOBODY = Caller("", frozenset())


def counted_as(caller_id: str) -> str:
    """Whose requests are counted together: all sessions of a role are one, since who assumes it names them freely."""
    account, found, session = caller_id.partition(":assumed-role/")
    return f"{account}{found}{session.partition('/')[0]}" if found else caller_id


def allowed_by(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes with all that they include."""
    return frozenset[Scope]().union(*(_INCLUDED[scope] for scope in scopes))


def sufficient_for(scope: Scope) -> tuple[Scope, ...]:
    """Each single scope that is enough."""
    return tuple(each for each in Scope if scope in _INCLUDED[each])


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def key_hint(key: str) -> str:
    return key[-_HINT_CHARACTERS:]


def good_until_ms(key: ApiKey, sha256: str) -> int | None:
    """Until when the key of this digest is good; 0 if it is not one of the record, None for no end."""
    if sha256 == key.sha256:
        return key.expires_at_ms
    if sha256 != key.old_sha256:
        return 0
    ends = [end for end in (key.old_until_ms, key.expires_at_ms) if end is not None]
    return min(ends, default=0)


def is_expired(key: ApiKey, now_ms: int) -> bool:
    return key.expires_at_ms is not None and key.expires_at_ms <= now_ms
