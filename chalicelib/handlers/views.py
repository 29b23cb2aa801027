"""Records as the API shows them (API.md)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from urllib.parse import urlencode

from chalice.app import Response

from chalicelib.catalog import prices
from chalicelib.catalog.asset import (
    Asset,
    AssetStatus,
    RenditionInfo,
    SourceInfo,
    TrackInfo,
    TrackType,
    Work,
    percent_done,
)
from chalicelib.catalog.events import rfc3339
from chalicelib.catalog.origin import Origin
from chalicelib.catalog.playback import MediaKind, PlaybackPolicy, policy_of, signed_key
from chalicelib.catalog.rendition import PREVIEWS, RenditionStatus, StaticRendition
from chalicelib.catalog.track import CaptionTrack, TrackStatus
from chalicelib.catalog.upload import Upload, part_count
from chalicelib.handlers.http import json_response
from chalicelib.media.sidecar import TrackKind
from chalicelib.media.timing import TimeRange
from chalicelib.usecases.playback import PlaybackToken

View = dict[str, object]


def upload_view(upload: Upload) -> View:
    return {
        "id": upload.id,
        "asset_id": upload.asset_id,
        "status": upload.status,
        "filename": upload.filename,
        "content_type": upload.content_type,
        "size": upload.size_bytes,
        "key": upload.key,
        "part_size": upload.part_size_bytes,
        "part_count": part_count(upload) or None,
        "created_at": rfc3339(upload.created_at_ms),
        "expires_at": rfc3339(upload.expires_at_ms),
    }


def parts_view(signed: Sequence[tuple[int, str]]) -> list[View]:
    return [{"part_number": number, "url": url} for number, url in signed]


def asset_view(
    asset: Asset, work: Work, made: Sequence[StaticRendition], base_url: str, *, picture_token: str = ""
) -> View:
    """`made` are its static renditions, `base_url` is the origin of media: without one there are keys but no URLs.

    The URLs of a signed asset come with its tokens only; its pictures with `picture_token`, for whoever may read it.
    """
    origin = base_url
    base_url = _open_base(asset.id, base_url)

    def picture(key: str | None) -> str | None:
        return _url(origin, signed_key(key, picture_token)) if key and picture_token else _url(base_url, key)

    return {
        "id": asset.id,
        "status": asset.status,
        "playable": asset.hls_key is not None and asset.status in (AssetStatus.PREPARING, AssetStatus.READY),
        "created_at": rfc3339(asset.created_at_ms),
        "updated_at": rfc3339(asset.updated_at_ms),
        "progress": {
            "state": asset.state,
            "percent": percent_done(asset, work),
            "chunks_done": work.tasks_done,
            "chunks_total": asset.task_count,
            "updated_at": rfc3339(max(asset.updated_at_ms, work.updated_at_ms or 0)),
        },
        "duration": seconds(asset.duration),
        "aspect_ratio": asset.aspect_ratio,
        "encoder": asset.encoder or asset.options.encoder,
        "attempt": asset.attempt,
        "upload_id": asset.upload_id,
        "filename": asset.filename,
        "input": _input_view(asset.origin),
        "source": _source_view(asset),
        "playback": {
            "policy": policy_of(asset.id),
            "hls": _url(base_url, asset.hls_key),
            "dash": _url(base_url, asset.dash_key),
            "hls_key": asset.hls_key,
            "dash_key": asset.dash_key,
        },
        "images": {
            "poster": picture(asset.poster_key),
            "storyboard_vtt": picture(asset.storyboard_key),
            "animated": _animated(made, base_url),
            "poster_key": asset.poster_key,
            "storyboard_key": asset.storyboard_key,
        },
        "tracks": [_track_view(track, base_url) for track in asset.tracks],
        "renditions": [_rendition_view(rendition) for rendition in asset.renditions],
        "archive": asset.archive,
        "packaging": asset.packaged.endpoints if asset.packaged else {},
        "metadata_key": asset.metadata.key if asset.metadata else None,
        "static_renditions": [static_rendition_view(each, base_url) for each in made],
        "clip": _clip_view(asset.clip),
        "passthrough": asset.passthrough,
        "meta": asset.meta,
        "max_cost_usd": usd(asset.max_cost_usd) if asset.max_cost_usd is not None else None,
        "cost": cost_view(work),
        "errors": [{"code": error.code, "message": error.message} for error in asset.errors],
    }


def _input_view(origin: Origin | None) -> View | None:
    """Without the query of a URL, which may be a secret: it is not even in the record."""
    if origin is None:
        return None
    return {"url": origin.url} if origin.url is not None else {"s3": origin.s3}


def static_rendition_view(rendition: StaticRendition, base_url: str) -> View:
    base_url = _open_base(rendition.asset_id, base_url)
    wish, error = rendition.wish, rendition.error
    ready = rendition.status is RenditionStatus.READY
    return {
        "id": rendition.id,
        "asset_id": rendition.asset_id,
        "type": wish.type,
        "status": rendition.status,
        "created_at": rfc3339(rendition.created_at_ms),
        "updated_at": rfc3339(rendition.updated_at_ms),
        "rung": wish.rung,
        "start": seconds(wish.start),
        "end": seconds(wish.end),
        "width": wish.width,
        "fps": wish.fps,
        "url": _url(base_url, rendition.key) if ready else None,
        "key": rendition.key if ready else None,
        "size_bytes": rendition.size_bytes,
        "error": {"code": error.code, "message": error.message} if error else None,
    }


def track_view(track: CaptionTrack, base_url: str) -> View:
    base_url = _open_base(track.asset_id, base_url)
    ready, error = track.status is TrackStatus.READY, track.error
    return {
        "id": track.id,
        "asset_id": track.asset_id,
        "status": track.status,
        "language": track.language,
        "name": track.name,
        "kind": track.kind,
        "forced": bool(track.forced),
        "created_at": rfc3339(track.created_at_ms),
        "updated_at": rfc3339(track.updated_at_ms),
        "url": _url(base_url, track.key) if ready else None,
        "key": track.key if ready else None,
        "size_bytes": track.size_bytes,
        "cues": track.cues,
        "error": {"code": error.code, "message": error.message} if error else None,
    }


def token_view(asset: Asset, token: PlaybackToken, made: Sequence[StaticRendition], base_url: str) -> View:
    """The URLs that a token opens, by type; a URL is None as long as nothing is published there."""

    def url(key: str | None) -> str | None:
        return _url(base_url, signed_key(key, token.value) if key else None)

    ready = {each.id: url(each.key) for each in made if each.status is RenditionStatus.READY}
    urls: dict[MediaKind, View] = {
        MediaKind.VIDEO: {"hls": url(asset.hls_key), "dash": url(asset.dash_key)},
        MediaKind.IMAGE: {"poster": url(asset.poster_key), "storyboard_vtt": url(asset.storyboard_key)},
        MediaKind.DOWNLOAD: {"static_renditions": ready},
    }
    return {
        "asset_id": asset.id,
        "policy": policy_of(asset.id),
        "token": token.value,
        "expires_at": rfc3339(token.expires_at_ms),
        **{kind: urls[kind] for kind in token.kinds},
    }


def master_view(url: str, expires_at_ms: int) -> View:
    return {"url": url, "expires_at": rfc3339(expires_at_ms)}


def page_response(data: Sequence[View], next_cursor: str | None, filters: dict[str, str]) -> Response:
    """A list with `next_cursor`, and the same as a Link (RFC 8288), relative to the request's own URL.

    Args:
        filters: Query parameters to repeat.
    """
    headers = {}
    if next_cursor is not None:
        headers["Link"] = f'<?{urlencode({**filters, "cursor": next_cursor})}>; rel="next"'
    return json_response({"data": data, "next_cursor": next_cursor}, headers=headers)


def _animated(made: Sequence[StaticRendition], base_url: str) -> str | None:
    """Of the previews that are there, the one of the best type that was asked for first."""
    ready = [each for each in made if each.status is RenditionStatus.READY]
    found = (each for kind in PREVIEWS for each in ready if each.wish.type is kind)
    return next((_url(base_url, each.key) for each in found), None)


def _clip_view(clip: TimeRange | None) -> View | None:
    return {"start": seconds(clip.start), "end": seconds(clip.end)} if clip else None


def _source_view(asset: Asset) -> View:
    info: SourceInfo | None = asset.source_info
    video = info.video if info else None
    return {
        "content_type": asset.content_type,
        "size": asset.source_size_bytes,
        "container": info.container if info else None,
        "video": {
            "codec": video.codec,
            "width": video.width,
            "height": video.height,
            "rotation": video.rotation,
            "frame_rate": round(float(video.frame_rate), 3) if video.frame_rate else None,
        }
        if video
        else None,
        "audio": [
            {
                "codec": track.codec,
                "channels": track.channels,
                "sample_rate": track.sample_rate_hz,
                "language": track.language,
            }
            for track in (info.audio if info else ())
        ],
        "text": [
            {"codec": track.codec, "language": track.language, "bitmap": track.bitmap}
            for track in (info.text if info else ())
        ],
    }


def _track_view(track: TrackInfo, base_url: str) -> View:
    shared: View = {"type": track.type, "language": track.language, "name": track.name, "default": track.default}
    if track.type is TrackType.AUDIO:
        return {**shared, "channels": track.channels}
    own: View = {"id": track.id, "kind": track.kind or TrackKind.SUBTITLES, "forced": track.forced}
    return {**shared, **own, "url": _url(base_url, track.key), "key": track.key}


def _rendition_view(rendition: RenditionInfo) -> View:
    return {
        "name": rendition.name,
        "width": rendition.width,
        "height": rendition.height,
        "bandwidth": rendition.bandwidth_bps,
    }


def cost_view(work: Work) -> View:
    cost = prices.cost_of(work)
    return {
        "accrued_usd": usd(cost.total_usd),
        "estimated": True,
        "currency": "USD",
        "breakdown": {
            "lambda": usd(cost.lambda_usd),
            "sfn": usd(cost.sfn_usd),
            "mediaconvert": usd(cost.mediaconvert_usd),
        },
        "excludes": list(prices.EXCLUDED),
    }


def usd(amount: Fraction) -> float:
    return round(float(amount), 6)


def seconds(duration: Fraction | None) -> float | None:
    return None if duration is None else round(float(duration), 3)


def _open_base(asset_id: str, base_url: str) -> str:
    return base_url if policy_of(asset_id) is PlaybackPolicy.PUBLIC else ""


def _url(base_url: str, key: str | None) -> str | None:
    return f"{base_url}/{key}" if base_url and key else None
