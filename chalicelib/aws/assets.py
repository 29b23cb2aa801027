"""Asset records and the work done on them. See `table.py` for the keys.

An update names the statuses it expects; the transition table of `catalog.asset` narrows them further, so no caller can
move a record backwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import UNSET

from chalicelib.aws.outbox import Outbox
from chalicelib.aws.records import decode_record, encode_record, removed_fields
from chalicelib.aws.store import Update
from chalicelib.catalog.asset import (
    LISTED,
    NO_CHANGE,
    PREDECESSORS,
    Asset,
    AssetChange,
    AssetStatus,
    Work,
    states_up_to,
)
from chalicelib.catalog.events import Event, asset_events, may_tell
from chalicelib.errors import AssetNotFound

if TYPE_CHECKING:
    from chalicelib.aws.records import Item

T = TypeVar("T")

_PLAN_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, the latest first; `next_cursor` is None on the last."""

    items: tuple[T, ...]
    next_cursor: str | None


class AssetRecords(Outbox):
    def create_asset(self, asset: Asset) -> bool:
        """Returns False, and changes nothing, if an asset of this id exists."""
        values = encode_record(asset)
        values["gsi1pk"] = {"S": _partition(asset.status)}
        values["gsi1sk"] = {"S": asset.id}
        return self._put_new_telling(
            _pk(asset.id), "asset", values, asset_events(None, asset, at_ms=asset.created_at_ms)
        )

    def get_asset(self, asset_id: str) -> Asset:
        """Raises AssetNotFound. A deleted asset is still found, as a tombstone."""
        item = self._get(_pk(asset_id), "asset")
        if item is None:
            raise AssetNotFound("there is no such asset", asset_id=asset_id)
        return decode_record(item, Asset)

    def list_assets(self, *, status: AssetStatus | None, limit: int, cursor: str | None) -> Page[Asset]:
        """Assets by time of creation, the latest first; deleted ones only if asked for by status.

        Args:
            cursor: `next_cursor` of the page before, which is the last id on it.
        """
        statuses = LISTED if status is None else (status,)
        found = [
            item for each in statuses for item in self._index_page(_partition(each), before=cursor, limit=limit + 1)
        ]
        # The index lags a little behind the table, so an asset may for a moment appear under two statuses.
        assets = {asset.id: asset for asset in (decode_record(item, Asset) for item in found)}
        latest = sorted(assets.values(), key=lambda asset: asset.id, reverse=True)
        page = tuple(latest[:limit])
        return Page(page, page[-1].id if len(latest) > limit else None)

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
        """Write `change` if the asset is in one of the expected statuses and may move as asked, and what it tells.

        Args:
            unchanged: Fields that must still hold these values, such as the execution a report comes from.
            purge_at_s: When DynamoDB may forget the record (for tombstones).

        Returns:
            The new record; None, and nothing is written, if a condition did not hold.

        Raises:
            ValueError: If no expected status may lead to the new one.
        """
        update = Update()
        if change.status is not UNSET:
            expect = expect & PREDECESSORS[change.status]
            update.set("gsi1pk", _partition(change.status))
        elif change.state is not UNSET:
            update.require_in("state", states_up_to(change.state))
        if not expect:
            raise ValueError(f"no expected status leads to {change.status}")
        update.require_in("status", sorted(expect))
        for field in dataclasses.fields(unchanged):
            value = getattr(unchanged, field.name)
            if value is None:
                update.require_absent(field.name)
            elif value is not UNSET:
                update.require_in(field.name, (value,))
        for field in dataclasses.fields(change):
            value = getattr(change, field.name)
            if value is not UNSET and value is not None:
                update.set(field.name, value)
        for name in removed_fields(change):
            update.remove(name)
        update.set("updated_at_ms", now_ms)
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

    def mark_task_done(
        self, asset_id: str, plan_hash: str, index: int, *, billed_ms: int, memory_mb: int, now_ms: int
    ) -> int:
        """Note that task `index` of a plan is done, and what it cost. Returns how many tasks of the plan are done.

        Marking a task twice counts it once; the cost of doing it twice counts twice, as it does on the bill.
        """
        done = _done_attribute(plan_hash)
        update = Update()
        update.add_to_set(done, index)
        update.add("lambda_mb_ms", billed_ms * memory_mb)
        update.set("updated_at_ms", now_ms)
        item = self._update(_pk(asset_id), "work", update)
        return len(item[done]["NS"]) if item else 0

    def note_percent(self, asset_id: str, plan_hash: str, percent: int, *, now_ms: int) -> None:
        """Note that MediaConvert is so far, in hundredths; what is noted already stays, so it never goes back."""
        update = Update()
        update.adds[_done_attribute(plan_hash)] = {"NS": [str(index) for index in range(max(1, percent))]}
        update.set("updated_at_ms", now_ms)
        self._update(_pk(asset_id), "work", update)

    def add_work(
        self,
        asset_id: str,
        *,
        billed_ms: int = 0,
        memory_mb: int = 0,
        transitions: int = 0,
        mediaconvert_microusd: int = 0,
        now_ms: int,
    ) -> None:
        """Add to the bill of an asset."""
        update = Update()
        update.add("lambda_mb_ms", billed_ms * memory_mb)
        update.add("transitions", transitions)
        update.add("mediaconvert_microusd", mediaconvert_microusd)
        update.set("updated_at_ms", now_ms)
        self._update(_pk(asset_id), "work", update)

    def get_progress(self, asset_id: str, plan_hash: str | None) -> Work:
        """All noughts if no work was noted yet."""
        item = self._get(_pk(asset_id), "work")
        return _work(item, plan_hash) if item else Work()

    def get_work(self, assets: Sequence[Asset]) -> dict[str, Work]:
        """The work of up to 100 assets, by asset id."""
        plans = {_pk(asset.id): asset for asset in assets}
        found = {item["pk"]["S"]: item for item in self._get_many([(pk, "work") for pk in plans])}
        return {asset.id: _work(found[pk], asset.plan_hash) if pk in found else Work() for pk, asset in plans.items()}


def _pk(asset_id: str) -> str:
    return f"asset#{asset_id}"


def _partition(status: AssetStatus) -> str:
    return f"asset#{status}"


def _done_attribute(plan_hash: str) -> str:
    return f"done_{plan_hash[:_PLAN_DIGITS]}"


def _work(item: Item, plan_hash: str | None) -> Work:
    done = item.get(_done_attribute(plan_hash), {}) if plan_hash else {}
    return Work(
        tasks_done=len(done.get("NS", ())),
        lambda_mb_ms=int(item.get("lambda_mb_ms", {"N": "0"})["N"]),
        transitions=int(item.get("transitions", {"N": "0"})["N"]),
        mediaconvert_microusd=int(item.get("mediaconvert_microusd", {"N": "0"})["N"]),
        updated_at_ms=int(item["updated_at_ms"]["N"]),
    )
