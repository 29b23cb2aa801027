"""The table's records beside assets: tasks, renders, uploads, renditions, keys and counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.aws.table import Table
from chalicelib.catalog.api_key import Scope
from chalicelib.catalog.asset import (
    AssetStatus,
    Work,
)
from chalicelib.catalog.ids import RENDER_PREFIX, UPLOAD_PREFIX, new_id
from chalicelib.catalog.render import RenderChange, RenderStatus
from chalicelib.catalog.rendition import RenditionChange, RenditionStatus
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import (
    ApiKeyNotFound,
    RenderNotFound,
    RenditionNotFound,
)
from chalicelib.usecases.api_keys import key_record
from tests.unit.catalog.samples import NOW_MS, PLAN_HASH, a_render, a_rendition, an_asset, an_upload

PREPARING, READY, ERRORED = AssetStatus.PREPARING, AssetStatus.READY, AssetStatus.ERRORED


def test_a_task_counts_once_and_costs_each_time(table: Table) -> None:
    """Done tasks are a set per plan; what was billed adds up over everything."""
    asset = an_asset()
    table.create_asset(asset)
    done = [
        table.mark_task_done(asset.id, plan_hash, index, billed_ms=10, memory_mb=100, now_ms=NOW_MS + index)
        for plan_hash, index in ((PLAN_HASH, 0), (PLAN_HASH, 3), (PLAN_HASH, 3), ("cd" * 32, 0))
    ]
    assert done == [1, 2, 2, 1]
    table.add_work(asset.id, billed_ms=5, memory_mb=100, transitions=7, now_ms=NOW_MS + 9)
    work = Work(tasks_done=2, lambda_mb_ms=4500, transitions=7, updated_at_ms=NOW_MS + 9)
    assert table.get_progress(asset.id, PLAN_HASH) == work
    assert table.get_work([asset, an_asset(id="as_other")]) == {asset.id: work, "as_other": Work()}
    assert table.get_work([]) == {}


def test_a_render_is_created_and_moves_forward_once(table: Table) -> None:
    """Every field comes back; a status that does not follow, or a report of another attempt, changes nothing."""
    render = a_render()
    assert table.create_render(render)
    assert not table.create_render(replace(render, chunk_count=9))
    assert table.get_render(render.id) == render
    with pytest.raises(RenderNotFound):
        table.get_render("rn_none")
    everything = frozenset(RenderStatus)
    planning = RenderChange(status=RenderStatus.PLANNING)
    assert table.update_render(render.id, planning, expect=everything, now_ms=1) is None
    done = RenderChange(status=RenderStatus.SUCCEEDED, execution_arn=None, output_size_bytes=5)
    other = RenderChange(attempt=1)
    assert table.update_render(render.id, done, expect=everything, now_ms=1, unchanged=other) is None
    changed = table.update_render(render.id, done, expect=everything, now_ms=NOW_MS + 5)
    succeeded = RenderStatus.SUCCEEDED
    expected = replace(render, status=succeeded, execution_arn=None, output_size_bytes=5, updated_at_ms=NOW_MS + 5)
    assert changed == expected == table.get_render(render.id)
    cancelled = RenderChange(status=RenderStatus.CANCELLED)
    assert table.update_render(render.id, cancelled, expect=everything, now_ms=NOW_MS + 6) is None


def test_renders_are_found_by_status(table: Table) -> None:
    """The list has them all, the latest first; stuck are those of a status whose record is old."""
    made = [
        a_render(id=new_id(RENDER_PREFIX, NOW_MS + index, bytes(10)), updated_at_ms=NOW_MS + index)
        for index in range(3)
    ]
    assert all(table.create_render(render) for render in made)
    failed = RenderChange(status=RenderStatus.FAILED)
    table.update_render(made[2].id, failed, expect=frozenset(RenderStatus), now_ms=NOW_MS)
    page = table.list_renders(status=None, limit=2, cursor=None)
    assert [render.id for render in page.items] == [made[2].id, made[1].id]
    rest = table.list_renders(status=None, limit=2, cursor=page.next_cursor)
    assert ([render.id for render in rest.items], rest.next_cursor) == ([made[0].id], None)
    assert [render.id for render in table.stuck_renders(RenderStatus.RENDERING, before_ms=NOW_MS + 1)] == [made[0].id]


def test_frames_of_a_render_add_up(table: Table) -> None:
    """Over its chunks under one plan, whatever each last said; another plan's do not count."""
    render = a_render()
    table.create_render(render)
    for plan_hash, index, frames in ((PLAN_HASH, 0, 5), (PLAN_HASH, 1, 7), (PLAN_HASH, 0, 9), ("ef" * 32, 0, 100)):
        table.note_frames(render.id, plan_hash, index, frames, now_ms=NOW_MS)
    table.mark_task_done(render.id, PLAN_HASH, 1, billed_ms=2, memory_mb=3, frames=10, now_ms=NOW_MS + 1)
    work = Work(tasks_done=1, lambda_mb_ms=6, transitions=0, updated_at_ms=NOW_MS + 1, frames_done=19)
    assert table.get_progress(render.id, PLAN_HASH) == work
    assert table.get_work([render]) == {render.id: work}
    assert table.get_progress(render.id, None).frames_done == 0


