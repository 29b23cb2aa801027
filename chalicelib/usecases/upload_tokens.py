"""Upload tokens: made for a browser, shown once, and asked for at each of its calls."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from chalicelib.catalog.ids import ENTROPY_BYTES, UPLOAD_TOKEN_PREFIX, new_id
from chalicelib.catalog.upload_token import SECRET_BYTES, UploadToken, secret_digest, split_token, token_text
from chalicelib.errors import UploadTokenExpired, UploadTokenUnknown

if TYPE_CHECKING:
    from chalicelib.aws.table import Table
    from chalicelib.catalog.upload import Upload


def token_id(now_ms: int) -> str:
    return new_id(UPLOAD_TOKEN_PREFIX, now_ms, secrets.token_bytes(ENTROPY_BYTES))


def token_of_upload(upload: Upload, table: Table, *, now_ms: int) -> UploadToken:
    """A new token that reaches this upload alone, for as long as it is open."""
    token = UploadToken(
        id=token_id(now_ms),
        created_at_ms=now_ms,
        expires_at_ms=upload.expires_at_ms,
        max_files=0,
        upload_id=upload.id,
    )
    table.create_upload_token(token)
    return token


def show_token(token: UploadToken, table: Table) -> str:
    """The token with a new secret, which is stored nowhere."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    table.add_upload_secret(token, secret_digest(secret))
    return token_text(token.id, secret)


def redeem_token(text: str, table: Table, *, now_ms: int) -> UploadToken:
    """The record of a token that a browser sent.

    Raises:
        UploadTokenUnknown: If there is none, or not with this secret.
        UploadTokenExpired: If its time is over.
    """
    parts = split_token(text)
    token = table.find_upload_token(*parts) if parts else None
    if token is None:
        raise UploadTokenUnknown("there is no such upload token")
    if token.expires_at_ms <= now_ms:
        raise UploadTokenExpired("the time of this upload token is over", upload_token_id=token.id)
    return token
