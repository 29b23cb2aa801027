"""Routes of static renditions: single files made of a published asset on request."""

from __future__ import annotations

from chalice.app import Response

from chalicelib.catalog.asset import Asset
from chalicelib.catalog.ids import is_id
from chalicelib.catalog.rendition import RENDITION_PREFIX, StaticRendition
from chalicelib.catalog.wishes import RenditionRequest
from chalicelib.errors import RenditionNotFound
from chalicelib.handlers.assets import checked
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.once import made_once
from chalicelib.handlers.requests import RenditionBody, exact_seconds, parse_body
from chalicelib.handlers.views import View, static_rendition_view
from chalicelib.usecases import renditions
from chalicelib.usecases.asset_settings import media_base_url
from chalicelib.usecases.assets import living_asset
from chalicelib.usecases.budget import refuse_over_budget


@route("POST", "/v1/assets/{asset_id}/renditions", status=202)
def create_rendition(call: Call, asset_id: str) -> Response:
    body = parse_body(call.request, RenditionBody)
    request = RenditionRequest(
        kind=body.type,
        height=body.height,
        start=exact_seconds(body.start),
        end=exact_seconds(body.end),
        width=body.width,
        fps=body.fps,
    )
    services = call.services
    asset = living_asset(checked(asset_id), services.table)

    def make() -> str:
        now_ms = services.clock()
        refuse_over_budget(services.table, services.settings, now_ms=now_ms)
        return renditions.request_rendition(asset, request, services.table, services.queues, now_ms=now_ms).id

    made = services.table.get_rendition(asset_id, made_once(call, f"POST /v1/assets/{asset_id}/renditions", make))
    return json_response(_shown(call, asset, made), status=202, headers={"Location": f"renditions/{made.id}"})


@route("GET", "/v1/assets/{asset_id}/renditions")
def list_renditions(call: Call, asset_id: str) -> View:
    asset = living_asset(checked(asset_id), call.services.table)
    return {
        "data": [_shown(call, asset, each) for each in call.services.table.list_renditions(asset.id)],
        "next_cursor": None,
    }


@route("GET", "/v1/assets/{asset_id}/renditions/{rendition_id}")
def get_rendition(call: Call, asset_id: str, rendition_id: str) -> View:
    return _shown(call, *_find(call, asset_id, rendition_id))


@route("DELETE", "/v1/assets/{asset_id}/renditions/{rendition_id}", status=202)
def delete_rendition(call: Call, asset_id: str, rendition_id: str) -> View:
    of = call.services
    _, found = _find(call, asset_id, rendition_id)
    renditions.remove_rendition(found, of.objects, of.table, of.workflows, of.settings)
    return {"id": rendition_id, "status": "deleted"}


def _find(call: Call, asset_id: str, rendition_id: str) -> tuple[Asset, StaticRendition]:
    table = call.services.table
    asset = living_asset(checked(asset_id), table)
    if not is_id(rendition_id, RENDITION_PREFIX):
        raise RenditionNotFound("the asset has no such rendition")
    return asset, table.get_rendition(asset.id, rendition_id)


def _shown(call: Call, asset: Asset, rendition: StaticRendition) -> View:
    return static_rendition_view(rendition, media_base_url(asset.options, call.services.settings))
