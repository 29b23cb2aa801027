"""Static renditions from the request to the execution, and back when something is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.aws.queues import RenditionMessage
from chalicelib.aws.workflows import Execution, ExecutionStatus
from chalicelib.catalog.asset import Asset, AssetStatus
from chalicelib.catalog.options import AssetOptions
from chalicelib.catalog.rendition import RenditionStatus, RenditionType, StaticRendition
from chalicelib.catalog.wishes import RenditionRequest
from chalicelib.errors import AssetNotReady, QueueUnavailable, RenditionNotFound
from chalicelib.usecases.assets import delete_asset
from chalicelib.usecases.cleanup import LOST_AFTER_MS, clean_up
from chalicelib.usecases.reconcile_renditions import GIVE_UP_AFTER_MS, MAX_ATTEMPTS
from chalicelib.usecases.renditions import (
    record_rendition_failure,
    request_defaults,
    request_rendition,
    start_rendition,
    static_renditions,
)
from tests.unit.catalog.samples import ASSET_ID, an_asset
from tests.unit.usecases.desk import Desk


@pytest.fixture
def desk() -> Desk:
    made = Desk(static_renditions=("mp4", "m4a", "gif"))
    made.table.create_asset(an_asset(status=AssetStatus.READY, has_static_renditions=0))
    return made


def _asset(desk: Desk) -> Asset:
    return desk.table.get_asset(ASSET_ID)


def _request(desk: Desk, kind: str = "mp4") -> StaticRendition:
    request = RenditionRequest(kind=kind)
    return request_rendition(_asset(desk), request, desk.table, desk.queues, now_ms=desk.clock())


def _started(desk: Desk) -> StaticRendition:
    """A rendition whose execution runs."""
    made = _request(desk)
    start_rendition(desk.queues.renditions[-1], desk.table, desk.workflows, now_ms=desk.clock())
    return desk.table.get_rendition(ASSET_ID, made.id)


def _later(desk: Desk, rendition: StaticRendition, wait_ms: int = LOST_AFTER_MS + 1) -> StaticRendition:
    """The rendition after `wait_ms` and one run of the schedule."""
    desk.clock.now_ms += wait_ms
    of = desk.services()
    clean_up(of.objects, of.table, of.queues, of.workflows, of.tools, of.settings, now_ms=of.clock())
    return desk.table.get_rendition(ASSET_ID, rendition.id)


def _end(desk: Desk, rendition: StaticRendition, status: ExecutionStatus, error: str = "", cause: str = "") -> None:
    arn = str(rendition.execution_arn)
    desk.workflows.executions[arn] = Execution(arn, status, error, cause)


def test_asking_twice_is_asking_once(desk: Desk) -> None:
    """One record and one execution; the asset knows that it has some."""
    first = _request(desk)
    desk.clock.sleep(1)
    assert _request(desk) == first
    assert desk.table.list_renditions(ASSET_ID) == [first]
    for message in desk.queues.renditions * 2:
        start_rendition(message, desk.table, desk.workflows, now_ms=desk.clock())
    assert len(desk.workflows.inputs) == 1
    assert _request(desk).execution_arn is not None
    assert len(desk.queues.renditions) == 2
    assert static_renditions([_asset(desk)], desk.table)[ASSET_ID][0].id == first.id


@pytest.mark.parametrize("status", [AssetStatus.WAITING, AssetStatus.PREPARING, AssetStatus.ERRORED])
def test_only_a_ready_asset_has_what_it_takes(status: AssetStatus) -> None:
    """Before it is published there is nothing to join."""
    desk = Desk()
    desk.table.create_asset(an_asset(status=status))
    with pytest.raises(AssetNotReady):
        _request(desk)
    assert desk.table.list_renditions(ASSET_ID) == []


def test_an_asset_deleted_in_this_moment_gets_none(desk: Desk) -> None:
    """The record goes again, and nothing is sent."""
    seen = _asset(desk)
    of = desk.services()
    services = (of.objects, of.table, of.workflows, of.mediaconvert, of.mediapackage)
    delete_asset(ASSET_ID, *services, of.settings, now_ms=of.clock())
    with pytest.raises(AssetNotReady):
        request_rendition(seen, RenditionRequest(kind="mp4"), desk.table, desk.queues, now_ms=desk.clock())
    assert (desk.table.list_renditions(ASSET_ID), desk.queues.renditions) == ([], [])


def test_deleting_an_asset_takes_its_renditions(desk: Desk) -> None:
    """Their records, their executions and their files."""
    made = _started(desk)
    desk.objects.write("media", made.key, b"moving", content_type="video/mp4")
    of = desk.services()
    services = (of.objects, of.table, of.workflows, of.mediaconvert, of.mediapackage)
    delete_asset(ASSET_ID, *services, of.settings, now_ms=of.clock())
    assert desk.table.list_renditions(ASSET_ID) == []
    assert desk.workflows.describe(str(made.execution_arn)).status is ExecutionStatus.ABORTED
    assert desk.objects.stored == {}


def test_a_stale_message_starts_nothing(desk: Desk) -> None:
    """Of a rendition that is gone, or was deleted and made anew."""
    made = _request(desk)
    for message in (
        RenditionMessage(ASSET_ID, "rd_none", made.created_at_ms),
        RenditionMessage(ASSET_ID, made.id, made.created_at_ms - 1),
    ):
        start_rendition(message, desk.table, desk.workflows, now_ms=desk.clock())
    assert desk.workflows.inputs == {}


def test_a_failure_stays_on_the_rendition(desk: Desk) -> None:
    """Under the error's own name; the asset is ready as before. Asking again tries again."""
    made = _started(desk)
    for attempt in (made.attempt + 1, made.attempt):
        answer = record_rendition_failure(
            ASSET_ID, made.id, attempt, "ObjectMissing", "", desk.table, now_ms=desk.clock()
        )
    assert answer["Error"] == "ObjectMissing"
    failed = desk.table.get_rendition(ASSET_ID, made.id)
    assert failed.error is not None
    assert (failed.status, failed.error.code) == (RenditionStatus.ERRORED, "object-missing")
    assert (_asset(desk).status, _asset(desk).errors) == (AssetStatus.READY, an_asset().errors)
    again = _request(desk)
    assert (again.status, again.attempt, again.error) == (RenditionStatus.PREPARING, 2, None)
    start_rendition(desk.queues.renditions[-1], desk.table, desk.workflows, now_ms=desk.clock())
    assert len(desk.workflows.inputs) == 2


