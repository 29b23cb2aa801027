"""Asset records. See `table.py` for the keys.

An update names the statuses it expects; the transition table of `catalog.asset` narrows them further, so no caller can
move a record backwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from msgspec import UNSET

from chalicelib.aws.lists import ListedRecords, Page, update_of
from chalicelib.aws.outbox import Outbox
from chalicelib.aws.records import decode_record, encode_record
from chalicelib.catalog.asset import (
    LISTED,
    NO_CHANGE,
    PREDECESSORS,
    Asset,
    AssetChange,
    AssetStatus,
    states_up_to,
)
from chalicelib.catalog.events import Event, asset_events, may_tell
from chalicelib.errors import AssetNotFound

CREATOR = "creator_id"
"""Of `meta`, and an attribute of its own beside it, which lists can ask for."""


class AssetRecords(ListedRecords, Outbox):
    def create_asset(self, asset: Asset) -> bool:
        """Returns False, and changes nothing, if an asset of this id exists."""
        values = encode_record(asset)
        values["gsi1pk"] = {"S": _partition(asset.status)}
        values["gsi1sk"] = {"S": asset.id}
        creator = asset.meta.get(CREATOR)
        if isinstance(creator, str):
            values[CREATOR] = {"S": creator}
        events = asset_events(None, asset, at_ms=asset.created_at_ms)
        return self._put_new_telling(_pk(asset.id), "asset", values, events)

    def get_asset(self, asset_id: str) -> Asset:
        """Raises AssetNotFound. A deleted asset is still found, as a tombstone."""
        item = self._get(_pk(asset_id), "asset")
        if item is None:
            raise AssetNotFound("there is no such asset", asset_id=asset_id)
        return decode_record(item, Asset)

    def list_assets(
        self, *, status: AssetStatus | None, limit: int, cursor: str | None, creator_id: str | None = None
    ) -> Page[Asset]:
        """Assets by time of creation, the latest first; deleted ones only if asked for by status.

        Args:
            cursor: `next_cursor` of the page before, which is the last id on it.
            creator_id: What `meta` must have under this name.
        """
        statuses = LISTED if status is None else (status,)
        only = (CREATOR, creator_id) if creator_id is not None else None
        return self._latest(map(_partition, statuses), Asset, limit=limit, cursor=cursor, only=only)

    def update_asset(
        self,
        asset_id: str,
        change: AssetChange,
        *,
        expect: frozenset[AssetStatus],
        now_ms: int,
        unchanged: AssetChange = NO_CHANGE,
        purge_at_s: int | None = None,
    ) -> Asset | None:
        """Write `change` if the asset is in one of the expected statuses and may move as asked.

        Args:
            unchanged: Fields that must still hold these values, such as the execution a report comes from.
            purge_at_s: When DynamoDB may forget the record (for tombstones).

        Returns:
            The new record; None, and nothing is written, if a condition did not hold.

        Raises:
            ValueError: If no expected status may lead to the new one.
        """
        update = update_of(change, unchanged, now_ms=now_ms)
        if change.status is not UNSET:
            expect = expect & PREDECESSORS[change.status]
            update.set("gsi1pk", _partition(change.status))
        elif change.state is not UNSET:
            update.require_in("state", states_up_to(change.state))
        if not expect:
            raise ValueError(f"no expected status leads to {change.status}")
        if change.meta is not UNSET:
            creator = change.meta.get(CREATOR)
            if isinstance(creator, str):
                update.set(CREATOR, creator)
            else:
                update.remove(CREATOR)
        update.require_in("status", sorted(expect))
        if purge_at_s is not None:
            update.set("expires_at", purge_at_s)
        item = self._update_telling(_pk(asset_id), "asset", update, self._events(asset_id, change, now_ms))
        return decode_record(item, Asset) if item else None

    def _events(self, asset_id: str, change: AssetChange, now_ms: int) -> tuple[Event, ...]:
        """What a change will tell if its condition holds, which is what makes the record read here the right one."""
        item = self._get(_pk(asset_id), "asset") if may_tell(change) else None
        if item is None:
            return ()
        before = decode_record(item, Asset)
        written = {name: getattr(change, name) for name in change.__dataclass_fields__}
        given = {name: value for name, value in written.items() if value is not UNSET}
        return asset_events(before, dataclasses.replace(before, **given, updated_at_ms=now_ms), at_ms=now_ms)

    def stuck_assets(self, status: AssetStatus, *, before_ms: int) -> Iterator[Asset]:
        """Assets of one status whose record has not changed since `before_ms`, the oldest first."""
        for item in self._index_below(_partition(status), "updated_at_ms", before_ms):
            yield decode_record(item, Asset)


def _pk(asset_id: str) -> str:
    return f"asset#{asset_id}"


def _partition(status: AssetStatus) -> str:
    return f"asset#{status}"
