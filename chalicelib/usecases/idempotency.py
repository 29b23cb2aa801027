"""One effect for one Idempotency-Key, however often the request is sent.

What is kept is the id of what the request made, not the answer: an answer holds presigned URLs, which age.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.errors import IdempotencyKeyInFlight, IdempotencyKeyReused

if TYPE_CHECKING:
    from chalicelib.aws.table import Table


def once(table: Table, scope: str, key: str, request: bytes, make: Callable[[], str], *, now_ms: int) -> str:
    """Run `make` and keep the id it returns, or return the id that the same request made before.

    Args:
        scope: Whose keys and which route: keys of two scopes never meet.
        key: The client's Idempotency-Key.
        request: The body, of which a digest is kept.

    Raises:
        IdempotencyKeyInFlight: If the same request is still being answered.
        IdempotencyKeyReused: If the key was used with another body.
    """
    digest = _digest(f"{scope}\0{key}".encode())
    fingerprint = _digest(request)
    earlier = table.claim_idempotency(digest, fingerprint, now_ms=now_ms)
    if earlier is not None:
        if earlier.fingerprint != fingerprint:
            raise IdempotencyKeyReused("this Idempotency-Key was used with another body")
        if earlier.result is None:
            raise IdempotencyKeyInFlight("a request with this Idempotency-Key is still being answered")
        return earlier.result
    made = False
    try:
        result = make()
        made = True
    finally:
        if not made:
            table.release_idempotency(digest)
    table.settle_idempotency(digest, result, now_ms=now_ms)
    return result


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
