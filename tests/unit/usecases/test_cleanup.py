"""What time brings about, row by row of the module's table."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.aws.workflows import Execution, ExecutionStatus
from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.upload import UploadStatus
from chalicelib.errors import StorageUnavailable
from chalicelib.usecases.cleanup import GIVE_UP_AFTER_MS, LOST_AFTER_MS, MAX_ATTEMPTS, STUCK_AFTER_MS, clean_up
from tests.unit.catalog.samples import ASSET_ID, UPLOAD_ID, an_asset, an_upload
from tests.unit.usecases.desk import Desk

ARN = str(an_asset().execution_arn)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _given(
    desk: Desk, *, bytes_there: bool = True, upload: UploadStatus = UploadStatus.COMPLETED, **asset: Any
) -> None:
    desk.table.create_upload(an_upload(status=upload))
    given = an_asset(**{"errors": (), "attempt": 1, **asset})
    desk.table.create_asset(given)
    if bytes_there:
        desk.objects.write("source", given.source_key, b"moving pictures", content_type="video/mp4")


def _later(desk: Desk, wait_ms: int) -> Asset:
    """The asset after `wait_ms` and one run of the schedule."""
    desk.clock.now_ms += wait_ms
    clean_up(
        desk.objects,
        desk.table,
        desk.queues,
        desk.workflows,
        desk.tools,
        desk.settings,
        now_ms=desk.clock(),
    )
    return desk.table.get_asset(ASSET_ID)


def _ended(desk: Desk, status: ExecutionStatus, error: str = "", cause: str = "") -> None:
    desk.workflows.executions[ARN] = Execution(ARN, status, error, cause)


def test_an_upload_past_its_time_expires(desk: Desk) -> None:
    """Its asset is errored, and what was stored of it is dropped."""
    _given(desk, status=AssetStatus.WAITING, upload=UploadStatus.WAITING, bytes_there=False)
    asset = _later(desk, 3_600_001)
    assert (asset.status, [error.code for error in asset.errors]) == (AssetStatus.ERRORED, ["upload-expired"])
    assert desk.table.get_upload(UPLOAD_ID).status is UploadStatus.EXPIRED


def test_an_open_upload_is_left_alone(desk: Desk) -> None:
    """Until its time is over, waiting is the customer's right."""
    _given(desk, status=AssetStatus.WAITING, upload=UploadStatus.WAITING, bytes_there=False)
    assert _later(desk, LOST_AFTER_MS + 1).status is AssetStatus.WAITING


def test_an_ingest_that_was_lost_while_the_upload_is_open_is_made_up_for(desk: Desk) -> None:
    """S3's event was lost and the client never calls complete: it need not wait for the end of the upload's time."""
    _given(desk, status=AssetStatus.WAITING, upload=UploadStatus.WAITING, source_etag=None, execution_arn=None)
    assert _later(desk, LOST_AFTER_MS + 1).status is AssetStatus.PREPARING
    assert len(desk.queues.sent) == 1
    assert desk.table.get_upload(UPLOAD_ID).status is UploadStatus.COMPLETED


def test_many_open_uploads_do_not_hide_what_is_lost(desk: Desk) -> None:
    """Customers who take their time come before the lost ingest, and it has its turn all the same."""
    for number in range(60):
        other, upload = f"as_{number:026d}", f"up_{number:026d}"
        desk.table.create_upload(an_upload(id=upload, asset_id=other, status=UploadStatus.WAITING))
        key = f"uploads/{other}/source"
        desk.table.create_asset(
            an_asset(id=other, status=AssetStatus.WAITING, upload_id=upload, source_key=key, execution_arn=None)
        )
    _given(desk, status=AssetStatus.WAITING, source_etag=None, execution_arn=None)
    assert _later(desk, LOST_AFTER_MS + 1).status is AssetStatus.PREPARING


def test_a_lost_ingest_is_made_up_for(desk: Desk) -> None:
    """The upload is closed and the bytes are there, but nobody took them in."""
    _given(desk, status=AssetStatus.WAITING, source_etag=None, execution_arn=None)
    assert _later(desk, LOST_AFTER_MS - 1).status is AssetStatus.WAITING
    assert _later(desk, 2).status is AssetStatus.PREPARING
    assert len(desk.queues.sent) == 1


