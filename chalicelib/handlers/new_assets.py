"""What POST /v1/assets asks for, by where the source is."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from chalicelib.catalog.asset import Asset
from chalicelib.handlers.http import Call
from chalicelib.handlers.ids import checked
from chalicelib.handlers.requests import (
    AssetBody,
    check_meta,
    chosen_options,
    clip_range,
    exact_dollars,
    invalid,
    wish_of,
)
from chalicelib.usecases import assets
from chalicelib.usecases.clip import NewClip, create_clip
from chalicelib.usecases.new_asset import NewAsset, create_from_object, create_from_url


def maker_of(call: Call, body: AssetBody) -> Callable[[], Asset]:
    """What makes the asset.

    Raises:
        InvalidRequest: If it does not say in one way where the source is.
        AssetNotFound: If the source is to be that of an asset that is not there.
    """
    check_meta(body.meta, "/meta")
    named = body.input
    if sum(each is not UNSET for each in (named.url, named.s3, named.asset)) != 1:
        raise invalid("body", "/input", "Expected one of url, s3 and asset")
    clip = clip_range(named.start, named.end, "/input")
    captions = tuple(wish_of(each, f"/captions/{index}") for index, each in enumerate(body.captions))
    options, cap = chosen_options(body), exact_dollars(body.max_cost_usd)
    of = call.services
    if named.asset is not UNSET:
        source = assets.living_asset(checked(named.asset), of.table)
        of_asset = NewClip(source, clip, body.passthrough, body.meta, cap, body.playback_policy, options, captions)
        return lambda: create_clip(of_asset, of.objects, of.table, of.queues, of.tools, of.settings, now_ms=of.clock())
    part = clip if clip.start or clip.end is not None else None
    new = NewAsset(part, body.passthrough, body.meta, cap, body.playback_policy, options, captions)
    if named.s3 is not UNSET:
        uri = named.s3
        return lambda: create_from_object(
            uri, new, of.objects, of.table, of.queues, of.tools, of.settings, now_ms=of.clock()
        )
    url = str(named.url)
    return lambda: create_from_url(
        url, new, of.download, of.objects, of.table, of.queues, of.settings, now_ms=of.clock()
    )
