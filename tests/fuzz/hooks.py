"""What schemathesis is told about the API beside its description."""

from __future__ import annotations

from itertools import count
from typing import Any

import schemathesis

_KEY = "Idempotency-Key"
_numbers = count()


def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Give each request a key of its own: one key with two bodies is refused, as it should be."""
    key = (case.headers or {}).get(_KEY)
    if isinstance(key, str) and 1 <= len(key) <= 255:
        case.headers[_KEY] = f"{next(_numbers):08d}{key}"[: len(key) if len(key) > 8 else 255]


schemathesis.hook(before_call)
