"""Routes of uploads. An open upload's answer holds fresh presigned URLs each time it is asked for."""

from __future__ import annotations

from chalice.app import Response

from chalicelib.catalog.ids import UPLOAD_PREFIX, is_id
from chalicelib.catalog.upload import Upload, UploadStatus, part_count
from chalicelib.errors import UploadNotFound
from chalicelib.handlers.companion import companion_endpoint
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.lists import list_query
from chalicelib.handlers.once import made_once
from chalicelib.handlers.requests import (
    CompleteBody,
    UploadBody,
    check_meta,
    chosen_options,
    clip_range,
    exact_dollars,
    parse_body,
    query_number,
    wish_of,
)
from chalicelib.handlers.views import View, page_response, parts_view, upload_view
from chalicelib.usecases import upload as uploads
from chalicelib.usecases.upload_tokens import show_token, token_of_upload

PARTS_SIGNED = 100


@route("POST", "/v1/uploads", status=201)
def create_upload(call: Call) -> Response:
    body = parse_body(call.request, UploadBody)
    check_meta(body.asset.meta, "/asset/meta")
    services = call.services
    captions = [wish_of(each, f"/asset/captions/{index}") for index, each in enumerate(body.asset.captions)]
    new = uploads.NewUpload(
        filename=body.filename,
        content_type=body.content_type,
        size_bytes=body.size,
        expires_in_s=body.expires_in,
        passthrough=body.asset.passthrough,
        meta=body.asset.meta,
        options=chosen_options(body.asset),
        clip=clip_range(body.asset.clip.start, body.asset.clip.end, "/asset/clip") if body.asset.clip else None,
        captions=tuple(captions),
        max_cost_usd=exact_dollars(body.asset.max_cost_usd),
        playback_policy=body.asset.playback_policy,
    )

    def make() -> str:
        now_ms = services.clock()
        return uploads.open_upload(new, services.objects, services.table, services.settings, now_ms=now_ms).id

    upload = services.table.get_upload(made_once(call, "POST /v1/uploads", make))
    token = token_of_upload(upload, services.table, now_ms=services.clock())
    endpoint = companion_endpoint(call, show_token(token, services.table))
    view = {**_open_view(call, upload), "companion_endpoint": endpoint}
    return json_response(view, status=201, headers={"Location": f"uploads/{upload.id}"})


@route("GET", "/v1/uploads")
def list_uploads(call: Call) -> Response:
    asked = list_query(call.request, UploadStatus, UPLOAD_PREFIX)
    page = call.services.table.list_uploads(status=asked.status, limit=asked.limit, cursor=asked.cursor)
    return page_response([upload_view(upload) for upload in page.items], page.next_cursor, asked.filters)


@route("GET", "/v1/uploads/{upload_id}")
def get_upload(call: Call, upload_id: str) -> View:
    return _open_view(call, _find(call, upload_id))


@route("GET", "/v1/uploads/{upload_id}/parts")
def get_upload_parts(call: Call, upload_id: str) -> View:
    upload = _find(call, upload_id)
    total = part_count(upload)
    first = query_number(call.request, "from", default=1, most=10_000)
    count = query_number(call.request, "count", default=PARTS_SIGNED, most=PARTS_SIGNED)
    signed = _signed_parts(call, upload, first, count)
    following = first + count
    return {"data": signed, "next_from": following if signed and following <= total else None}


@route("POST", "/v1/uploads/{upload_id}/complete")
def complete_upload(call: Call, upload_id: str) -> View:
    body = parse_body(call.request, CompleteBody, empty=b"{}")
    services = call.services
    upload = uploads.complete_upload(
        _checked(upload_id),
        [(part.part_number, part.etag) for part in body.parts],
        services.objects,
        services.table,
        services.queues,
        services.tools,
        services.settings,
        now_ms=services.clock(),
    )
    return upload_view(upload)


@route("POST", "/v1/uploads/{upload_id}/cancel")
def cancel_upload(call: Call, upload_id: str) -> View:
    services = call.services
    now_ms = services.clock()
    return upload_view(uploads.cancel_upload(_checked(upload_id), services.objects, services.table, now_ms=now_ms))


def _find(call: Call, upload_id: str) -> Upload:
    return call.services.table.get_upload(_checked(upload_id))


def _checked(upload_id: str) -> str:
    if not is_id(upload_id, UPLOAD_PREFIX):
        raise UploadNotFound("there is no such upload")
    return upload_id


def _open_view(call: Call, upload: Upload) -> View:
    """The upload and, while it is open, where to send its bytes."""
    view = upload_view(upload)
    if upload.status is not UploadStatus.WAITING:
        return view
    if upload.part_size_bytes is not None:
        return {**view, "parts": _signed_parts(call, upload, 1, PARTS_SIGNED)}
    if upload.multipart_id is not None and upload.size_bytes is None:
        return view  # the client cuts the file, through its upload token
    return {**view, "url": uploads.sign_put(upload, call.services.objects, call.services.settings)}


def _signed_parts(call: Call, upload: Upload, first: int, count: int) -> list[View]:
    if upload.status is not UploadStatus.WAITING:
        return []
    services = call.services
    return parts_view(uploads.sign_parts(upload, services.objects, services.settings, first=first, count=count))
