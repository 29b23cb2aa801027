"""Signatures, held against the reference implementation of Standard Webhooks."""

from __future__ import annotations

import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from chalicelib.catalog.signature import is_genuine, secret_of, signed_headers

SECRET, OTHER = secret_of(bytes(range(32))), secret_of(bytes(32))
BODY = '{"type":"asset.ready","data":{"name":"Übung"}}'.encode()


def test_the_reference_accepts_ours() -> None:
    """Now, and not when it is old or was changed."""
    now_s = int(time.time())
    headers = signed_headers("ev_1", now_s, BODY, [SECRET])
    assert Webhook(SECRET).verify(BODY, headers) == {"type": "asset.ready", "data": {"name": "Übung"}}
    for body, sent in ((BODY + b" ", headers), (BODY, signed_headers("ev_1", now_s - 400, BODY, [SECRET]))):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body, sent)
        assert not is_genuine(sent, body, SECRET, now_s=now_s)


def test_both_secrets_verify_during_a_rotation() -> None:
    """Whichever the receiver has, by the reference and by us."""
    now_s = int(time.time())
    headers = signed_headers("ev_1", now_s, BODY, [SECRET, OTHER])
    for secret in (SECRET, OTHER):
        Webhook(secret).verify(BODY, headers)
        assert is_genuine(headers, BODY, secret, now_s=now_s)
    assert not is_genuine(headers, BODY, secret_of(b"x" * 32), now_s=now_s)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "ev_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "²"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1a,abc v1,"},
        {"webhook-signature": "v1,ü"},
    ],
)
def test_what_is_missing_or_malformed_is_not_genuine(change: dict[str, str]) -> None:
    """And raises nothing."""
    headers = {**signed_headers("ev_1", 1000, BODY, [SECRET]), **change}
    assert not is_genuine(headers, BODY, SECRET, now_s=1000)


def test_a_malformed_secret_is_said() -> None:
    """It can verify nothing, so it is no answer of False."""
    with pytest.raises(ValueError, match="base 64"):
        is_genuine(signed_headers("ev_1", 1000, BODY, [SECRET]), BODY, "whsec_!", now_s=1000)
