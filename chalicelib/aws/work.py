"""What the work on an asset or a render has come to. See `table.py` for the keys.

One item for each: the tasks done as a set per plan, the frames of each chunk as a number, and the bill.
Whatever is added to a bill is posted to that of its month too (`spending.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.aws.spending import SpendRecords, number
from chalicelib.aws.store import Update
from chalicelib.catalog.asset import Work
from chalicelib.catalog.ids import RENDER_PREFIX

if TYPE_CHECKING:
    from chalicelib.aws.records import Item
    from chalicelib.catalog.asset import Asset
    from chalicelib.catalog.render import Render

_PLAN_DIGITS = 16


class WorkRecords(SpendRecords):
    """`owner_id` is of an asset or of a render."""

    def mark_task_done(
        self,
        owner_id: str,
        plan_hash: str,
        index: int,
        *,
        billed_ms: int,
        memory_mb: int,
        now_ms: int,
        frames: int | None = None,
    ) -> int:
        """Note that task `index` of a plan is done, and what it cost. Returns how many tasks of the plan are done.

        Marking a task twice counts it once; the cost of doing it twice counts twice, as it does on the bill.

        Args:
            frames: How many the task has made, where frames are counted.
        """
        done = _done_attribute(plan_hash)
        update = Update()
        update.add_to_set(done, index)
        update.add("lambda_mb_ms", billed_ms * memory_mb)
        if frames is not None:
            update.set(f"{_frames_prefix(plan_hash)}{index}", frames)
        update.set("updated_at_ms", now_ms)
        item = self._add(owner_id, update, now_ms=now_ms)
        return len(item[done]["NS"])

    def note_frames(self, owner_id: str, plan_hash: str, index: int, frames: int, *, now_ms: int) -> None:
        """How many frames a chunk under way has made so far; a chunk that starts again starts at nought."""
        update = Update()
        update.set(f"{_frames_prefix(plan_hash)}{index}", frames)
        update.set("updated_at_ms", now_ms)
        self._update(owner_pk(owner_id), "work", update)

    def note_percent(self, owner_id: str, plan_hash: str, percent: int, *, now_ms: int) -> None:
        """Note that MediaConvert is so far, in hundredths; what is noted already stays, so it never goes back."""
        update = Update()
        update.adds[_done_attribute(plan_hash)] = {"NS": [str(index) for index in range(max(1, percent))]}
        update.set("updated_at_ms", now_ms)
        self._update(owner_pk(owner_id), "work", update)

    def note_ingested(self, asset_id: str, percent: int, *, now_ms: int) -> None:
        """How much of a source has been fetched, in hundredths."""
        update = Update()
        update.set("ingest_percent", percent)
        update.set("updated_at_ms", now_ms)
        self._update(owner_pk(asset_id), "work", update)

    def forget_work(self, owner_id: str, *, at_s: int) -> None:
        """Let DynamoDB forget the bill then; what comes late is still added to it."""
        update = Update()
        update.require_in("pk", (owner_pk(owner_id),))
        update.set("expires_at", at_s)
        self._update(owner_pk(owner_id), "work", update)

    def add_work(
        self,
        owner_id: str,
        *,
        billed_ms: int = 0,
        memory_mb: int = 0,
        transitions: int = 0,
        mediaconvert_microusd: int = 0,
        now_ms: int,
    ) -> Work:
        """Add to the bill. Returns it as it is then, without the tasks."""
        update = Update()
        update.add("lambda_mb_ms", billed_ms * memory_mb)
        update.add("transitions", transitions)
        update.add("mediaconvert_microusd", mediaconvert_microusd)
        update.set("updated_at_ms", now_ms)
        is_step_over = bool(transitions or mediaconvert_microusd)
        return self._work(self._add(owner_id, update, now_ms=now_ms, soon=is_step_over), None)

    def _add(self, owner_id: str, update: Update, *, now_ms: int, soon: bool = True) -> Item:
        pk = owner_pk(owner_id)
        item = self._update(pk, "work", update)
        assert item is not None  # noqa: S101  an addition has no condition
        self._post(pk, item, now_ms=now_ms, soon=soon)
        return item

    def get_spend(self, month: str) -> Work:
        """The bill of a month: everything that was posted to it. All noughts if nothing was."""
        return self._work(self._spend_item(month), None)

    def get_progress(self, owner_id: str, plan_hash: str | None) -> Work:
        """All noughts if no work was noted yet."""
        item = self._get(owner_pk(owner_id), "work")
        return self._work(item, plan_hash)

    def get_work(self, owners: Sequence[Asset] | Sequence[Render]) -> dict[str, Work]:
        """The work of up to 100 assets or renders, by id."""
        plans = {owner_pk(owner.id): owner for owner in owners}
        found = {item["pk"]["S"]: item for item in self._get_many([(pk, "work") for pk in plans])}
        return {owner.id: self._work(found.get(pk), owner.plan_hash) for pk, owner in plans.items()}

    def _work(self, item: Item | None, plan_hash: str | None) -> Work:
        region = self._clients.region
        if not item:
            return Work(region=region)
        done = item.get(_done_attribute(plan_hash), {}) if plan_hash else {}
        prefix = _frames_prefix(plan_hash) if plan_hash else None
        return Work(
            tasks_done=len(done.get("NS", ())),
            lambda_mb_ms=number(item, "lambda_mb_ms"),
            transitions=number(item, "transitions"),
            mediaconvert_microusd=number(item, "mediaconvert_microusd"),
            updated_at_ms=int(item["updated_at_ms"]["N"]),
            ingest_percent=number(item, "ingest_percent"),
            frames_done=sum(int(value["N"]) for name, value in item.items() if prefix and name.startswith(prefix)),
            region=region,
        )


def owner_pk(owner_id: str) -> str:
    return f"render#{owner_id}" if owner_id.startswith(f"{RENDER_PREFIX}_") else f"asset#{owner_id}"


def _done_attribute(plan_hash: str) -> str:
    return f"done_{plan_hash[:_PLAN_DIGITS]}"


def _frames_prefix(plan_hash: str) -> str:
    return f"frames_{plan_hash[:_PLAN_DIGITS]}_"
