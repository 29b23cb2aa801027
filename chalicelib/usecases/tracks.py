"""Tracks of text as the customer handles them: add one, name one beforehand, remove one.

A track may be added at any time in the life of an asset. Its file is read at once, so that what is wrong with it is
said to who sent it; it is in the manifests as soon as the asset has any. A file that is only named, at an upload or in
a metadata file, may come later than its name: it is read when the asset is published, and what is wrong with it ends on
the track, never on the asset.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.options import Encoder
from chalicelib.catalog.track import (
    MAX_SIDECARS,
    CaptionTrack,
    TrackChange,
    TrackStatus,
    WantedTrack,
    new_track,
)
from chalicelib.errors import TooManyTracks, TrackExists, TrackNotFound, TrackUnsuitable
from chalicelib.usecases.publish_tracks import named_file, publish_tracks, store_webvtt, webvtt_of

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings

_KEPT = frozenset({TrackStatus.PREPARING, TrackStatus.READY, TrackStatus.ERRORED})

Wish = tuple[WantedTrack, bytes | None]
"""A track and its file; None if the file is only named."""


def add_track(
    asset: Asset, wish: Wish, objects: Objects, table: Table, settings: Settings, *, now_ms: int
) -> CaptionTrack:
    """Add a track; who asks for the same again gets the same.

    Raises:
        CaptionsInvalid: If the file is no good.
        TrackExists: If the asset has another one of this language and name.
        TooManyTracks: If it has as many as it may.
        TrackUnsuitable: If its manifests are not ours.
    """
    if asset.encoder is Encoder.MEDIACONVERT:
        raise TrackUnsuitable("MediaConvert encoded this asset: its manifests take no tracks", asset_id=asset.id)
    wanted, sent = wish
    data = sent if sent is not None else named_file(wanted.key or "", objects, settings)
    document, track = webvtt_of(data, new_track(asset.id, wanted, now_ms=now_ms))
    found = _existing(track, objects, table, settings, now_ms)
    if found is None:
        store_webvtt(document, track, objects, settings)
        if not table.create_track(track):
            objects.delete(settings.media_bucket, track.key)
            raise TrackExists("somebody else adds a track of this language and name", asset_id=asset.id)
    publish_tracks(asset.id, objects, table, settings, now_ms=now_ms)
    return table.get_track(asset.id, track.id)


def name_tracks(asset_id: str, wanted: Sequence[WantedTrack], table: Table, *, now_ms: int) -> None:
    """Note the tracks whose files are named; what is noted already stays."""
    for each in wanted[:MAX_SIDECARS]:
        table.create_track(new_track(asset_id, each, now_ms=now_ms))


def add_wishes(
    asset: Asset, wishes: Sequence[Wish], objects: Objects, table: Table, settings: Settings, *, now_ms: int
) -> None:
    """What came with a new asset, checked before: its files are stored, those that are only named are noted."""
    name_tracks(asset.id, [wanted for wanted, sent in wishes if sent is None], table, now_ms=now_ms)
    for wish in wishes:
        if wish[1] is not None:
            add_track(asset, wish, objects, table, settings, now_ms=now_ms)


def check_wishes(asset_id: str, wishes: Sequence[Wish], *, now_ms: int) -> None:
    """Raises CaptionsInvalid if a file among them is no good, TrackExists if two are of one language and name."""
    seen: set[str] = set()
    for wanted, data in wishes:
        track = new_track(asset_id, wanted, now_ms=now_ms)
        if track.id in seen:
            raise TrackExists(f"two tracks have the language {wanted.language} and the name {wanted.name}")
        seen.add(track.id)
        if data is not None:
            webvtt_of(data, track)


def living_track(asset_id: str, track_id: str, table: Table) -> CaptionTrack:
    """Raises TrackNotFound if there is none, or it is being deleted."""
    track = table.get_track(asset_id, track_id)
    if track.status is TrackStatus.DELETED:
        raise TrackNotFound("the track is deleted", asset_id=asset_id, track_id=track_id)
    return track


def living_tracks(asset_id: str, table: Table) -> list[CaptionTrack]:
    return [track for track in table.list_tracks(asset_id) if track.status is not TrackStatus.DELETED]


def remove_track(track: CaptionTrack, objects: Objects, table: Table, settings: Settings, *, now_ms: int) -> None:
    """Take a track out of the manifests, then remove its file. May be repeated."""
    deleted = table.update_track(track, TrackChange(status=TrackStatus.DELETED), expect=_KEPT, now_ms=now_ms)
    _finish_removal(deleted or track, objects, table, settings, now_ms)


def _finish_removal(track: CaptionTrack, objects: Objects, table: Table, settings: Settings, now_ms: int) -> None:
    publish_tracks(track.asset_id, objects, table, settings, now_ms=now_ms)
    if table.get_asset(track.asset_id).status is not AssetStatus.READY:
        # No manifest names it yet; one that is being made is looked at again once the asset is ready.
        objects.delete(settings.media_bucket, track.key)
        table.delete_track(track)


def _existing(
    track: CaptionTrack, objects: Objects, table: Table, settings: Settings, now_ms: int
) -> CaptionTrack | None:
    """The record of the same track; None if there is room for it."""
    others = table.list_tracks(track.asset_id)
    found = next((each for each in others if each.id == track.id), None)
    if found is None:
        if len(others) >= MAX_SIDECARS:
            raise TooManyTracks(f"an asset has at most {MAX_SIDECARS} tracks", asset_id=track.asset_id)
        return None
    if found.status is TrackStatus.DELETED:
        _finish_removal(found, objects, table, settings, now_ms)
        return None
    if found.status is TrackStatus.ERRORED:
        table.delete_track(found)
        return None
    if not found.says_the_same_as(track):
        raise TrackExists(
            "the asset has another track of this language and name", asset_id=track.asset_id, track_id=found.id
        )
    return found
