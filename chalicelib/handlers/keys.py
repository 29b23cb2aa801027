"""Routes of API keys. A key is in the answer that makes or rotates it, and nowhere else: no replay shows it again."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from chalice.app import Response
from msgspec import Meta

from chalicelib.catalog.api_key import ApiKey, Scope, is_expired
from chalicelib.catalog.events import rfc3339
from chalicelib.catalog.ids import API_KEY_PREFIX, is_id
from chalicelib.errors import ApiKeyNotFound
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.lists import list_query
from chalicelib.handlers.once import made_once
from chalicelib.handlers.requests import Name, parse_body
from chalicelib.handlers.views import View, page_response
from chalicelib.settings import MOST_REQUESTS
from chalicelib.usecases import api_keys

_YEARS_S = 10 * 366 * 24 * 3600
_WEEK_S = 7 * 24 * 3600
_DAY_S = 24 * 3600


class KeyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/keys."""

    name: Name
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=len(Scope))]
    expires_in: Annotated[int, Meta(ge=60, le=_YEARS_S)] | None = None
    requests_per_minute: Annotated[int, Meta(ge=1, le=MOST_REQUESTS)] | None = None


class RotateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/keys/{id}/rotate: for how many seconds the old key is good beside the new one."""

    old_for: Annotated[int, Meta(ge=0, le=_WEEK_S)] = _DAY_S


class _NoStatus(StrEnum):
    """The list has no filter by status."""


@route("POST", "/v1/keys", status=201)
def create_key(call: Call) -> Response:
    body = parse_body(call.request, KeyBody)
    table, now_ms = call.services.table, call.services.clock()
    shown: list[str] = []

    def make() -> str:
        key = api_keys.new_key()
        record = api_keys.key_record(
            key,
            body.name,
            body.scopes,
            now_ms=now_ms,
            expires_in_s=body.expires_in,
            requests_per_minute=body.requests_per_minute,
        )
        table.create_api_key(record)
        shown.append(key)
        return record.id

    record = table.get_api_key(made_once(call, "POST /v1/keys", make))
    view = _with_key(record, now_ms, shown)
    return json_response(view, status=201, headers={"Location": f"keys/{record.id}"})


@route("GET", "/v1/keys")
def list_keys(call: Call) -> Response:
    asked = list_query(call.request, _NoStatus, API_KEY_PREFIX)
    page = call.services.table.list_api_keys(limit=asked.limit, cursor=asked.cursor)
    now_ms = call.services.clock()
    return page_response([key_view(key, now_ms) for key in page.items], page.next_cursor, asked.filters)


@route("GET", "/v1/keys/{key_id}")
def get_key(call: Call, key_id: str) -> View:
    return key_view(call.services.table.get_api_key(_checked(key_id)), call.services.clock())


@route("POST", "/v1/keys/{key_id}/rotate", status=201)
def rotate_key(call: Call, key_id: str) -> View:
    body = parse_body(call.request, RotateBody, empty=b"{}")
    table, now_ms = call.services.table, call.services.clock()
    _checked(key_id)
    shown: list[str] = []

    def make() -> str:
        record, key = api_keys.rotate_key(key_id, table, old_for_s=body.old_for, now_ms=now_ms)
        shown.append(key)
        return record.id

    return _with_key(table.get_api_key(made_once(call, f"POST /v1/keys/{key_id}/rotate", make)), now_ms, shown)


@route("DELETE", "/v1/keys/{key_id}")
def delete_key(call: Call, key_id: str) -> View:
    table = call.services.table
    table.delete_api_key(table.get_api_key(_checked(key_id)))
    return {"id": key_id, "deleted": True}


def key_view(key: ApiKey, now_ms: int) -> View:
    old_until_ms = key.old_until_ms if key.old_until_ms is not None and key.old_until_ms > now_ms else None
    return {
        "id": key.id,
        "name": key.name,
        "status": "expired" if is_expired(key, now_ms) else "active",
        "scopes": list(key.scopes),
        "hint": key.hint,
        "requests_per_minute": key.requests_per_minute,
        "created_at": rfc3339(key.created_at_ms),
        "expires_at": _time(key.expires_at_ms),
        "old_key_until": _time(old_until_ms),
        "last_used_at": _time(key.last_used_at_ms),
    }


def _with_key(record: ApiKey, now_ms: int, shown: list[str]) -> View:
    """With the key that was made for this very request; a replay has none to show."""
    return {**key_view(record, now_ms), "key": shown[0] if shown else None}


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)


def _checked(key_id: str) -> str:
    if not is_id(key_id, API_KEY_PREFIX):
        raise ApiKeyNotFound("there is no such API key")
    return key_id