@pytest.mark.parametrize(
    ("upload", "status"),
    [
        (UploadStatus.CANCELLED, AssetStatus.CANCELLED),
        (UploadStatus.EXPIRED, AssetStatus.ERRORED),
        (UploadStatus.COMPLETED, AssetStatus.ERRORED),
    ],
)
def test_an_asset_follows_its_closed_upload(desk: Desk, upload: UploadStatus, status: AssetStatus) -> None:
    """Without bytes there is nothing to wait for."""
    _given(desk, status=AssetStatus.WAITING, upload=upload, bytes_there=False)
    assert _later(desk, LOST_AFTER_MS + 1).status is status


def test_a_lost_message_is_sent_again(desk: Desk) -> None:
    """An asset that no execution took up gets another message, until it is given up."""
    _given(desk, execution_arn=None)
    _later(desk, STUCK_AFTER_MS + 1)
    assert desk.queues.sent == []
    _later(desk, LOST_AFTER_MS)
    assert [message.asset_id for message in desk.queues.sent] == [ASSET_ID]
    asset = _later(desk, GIVE_UP_AFTER_MS)
    assert [error.code for error in asset.errors] == ["execution-lost"]


@pytest.mark.parametrize("status", [ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE])
def test_a_running_execution_is_left_alone(desk: Desk, status: ExecutionStatus) -> None:
    """However long it takes."""
    _given(desk)
    _ended(desk, status)
    assert _later(desk, GIVE_UP_AFTER_MS * 2) == an_asset(errors=(), attempt=1)
    assert desk.queues.sent == []


def test_a_failure_that_was_not_recorded_is_recorded(desk: Desk) -> None:
    """The execution says what went wrong, so nothing is begun again."""
    _given(desk)
    _ended(desk, ExecutionStatus.FAILED, "NotAVideo", "neither pictures nor sound")
    asset = _later(desk, STUCK_AFTER_MS + 1)
    assert [(error.code, error.message) for error in asset.errors] == [("not-a-video", "neither pictures nor sound")]
    assert desk.queues.sent == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (ExecutionStatus.FAILED, "States.ServiceRestart"),
        (ExecutionStatus.FAILED, "States.Timeout"),
        (ExecutionStatus.ABORTED, ""),
        (ExecutionStatus.TIMED_OUT, ""),
        (ExecutionStatus.SUCCEEDED, ""),
        (ExecutionStatus.MISSING, ""),
    ],
)
def test_a_lost_execution_is_begun_again(desk: Desk, status: ExecutionStatus, error: str) -> None:
    """As the next attempt, with a new message; the third time the asset is errored."""
    _given(desk)
    for attempt in range(1, MAX_ATTEMPTS):
        _ended(desk, status, error)
        asset = _later(desk, STUCK_AFTER_MS + 1)
        assert (asset.status, asset.attempt, asset.execution_arn) == (AssetStatus.PREPARING, attempt + 1, None)
        assert len(desk.queues.sent) == attempt
        desk.table.items[f"asset#{ASSET_ID}", "asset"]["execution_arn"] = {"S": ARN}
    asset = _later(desk, STUCK_AFTER_MS + 1)
    assert [error.code for error in asset.errors] == ["execution-lost"]
    assert len(desk.queues.sent) == MAX_ATTEMPTS - 1


def test_one_failure_does_not_hold_up_the_rest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that cannot be reconciled now is left for the next run; the others have their turn."""
    other = "as_" + "7" * 26
    desk.table.create_asset(an_asset(id=other, execution_arn=None, attempt=1))
    _given(desk, status=AssetStatus.WAITING, source_etag=None, execution_arn=None)

    def refuse(*_: object) -> bool:
        raise StorageUnavailable("no answer")

    monkeypatch.setattr(desk.objects, "exists", refuse)
    assert _later(desk, LOST_AFTER_MS + 1).status is AssetStatus.WAITING
    assert [message.asset_id for message in desk.queues.sent] == [other]


def test_abandoned_parts_are_dropped(desk: Desk) -> None:
    """Multipart uploads older than two days under uploads/; younger ones, and others, stay."""
    desk.objects.create_multipart("source", "uploads/old", content_type="video/mp4")
    elsewhere = desk.objects.create_multipart("source", "renders/x", content_type="video/mp4")
    desk.clock.sleep(2 * 24 * 3600 + 1)
    young = desk.objects.create_multipart("source", "uploads/young", content_type="video/mp4")
    _given(desk, status=AssetStatus.READY)
    _later(desk, 0)
    assert desk.objects.multiparts.keys() == {elsewhere, young}
