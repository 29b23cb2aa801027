"""Lists by status, and updates made of change records: what assets, uploads and renders have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from msgspec import UNSET

from chalicelib.aws.records import decode_record, removed_fields
from chalicelib.aws.store import Store, Update


class _Record(Protocol):
    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=_Record)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page of a list, the latest first; `next_cursor` is None on the last."""

    items: tuple[R, ...]
    next_cursor: str | None


class ListedRecords(Store):
    def _latest(
        self,
        partitions: Iterable[str],
        kind: type[R],
        *,
        limit: int,
        cursor: str | None,
        only: tuple[str, str] | None = None,
    ) -> Page[R]:
        """Records of several index partitions by time of creation, the latest first.

        Args:
            cursor: `next_cursor` of the page before, which is the last id on it.
            only: An attribute and what it must be.
        """
        found = [
            item for each in partitions for item in self._index_page(each, before=cursor, limit=limit + 1, only=only)
        ]
        # The index lags a little behind the table, so a record may for a moment appear under two statuses.
        records = {record.id: record for record in (decode_record(item, kind) for item in found)}
        latest = sorted(records.values(), key=lambda record: record.id, reverse=True)
        page = tuple(latest[:limit])
        return Page(page, page[-1].id if len(latest) > limit else None)


def update_of(change: object, unchanged: object, *, now_ms: int) -> Update:
    """An update that writes a change record.

    Args:
        change: Fields to write; UNSET leaves one alone, None removes it.
        unchanged: Fields that must still hold these values; None stands for one that is not there.
    """
    update = Update()
    for field in dataclasses.fields(unchanged):  # type: ignore[arg-type]
        value = getattr(unchanged, field.name)
        if value is None:
            update.require_absent(field.name)
        elif value is not UNSET:
            update.require_in(field.name, (value,))
    for field in dataclasses.fields(change):  # type: ignore[arg-type]
        value = getattr(change, field.name)
        if value is not UNSET and value is not None:
            update.set(field.name, value)
    for name in removed_fields(change):
        update.remove(name)
    update.set("updated_at_ms", now_ms)
    return update