def test_a_failure_of_what_is_gone_is_told_only(desk: Desk) -> None:
    """A rendition that was deleted has nowhere to put it, and one that was superseded none to put."""
    answer = record_rendition_failure(ASSET_ID, "rd_none", 1, "States.Timeout", "", desk.table, now_ms=0)
    assert answer["Error"] == "ExecutionLost"
    made = _started(desk)
    record_rendition_failure(ASSET_ID, made.id, 1, "WorkSuperseded", "", desk.table, now_ms=0)
    assert desk.table.get_rendition(ASSET_ID, made.id).status is RenditionStatus.PREPARING


def test_defaults_are_asked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the asset has not is left out, and a queue that does not answer holds nothing up."""
    request_defaults(_asset(desk), desk.table, desk.queues, desk.settings, now_ms=desk.clock())
    kinds = {each.wish.type for each in desk.table.list_renditions(ASSET_ID)}
    assert kinds == {RenditionType.MP4, RenditionType.M4A, RenditionType.GIF}
    silent = Desk(static_renditions=("m4a", "mp4"))
    silent.table.create_asset(an_asset(status=AssetStatus.READY, tracks=()))

    def refuse(*_: object) -> None:
        raise QueueUnavailable("no answer")

    monkeypatch.setattr(silent.queues, "send_rendition", refuse)
    request_defaults(_asset(silent), silent.table, silent.queues, silent.settings, now_ms=0)
    assert [each.wish.type for each in silent.table.list_renditions(ASSET_ID)] == [RenditionType.MP4]


def test_what_was_chosen_for_the_asset_goes_before(desk: Desk) -> None:
    """None at all is a choice too."""
    chosen = replace(_asset(desk), options=AssetOptions(static_renditions=("m4a",)))
    request_defaults(chosen, desk.table, desk.queues, desk.settings, now_ms=desk.clock())
    none = replace(chosen, options=AssetOptions(static_renditions=()))
    request_defaults(none, desk.table, desk.queues, desk.settings, now_ms=desk.clock())
    assert [each.wish.type for each in desk.table.list_renditions(ASSET_ID)] == [RenditionType.M4A]


def test_a_lost_message_is_sent_again(desk: Desk) -> None:
    """Until it is given up."""
    made = _request(desk)
    assert _later(desk, made).status is RenditionStatus.PREPARING
    assert len(desk.queues.renditions) == 2
    given_up = _later(desk, made, GIVE_UP_AFTER_MS)
    assert given_up.error is not None
    assert given_up.error.code == "execution-lost"


def test_a_running_execution_is_left_alone(desk: Desk) -> None:
    """However long it takes."""
    made = _started(desk)
    assert _later(desk, made, GIVE_UP_AFTER_MS * 2) == made


def test_a_failure_that_was_not_recorded_is_recorded(desk: Desk) -> None:
    """The execution says what went wrong, so nothing is begun again."""
    made = _started(desk)
    _end(desk, made, ExecutionStatus.FAILED, "RenditionUnsuitable", "nothing lies in the range")
    failed = _later(desk, made)
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == ("rendition-unsuitable", "nothing lies in the range")
    assert len(desk.queues.renditions) == 1


@pytest.mark.parametrize("status", [ExecutionStatus.TIMED_OUT, ExecutionStatus.ABORTED, ExecutionStatus.FAILED])
def test_lost_work_is_begun_again(desk: Desk, status: ExecutionStatus) -> None:
    """As the next attempt, with a new message; the third time it is errored."""
    made = _started(desk)
    for attempt in range(1, MAX_ATTEMPTS):
        _end(desk, made, status, "States.ServiceRestart" if status is ExecutionStatus.FAILED else "")
        made = _later(desk, made)
        assert (made.status, made.attempt, made.execution_arn) == (RenditionStatus.PREPARING, attempt + 1, None)
        start_rendition(desk.queues.renditions[-1], desk.table, desk.workflows, now_ms=desk.clock())
        made = desk.table.get_rendition(ASSET_ID, made.id)
    _end(desk, made, status, "States.ServiceRestart" if status is ExecutionStatus.FAILED else "")
    lost = _later(desk, made)
    assert lost.error is not None
    assert lost.error.code == "execution-lost"


def test_a_rendition_without_an_asset_is_forgotten(desk: Desk) -> None:
    """Whatever kept its record from going with the asset."""
    made = _request(desk)
    desk.table.items[f"asset#{ASSET_ID}", "asset"]["status"] = {"S": AssetStatus.DELETED.value}
    with pytest.raises(RenditionNotFound):
        _later(desk, made)
