"""Records of tracks of text that customers add. See `table.py` for the keys.

Every update names the birth of the record it means, because a track may be deleted and added again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from msgspec import UNSET

from chalicelib.aws.outbox import Outbox
from chalicelib.aws.records import decode_record, encode_record, removed_fields
from chalicelib.aws.store import Update
from chalicelib.catalog.events import Event, track_events
from chalicelib.catalog.track import CaptionTrack, TrackChange, TrackStatus
from chalicelib.errors import TrackNotFound

_SK_PREFIX = "track#"
_UNFINISHED = (TrackStatus.PREPARING, TrackStatus.DELETED)


class TrackRecords(Outbox):
    def create_track(self, track: CaptionTrack) -> bool:
        """Returns False, and changes nothing, if the asset has a track of this id."""
        values = encode_record(track)
        values["gsi1pk"] = {"S": _partition(track.status)}
        values["gsi1sk"] = {"S": f"{track.asset_id}#{track.id}"}
        return self._put_new(_pk(track.asset_id), _sk(track.id), values)

    def get_track(self, asset_id: str, track_id: str) -> CaptionTrack:
        """Raises TrackNotFound. One that is being deleted is still found."""
        item = self._get(_pk(asset_id), _sk(track_id))
        if item is None:
            raise TrackNotFound("the asset has no such track", asset_id=asset_id, track_id=track_id)
        return decode_record(item, CaptionTrack)

    def list_tracks(self, asset_id: str) -> list[CaptionTrack]:
        """All of an asset, in the order of their making, with those that are being deleted."""
        found = [decode_record(item, CaptionTrack) for item in self._children(_pk(asset_id), _SK_PREFIX)]
        return sorted(found, key=lambda track: (track.created_at_ms, track.id))

    def update_track(
        self, track: CaptionTrack, change: TrackChange, *, expect: frozenset[TrackStatus], now_ms: int
    ) -> CaptionTrack | None:
        """Write `change` if this very record is there, in one of the expected statuses, and what it tells.

        Returns:
            The new record; None, and nothing is written, if a condition did not hold.
        """
        update = Update()
        update.require_in("created_at_ms", (track.created_at_ms,))
        update.require_in("status", sorted(expect))
        written = {field.name: getattr(change, field.name) for field in dataclasses.fields(change)}
        given = {name: value for name, value in written.items() if value is not UNSET}
        for name, value in given.items():
            if value is not None:
                update.set(name, value)
        for name in removed_fields(change):
            update.remove(name)
        update.set("updated_at_ms", now_ms)
        events: tuple[Event, ...] = ()
        if change.status is not UNSET:
            update.set("gsi1pk", _partition(change.status))
            events = track_events(dataclasses.replace(track, **given, updated_at_ms=now_ms), at_ms=now_ms)
        item = self._update_telling(_pk(track.asset_id), _sk(track.id), update, events)
        return decode_record(item, CaptionTrack) if item else None

    def delete_track(self, track: CaptionTrack) -> None:
        """Nothing happens if this very record is not there."""
        self._delete_if(_pk(track.asset_id), _sk(track.id), "created_at_ms", track.created_at_ms)

    def stuck_tracks(self, *, before_ms: int) -> Iterator[CaptionTrack]:
        """Those with something left to be done, whose record has not changed since `before_ms`."""
        for status in _UNFINISHED:
            for item in self._index_below(_partition(status), "updated_at_ms", before_ms):
                yield decode_record(item, CaptionTrack)


def _pk(asset_id: str) -> str:
    return f"asset#{asset_id}"


def _sk(track_id: str) -> str:
    return f"{_SK_PREFIX}{track_id}"


def _partition(status: TrackStatus) -> str:
    return f"track#{status}"