def test_an_upload_ends_once(table: Table) -> None:
    """Who comes second gets None, and the record keeps its first end."""
    upload = an_upload()
    assert table.create_upload(upload)
    assert not table.create_upload(upload)
    ended = table.end_upload(upload.id, UploadStatus.COMPLETED, now_ms=NOW_MS + 1)
    assert ended == replace(upload, status=UploadStatus.COMPLETED, updated_at_ms=NOW_MS + 1)
    assert table.end_upload(upload.id, UploadStatus.CANCELLED, now_ms=NOW_MS + 2) is None
    assert table.get_upload(upload.id) == ended


def test_expired_uploads_are_the_waiting_ones_past_their_time(table: Table) -> None:
    """Closed uploads and those with time left are not among them."""
    for index in range(4):
        made = an_upload(id=new_id(UPLOAD_PREFIX, NOW_MS + index, bytes(10)), expires_at_ms=NOW_MS + index)
        table.create_upload(made)
        if index == 1:
            table.end_upload(made.id, UploadStatus.COMPLETED, now_ms=NOW_MS)
    assert [upload.expires_at_ms - NOW_MS for upload in table.expired_uploads(NOW_MS + 3)] == [0, 2]
    assert len(table.list_uploads(status=None, limit=9, cursor=None).items) == 4
    assert len(table.list_uploads(status=UploadStatus.COMPLETED, limit=9, cursor=None).items) == 1


def test_a_rendition_is_made_once(table: Table) -> None:
    """The first record of an id stays, until it is deleted; an asset's own are listed by age."""
    first, second = a_rendition(), a_rendition(id="rd_2", created_at_ms=NOW_MS - 1)
    other = a_rendition(asset_id="as_other")
    assert all(table.create_rendition(each) for each in (first, second, other))
    assert not table.create_rendition(replace(first, created_at_ms=1))
    assert table.list_renditions(first.asset_id) == [second, first]
    assert table.get_rendition(first.asset_id, first.id) == first
    for _ in range(2):
        table.delete_rendition(first.asset_id, first.id)
    with pytest.raises(RenditionNotFound):
        table.get_rendition(first.asset_id, first.id)
    assert table.list_renditions("as_none") == []


