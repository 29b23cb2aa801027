"""Several writes at once, when others write too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws import store
from chalicelib.aws.clients import Clients
from chalicelib.aws.store import NewItem, Store
from chalicelib.errors import AwsRefused, TableUnavailable

EVENTS = (NewItem("event#1", "event", {}), NewItem("event#2", "event", {}))


class _Cancelled(ClientError):
    def __init__(self, *reasons: str) -> None:
        answer: Any = {"Error": {"Code": "TransactionCanceledException"}}
        super().__init__(answer, "TransactWriteItems")
        self.response["CancellationReasons"] = [{"Code": reason} for reason in reasons]


class _DynamoDb:
    """Cancels as it is told, then takes everything; `written` notes the sizes of the transactions it was asked for."""

    exceptions = SimpleNamespace(TransactionCanceledException=_Cancelled)

    def __init__(self, *cancelled: _Cancelled) -> None:
        self._cancelled = list(cancelled)
        self.written: list[int] = []

    def transact_write_items(self, TransactItems: list[object]) -> None:  # noqa: N803  boto3's name
        self.written.append(len(TransactItems))
        if self._cancelled:
            raise self._cancelled.pop(0)


def _put(dynamodb: _DynamoDb) -> bool:
    clients = cast(Clients, SimpleNamespace(dynamodb=dynamodb))
    return Store(clients, "table")._put_new("asset#1", "asset", {}, EVENTS)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_CONFLICT_WAIT_S", 0)


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_conflict_is_tried_again(reason: str) -> None:
    """Whole, since nothing was written."""
    dynamodb = _DynamoDb(_Cancelled("None", reason, "None"))
    assert _put(dynamodb)
    assert dynamodb.written == [3, 3]


def test_what_is_there_stays_and_the_rest_is_written() -> None:
    """An event that was told before does not keep its change from being made."""
    dynamodb = _DynamoDb(_Cancelled("None", "ConditionalCheckFailed", "None"))
    assert _put(dynamodb)
    assert dynamodb.written == [3, 2]


def test_a_change_whose_condition_fails_is_not_made() -> None:
    """Whatever else is wrong."""
    dynamodb = _DynamoDb(_Cancelled("ConditionalCheckFailed", "ConditionalCheckFailed", "None"))
    assert not _put(dynamodb)
    assert dynamodb.written == [3]


def test_endless_conflicts_and_refusals_are_errors() -> None:
    """The first may be tried again by somebody else, the second not."""
    with pytest.raises(TableUnavailable):
        _put(_DynamoDb(*(_Cancelled("TransactionConflict", "None", "None") for _ in range(9))))
    with pytest.raises(AwsRefused):
        _put(_DynamoDb(_Cancelled("ValidationError", "None", "None")))
