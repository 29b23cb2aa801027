"""Problem documents (RFC 9457): what the API says about an error of the table.

`code` is the error's stable name; `type` is a URI made of it. Context of the error becomes extension members, never
one of the standard ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.errors import SluiceError

CONTENT_TYPE = "application/problem+json"

_TYPE_PREFIX = "urn:sluice:error:"
_POINTER = re.compile(r"`\$(?P<path>[^`]*)`$")
_RESERVED = frozenset({"type", "title", "status", "detail", "instance", "code", "request_id"})


def problem(error: SluiceError, *, instance: str, request_id: str) -> dict[str, Any]:
    """The document for `error`.

    Args:
        error: Its message becomes `detail`, its context extension members (`errors`: pointers and details).
        instance: Path of the request.
        request_id: Under which the log has the rest.
    """
    code = error.code()
    document: dict[str, Any] = {
        "type": f"{_TYPE_PREFIX}{code}",
        "title": title(code),
        "status": error.status,
        "detail": error.message,
        "instance": instance,
        "code": code,
        "request_id": request_id,
        "errors": [],
    }
    document.update(_extensions(error.context))
    return document


def title(code: str) -> str:
    """The code as words: "upload-not-open" is "Upload not open"."""
    return code.replace("-", " ").capitalize()


def _extensions(context: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in context.items() if name not in _RESERVED and _is_plain(value)}


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, bool, list, tuple, dict))


def pointer_of(validation_message: str) -> str:
    """The JSON pointer (RFC 6901) in a msgspec message: "... - at `$.asset.tags[0]`" is "/asset/tags/0"."""
    found = _POINTER.search(validation_message)
    if found is None:
        return ""
    steps = re.findall(r"\.([^.\[]+)|\[([^\]]*)\]", found["path"])
    return "".join(f"/{(name or index).replace('~', '~0').replace('/', '~1')}" for name, index in steps)
