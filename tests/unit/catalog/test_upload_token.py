"""Upload tokens as text."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.catalog.ids import UPLOAD_PREFIX, UPLOAD_TOKEN_PREFIX, new_id
from chalicelib.catalog.upload_token import split_token, token_text

TOKEN_ID = new_id(UPLOAD_TOKEN_PREFIX, 1_800_000_000_000, bytes(10))


def test_a_token_is_its_id_and_the_digest_of_its_secret() -> None:
    """What is looked up is never the secret itself."""
    assert split_token(token_text(TOKEN_ID, "se.cret")) == (TOKEN_ID, hashlib.sha256(b"se.cret").hexdigest())


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        TOKEN_ID,
        f"{TOKEN_ID}.",
        ".secret",
        f"{new_id(UPLOAD_PREFIX, 0, bytes(10))}.secret",
        TOKEN_ID + "." + "x" * 200,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    """Without an id of a token, or a secret of a sensible length, nothing is looked up."""
    assert split_token(text) is None
