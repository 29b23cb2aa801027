"""What the code relies on in the table, over DynamoDB's API and over its stand-in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.aws.jobs import JobWait
from chalicelib.aws.table import Table
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
from chalicelib.catalog.ids import ASSET_PREFIX, new_id
from chalicelib.catalog.options import Archive, AssetOptions, Encoder
from chalicelib.catalog.track import TrackChange, TrackStatus, WantedTrack, new_track
from chalicelib.catalog.upload import UploadStatus
from chalicelib.catalog.vod.outcome import JobEvent, JobStatus
from chalicelib.errors import (
    AssetNotFound,
    TrackNotFound,
    UploadNotFound,
)
from chalicelib.media.sidecar import TrackKind
from chalicelib.media.timing import TimeRange
from tests.unit.catalog.samples import NOW_MS, PLAN_HASH, an_asset, an_upload

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
