"""The routes of Companion's S3 contract, as @uppy/aws-s3 6 calls them, and of the upload tokens that open them.

Uppy sends no headers of ours, so the token is in the path; it is never logged. `uploadId` is our own id of the upload.
Errors are {"error": "..."}.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from chalice.app import Request, Response
from msgspec import Meta

from chalicelib.catalog.events import rfc3339
from chalicelib.catalog.upload import PARTS_MAX, Upload
from chalicelib.catalog.upload_token import UploadToken
from chalicelib.errors import UploadTokenUnknown
from chalicelib.handlers.http import Call, api_url, json_response, route
from chalicelib.handlers.once import made_once
from chalicelib.handlers.problems import brief_response
from chalicelib.handlers.requests import (
    AssetOptions,
    ExpiresIn,
    MediaType,
    Name,
    check_meta,
    chosen_options,
    clip_range,
    exact_dollars,
    invalid,
    parse_body,
    parse_value,
    query,
)
from chalicelib.handlers.views import View
from chalicelib.usecases import companion
from chalicelib.usecases.companion import BrowserFile
from chalicelib.usecases.upload import complete_upload
from chalicelib.usecases.upload_tokens import redeem_token, show_token, token_id

MOST_FILES = 1000

_S3 = "/u/{token}/s3"
_ONE = f"{_S3}/multipart/{{upload_id}}"
_ANY = "application/octet-stream"
# Uppy sends them with every file; the upload has both.
_KNOWN_ANYWAY = ("name", "type")

_PartNumber = Annotated[int, Meta(ge=1, le=PARTS_MAX)]


class UploadTokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/upload-tokens. `max_bytes` is of each file; `asset` is for each of them."""

    max_files: Annotated[int, Meta(ge=1, le=MOST_FILES)] = 1
    max_bytes: Annotated[int, Meta(ge=1)] | None = None
    expires_in: ExpiresIn | None = None
    asset: AssetOptions = AssetOptions()


class FileBody(msgspec.Struct, frozen=True):
    """POST /s3/multipart."""

    filename: Name
    type: MediaType = _ANY
    metadata: dict[str, Any] | None = None


class PartBody(msgspec.Struct, frozen=True):
    PartNumber: _PartNumber
    ETag: Annotated[str, Meta(min_length=1, max_length=128)]


class PartsBody(msgspec.Struct, frozen=True):
    """POST /s3/multipart/{id}/complete."""

    parts: Annotated[tuple[PartBody, ...], Meta(min_length=1)]


@route("POST", "/v1/upload-tokens", status=201)
def create_upload_token(call: Call) -> View:
    body = parse_body(call.request, UploadTokenBody)
    asset = body.asset
    check_meta(asset.meta, "/asset/meta")
    if asset.captions:
        raise invalid("body", "/asset/captions", "An upload token is for many files: add tracks to each asset")
    services, now_ms = call.services, call.services.clock()
    new = UploadToken(
        id=token_id(now_ms),
        created_at_ms=now_ms,
        expires_at_ms=now_ms + 1000 * (body.expires_in or services.settings.upload_ttl_s),
        max_files=body.max_files,
        max_bytes=body.max_bytes,
        passthrough=asset.passthrough,
        meta=asset.meta,
        options=chosen_options(asset),
        clip=clip_range(asset.clip.start, asset.clip.end, "/asset/clip") if asset.clip else None,
        max_cost_usd=exact_dollars(asset.max_cost_usd),
        playback_policy=asset.playback_policy,
    )

    def make() -> str:
        services.table.create_upload_token(new)
        return new.id

    token = services.table.find_upload_token(made_once(call, "POST /v1/upload-tokens", make))
    if token is None:
        raise UploadTokenUnknown("there is no such upload token any more")
    text = show_token(token, services.table)
    return {
        "token": text,
        "companion_endpoint": companion_endpoint(call, text),
        "max_files": token.max_files,
        "max_bytes": token.max_bytes,
        "expires_at": rfc3339(token.expires_at_ms),
    }


@route("GET", f"{_S3}/params", public=True, refuse=brief_response)
def companion_params(call: Call, token: str) -> View:
    file = BrowserFile(
        filename=parse_value(query(call.request, "filename"), Name, "query", "/filename"),
        content_type=parse_value(query(call.request, "type") or _ANY, MediaType, "query", "/type"),
        meta=_checked_meta(_query_metadata(call.request)),
    )
    services = call.services
    url, fields = companion.open_form(
        file, _redeemed(call, token), services.objects, services.table, services.settings, now_ms=services.clock()
    )
    return {"method": "POST", "url": url, "fields": fields, "expires": services.settings.presign_ttl_s}


