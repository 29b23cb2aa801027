"""Records of static renditions. See `table.py` for the keys.

Every update names the birth of the record it means, because a rendition may be deleted and asked for again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from msgspec import UNSET

from chalicelib.aws.outbox import Outbox
from chalicelib.aws.records import decode_record, encode_record, removed_fields
from chalicelib.aws.store import Update
from chalicelib.catalog.events import Event, rendition_events
from chalicelib.catalog.rendition import RenditionChange, RenditionStatus, StaticRendition
from chalicelib.errors import RenditionNotFound

_SK_PREFIX = "rendition#"


class RenditionRecords(Outbox):
    def create_rendition(self, rendition: StaticRendition) -> bool:
        """Returns False, and changes nothing, if the asset has a rendition of this id."""
        values = encode_record(rendition)
        values["gsi1pk"] = {"S": _partition(rendition.status)}
        values["gsi1sk"] = {"S": f"{rendition.asset_id}#{rendition.id}"}
        return self._put_new(_pk(rendition.asset_id), _sk(rendition.id), values)

    def get_rendition(self, asset_id: str, rendition_id: str) -> StaticRendition:
        """Raises RenditionNotFound."""
        item = self._get(_pk(asset_id), _sk(rendition_id))
        if item is None:
            raise RenditionNotFound("the asset has no such rendition", asset_id=asset_id, rendition_id=rendition_id)
        return decode_record(item, StaticRendition)

    def list_renditions(self, asset_id: str) -> list[StaticRendition]:
        """All of an asset, in the order of their making."""
        found = [decode_record(item, StaticRendition) for item in self._children(_pk(asset_id), _SK_PREFIX)]
        return sorted(found, key=lambda rendition: (rendition.created_at_ms, rendition.id))

    def update_rendition(
        self,
        rendition: StaticRendition,
        change: RenditionChange,
        *,
        expect: frozenset[RenditionStatus],
        now_ms: int,
    ) -> StaticRendition | None:
        """Write `change` if this very record is there, at the attempt given, in one of the expected statuses.

        Returns:
            The new record; None, and nothing is written, if a condition did not hold.
        """
        update = Update()
        update.require_in("created_at_ms", (rendition.created_at_ms,))
        update.require_in("attempt", (rendition.attempt,))
        update.require_in("status", sorted(expect))
        if change.status is not UNSET:
            update.set("gsi1pk", _partition(change.status))
        for field in dataclasses.fields(change):
            value = getattr(change, field.name)
            if value is not UNSET and value is not None:
                update.set(field.name, value)
        for name in removed_fields(change):
            update.remove(name)
        update.set("updated_at_ms", now_ms)
        events = _events(rendition, change, now_ms)
        item = self._update_telling(_pk(rendition.asset_id), _sk(rendition.id), update, events)
        return decode_record(item, StaticRendition) if item else None

    def delete_rendition(self, asset_id: str, rendition_id: str) -> None:
        """Nothing happens if there is none."""
        self._delete(_pk(asset_id), _sk(rendition_id))

    def stuck_renditions(self, *, before_ms: int) -> Iterator[StaticRendition]:
        """Those in preparation whose record has not changed since `before_ms`."""
        for item in self._index_below(_partition(RenditionStatus.PREPARING), "updated_at_ms", before_ms):
            yield decode_record(item, StaticRendition)


def _events(rendition: StaticRendition, change: RenditionChange, now_ms: int) -> tuple[Event, ...]:
    """What a change to its end tells, and nothing for every other change."""
    if change.status is UNSET:
        return ()
    written = {field.name: getattr(change, field.name) for field in dataclasses.fields(change)}
    given = {name: value for name, value in written.items() if value is not UNSET}
    return rendition_events(dataclasses.replace(rendition, **given, updated_at_ms=now_ms), at_ms=now_ms)


def _pk(asset_id: str) -> str:
    return f"asset#{asset_id}"


def _sk(rendition_id: str) -> str:
    return f"{_SK_PREFIX}{rendition_id}"


def _partition(status: RenditionStatus) -> str:
    return f"rendition#{status}"
