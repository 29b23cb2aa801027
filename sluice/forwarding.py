"""Handing events on to a URL of this machine, signed as a webhook would be, so that a receiver can be tried out."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

import httpx

from chalicelib.catalog.signature import SECRET_BYTES, secret_of, signed_headers

_TIMEOUT_S = 10.0


class Forwarder:
    """Sends each event once, and says what came back.

    Attributes:
        secret: What the receiver verifies with; made anew each time.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.secret = secret_of(secrets.token_bytes(SECRET_BYTES))

    def send(self, event: dict[str, Any]) -> str:
        """The status that the receiver answered with, or why there was none."""
        body = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
        headers = signed_headers(str(event["id"]), int(time.time()), body, [self.secret])
        try:
            answer = httpx.post(
                self.url,
                content=body,
                headers={"content-type": "application/json", **headers},
                timeout=_TIMEOUT_S,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            return type(error).__name__
        return str(answer.status_code)
