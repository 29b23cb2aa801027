"""From message to execution."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from chalicelib.aws.workflows import ExecutionStatus, execution_arn
from chalicelib.catalog.asset import UNFINISHED, AssetChange, AssetStatus
from chalicelib.usecases.encode import execution_name, start_encode
from tests.unit.catalog.samples import an_asset
from tests.unit.usecases.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _start(desk: Desk, asset_id: str, etag: str) -> None:
    start_encode(asset_id, etag, desk.table, desk.workflows, now_ms=desk.clock())


def test_a_message_starts_one_execution(desk: Desk) -> None:
    """The same message twice is one execution, whose ARN the asset keeps."""
    asset = an_asset(execution_arn=None)
    desk.table.create_asset(asset)
    etag = str(asset.source_etag)
    _start(desk, asset.id, etag)
    _start(desk, asset.id, etag)
    ((name, state_input),) = desk.workflows.inputs.items()
    assert state_input == {"AssetId": asset.id, "Etag": etag, "Attempt": asset.attempt}
    assert desk.table.get_asset(asset.id).execution_arn == execution_arn(desk.settings.publish_state_machine_arn, name)


@pytest.mark.parametrize("status", [status for status in AssetStatus if status is not AssetStatus.PREPARING])
def test_a_late_message_starts_nothing(desk: Desk, status: AssetStatus) -> None:
    """Only an asset that is being prepared is published."""
    asset = an_asset(status=status)
    desk.table.create_asset(asset)
    _start(desk, asset.id, str(asset.source_etag))
    assert desk.workflows.inputs == {}


def test_a_message_about_other_bytes_starts_nothing(desk: Desk) -> None:
    """Neither an unknown asset nor an etag that is not the ingested one."""
    desk.table.create_asset(an_asset())
    _start(desk, an_asset().id, "another")
    _start(desk, "as_unknown", "another")
    assert desk.workflows.inputs == {}


def test_execution_names_are_valid_and_tell_attempts_apart() -> None:
    """At most 80 harmless characters, whatever the etag; each attempt has its own."""
    names = {execution_name(an_asset(attempt=attempt), 'a"weird/etag-7') for attempt in (1, 2, 10)}
    assert len(names) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name) for name in names)


def test_an_execution_of_an_asset_that_was_cancelled_meanwhile_is_stopped(desk: Desk) -> None:
    """Cancelled between the start and its note: whoever notes it, stops it."""
    asset = an_asset(execution_arn=None)
    desk.table.create_asset(asset)
    start = desk.workflows.start_publish

    def start_and_cancel(name: str, state_input: Mapping[str, object]) -> str:
        cancelled = AssetChange(status=AssetStatus.CANCELLED)
        desk.table.update_asset(asset.id, cancelled, expect=UNFINISHED, now_ms=desk.clock())
        return start(name, state_input)

    desk.workflows.start_publish = start_and_cancel  # type: ignore[method-assign]
    _start(desk, asset.id, str(asset.source_etag))
    ((_, execution),) = desk.workflows.executions.items()
    assert execution.status is ExecutionStatus.ABORTED