def test_a_rendition_changes_under_its_conditions(table: Table) -> None:
    """Not for another birth, attempt or status; and what is finished is stuck no more."""
    made = a_rendition(execution_arn="arn:one")
    table.create_rendition(made)
    preparing = frozenset({RenditionStatus.PREPARING})
    ready = RenditionChange(status=RenditionStatus.READY, size_bytes=5)
    for stale in (replace(made, created_at_ms=1), replace(made, attempt=2), replace(made, id="rd_none")):
        assert table.update_rendition(stale, ready, expect=preparing, now_ms=NOW_MS) is None
    again = RenditionChange(attempt=2, execution_arn=None)
    changed = table.update_rendition(made, again, expect=preparing, now_ms=NOW_MS + 5)
    assert changed == replace(made, attempt=2, execution_arn=None, updated_at_ms=NOW_MS + 5)
    assert list(table.stuck_renditions(before_ms=NOW_MS + 5)) == []
    assert list(table.stuck_renditions(before_ms=NOW_MS + 6)) == [changed]
    done = table.update_rendition(changed, ready, expect=preparing, now_ms=NOW_MS + 9)
    assert done is not None
    assert (done.status, done.size_bytes, done.error) == (RenditionStatus.READY, 5, None)
    assert table.update_rendition(changed, ready, expect=preparing, now_ms=NOW_MS) is None
    assert list(table.stuck_renditions(before_ms=NOW_MS + 99)) == []


def test_api_keys_are_found_by_hash(table: Table) -> None:
    """A stored key is found, by its old digest too while it is rotated, until it is deleted."""
    key = key_record("sk_ab12", "dev", [Scope.READ, Scope.PLAYBACK], now_ms=NOW_MS, expires_in_s=60)
    assert table.create_api_key(key)
    assert not table.create_api_key(key)
    assert table.find_api_key(key.sha256) == table.get_api_key(key.id) == key
    rotated = table.rotate_api_key(key, "cd34", "cd34", old_until_ms=NOW_MS + 5)
    assert rotated == replace(key, sha256="cd34", hint="cd34", old_sha256=key.sha256, old_until_ms=NOW_MS + 5)
    assert table.rotate_api_key(key, "ef56", "ef56", old_until_ms=NOW_MS) is None
    table.note_use(key.id, now_ms=NOW_MS)
    assert table.find_api_key(key.sha256) == table.find_api_key("cd34") == replace(rotated, last_used_at_ms=NOW_MS)
    assert table.find_api_key("ef56") is None
    newer = key_record("sk_2", "newer", [Scope.ADMIN], now_ms=NOW_MS + 1)
    table.create_api_key(newer)
    page = table.list_api_keys(limit=1, cursor=None)
    assert (page.items, page.next_cursor) == ((newer,), newer.id)
    assert [each.id for each in table.list_api_keys(limit=9, cursor=newer.id).items] == [key.id]
    table.delete_api_key(rotated)
    assert table.find_api_key("cd34") is None
    assert table.find_api_key(key.sha256) is None
    table.note_use(key.id, now_ms=NOW_MS)  # of a deleted one: leaves nothing behind
    with pytest.raises(ApiKeyNotFound):
        table.get_api_key(key.id)
    table.delete_api_key(newer)


def test_requests_are_counted_exactly(table: Table) -> None:
    """Workers that count at the same time let through as many as the minute allows; the next one begins anew."""
    with ThreadPoolExecutor(8 if type(table) is Table else 1) as workers:
        counted = workers.map(lambda _: table.count_request("ak_1", limit=10, now_ms=NOW_MS), range(24))
        assert sum(counted) == 10
    assert table.count_request("ak_1", limit=10, now_ms=NOW_MS + 60_000)
    assert table.count_request("ak_2", limit=10, now_ms=NOW_MS)


def test_an_idempotency_key_has_one_holder(table: Table) -> None:
    """Claimed once, held until settled or too old; what it made is remembered."""
    assert table.claim_idempotency("d", "body", now_ms=NOW_MS) is None
    held = table.claim_idempotency("d", "other", now_ms=NOW_MS + 1)
    assert held is not None
    assert (held.fingerprint, held.result) == ("body", None)
    table.settle_idempotency("d", "up_1", now_ms=NOW_MS + 2)
    settled = table.claim_idempotency("d", "body", now_ms=NOW_MS + 100_000)
    assert settled is not None
    assert settled.result == "up_1"
    table.release_idempotency("d")
    assert table.claim_idempotency("d", "body", now_ms=NOW_MS) is None
