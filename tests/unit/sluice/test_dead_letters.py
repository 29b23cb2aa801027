"""Dead letters: counted, sent to where they came from, and handed again to the function that gave them up."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from sluice.dead_letters import DeadLetters, chosen_ones, redrive
from sluice.doctor import stack
from sluice.doctor.finding import Status
from sluice.failure import NotFound
from sluice.place import Place
from tests.unit.sluice.account.stubbed import ACCOUNT_ID, Script

BASE = "https://sqs.eu-west-1.amazonaws.com/123456789012/sluice-dev"
ARN = "arn:aws:sqs:eu-west-1:123456789012:sluice-dev"
MESSAGE = {"Body": "{}", "ReceiptHandle": "h", "MessageId": "m"}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return Script(monkeypatch)


@pytest.fixture
def place(script: Script) -> Place:
    return Place("sluice-dev", "eu-west-1", ACCOUNT_ID, script.client, is_local=False)


def _listed(script: Script) -> None:
    urls = [f"{BASE}-encode", f"{BASE}-encode-dead"]
    script.expect("sqs", "list_queues", {"QueueNamePrefix": "sluice-dev-"}, {"QueueUrls": urls})
    policy = json.dumps({"deadLetterTargetArn": f"{ARN}-encode-dead", "maxReceiveCount": 5})
    told: list[dict[str, str]] = [{"QueueArn": f"{ARN}-encode", "RedrivePolicy": policy}]
    told.append({"QueueArn": f"{ARN}-encode-dead", "ApproximateNumberOfMessages": "2"})
    for url, attributes in zip(urls, told, strict=True):
        asked = {"QueueUrl": url, "AttributeNames": ["All"]}
        script.expect("sqs", "get_queue_attributes", asked, {"Attributes": attributes})


def test_only_queues_of_dead_letters_are_listed(script: Script, place: Place) -> None:
    """By the name that follows the stack's; one that is not there is told with those that are."""
    _listed(script)
    assert chosen_ones(place, ()) == [DeadLetters("encode", f"{BASE}-encode-dead", 2, (f"{BASE}-encode",))]
    _listed(script)
    with pytest.raises(NotFound, match="no dead letters called nope; it has encode"):
        chosen_ones(place, ("nope",))


def test_the_doctor_warns_of_them(script: Script, place: Place) -> None:
    """With how many there are."""
    _listed(script)
    assert stack.letters(place)[:2] == (Status.WARNING, "not empty: encode 2")


def _received(script: Script, url: str) -> None:
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"], "WaitTimeSeconds": 1}
    script.expect("sqs", "receive_message", asked, {"Messages": [MESSAGE]})


def test_a_message_goes_back_and_is_deleted_then(script: Script, place: Place) -> None:
    """In this order: a loss between the two makes it twice, never none."""
    queue = DeadLetters("encode", f"{BASE}-encode-dead", 1, (f"{BASE}-encode",))
    _received(script, queue.url)
    sent = {"QueueUrl": f"{BASE}-encode", "MessageBody": "{}", "MessageAttributes": {}}
    script.expect("sqs", "send_message", sent, {"MessageId": "n", "MD5OfMessageBody": "x"})
    script.expect("sqs", "delete_message", {"QueueUrl": queue.url, "ReceiptHandle": "h"})
    script.expect("sqs", "receive_message", None, {})
    assert redrive(place, queue) == 1
    script.finished()


def test_what_lambda_gave_up_on_is_handed_to_it_again(script: Script, place: Place) -> None:
    """That queue has no source; the function is found by the stack."""
    queue = DeadLetters("ingest", f"{BASE}-ingest-dead", 1, ())
    _received(script, queue.url)
    detail = {
        "LogicalResourceId": "Ingest",
        "PhysicalResourceId": "sluice-dev-Ingest-1",
        "ResourceType": "AWS::Lambda::Function",
        "LastUpdatedTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "ResourceStatus": "CREATE_COMPLETE",
    }
    asked = {"StackName": "sluice-dev", "LogicalResourceId": "Ingest"}
    script.expect("cloudformation", "describe_stack_resource", asked, {"StackResourceDetail": detail})
    invoked = {"FunctionName": "sluice-dev-Ingest-1", "InvocationType": "Event", "Payload": b"{}"}
    script.expect("lambda", "invoke", invoked, {"StatusCode": 202})
    script.expect("sqs", "delete_message", {"QueueUrl": queue.url, "ReceiptHandle": "h"})
    script.expect("sqs", "receive_message", None, {})
    assert redrive(place, queue) == 1
    script.finished()
