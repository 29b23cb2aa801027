"""Routes of tracks of text: subtitles and captions that are added to an asset.

curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/x-subrip" --data-binary @film.srt \
  "$URL/v1/assets/$ID/tracks?language=de"
"""

from __future__ import annotations

from chalice.app import Request, Response

from chalicelib.catalog.asset import Asset
from chalicelib.catalog.ids import TRACK_PREFIX, is_id
from chalicelib.catalog.track import CaptionTrack
from chalicelib.errors import TrackNotFound
from chalicelib.handlers.assets import checked
from chalicelib.handlers.http import JSON, Call, json_response, route
from chalicelib.handlers.once import made_once
from chalicelib.handlers.requests import TrackBody, body_bytes, parse_body, parse_value, query, wish_of
from chalicelib.handlers.views import View, track_view
from chalicelib.media.subtitle_file import SubtitleFormat
from chalicelib.usecases import tracks
from chalicelib.usecases.asset_settings import media_base_url
from chalicelib.usecases.assets import living_asset

# API Gateway hands over as bytes only what is listed in app.py, by exact name.
RAW_TYPES = {
    "application/x-subrip": SubtitleFormat.SRT,
    "text/vtt": SubtitleFormat.VTT,
    "application/octet-stream": None,
}


@route("POST", "/v1/assets/{asset_id}/tracks", status=201, content_types=(*JSON, *RAW_TYPES))
def create_track(call: Call, asset_id: str) -> Response:
    of = call.services
    wish = _wish(call.request)
    asset = living_asset(checked(asset_id), of.table)

    def make() -> str:
        return tracks.add_track(asset, wish, of.objects, of.table, of.settings, now_ms=of.clock()).id

    made = of.table.get_track(asset_id, made_once(call, f"POST /v1/assets/{asset_id}/tracks", make))
    return json_response(_shown(call, asset, made), status=201, headers={"Location": f"tracks/{made.id}"})


@route("GET", "/v1/assets/{asset_id}/tracks")
def list_tracks(call: Call, asset_id: str) -> View:
    asset = living_asset(checked(asset_id), call.services.table)
    found = tracks.living_tracks(asset.id, call.services.table)
    return {"data": [_shown(call, asset, each) for each in found], "next_cursor": None}


@route("GET", "/v1/assets/{asset_id}/tracks/{track_id}")
def get_track(call: Call, asset_id: str, track_id: str) -> View:
    return _shown(call, *_find(call, asset_id, track_id))


@route("DELETE", "/v1/assets/{asset_id}/tracks/{track_id}", status=202)
def delete_track(call: Call, asset_id: str, track_id: str) -> View:
    of = call.services
    _, found = _find(call, asset_id, track_id)
    tracks.remove_track(found, of.objects, of.table, of.settings, now_ms=of.clock())
    return {"id": track_id, "status": "deleted"}


def _wish(request: Request) -> tracks.Wish:
    """From a JSON body; or the file itself is the body, and the rest is in the query."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in RAW_TYPES:
        return wish_of(parse_body(request, TrackBody), "")
    given = {name: query(request, name) for name in ("language", "name", "kind", "forced")}
    fields: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    if fields.get("forced") in ("true", "false"):
        fields["forced"] = fields["forced"] == "true"
    form = RAW_TYPES[content_type]
    described = parse_value({**fields, "format": form, "text": ""}, TrackBody, "query", "")
    return wish_of(described, "")[0], body_bytes(request)


def _find(call: Call, asset_id: str, track_id: str) -> tuple[Asset, CaptionTrack]:
    table = call.services.table
    asset = living_asset(checked(asset_id), table)
    if not is_id(track_id, TRACK_PREFIX):
        raise TrackNotFound("the asset has no such track")
    return asset, tracks.living_track(asset.id, track_id, table)


def _shown(call: Call, asset: Asset, track: CaptionTrack) -> View:
    return track_view(track, media_base_url(asset.options, call.services.settings))
