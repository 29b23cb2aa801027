"""Routes of assets."""

from __future__ import annotations

from chalice.app import Response
from msgspec import UNSET

from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.ids import ASSET_PREFIX
from chalicelib.catalog.keys import asset_media_paths
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.ids import checked
from chalicelib.handlers.lists import list_query
from chalicelib.handlers.new_assets import maker_of
from chalicelib.handlers.once import made_once
from chalicelib.handlers.requests import (
    AssetBody,
    PatchBody,
    RestoreBody,
    RetryBody,
    TokenBody,
    body_bytes,
    check_meta,
    exact_dollars,
    parse_body,
    query_number,
    query_text,
)
from chalicelib.handlers.views import View, asset_view, master_view, page_response, token_view
from chalicelib.settings import Settings
from chalicelib.usecases import assets, cancel
from chalicelib.usecases.archive import RestoreOrder, restore_source
from chalicelib.usecases.asset_settings import media_base_url
from chalicelib.usecases.master import master_url
from chalicelib.usecases.playback import make_token, picture_tokens
from chalicelib.usecases.renditions import static_renditions
from chalicelib.usecases.vod_record import vod_record_of

CREATOR_ID_MAX = 128
MASTER_TTL_MAX_S = 12 * 3600


@route("GET", "/v1/assets")
def list_assets(call: Call) -> Response:
    table, settings = call.services.table, call.services.settings
    asked = list_query(call.request, AssetStatus, ASSET_PREFIX)
    creator_id = query_text(call.request, "creator_id", most=CREATOR_ID_MAX)
    page = table.list_assets(status=asked.status, limit=asked.limit, cursor=asked.cursor, creator_id=creator_id)
    work = table.get_work(page.items)
    made = static_renditions(page.items, table)
    tokens = picture_tokens(page.items, table, now_ms=call.services.clock())
    data = [
        asset_view(
            asset,
            work[asset.id],
            made[asset.id],
            _base_url(asset, settings),
            picture_token=tokens.get(asset.id, ""),
        )
        for asset in page.items
    ]
    chosen = {"creator_id": creator_id} if creator_id is not None else {}
    return page_response(data, page.next_cursor, asked.filters | chosen)


@route("POST", "/v1/assets", status=202)
def create_asset(call: Call) -> Response:
    body = parse_body(call.request, AssetBody)
    make = maker_of(call, body)
    asset = call.services.table.get_asset(made_once(call, "POST /v1/assets", lambda: make().id))
    return json_response(shown(call, asset), status=202, headers={"Location": f"assets/{asset.id}"})


@route("GET", "/v1/assets/{asset_id}")
def get_asset(call: Call, asset_id: str) -> View:
    return shown(call, assets.living_asset(checked(asset_id), call.services.table))


@route("PATCH", "/v1/assets/{asset_id}")
def update_asset(call: Call, asset_id: str) -> View:
    body = parse_body(call.request, PatchBody)
    meta = {} if body.meta is None else body.meta
    if meta is not UNSET:
        check_meta(meta, "/meta")
    of = call.services
    return shown(call, assets.describe(checked(asset_id), body.passthrough, meta, of.table, now_ms=of.clock()))


@route("DELETE", "/v1/assets/{asset_id}", status=202)
def delete_asset(call: Call, asset_id: str) -> View:
    services = call.services
    now_ms = services.clock()
    purged = assets.delete_asset(
        checked(asset_id),
        services.objects,
        services.table,
        services.workflows,
        services.mediaconvert,
        services.mediapackage,
        services.settings,
        now_ms=now_ms,
    )
    paths = asset_media_paths(asset_id)
    services.cdn.forget(paths, now_ms=now_ms)
    return {
        "id": asset_id,
        "status": AssetStatus.DELETED,
        "removed": {"source": purged.source, "made": purged.made},
        "left": purged.left,
        "invalidated": list(paths) if services.settings.distribution_id else [],
    }


@route("POST", "/v1/assets/{asset_id}/cancel")
def cancel_asset(call: Call, asset_id: str) -> View:
    of = call.services
    asset = cancel.cancel_asset(
        checked(asset_id), of.objects, of.table, of.workflows, of.mediaconvert, of.settings, now_ms=of.clock()
    )
    of.cdn.forget(asset_media_paths(asset_id), now_ms=of.clock())
    return shown(call, asset)


@route("POST", "/v1/assets/{asset_id}/retry", status=202)
def retry_asset(call: Call, asset_id: str) -> View:
    body = parse_body(call.request, RetryBody, empty=b"{}")
    services = call.services
    asset = assets.retry_asset(
        checked(asset_id),
        services.objects,
        services.table,
        services.queues,
        services.tools,
        services.settings,
        now_ms=services.clock(),
        max_cost_usd=exact_dollars(body.max_cost_usd),
    )
    return shown(call, asset)


@route("POST", "/v1/assets/{asset_id}/restore", status=202)
def restore_asset(call: Call, asset_id: str) -> View:
    body = parse_body(call.request, RestoreBody) if body_bytes(call.request) else RestoreBody()
    order = RestoreOrder(body.days, body.tier)
    state = restore_source(checked(asset_id), order, call.services.objects, call.services.table)
    return {"id": asset_id, "source": state}


@route("GET", "/v1/assets/{asset_id}/vod")
def get_vod_record(call: Call, asset_id: str) -> View:
    """The asset as Video on Demand on AWS would have it on record."""
    asset = assets.living_asset(checked(asset_id), call.services.table)
    return vod_record_of(asset, call.services.settings)


def _base_url(asset: Asset, settings: Settings) -> str:
    return media_base_url(asset.options, settings)


@route("GET", "/v1/assets/{asset_id}/master")
def get_master(call: Call, asset_id: str) -> View:
    of = call.services
    asset = assets.living_asset(checked(asset_id), of.table)
    ttl_s = query_number(call.request, "ttl", default=of.settings.presign_ttl_s, least=60, most=MASTER_TTL_MAX_S)
    expires_at_ms = of.clock() + 1000 * ttl_s
    return master_view(master_url(asset, of.objects, of.settings, ttl_s=ttl_s), expires_at_ms)


@route("POST", "/v1/assets/{asset_id}/tokens", status=201)
def create_token(call: Call, asset_id: str) -> View:
    """Says nothing that the log would keep: URLs with a token are secrets."""
    body = parse_body(call.request, TokenBody, empty=b"{}")
    of = call.services
    asset = assets.living_asset(checked(asset_id), of.table)
    token = make_token(asset, body.types, of.table, ttl_s=body.ttl, now_ms=of.clock())
    made = static_renditions([asset], of.table)[asset.id]
    return token_view(asset, token, made, _base_url(asset, of.settings))


def shown(call: Call, asset: Asset) -> View:
    table = call.services.table
    made = static_renditions([asset], table)[asset.id]
    work = table.get_progress(asset.id, asset.plan_hash)
    tokens = picture_tokens([asset], table, now_ms=call.services.clock())
    base_url = _base_url(asset, call.services.settings)
    return asset_view(asset, work, made, base_url, picture_token=tokens.get(asset.id, ""))
