"""API keys: `Authorization: Bearer <key>`, looked up by the SHA-256 of the key.

A known key is remembered for 60 seconds by each process, so a revoked one works at most that much longer. Hashes are
looked up, not compared, so there is no timing to measure.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from chalicelib.errors import Unauthorized

if TYPE_CHECKING:
    from chalicelib.aws.table import Table

REMEMBERED_MS = 60_000
_MOST_REMEMBERED = 1000


class KeyRing:
    """The keys seen lately; the time they are good until."""

    def __init__(self) -> None:
        self._good_until_ms: dict[str, int] = {}

    def authenticate(self, authorization: str | None, table: Table, now_ms: int) -> str:
        """Returns the SHA-256 of the key, which stands for the caller.

        Args:
            authorization: The header's value.

        Raises:
            Unauthorized: If there is no key in it, or no such key.
        """
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthorized("send an API key: Authorization: Bearer <key>")
        sha256 = hashlib.sha256(key.strip().encode()).hexdigest()
        if self._good_until_ms.get(sha256, 0) > now_ms:
            return sha256
        if table.find_api_key(sha256) is None:
            raise Unauthorized("the API key is not known")
        if len(self._good_until_ms) >= _MOST_REMEMBERED:
            self._good_until_ms.clear()
        self._good_until_ms[sha256] = now_ms + REMEMBERED_MS
        return sha256
