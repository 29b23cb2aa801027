"""Render records. See `table.py` for the keys; the work done for a render is in `work.py`.

An update names the statuses it expects; the transition table of `catalog.render` narrows them further, so no caller can
move a record backwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from msgspec import UNSET

from chalicelib.aws.lists import ListedRecords, Page, update_of
from chalicelib.aws.outbox import Outbox
from chalicelib.aws.records import decode_record, encode_record
from chalicelib.catalog.events import Event, render_events
from chalicelib.catalog.render import PREDECESSORS, UNCHANGED, Render, RenderChange, RenderStatus
from chalicelib.errors import RenderNotFound


class RenderRecords(ListedRecords, Outbox):
    def create_render(self, render: Render) -> bool:
        """Returns False, and changes nothing, if a render of this id exists."""
        values = encode_record(render)
        values["gsi1pk"] = {"S": _partition(render.status)}
        values["gsi1sk"] = {"S": render.id}
        return self._put_new(_pk(render.id), "render", values)

    def get_render(self, render_id: str) -> Render:
        """Raises RenderNotFound."""
        item = self._get(_pk(render_id), "render")
        if item is None:
            raise RenderNotFound("there is no such render", render_id=render_id)
        return decode_record(item, Render)

    def delete_render(self, render_id: str) -> None:
        """A worker that is still at it finds out, and ends."""
        self._delete(_pk(render_id), "render")

    def list_renders(self, *, status: RenderStatus | None, limit: int, cursor: str | None) -> Page[Render]:
        """Renders by time of creation, the latest first; `cursor` is the `next_cursor` of the page before."""
        statuses = tuple(RenderStatus) if status is None else (status,)
        return self._latest(map(_partition, statuses), Render, limit=limit, cursor=cursor)

    def update_render(
        self,
        render_id: str,
        change: RenderChange,
        *,
        expect: frozenset[RenderStatus],
        now_ms: int,
        unchanged: RenderChange = UNCHANGED,
    ) -> Render | None:
        """Write `change` if the render is in one of the expected statuses and may move as asked, and what it tells.

        Args:
            unchanged: Fields that must still hold these values, such as the attempt a report comes from.

        Returns:
            The new record; None, and nothing is written, if a condition did not hold.

        Raises:
            ValueError: If no expected status may lead to the new one.
        """
        update = update_of(change, unchanged, now_ms=now_ms)
        if change.status is not UNSET:
            expect = expect & PREDECESSORS[change.status]
            update.set("gsi1pk", _partition(change.status))
        if not expect:
            raise ValueError(f"no expected status leads to {change.status}")
        update.require_in("status", sorted(expect))
        events = self._told_by(render_id, change, now_ms)
        item = self._update_telling(_pk(render_id), "render", update, events)
        return decode_record(item, Render) if item else None

    def _told_by(self, render_id: str, change: RenderChange, now_ms: int) -> tuple[Event, ...]:
        """What a change of status will tell if its condition holds."""
        item = self._get(_pk(render_id), "render") if change.status is not UNSET else None
        if item is None:
            return ()
        written = {name: getattr(change, name) for name in change.__dataclass_fields__}
        given = {name: value for name, value in written.items() if value is not UNSET}
        after = dataclasses.replace(decode_record(item, Render), **given, updated_at_ms=now_ms)
        return render_events(after, at_ms=now_ms)

    def stuck_renders(self, status: RenderStatus, *, before_ms: int) -> Iterator[Render]:
        """Renders of one status whose record has not changed since `before_ms`, the oldest first."""
        for item in self._index_below(_partition(status), "updated_at_ms", before_ms):
            yield decode_record(item, Render)


def _pk(render_id: str) -> str:
    return f"render#{render_id}"


def _partition(status: RenderStatus) -> str:
    return f"render#{status}"
