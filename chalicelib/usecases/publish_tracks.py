"""Tracks of text that customers add, from their records into the manifests of a published asset.

The records say which tracks there are to be; whoever has changed one then makes the manifests follow. Two who do so at
once cannot lose a track: a revision is written on condition that nobody wrote another since the records were read.
Every step may be repeated. What was left half done is found by the cleanup schedule.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.catalog.asset import Asset, AssetChange, AssetError, AssetStatus, TrackInfo, TrackType
from chalicelib.catalog.options import Encoder
from chalicelib.catalog.track import CaptionTrack, TrackChange, TrackStatus, sidecar_of
from chalicelib.errors import (
    AssetNotFound,
    AssetNotReady,
    CaptionsInvalid,
    ObjectMissing,
    TableUnavailable,
    TrackUnsuitable,
    UserError,
)
from chalicelib.media.sidecar import Sidecar, revise, sidecar_playlists
from chalicelib.media.subtitle_file import MAX_SUBTITLE_BYTES, read_subtitles
from chalicelib.media.tracks import distinct_labels
from chalicelib.media.webvtt import subtitles_vtt
from chalicelib.usecases.withdraw import withdraw_if_deleted
from chalicelib.usecases.workbench import IMMUTABLE

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings

logger = logging.getLogger(__name__)

READY = frozenset({AssetStatus.READY})
ASSEMBLED = frozenset({AssetStatus.PREPARING, AssetStatus.READY})
_TRIES = 10
_HLS_TYPE = "application/vnd.apple.mpegurl"
_DASH_TYPE = "application/dash+xml"
_PREPARING = frozenset({TrackStatus.PREPARING})
_SHOWN = frozenset({TrackStatus.PREPARING, TrackStatus.READY})


def publish_tracks(
    asset_id: str,
    objects: Objects,
    table: Table,
    settings: Settings,
    *,
    expect: frozenset[AssetStatus] = READY,
    now_ms: int,
) -> None:
    """Make the manifests of an asset name the tracks it is to have, and no other. Nothing happens in another status.

    Args:
        expect: READY; who knows that the asset's plan has been assembled may say ASSEMBLED.

    Raises:
        TableUnavailable: If others change the tracks all the time.
        WorkSuperseded: If the asset was deleted meanwhile.
    """
    for _ in range(_TRIES):
        asset = table.get_asset(asset_id)
        if asset.status not in expect or asset.plan_hash is None:
            return
        records = [_taken_in(each, asset, objects, table, settings, now_ms) for each in table.list_tracks(asset_id)]
        if not records and all(info.id is None for info in asset.tracks):
            return
        shown = [each for each in records if each.status in _SHOWN and each.digest is not None]
        change = _revision(asset, shown, objects, settings)
        still = AssetChange(attempt=asset.attempt, plan_hash=asset.plan_hash, tracks_revision=asset.tracks_revision)
        if change and not table.update_asset(asset_id, change, expect=expect, now_ms=now_ms, unchanged=still):
            continue
        for each in records:
            _settle(each, objects, table, settings, now_ms)
        withdraw_if_deleted(asset_id, objects, table, settings)
        return
    raise TableUnavailable("the tracks of the asset change all the time", asset_id=asset_id)


def webvtt_of(data: bytes, track: CaptionTrack) -> tuple[bytes, CaptionTrack]:
    """The file to publish, and the record that knows it. Raises CaptionsInvalid."""
    cues = read_subtitles(data, form=track.form, language=track.language)
    document = subtitles_vtt(cues).encode()
    digest = hashlib.sha256(document).hexdigest()
    return document, replace(track, digest=digest, size_bytes=len(document), cues=len(cues))


def named_file(key: str, objects: Objects, settings: Settings) -> bytes:
    """A file of subtitles in the source bucket. Raises CaptionsInvalid if it cannot be one."""
    try:
        size_bytes = objects.head(settings.source_bucket, key).size_bytes
        if size_bytes > MAX_SUBTITLE_BYTES:
            raise CaptionsInvalid(f"a file of subtitles may have at most {MAX_SUBTITLE_BYTES} bytes, {key} has more")
        return objects.read(settings.source_bucket, key)
    except ObjectMissing as error:
        raise CaptionsInvalid(f"there is no s3://{settings.source_bucket}/{key}") from error


def store_webvtt(document: bytes, track: CaptionTrack, objects: Objects, settings: Settings) -> None:
    objects.write(settings.media_bucket, track.key, document, content_type="text/vtt", cache_control=IMMUTABLE)


def reconcile_track(track: CaptionTrack, objects: Objects, table: Table, settings: Settings, *, now_ms: int) -> None:
    """One track with something left to be done, which has not changed for a while."""
    try:
        status = table.get_asset(track.asset_id).status
    except AssetNotFound:
        status = AssetStatus.DELETED
    if status is AssetStatus.DELETED:
        table.delete_track(track)
    elif status is AssetStatus.READY:
        publish_tracks(track.asset_id, objects, table, settings, now_ms=now_ms)
    else:
        # Its turn comes with the asset's; until then, others are looked at first.
        table.update_track(track, TrackChange(), expect=frozenset({track.status}), now_ms=now_ms)


def _taken_in(
    track: CaptionTrack, asset: Asset, objects: Objects, table: Table, settings: Settings, now_ms: int
) -> CaptionTrack:
    """The track with its file, if that was only named so far; errored, if the file is no good."""
    if track.status is not TrackStatus.PREPARING or (
        track.digest is not None and asset.encoder != Encoder.MEDIACONVERT
    ):
        return track
    try:
        if asset.encoder is Encoder.MEDIACONVERT:
            raise TrackUnsuitable("MediaConvert encoded this asset: its manifests take no tracks")
        document, known = webvtt_of(named_file(track.source_key or "", objects, settings), track)
        store_webvtt(document, known, objects, settings)
        change = TrackChange(digest=known.digest or "", size_bytes=len(document), cues=known.cues or 0)
    except UserError as error:
        logger.warning("track refused", extra={"track_id": track.id, "code": error.code(), "detail": error.message})
        change = TrackChange(status=TrackStatus.ERRORED, error=AssetError(error.code(), error.message))
    changed = table.update_track(track, change, expect=_PREPARING, now_ms=now_ms)
    # Deleted meanwhile: it is left out, and what is left of it is no longer this call's business.
    return changed or replace(track, status=TrackStatus.ERRORED)


def _revision(asset: Asset, shown: list[CaptionTrack], objects: Objects, settings: Settings) -> AssetChange | None:
    """Write the manifests that name these tracks. None, and nothing is written, if the asset has them."""
    if asset.plan_hash is None or asset.duration is None:
        raise AssetNotReady("the asset has not been assembled", asset_id=asset.id)
    prefix = keys.media_prefix(asset.id, asset.plan_hash)
    own = tuple(info for info in asset.tracks if info.id is None)
    taken = [info.name for info in own if info.type is TrackType.TEXT]
    labels = distinct_labels([each.name for each in shown], taken)
    infos = tuple(_info(each, label) for each, label in zip(shown, labels, strict=True))
    sidecars = [sidecar_of(each, label) for each, label in zip(shown, labels, strict=True)]
    hls_key, dash_key = f"{prefix}{keys.HLS_NAME}", f"{prefix}{keys.DASH_NAME}"
    documents: dict[str, tuple[str, str]] = {}
    if sidecars:
        hls, dash = (objects.read(settings.media_bucket, key).decode() for key in (hls_key, dash_key))
        revision = revise(hls, dash, sidecars, asset.duration)
        documents = _playlists(prefix, sidecars, asset)
        hls_key, dash_key = (
            f"{prefix}{keys.revised(name, revision.digest)}" for name in (keys.HLS_NAME, keys.DASH_NAME)
        )
        documents |= {dash_key: (revision.dash, _DASH_TYPE), hls_key: (revision.hls, _HLS_TYPE)}
    if (hls_key, (*own, *infos)) == (asset.hls_key, asset.tracks):
        return None
    for key, (text, content_type) in documents.items():
        objects.write(settings.media_bucket, key, text.encode(), content_type=content_type, cache_control=IMMUTABLE)
    number = (asset.tracks_revision or 0) + 1
    return AssetChange(hls_key=hls_key, dash_key=dash_key, tracks=(*own, *infos), tracks_revision=number)


def _playlists(prefix: str, sidecars: list[Sidecar], asset: Asset) -> dict[str, tuple[str, str]]:
    named = sidecar_playlists(sidecars, asset.duration) if asset.duration is not None else {}
    return {f"{prefix}{name}": (text, _HLS_TYPE) for name, text in named.items()}


def _info(track: CaptionTrack, label: str) -> TrackInfo:
    return TrackInfo(
        type=TrackType.TEXT,
        language=track.language,
        name=label,
        forced=bool(track.forced),
        key=track.key,
        id=track.id,
        kind=track.kind,
    )


def _settle(track: CaptionTrack, objects: Objects, table: Table, settings: Settings, now_ms: int) -> None:
    """The manifests are as the record wants them."""
    if track.status is TrackStatus.PREPARING:
        table.update_track(track, TrackChange(status=TrackStatus.READY), expect=_PREPARING, now_ms=now_ms)
    elif track.status is TrackStatus.DELETED:
        objects.delete(settings.media_bucket, track.key)
        table.delete_track(track)
