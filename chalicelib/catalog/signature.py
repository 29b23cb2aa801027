"""Signatures of webhooks, as Standard Webhooks has them (github.com/standard-webhooks/standard-webhooks, spec 1.0).

Signed is `id.timestamp.body` with HMAC-SHA256. The timestamp is of the attempt, in seconds; id and body are of the
event and stay. While a secret is being rotated there are two, and a signature by each, separated by a space: a receiver
accepts any that it can verify.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
SECRET_PREFIX = "whsec_"  # noqa: S105  the form of a secret, not one
SECRET_BYTES = 32
TOLERANCE_S = 300
"""How far the clock of the receiver may be off, either way."""

_VERSION = "v1"


def secret_of(entropy: bytes) -> str:
    """A secret made of SECRET_BYTES random bytes."""
    return SECRET_PREFIX + base64.b64encode(entropy).decode()


def signed_headers(event_id: str, at_s: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of one attempt.

    Raises:
        ValueError: If a secret is not of the form that `secret_of` gives.
    """
    signatures = (f"{_VERSION},{_signature(event_id, at_s, body, secret)}" for secret in secrets)
    return {ID_HEADER: event_id, TIMESTAMP_HEADER: str(at_s), SIGNATURE_HEADER: " ".join(signatures)}


def is_genuine(headers: Mapping[str, str], body: bytes, secret: str, *, now_s: int) -> bool:
    """Whether `body` was signed with `secret` within TOLERANCE_S of now.

    Args:
        headers: With names in lower case.

    Raises:
        ValueError: If the secret is malformed.
    """
    event_id, at = headers.get(ID_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
    if not event_id or not at.isascii() or not at.isdecimal() or abs(now_s - int(at)) > TOLERANCE_S:
        return False
    expected = _signature(event_id, int(at), body, secret)
    given = (each.partition(",") for each in headers.get(SIGNATURE_HEADER, "").split())
    return any(
        version == _VERSION and hmac.compare_digest(value.encode(), expected.encode()) for version, _, value in given
    )


def _signature(event_id: str, at_s: int, body: bytes, secret: str) -> str:
    signed = b".".join((event_id.encode(), str(at_s).encode(), body))
    return base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("the secret is not base 64") from error
