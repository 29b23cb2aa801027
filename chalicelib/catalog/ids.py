"""Ids: a prefix that says what it names, and a ULID, so that ids sort by time of creation.

The ULID (github.com/ulid/spec) is 48 bits of milliseconds and 80 bits of chance in Crockford's base 32, here in lower
case because ids appear in object keys and URLs.
"""

from __future__ import annotations

import re

ASSET_PREFIX = "as"
UPLOAD_PREFIX = "up"
UPLOAD_TOKEN_PREFIX = "ut"  # noqa: S105
RENDER_PREFIX = "rn"
EVENT_PREFIX = "ev"
WEBHOOK_PREFIX = "wh"
DELIVERY_PREFIX = "de"
TRACK_PREFIX = "tr"
API_KEY_PREFIX = "ak"
ENTROPY_BYTES = 10

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGITS = 26
_SHAPE = re.compile(rf"[a-z]{{2}}_[0-7][{_ALPHABET}]{{25}}")


def new_id(prefix: str, now_ms: int, entropy: bytes) -> str:
    """Make an id.

    Args:
        prefix: Two lower-case letters, such as ASSET_PREFIX.
        now_ms: Time since the epoch.
        entropy: ENTROPY_BYTES random bytes.

    Raises:
        ValueError: If the time or the entropy does not fit.
    """
    if len(entropy) != ENTROPY_BYTES or not 0 <= now_ms < 1 << 48:
        raise ValueError("an id takes 48 bits of time and 10 bytes of entropy")
    number = now_ms << 80 | int.from_bytes(entropy)
    digits = (_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_DIGITS)))
    return f"{prefix}_{''.join(digits)}"


def derived_id(prefix: str, digest: bytes) -> str:
    """The id that a digest of at least 16 bytes stands for: the same for the same digest, and in no order."""
    return new_id(prefix, int.from_bytes(digest[:6]), digest[6:16])


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` could have come from `new_id(prefix, ...)`."""
    return text.startswith(f"{prefix}_") and _SHAPE.fullmatch(text) is not None
