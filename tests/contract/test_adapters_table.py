"""What the code relies on in the table, over DynamoDB's API and over its stand-in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.aws.jobs import JobWait
from chalicelib.aws.table import Table
from chalicelib.catalog.api_key import Scope
from chalicelib.catalog.asset import (
    Asset,
    AssetChange,
    AssetError,
    AssetStatus,
    EncodingJob,
    MetadataFile,
    Outputs,
    Packaged,
    ProgressState,
    Work,
)
from chalicelib.catalog.events import track_events
from chalicelib.catalog.fetch import Fetch
from chalicelib.catalog.ids import ASSET_PREFIX, RENDER_PREFIX, UPLOAD_PREFIX, new_id
from chalicelib.catalog.options import Archive, AssetOptions, Encoder
from chalicelib.catalog.render import RenderChange, RenderStatus
from chalicelib.catalog.rendition import RenditionChange, RenditionStatus
from chalicelib.catalog.track import TrackChange, TrackStatus, WantedTrack, new_track
from chalicelib.catalog.upload import UploadStatus
from chalicelib.catalog.vod.outcome import JobEvent, JobStatus
from chalicelib.errors import (
    ApiKeyNotFound,
    AssetNotFound,
    RenderNotFound,
    RenditionNotFound,
    TrackNotFound,
    UploadNotFound,
)
from chalicelib.media.sidecar import TrackKind
from chalicelib.media.timing import TimeRange
from chalicelib.usecases.api_keys import key_record
from tests.unit.catalog.samples import NOW_MS, PLAN_HASH, a_render, a_rendition, an_asset, an_upload

PREPARING, READY, ERRORED = AssetStatus.PREPARING, AssetStatus.READY, AssetStatus.ERRORED


def _assets(table: Table, count: int, status: AssetStatus) -> list[Asset]:
    made = [
        an_asset(id=new_id(ASSET_PREFIX, NOW_MS + index, bytes(10)), status=status, updated_at_ms=NOW_MS + index)
        for index in range(count)
    ]
    assert all(table.create_asset(asset) for asset in made)
    return made


def test_an_asset_is_created_once(table: Table) -> None:
    """The first record stays, whatever a second create brings."""
    asset = an_asset(clip=TimeRange(Fraction(5, 4), Fraction(30)))
    assert table.create_asset(asset)
    assert not table.create_asset(replace(asset, filename="other.mp4"))
    assert table.get_asset(asset.id) == asset


def test_a_track_is_told_of_and_removed_by_its_birth(table: Table) -> None:
    """Only the very record that is meant changes, tells its end, is found when stuck, and goes."""
    track = new_track(an_asset().id, WantedTrack("de", "Deutsch", forced=True), now_ms=NOW_MS)
    assert table.create_track(track)
    assert not table.create_track(replace(track, kind=TrackKind.CAPTIONS))
    other = replace(track, created_at_ms=NOW_MS - 1)
    preparing = frozenset({TrackStatus.PREPARING})
    known = TrackChange(status=TrackStatus.READY, digest="ab", size_bytes=7, cues=1)
    assert [each.id for each in table.stuck_tracks(before_ms=NOW_MS + 1)] == [track.id]
    assert table.update_track(other, known, expect=preparing, now_ms=NOW_MS + 5) is None
    ready = table.update_track(track, known, expect=preparing, now_ms=NOW_MS + 5)
    assert ready == replace(
        track, status=TrackStatus.READY, digest="ab", size_bytes=7, cues=1, updated_at_ms=NOW_MS + 5
    )
    assert table.update_track(track, known, expect=preparing, now_ms=NOW_MS + 6) is None
    (told,) = track_events(ready, at_ms=NOW_MS + 5)
    stored = table.find_event(told.id)
    assert stored is not None
    assert stored.event == told
    assert list(table.stuck_tracks(before_ms=NOW_MS + 9)) == []
    table.delete_track(other)
    assert table.list_tracks(track.asset_id) == [ready]
    table.delete_track(track)
    assert table.list_tracks(track.asset_id) == []
    with pytest.raises(TrackNotFound):
        table.get_track(track.asset_id, track.id)


def test_what_is_not_there_is_not_found(table: Table) -> None:
    """Reading raises, updating changes nothing."""
    with pytest.raises(AssetNotFound):
        table.get_asset("as_none")
    with pytest.raises(UploadNotFound):
        table.get_upload("up_none")
    ready = AssetChange(status=READY)
    assert table.update_asset("as_none", ready, expect=frozenset(AssetStatus), now_ms=1) is None
    assert table.end_upload("up_none", UploadStatus.EXPIRED, now_ms=1) is None


def test_an_update_writes_removes_and_leaves_alone(table: Table) -> None:
    """Given fields are written, None removes, the rest stays, and the time is noted."""
    asset = an_asset()
    table.create_asset(asset)
    change = AssetChange(status=ERRORED, errors=(AssetError("a", "b"),), execution_arn=None)
    changed = table.update_asset(asset.id, change, expect=frozenset({PREPARING}), now_ms=NOW_MS + 5)
    expected = replace(
        asset, status=ERRORED, errors=(AssetError("a", "b"),), execution_arn=None, updated_at_ms=NOW_MS + 5
    )
    assert changed == expected == table.get_asset(asset.id)


def test_nothing_moves_backwards(table: Table) -> None:
    """A second end, an earlier status and an earlier state are refused, however they are asked for."""
    asset = an_asset(status=READY, state=ProgressState.COMPLETED)
    table.create_asset(asset)
    everything = frozenset(AssetStatus)
    for change in (
        AssetChange(status=READY),
        AssetChange(status=PREPARING),
        AssetChange(status=AssetStatus.WAITING),
        AssetChange(status=ERRORED),
        AssetChange(state=ProgressState.ENCODING),
    ):
        assert table.update_asset(asset.id, change, expect=everything, now_ms=NOW_MS + 5) is None
    assert table.get_asset(asset.id) == asset


def test_an_impossible_expectation_is_a_bug(table: Table) -> None:
    """Expecting only statuses that cannot lead to the new one is refused before anything is asked."""
    with pytest.raises(ValueError, match="ready"):
        table.update_asset("as_1", AssetChange(status=READY), expect=frozenset({ERRORED}), now_ms=1)


def test_a_report_of_another_attempt_changes_nothing(table: Table) -> None:
    """`unchanged` must still hold; None stands for a field that is not there."""
    asset = an_asset(execution_arn=None)
    table.create_asset(asset)
    expect = frozenset({PREPARING})
    late = AssetChange(attempt=1)
    done = AssetChange(status=READY)
    assert table.update_asset(asset.id, done, expect=expect, now_ms=1, unchanged=late) is None
    now = AssetChange(attempt=2, execution_arn=None)
    assert table.update_asset(asset.id, done, expect=expect, now_ms=1, unchanged=now) is not None


def test_lists_are_whole_and_in_order(table: Table) -> None:
    """Paging over several statuses visits every living asset once, the latest first."""
    made = _assets(table, 5, READY)
    errored = an_asset(id=new_id(ASSET_PREFIX, NOW_MS + 2, b"\xff" * 10), status=ERRORED)
    deleted = an_asset(id=new_id(ASSET_PREFIX, NOW_MS + 9, bytes(10)), status=AssetStatus.DELETED)
    table.create_asset(errored)
    table.create_asset(deleted)
    seen, cursor = [], None
    while True:
        page = table.list_assets(status=None, limit=2, cursor=cursor)
        seen += [asset.id for asset in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted([asset.id for asset in made] + [errored.id], reverse=True)
    assert [asset.id for asset in table.list_assets(status=ERRORED, limit=9, cursor=None).items] == [errored.id]
    assert table.list_assets(status=None, limit=6, cursor=None).next_cursor is None


def test_an_asset_changes_lists_with_its_status(table: Table) -> None:
    """The index follows the record."""
    (asset,) = _assets(table, 1, PREPARING)
    table.update_asset(asset.id, AssetChange(status=READY), expect=frozenset({PREPARING}), now_ms=NOW_MS)
    assert table.list_assets(status=PREPARING, limit=9, cursor=None).items == ()
    assert len(table.list_assets(status=READY, limit=9, cursor=None).items) == 1


def test_stuck_assets_are_those_not_touched_since(table: Table) -> None:
    """Only assets of the status whose record is older than the time are stuck."""
    made = _assets(table, 4, PREPARING)
    found = table.stuck_assets(PREPARING, before_ms=NOW_MS + 2)
    assert [asset.id for asset in found] == [asset.id for asset in made[:2]]


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


def test_what_mediaconvert_and_metadata_leave_on_an_asset_is_kept(table: Table) -> None:
    """Options, files, jobs, outputs and packages come back as they were written, by create and by update."""
    options = AssetOptions(encoder=Encoder.AUTO, frame_capture=False, ladder=(720, 360), archive_source=Archive.GLACIER)
    asset = an_asset(options=options, metadata=MetadataFile("source", "uploads/a.json", "e", 9), mediainfo="{}")
    assert table.create_asset(asset)
    assert table.get_asset(asset.id) == asset
    change = AssetChange(
        encoder=Encoder.MEDIACONVERT,
        job=EncodingJob("1-a", "mine", 1080, 1),
        outputs=Outputs(hls="a", mp4=("b", "c")),
        archive=Archive.GLACIER,
        packaged=Packaged("p", {"HLS": "https://x"}),
    )
    changed = table.update_asset(asset.id, change, expect=frozenset({PREPARING}), now_ms=NOW_MS)
    assert changed == table.get_asset(asset.id)
    assert changed is not None
    assert (changed.outputs, changed.packaged) == (change.outputs, change.packaged)


def test_a_job_is_settled_once_and_waited_for_by_the_last(table: Table) -> None:
    """Token and outcome meet on one record, whichever comes first; the first outcome stays."""
    done = JobEvent("1-a", "as_1", 1, "ab", JobStatus.COMPLETE, outputs=Outputs(hls="a"), billed_seconds=((720, 9),))
    assert table.get_job("as_1", 1) == JobWait()
    assert table.await_job("as_1", 1, "first", now_ms=NOW_MS) == JobWait("first")
    assert table.settle_job("as_1", 1, done, now_ms=NOW_MS)
    assert not table.settle_job("as_1", 1, replace(done, status=JobStatus.ERROR), now_ms=NOW_MS)
    assert table.await_job("as_1", 1, "second", now_ms=NOW_MS) == JobWait("second", done)
    assert table.get_job("as_1", 1) == JobWait("second", done)
    assert table.get_job("as_1", 2) == JobWait()


def test_a_percentage_never_goes_back(table: Table) -> None:
    """Events come late; what was reached counts, and every hundredth is a task."""
    for percent in (30, 55, 40):
        table.note_percent("as_1", PLAN_HASH, percent, now_ms=NOW_MS)
    assert table.get_progress("as_1", PLAN_HASH).tasks_done == 55


def test_a_month_has_every_bill(table: Table) -> None:
    """Whatever is put on a bill is on its month too; an addition answers with the bill so far."""
    at_ms = 1_000_000_000_000  # 2001-09, which no other test bills
    assert table.get_spend("2001-09").lambda_mb_ms == 0
    table.add_work("as_one", billed_ms=5, memory_mb=100, transitions=2, now_ms=at_ms)
    work = table.add_work("as_one", billed_ms=5, memory_mb=100, mediaconvert_microusd=3, now_ms=at_ms)
    assert (work.lambda_mb_ms, work.transitions, work.mediaconvert_microusd) == (1000, 2, 3)
    table.mark_task_done("as_two", "0" * 64, 0, billed_ms=1, memory_mb=100, now_ms=at_ms)
    spend = table.get_spend("2001-09")
    assert (spend.lambda_mb_ms, spend.transitions, spend.mediaconvert_microusd) == (1100, 2, 3)


def test_a_month_has_what_many_add_at_once(table: Table) -> None:
    """Workers that finish in one moment, on one asset and on others: nothing is lost, nothing doubled."""
    at_ms = 1_003_000_000_000  # 2001-10

    def add(number: int) -> None:
        table.add_work(f"as_many{number % 2}", billed_ms=1, memory_mb=100, transitions=1, now_ms=at_ms)

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(add, range(24)))
    bills = [table.get_progress(f"as_many{number}", None).transitions for number in (0, 1)]
    assert (bills, table.get_spend("2001-10").transitions) == ([12, 12], 24)


def test_the_first_playback_secret_stays(table: Table) -> None:
    """Whoever comes later gets it, whatever he brings."""
    first = table.keep_playback_secret("one")
    assert table.keep_playback_secret("two") == first


def test_a_source_is_fetched_by_one_worker_at_a_time(table: Table) -> None:
    """Whoever has the lease writes; it ends by its time or is given up, and there is none without the record."""
    asset = an_asset(status=AssetStatus.WAITING)
    table.put_fetch(Fetch(asset.id, "https://a.test/b?c=d", 1, 9, lease_until_ms=NOW_MS))
    first = table.lease_fetch(asset.id, "a", now_ms=NOW_MS, until_ms=NOW_MS + 10)
    assert first is not None
    assert (first.url, first.lease, first.multipart_id) == ("https://a.test/b?c=d", "a", None)
    assert table.lease_fetch(asset.id, "b", now_ms=NOW_MS + 9, until_ms=NOW_MS + 99) is None
    assert table.keep_lease(asset.id, "a", until_ms=NOW_MS + 20)
    assert table.note_fetch(asset.id, "a", "mp", '"etag"', 7)
    assert not table.note_fetch(asset.id, "b", None, None, None)
    second = table.lease_fetch(asset.id, "b", now_ms=NOW_MS + 20, until_ms=NOW_MS + 99)
    assert second is not None
    assert (second.multipart_id, second.validator, second.size_bytes) == ("mp", '"etag"', 7)
    assert not table.keep_lease(asset.id, "a", until_ms=NOW_MS + 99)
    assert not table.put_off_fetch(asset.id, "a", failures=1, until_ms=NOW_MS)
    assert table.put_off_fetch(asset.id, "b", failures=1, until_ms=NOW_MS + 30)
    found = table.find_fetch(asset.id)
    assert found is not None
    assert (found.failures, found.lease, found.lease_until_ms) == (1, None, NOW_MS + 30)
    table.delete_fetch(asset.id)
    assert table.lease_fetch(asset.id, "c", now_ms=NOW_MS + 99, until_ms=NOW_MS + 100) is None
    assert table.find_fetch(asset.id) is None


def test_assets_are_listed_by_their_creator(table: Table) -> None:
    """As their `meta` says now; without one, they are in no such list."""
    for index, meta in enumerate(({"creator_id": "ann"}, {"creator_id": "bob"}, {}, {"creator_id": "ann"})):
        table.create_asset(an_asset(id=new_id(ASSET_PREFIX, NOW_MS + index, bytes(10)), status=READY, meta=meta))

    def listed(limit: int, cursor: str | None = None) -> tuple[list[str], str | None]:
        page = table.list_assets(status=None, limit=limit, cursor=cursor, creator_id="ann")
        return [asset.id for asset in page.items], page.next_cursor

    (last,), cursor = listed(1)
    (first,), end = listed(5, cursor)
    assert (first < last, cursor, end) == (True, last, None)
    table.update_asset(first, AssetChange(meta={"creator_id": 5}), expect=frozenset({READY}), now_ms=NOW_MS)
    assert listed(5) == ([last], None)


def test_a_bill_and_an_upload_are_forgotten_in_time(table: Table) -> None:
    """What is there gets its end; what is not stays nothing."""
    asset = an_asset()
    table.forget_work(asset.id, at_s=9)
    table.forget_upload(an_upload().id, at_s=9)
    assert table.get_progress(asset.id, None) == Work()
    with pytest.raises(UploadNotFound):
        table.get_upload(an_upload().id)
    table.add_work(asset.id, billed_ms=1, memory_mb=2, now_ms=NOW_MS)
    table.forget_work(asset.id, at_s=9)
    assert table.get_progress(asset.id, None).lambda_mb_ms == 2
