"""API keys: `Authorization: Bearer <key>`, looked up by the SHA-256 of the key.

A known key is remembered for 60 seconds by each process, so one that was revoked works at most that much longer, and
never beyond its own end. Hashes are looked up, not compared, so there is no timing to measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.catalog.api_key import (
    MOST_CHARACTERS,
    WINDOW_S,
    ApiKey,
    Caller,
    allowed_by,
    counted_as,
    good_until_ms,
    key_digest,
)
from chalicelib.errors import RateLimited, Unauthorized

if TYPE_CHECKING:
    from chalicelib.aws.table import Table

REMEMBERED_MS = 60_000
USE_NOTED_MS = 3_600_000
_MOST_REMEMBERED = 1000
_WINDOW_MS = WINDOW_S * 1000


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    until_ms: int


class KeyRing:
    """The keys seen lately, and the callers whose minute is full."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}
        self._full: dict[str, int] = {}

    def authenticate(self, authorization: str | None, table: Table, now_ms: int) -> Caller:
        """Who calls.

        Args:
            authorization: The header's value.

        Raises:
            Unauthorized: If there is no key in it, or none that is good.
        """
        scheme, _, text = (authorization or "").partition(" ")
        key = text.strip()
        if scheme.lower() != "bearer" or not key:
            raise Unauthorized("send an API key: Authorization: Bearer <key>")
        if len(key) > MOST_CHARACTERS:
            raise Unauthorized("the API key is not known")
        sha256 = key_digest(key)
        known = self._known.get(sha256)
        if known is not None and known.until_ms > now_ms:
            return known.caller
        return self._look_up(sha256, table, now_ms)

    def _look_up(self, sha256: str, table: Table, now_ms: int) -> Caller:
        found = table.find_api_key(sha256)
        if found is None:
            raise Unauthorized("the API key is not known")
        end_ms = good_until_ms(found, sha256)
        if end_ms is not None and end_ms <= now_ms:
            raise Unauthorized("the time of the API key is over")
        caller = Caller(found.id, allowed_by(found.scopes), found.requests_per_minute)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        remembered_ms = now_ms + REMEMBERED_MS
        self._known[sha256] = _Known(caller, remembered_ms if end_ms is None else min(end_ms, remembered_ms))
        _note_use(found, table, now_ms)
        return caller

    def admit(self, caller: Caller, table: Table, now_ms: int, *, else_at_most: int | None = None) -> None:
        """Count the request, if the caller's are counted: one write, and none once this process knows the minute full.

        Args:
            else_at_most: The limit of callers that have none of their own; None for any number.

        Raises:
            RateLimited: If there were as many in this minute as the caller may make.
            TableUnavailable: If it cannot be counted. Then it is refused: what floods the counter must not open it.
        """
        limit = caller.requests_per_minute or else_at_most
        if limit is None:
            return
        window = now_ms // _WINDOW_MS
        counted = counted_as(caller.id)
        if self._full.get(counted) != window:
            if table.count_request(counted, limit=limit, now_ms=now_ms):
                return
            if len(self._full) >= _MOST_REMEMBERED:
                self._full.clear()
            self._full[counted] = window
        left_s = -(-((window + 1) * _WINDOW_MS - now_ms) // 1000)
        raise RateLimited(f"at most {limit} requests a minute", limit=limit, retry_after_s=left_s)


def _note_use(key: ApiKey, table: Table, now_ms: int) -> None:
    """At most once an hour and process."""
    if now_ms - (key.last_used_at_ms or 0) >= USE_NOTED_MS:
        table.note_use(key.id, now_ms=now_ms)
