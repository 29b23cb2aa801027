"""What the code relies on in the queue and in the state machines."""

from __future__ import annotations

import json
import time
from typing import Any, cast

import msgspec
import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.queues import EncodeMessage, Queues, RenditionMessage, parse_message
from chalicelib.aws.workflows import ExecutionStatus, Workflows

_WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 300, "End": True}}}
_PASS = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
_FAIL = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "NotAVideo", "Cause": "why"}}}


def test_a_message_arrives_as_it_was_sent(emulator: Clients) -> None:
    """The body of an encode message is what the consumer parses."""
    url = emulator.sqs.create_queue(QueueName="encode")["QueueUrl"]
    Queues(emulator, url).send_encode("as_1", "ab-2")
    (message,) = emulator.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"]) == {"asset_id": "as_1", "etag": "ab-2"}
    assert parse_message(message["Body"]) == EncodeMessage("as_1", "ab-2")


def test_a_rendition_has_a_message_of_its_own(emulator: Clients) -> None:
    """On the same queue, and the consumer tells them apart."""
    url = emulator.sqs.create_queue(QueueName="renditions")["QueueUrl"]
    Queues(emulator, url).send_rendition("as_1", "rd_1", 7)
    (message,) = emulator.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"]) == {"asset_id": "as_1", "rendition_id": "rd_1", "created_at_ms": 7}
    assert parse_message(message["Body"]) == RenditionMessage("as_1", "rd_1", 7)


@pytest.mark.parametrize("body", ["", "{}", '{"asset_id":1,"etag":""}', '{"asset_id":"a","rendition_id":"b"}'])
def test_another_body_is_refused(body: str) -> None:
    """What is not an encode message raises, so that the queue can put it aside."""
    with pytest.raises(msgspec.DecodeError):
        parse_message(body)


def _machine(clients: Clients, name: str, definition: object) -> Workflows:
    iam = cast(Any, clients._session.create_client("iam"))
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName=f"role-{name}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    made = clients.stepfunctions.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    return Workflows(clients, *(made["stateMachineArn"],) * 3)


def test_a_name_is_one_execution(emulator: Clients) -> None:
    """Starting a name twice gives the same execution, running or stopped; stopping twice is fine."""
    workflows = _machine(emulator, "waits", _WAIT)
    arn = workflows.start_publish("one", {"AssetId": "as_1"})
    assert workflows.start_rendition("one", {"AssetId": "as_1"}) == arn
    assert workflows.describe(arn).status is ExecutionStatus.RUNNING
    assert workflows.start_publish("one", {"AssetId": "as_1", "Again": True}) == arn
    for _ in range(2):
        workflows.stop(arn, error="AssetDeleted", cause="the asset was deleted")
    assert workflows.describe(arn).status is ExecutionStatus.ABORTED
    assert workflows.start_publish("one", {"AssetId": "as_1"}) == arn


def test_an_unknown_execution_is_missing(emulator: Clients) -> None:
    """Neither describing nor stopping it fails."""
    workflows = _machine(emulator, "empty", _WAIT)
    arn = workflows.start_publish("one", {}).removesuffix("one") + "none"
    assert workflows.describe(arn).status is ExecutionStatus.MISSING
    workflows.stop(arn)


def test_a_failure_is_told_by_name(emulator: Clients) -> None:
    """The error's name and its cause can be read from the execution."""
    workflows = _machine(emulator, "fails", _FAIL)
    arn = workflows.start_publish("one", {})
    found = workflows.describe(arn)
    for _ in range(100):
        if found.status is not ExecutionStatus.RUNNING:
            break
        time.sleep(0.02)
        found = workflows.describe(arn)
    assert (found.status, found.error, found.cause) == (ExecutionStatus.FAILED, "NotAVideo", "why")
    workflows.stop(arn)


def test_what_has_succeeded_is_not_stopped(emulator: Clients) -> None:
    """Stopping an execution that ended by itself changes nothing and is no error."""
    workflows = _machine(emulator, "passes", _PASS)
    arn = workflows.start_publish("one", {})
    for _ in range(100):
        if workflows.describe(arn).status is not ExecutionStatus.RUNNING:
            break
        time.sleep(0.02)
    workflows.stop(arn)
    assert workflows.describe(arn).status is ExecutionStatus.SUCCEEDED
