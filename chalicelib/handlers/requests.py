"""What clients send, checked: bodies against msgspec types, query parameters by hand.

Unknown fields are refused, so that a misspelt one is not silently ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from chalice.app import Request
from msgspec import Meta

from chalicelib.catalog.options import Encoder
from chalicelib.catalog.problem import pointer_of
from chalicelib.errors import InvalidRequest, MalformedRequest

T = TypeVar("T")

LIMIT_DEFAULT = 20
LIMIT_MAX = 100
META_MAX_BYTES = 10_000

Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
MediaType = Annotated[str, Meta(max_length=127, pattern=r"^[\w.+-]+/[\w.+*-]+(\s*;.*)?$")]
Passthrough = Annotated[str, Meta(max_length=255)]
ExpiresIn = Annotated[int, Meta(ge=60, le=7 * 24 * 3600)]


class AssetOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer wants to find again on the asset, and who is to encode it."""

    passthrough: Passthrough | None = None
    meta: dict[str, Any] = {}
    encoder: Encoder | None = None


class UploadBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/uploads."""

    filename: Name
    size: Annotated[int, Meta(ge=1)]
    content_type: MediaType = "application/octet-stream"
    asset: AssetOptions = AssetOptions()
    expires_in: ExpiresIn | None = None


class PartBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part_number: Annotated[int, Meta(ge=1, le=10_000)]
    etag: Annotated[str, Meta(min_length=1, max_length=128)]


class CompleteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/uploads/{id}/complete; no parts means: those that were stored."""

    parts: tuple[PartBody, ...] = ()


class RestoreBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/assets/{id}/restore."""

    days: Annotated[int, Meta(ge=1, le=365)] = 7
    tier: Literal["Standard", "Bulk", "Expedited"] = "Standard"


def body_bytes(request: Request) -> bytes:
    raw = request.raw_body
    return raw if isinstance(raw, bytes) else raw.encode()


def parse_body(request: Request, kind: type[T], *, empty: bytes = b"") -> T:
    """The JSON body as a `kind`.

    Args:
        empty: What no body at all stands for.

    Raises:
        MalformedRequest: If it is not JSON.
        InvalidRequest: If a field is wrong; says which.
    """
    try:
        return msgspec.json.decode(body_bytes(request) or empty, type=kind)
    except msgspec.ValidationError as error:
        reason = str(error)
        raise invalid("body", pointer_of(reason), reason.split(" - at `")[0]) from error
    except msgspec.DecodeError as error:
        raise MalformedRequest("the body is not JSON") from error


def parse_value(value: object, kind: Any, where: str, pointer: str) -> Any:
    """`value` as a `kind`. Raises InvalidRequest, which names the pointer."""
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(where, pointer, str(error)) from error


def check_meta(meta: dict[str, Any], pointer: str) -> None:
    if len(msgspec.json.encode(meta)) > META_MAX_BYTES:
        raise invalid("body", pointer, f"Expected at most {META_MAX_BYTES} bytes of JSON")


def query(request: Request, name: str) -> str | None:
    params = request.query_params
    return params.get(name) if params is not None else None


def query_number(request: Request, name: str, *, default: int, most: int, least: int = 1) -> int:
    """Raises InvalidRequest if the parameter is not a whole number within bounds."""
    text = query(request, name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise invalid("query", f"/{name}", f"Expected a whole number from {least} to {most}")
    return int(text)


def invalid(where: str, pointer: str, detail: str) -> InvalidRequest:
    """An InvalidRequest about one field of the body, or one query parameter."""
    shown = pointer.strip("/") or where
    return InvalidRequest(f"{shown}: {detail}", errors=[{"pointer": pointer, "detail": detail, "in": where}])
