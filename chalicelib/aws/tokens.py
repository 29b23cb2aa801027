"""Idempotency records, and the secret of playback tokens. See `table.py` for the keys."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.aws.records import decode_record
from chalicelib.aws.store import Store, Update

LOCK_S = 60
KEPT_S = 24 * 3600
_SECRET_PK = "secret#playback"  # noqa: S105  a name, not a password


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What an Idempotency-Key was used for.

    Attributes:
        fingerprint: Digest of the request.
        free_at_ms: When the key may be used anew.
        result: Id of what it made; None while the request is being answered.
    """

    fingerprint: str
    free_at_ms: int
    result: str | None = None


class TokenRecords(Store):
    def keep_playback_secret(self, made: str) -> str:
        """The secret that playback tokens are signed with: the one that is kept, or else `made`, kept from now on."""
        item = self._get(_SECRET_PK, "secret")
        if item is None:
            self._put_new(_SECRET_PK, "secret", {"value": {"S": made}})
            item = self._get(_SECRET_PK, "secret") or {"value": {"S": made}}
        return item["value"]["S"]

    def claim_idempotency(self, digest: str, fingerprint: str, *, now_ms: int) -> IdempotencyRecord | None:
        """Take a key for this request: None if it is ours now, else the record of the request that has it.

        A claim that nobody settled within LOCK_S is free again: its function died.
        """
        record = IdempotencyRecord(fingerprint, free_at_ms=now_ms + LOCK_S * 1000)
        update = Update()
        update.set("fingerprint", record.fingerprint)
        update.set("free_at_ms", record.free_at_ms)
        update.set("expires_at", now_ms // 1000 + KEPT_S)
        update.remove("result")
        update.require_new_or_at_most("free_at_ms", now_ms)
        if self._update(_pk(digest), "idem", update):
            return None
        item = self._get(_pk(digest), "idem")
        # Released in the very moment between: the caller sees it as in flight and tries again.
        return decode_record(item, IdempotencyRecord) if item else record

    def settle_idempotency(self, digest: str, result: str, *, now_ms: int) -> None:
        """Keep what the request made, for KEPT_S."""
        update = Update()
        update.set("result", result)
        update.set("free_at_ms", now_ms + KEPT_S * 1000)
        update.set("expires_at", now_ms // 1000 + KEPT_S)
        self._update(_pk(digest), "idem", update)

    def release_idempotency(self, digest: str) -> None:
        """Forget a claim whose request made nothing."""
        self._delete(_pk(digest), "idem")


def _pk(digest: str) -> str:
    return f"idem#{digest}"
