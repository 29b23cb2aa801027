"""The tutorial's two routes, for curl.

curl -H "Authorization: Bearer $KEY" -F file=@clip.mp4 $URL/upload
curl -T clip.mp4 "$(curl -s -H "Authorization: Bearer $KEY" "$URL/presign?name=clip.mp4" | jq -r .url)"
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from io import BytesIO

from chalice.app import Request
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartParser,
    MultipartPart,
    parse_options_header,
)

from chalicelib.errors import MalformedRequest
from chalicelib.handlers.assets import shown
from chalicelib.handlers.http import Call, route
from chalicelib.handlers.once import made_once
from chalicelib.handlers.requests import Name, body_bytes, invalid, parse_value, query
from chalicelib.handlers.views import View, upload_view
from chalicelib.usecases.simple_upload import SIMPLE_MAX_BYTES, refuse_large_body, store_upload
from chalicelib.usecases.upload import NewUpload, open_upload, sign_put

FORM = "multipart/form-data"
# API Gateway hands over as bytes only what is listed here, by exact name; anything else would arrive mangled.
RAW_TYPES = (
    "application/octet-stream",
    "application/mp4",
    "application/mxf",
    "application/ogg",
    "application/vnd.apple.mpegurl",
    "audio/aac",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "audio/x-m4a",
    "audio/x-wav",
    "video/3gpp",
    "video/avi",
    "video/mp2t",
    "video/mp4",
    "video/mpeg",
    "video/ogg",
    "video/quicktime",
    "video/webm",
    "video/x-flv",
    "video/x-matroska",
    "video/x-ms-wmv",
    "video/x-msvideo",
)
BINARY_TYPES = (FORM, *RAW_TYPES)

_NAMELESS = "upload"
_ANY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class _File:
    filename: str
    content_type: str
    data: bytes


@route("POST", "/upload", content_types=BINARY_TYPES)
def upload_small(call: Call) -> View:
    """Answers with the asset."""
    body = body_bytes(call.request)
    refuse_large_body(len(body))
    file = _file_of(call.request, body)
    services = call.services

    def make() -> str:
        new = NewUpload(filename=file.filename, content_type=file.content_type, size_bytes=len(file.data))
        asset = store_upload(
            new,
            file.data,
            services.objects,
            services.table,
            services.queues,
            services.tools,
            services.settings,
            now_ms=services.clock(),
        )
        return asset.id

    return shown(call, services.table.get_asset(made_once(call, "POST /upload", make)))


@route("GET", "/presign")
def presign(call: Call) -> View:
    """Answers with an upload whose `url` takes one plain PUT, of up to S3's 5 GB; its event starts the ingest."""
    filename = _checked_name(query(call.request, "name"), "query")
    content_type = _type_of(filename)
    services = call.services
    new = NewUpload(filename=filename, content_type=content_type)
    upload = open_upload(new, services.objects, services.table, services.settings, now_ms=services.clock())
    url = sign_put(upload, services.objects, services.settings)
    return {**upload_view(upload), "upload_id": upload.id, "method": "PUT", "url": url}


def _file_of(request: Request, body: bytes) -> _File:
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    named = query(request, "name")
    name = _NAMELESS if named is None else _checked_name(named, "query")
    if content_type.lower() != FORM:
        return _File(name, content_type, body)
    part = _file_part(body, options.get("boundary", ""))
    filename = _checked_name(part.filename or name, "body")
    # curl knows few types and calls the rest application/octet-stream, which says nothing.
    known = part.content_type if part.content_type != _ANY else _type_of(filename)
    return _File(filename, known, part.raw)


def _file_part(body: bytes, boundary: str) -> MultipartPart:
    try:
        parser = MultipartParser(
            BytesIO(body), boundary, spool_limit=SIMPLE_MAX_BYTES, memory_limit=SIMPLE_MAX_BYTES, part_limit=16
        )
        parts = parser.parts()
    except MultipartError as error:
        raise MalformedRequest("the body is not multipart/form-data as its content type says") from error
    for part in parts:
        if part.name == "file":
            return part
    raise invalid("body", "/file", "Expected a file in the form field `file`")


def _type_of(filename: str) -> str:
    return mimetypes.guess_type(filename)[0] or _ANY


def _checked_name(name: str | None, where: str) -> str:
    if name is None:
        raise invalid(where, "/name", "Expected the name of a file")
    return str(parse_value(name, Name, where, "/name" if where == "query" else "/file"))