@route("POST", f"{_S3}/multipart", public=True, refuse=brief_response)
def companion_create(call: Call, token: str) -> View:
    body = parse_body(call.request, FileBody)
    file = BrowserFile(body.filename, body.type, _checked_meta(body.metadata or {}))
    services = call.services
    upload = companion.open_parts(
        file, _redeemed(call, token), services.objects, services.table, services.settings, now_ms=services.clock()
    )
    return {"key": upload.key, "uploadId": upload.id, "bucket": upload.bucket}


@route("GET", _ONE, public=True, refuse=brief_response)
def companion_list_parts(call: Call, token: str, upload_id: str) -> Response:
    parts = companion.stored_parts(_found(call, token, upload_id), call.services.objects)
    return json_response([{"PartNumber": part.number, "ETag": part.etag, "Size": part.size_bytes} for part in parts])


@route("DELETE", _ONE, public=True, refuse=brief_response)
def companion_abort(call: Call, token: str, upload_id: str) -> View:
    services = call.services
    upload = _found(call, token, upload_id)
    companion.abort(upload, services.objects, services.table, now_ms=services.clock())
    return {}


@route("GET", f"{_ONE}/batch", public=True, refuse=brief_response)
def companion_sign_parts(call: Call, token: str, upload_id: str) -> View:
    asked = (query(call.request, "partNumbers") or "").split(",")
    if len(asked) > PARTS_MAX:
        raise invalid("query", "/partNumbers", f"Expected at most {PARTS_MAX} numbers")
    numbers = [_part_number(text, "/partNumbers") for text in asked]
    services = call.services
    signed = companion.sign_part_numbers(_found(call, token, upload_id), numbers, services.objects, services.settings)
    return {"presignedUrls": {str(number): url for number, url in signed.items()}}


@route("GET", f"{_ONE}/{{part_number}}", public=True, refuse=brief_response)
def companion_sign_part(call: Call, token: str, upload_id: str, part_number: str) -> View:
    number = _part_number(part_number, "/part_number")
    services = call.services
    upload = _found(call, token, upload_id)
    signed = companion.sign_part_numbers(upload, [number], services.objects, services.settings)
    return {"url": signed[number], "expires": services.settings.presign_ttl_s}


@route("POST", f"{_ONE}/complete", public=True, refuse=brief_response)
def companion_complete(call: Call, token: str, upload_id: str) -> View:
    body = parse_body(call.request, PartsBody)
    upload = _found(call, token, upload_id)
    services = call.services
    complete_upload(
        upload.id,
        [(part.PartNumber, part.ETag) for part in body.parts],
        services.objects,
        services.table,
        services.queues,
        services.tools,
        services.settings,
        now_ms=services.clock(),
    )
    location = services.objects.location(upload.bucket, upload.key)
    return {"location": location, "key": upload.key, "bucket": upload.bucket}


def companion_endpoint(call: Call, token: str) -> str:
    """What Uppy wants as `companionEndpoint`."""
    return f"{api_url(call.request)}/u/{token}"


def _redeemed(call: Call, token: str) -> UploadToken:
    return redeem_token(token, call.services.table, now_ms=call.services.clock())


def _found(call: Call, token: str, upload_id: str) -> Upload:
    key = query(call.request, "key")
    return companion.find_upload(upload_id, key, _redeemed(call, token), call.services.table)


def _part_number(text: str, pointer: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else 0
    if not 1 <= number <= PARTS_MAX:
        raise invalid("query", pointer, f"Expected a whole number from 1 to {PARTS_MAX}")
    return number


def _query_metadata(request: Request) -> dict[str, Any]:
    """`metadata[k]=v`; what is null in the page comes as the word."""
    params = request.query_params
    names = [name for name in params or () if name.startswith("metadata[") and name.endswith("]")]
    named = {name[len("metadata[") : -1]: params[name] for name in names} if params else {}
    return {name: value for name, value in named.items() if value not in ("null", "undefined")}


def _checked_meta(metadata: dict[str, Any]) -> dict[str, Any]:
    meta = {name: value for name, value in metadata.items() if value is not None and name not in _KNOWN_ANYWAY}
    check_meta(meta, "/metadata")
    return meta
