"""Upload tokens: what a browser, which has no API key, may send, and how much of it.

A token is `<id>.<secret>`. The id finds the record; of the secret only its SHA-256 is stored. A token of `max_files`
opens uploads of its own; one of no files stands for an upload that is open already.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from chalicelib.catalog.ids import UPLOAD_TOKEN_PREFIX, is_id
from chalicelib.catalog.options import NO_OPTIONS, AssetOptions
from chalicelib.catalog.playback import PlaybackPolicy
from chalicelib.media.timing import TimeRange

SECRET_BYTES = 32
_MOST_CHARACTERS = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadToken:
    """The record.

    Attributes:
        max_files: How many uploads it may open; 0 for the token of one upload.
        max_bytes: Largest file, where that is less than the deployment's own limit.
        files: How many it has opened, those that were cancelled left out.
        upload_id: The upload that it opened last, or the one that it stands for.
        passthrough, meta, options, clip, max_cost_usd, playback_policy: For each asset that comes of it.
    """

    id: str
    created_at_ms: int
    expires_at_ms: int
    max_files: int
    max_bytes: int | None = None
    files: int = 0
    upload_id: str | None = None
    passthrough: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    options: AssetOptions = NO_OPTIONS
    clip: TimeRange | None = None
    max_cost_usd: Fraction | None = None
    playback_policy: PlaybackPolicy | None = None


def token_text(token_id: str, secret: str) -> str:
    return f"{token_id}.{secret}"


def secret_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def split_token(text: str) -> tuple[str, str] | None:
    """The id, and the digest of the secret; None for what is no token."""
    token_id, _, secret = text.partition(".")
    if not secret or len(text) > _MOST_CHARACTERS or not is_id(token_id, UPLOAD_TOKEN_PREFIX):
        return None
    return token_id, secret_digest(secret)
