"""The embeddable player: a page for iframes, and the little that it may know of an asset without an API key.

Public assets play for everybody who has their id. Signed ones play with `?token=`, a token of `POST
/v1/assets/{asset_id}/tokens` that opens video (docs/decisions/0014); without it nothing is said of them at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Response

from chalicelib.catalog.asset import Asset, AssetStatus, TrackType
from chalicelib.catalog.ids import ASSET_PREFIX, is_id
from chalicelib.catalog.page_policy import embed_headers
from chalicelib.catalog.playback import TOKEN_PREFIX, MediaKind, PlaybackPolicy, opened_path, policy_of, signed_key
from chalicelib.errors import AssetNotFound, PlaybackTokenInvalid
from chalicelib.handlers.http import Call, json_response, route
from chalicelib.handlers.pages import HTML, html, origin
from chalicelib.handlers.requests import query
from chalicelib.handlers.views import View, seconds
from chalicelib.usecases.asset_settings import settings_for
from chalicelib.usecases.assets import living_asset
from chalicelib.usecases.playback import playback_secret

if TYPE_CHECKING:
    from chalicelib.handlers.wiring import Services


@route("GET", "/embed/{asset_id}", public=True)
def get_embed(call: Call, asset_id: str) -> Response:
    """The same page for every id that an asset may have, so that this answer tells nobody what there is.

    What it plays it asks for, by the id in its own address.
    """
    _check_id(asset_id)
    settings = call.services.settings
    headers = embed_headers(origin(settings.public_base_url), settings.embed_origins)
    return Response(body=html("embed.html"), headers={**headers, "Content-Type": HTML})


@route("GET", "/embed/{asset_id}/playback", public=True)
def get_embed_playback(call: Call, asset_id: str) -> Response:
    of = call.services
    _check_id(asset_id)
    token = _checked_token(asset_id, query(call.request, "token") or "", of)
    asset = living_asset(asset_id, of.table)
    return json_response(embed_view(asset, token, settings_for(asset.options, of.settings).public_base_url))


def _check_id(asset_id: str) -> None:
    if not is_id(asset_id, ASSET_PREFIX):
        raise AssetNotFound("there is no such asset")


def embed_view(asset: Asset, token: str, base_url: str) -> View:
    """What a viewer may know: how to play it, and the `title` in its `meta`, if it has one; no name of a file.

    Args:
        token: Of a signed asset; empty for a public one.
    """
    title = asset.meta.get("title")

    def url(key: str | None, kind: MediaKind) -> str | None:
        if not (base_url and key) or (token and not _opens(token, kind)):
            return None
        return f"{base_url}/{signed_key(key, token) if token else key}"

    return {
        "id": asset.id,
        "status": asset.status,
        "playable": asset.hls_key is not None and asset.status in (AssetStatus.PREPARING, AssetStatus.READY),
        "title": title if isinstance(title, str) else None,
        "duration": seconds(asset.duration),
        "aspect_ratio": asset.aspect_ratio,
        "playback": {"hls": url(asset.hls_key, MediaKind.VIDEO), "dash": url(asset.dash_key, MediaKind.VIDEO)},
        "images": {
            "poster": url(asset.poster_key, MediaKind.IMAGE),
            "storyboard_vtt": url(asset.storyboard_key, MediaKind.IMAGE),
        },
        "tracks": [
            {
                "type": track.type,
                "language": track.language,
                "name": track.name,
                "url": url(track.key, MediaKind.VIDEO) if track.type is TrackType.TEXT else None,
            }
            for track in asset.tracks
        ],
        "renditions": [{"name": each.name, "width": each.width, "height": each.height} for each in asset.renditions],
    }


def _checked_token(asset_id: str, token: str, of: Services) -> str:
    """The token, if it opens streams of this asset now; empty for a public asset, which needs none.

    Raises:
        PlaybackTokenInvalid: Whether or not there is such an asset.
    """
    if policy_of(asset_id) is PlaybackPolicy.PUBLIC:
        return ""
    stream = f"{TOKEN_PREFIX}/{token}/{asset_id}/any/index.m3u8"
    if "/" in token or opened_path(stream, playback_secret(of.table), now_s=of.clock() // 1000) is None:
        raise PlaybackTokenInvalid("the token does not open this video, or its time is over")
    return token


def _opens(token: str, kind: MediaKind) -> bool:
    """Of a token that is known to be genuine."""
    return kind[0] in token.split(".")[1]
