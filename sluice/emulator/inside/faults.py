"""Faults of the services and of the network, for the fault run (`python -m load faults`); nothing unless asked for.

SLUICE_EMULATOR_FAULTS names a file. While it is there, requests of the functions meet what it says:

    {"seed": 1, "refused": {"s3": 0.3, "dynamodb": 0.3}, "delay_ms": [20, 200], "bytes_per_s": 500000}

`refused` is the share of a service's requests that are answered as by a service that is asked too much; `delay_ms` is
how long each of the others waits, and `bytes_per_s` how fast its answer is sent. What the operator asks with the
emulator's root credentials goes through: it is not part of the product.
"""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from ministack import app

_ROOT_KEY_ID = "test"
_XML = (
    503,
    b"application/xml",
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
)


def _json(code: str) -> tuple[int, bytes, bytes]:
    return 400, b"application/x-amz-json-1.0", json.dumps({"__type": code, "message": "Rate exceeded"}).encode()


_REFUSALS = {
    "s3": _XML,
    "dynamodb": _json("com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
    "sqs": _json("com.amazonaws.sqs#ThrottlingException"),
    "states": _json("ThrottlingException"),
}


class _Faults:
    """What the file says now; read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = 0
        self._said: dict[str, Any] = {}
        self.chance = random.Random()  # noqa: S311  a script of faults, not a secret

    def now(self) -> dict[str, Any]:
        try:
            changed_at = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            self._read_at, self._said = 0, {}
            return self._said
        if changed_at != self._read_at:
            self._said = json.loads(self._path.read_text())
            self._read_at = changed_at
            self.chance.seed(self._said.get("seed"))
        return self._said


def caller_of(scope: Any) -> tuple[str, str]:
    """Key id and service of a signed request, by header or by query; empty if it is not signed."""
    headers = {name.lower(): value for name, value in scope.get("headers", [])}
    signed = headers.get(b"authorization", b"").decode("latin-1").partition("Credential=")[2].partition(",")[0]
    if not signed:
        signed = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("X-Amz-Credential", [""])[0]
    words = signed.strip().split("/")
    return (words[0], words[3]) if len(words) == 5 else ("", "")


async def _refuse(send: Any, refusal: tuple[int, bytes, bytes]) -> None:
    status, content_type, body = refusal
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _slowly(send: Any, bytes_per_s: float) -> Any:
    async def sending(message: Any) -> None:
        await asyncio.sleep(len(message.get("body", b"")) / bytes_per_s)
        await send(message)

    return sending


def install(path: Path) -> None:
    """Put the faults of a file in front of the emulator."""
    application, faults = app.app, _Faults(path)

    async def faulty(scope: Any, receive: Any, send: Any) -> None:
        said = faults.now() if scope["type"] == "http" else {}
        key_id, service = caller_of(scope) if said else ("", "")
        if key_id in ("", _ROOT_KEY_ID):
            await application(scope, receive, send)
            return
        if service in _REFUSALS and faults.chance.random() < said.get("refused", {}).get(service, 0):
            await _refuse(send, _REFUSALS[service])
            return
        shortest, longest = said.get("delay_ms", (0, 0))
        await asyncio.sleep(faults.chance.uniform(shortest, longest) / 1000)
        rate = said.get("bytes_per_s")
        await application(scope, receive, _slowly(send, rate) if rate else send)

    app.app = faulty
