"""Routes of assets."""

from __future__ import annotations

from chalice.app import Response

from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.ids import ASSET_PREFIX, is_id
from chalicelib.errors import AssetNotFound
from chalicelib.handlers.http import Call, route
from chalicelib.handlers.lists import list_query
from chalicelib.handlers.requests import RestoreBody, body_bytes, parse_body
from chalicelib.handlers.views import View, asset_view, page_response
from chalicelib.settings import Settings
from chalicelib.usecases import assets
from chalicelib.usecases.archive import RestoreOrder, restore_source
from chalicelib.usecases.asset_settings import settings_for
from chalicelib.usecases.vod_record import vod_record_of


@route("GET", "/v1/assets")
def list_assets(call: Call) -> Response:
    table, settings = call.services.table, call.services.settings
    asked = list_query(call.request, AssetStatus, ASSET_PREFIX)
    page = table.list_assets(status=asked.status, limit=asked.limit, cursor=asked.cursor)
    work = table.get_work(page.items)
    data = [asset_view(asset, work[asset.id], _base_url(asset, settings)) for asset in page.items]
    return page_response(data, page.next_cursor, asked.filters)


@route("GET", "/v1/assets/{asset_id}")
def get_asset(call: Call, asset_id: str) -> View:
    return shown(call, assets.living_asset(_checked(asset_id), call.services.table))


@route("DELETE", "/v1/assets/{asset_id}", status=202)
def delete_asset(call: Call, asset_id: str) -> View:
    services = call.services
    now_ms = services.clock()
    assets.delete_asset(
        _checked(asset_id),
        services.objects,
        services.table,
        services.workflows,
        services.mediaconvert,
        services.mediapackage,
        services.settings,
        now_ms=now_ms,
    )
    return {"id": asset_id, "status": AssetStatus.DELETED}


@route("POST", "/v1/assets/{asset_id}/retry", status=202)
def retry_asset(call: Call, asset_id: str) -> View:
    services = call.services
    asset = assets.retry_asset(
        _checked(asset_id),
        services.objects,
        services.table,
        services.queues,
        services.tools,
        services.settings,
        now_ms=services.clock(),
    )
    return shown(call, asset)


@route("POST", "/v1/assets/{asset_id}/restore", status=202)
def restore_asset(call: Call, asset_id: str) -> View:
    body = parse_body(call.request, RestoreBody) if body_bytes(call.request) else RestoreBody()
    order = RestoreOrder(body.days, body.tier)
    state = restore_source(_checked(asset_id), order, call.services.objects, call.services.table)
    return {"id": asset_id, "source": state}


@route("GET", "/v1/assets/{asset_id}/vod")
def get_vod_record(call: Call, asset_id: str) -> View:
    """The asset as Video on Demand on AWS would have it on record."""
    asset = assets.living_asset(_checked(asset_id), call.services.table)
    return vod_record_of(asset, call.services.settings)


def shown(call: Call, asset: Asset) -> View:
    work = call.services.table.get_progress(asset.id, asset.plan_hash)
    return asset_view(asset, work, _base_url(asset, call.services.settings))


def _base_url(asset: Asset, settings: Settings) -> str:
    return settings_for(asset.options, settings).public_base_url


def _checked(asset_id: str) -> str:
    if not is_id(asset_id, ASSET_PREFIX):
        raise AssetNotFound("there is no such asset")
    return asset_id
