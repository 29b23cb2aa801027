"""What schemathesis is told about the API beside its description."""

from __future__ import annotations

import os
import re
from itertools import count
from typing import Any

import httpx
import schemathesis

_KEY = "Idempotency-Key"
_ENDS_A_KEY = frozenset({"delete_key", "rotate_key"})
_KEY_ID = re.compile(r"ak_[0-9a-z]{26}")
_numbers = count()


def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Give each request an Idempotency-Key of its own: one key with two bodies is refused, as it should be.

    An API key is ended only after it was made for that: the one that all of this is done with is in the list, too.
    """
    key = (case.headers or {}).get(_KEY)
    if isinstance(key, str) and 1 <= len(key) <= 255:
        case.headers[_KEY] = f"{next(_numbers):08d}{key}"[: len(key) if len(key) > 8 else 255]
    parameters = case.path_parameters or {}
    if case.operation.definition.raw.get("operationId") in _ENDS_A_KEY and _KEY_ID.fullmatch(
        str(parameters.get("key_id"))
    ):
        parameters["key_id"] = _made(case.operation.base_url)


def _made(base_url: str) -> str:
    """The id of a new API key."""
    headers = {"Authorization": f"Bearer {os.environ['SLUICE_API_KEY']}"}
    body = {"name": "to be ended", "scopes": ["read"]}
    answer = httpx.post(f"{base_url.rstrip('/')}/v1/keys", json=body, headers=headers, timeout=60)
    return str(answer.raise_for_status().json()["id"])


schemathesis.hook(before_call)
