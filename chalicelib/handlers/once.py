"""The Idempotency-Key header, on every POST that creates."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.handlers.http import Call
from chalicelib.handlers.requests import body_bytes, invalid
from chalicelib.usecases.idempotency import once

HEADER = "Idempotency-Key"
_MAX_LENGTH = 255


def made_once(call: Call, route_name: str, make: Callable[[], str]) -> str:
    """The id that `make` returned for this caller, route and key: now, or when the same request came before."""
    key = call.request.headers.get(HEADER)
    if key is None:
        return make()
    if not 1 <= len(key) <= _MAX_LENGTH:
        raise invalid("header", f"/{HEADER}", f"Expected 1 to {_MAX_LENGTH} characters")
    services = call.services
    scope = f"{call.caller} {route_name}"
    return once(services.table, scope, key, body_bytes(call.request), make, now_ms=services.clock())
