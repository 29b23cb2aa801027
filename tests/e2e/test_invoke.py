"""`sluice invoke` with the sample events of the functions; the render function's are run by its contract's tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluice.deploy import STACK
from sluice.paths import Project
from sluice.verbs_invoke import invoke, physical_name
from tests.e2e.conftest import LocalAws

_SAMPLES = Project.here().state_machines / "sample-events" / "functions"


@pytest.mark.parametrize("sample", sorted(_SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_a_sample_event_is_answered(local_aws: LocalAws, sample: Path) -> None:
    """Each is one that its function takes: about nothing that exists, so nothing comes of it."""
    clients = local_aws.clients
    name = physical_name(clients.cloudformation, STACK, sample.stem)
    answer, log, succeeded = invoke(clients.functions, name, json.loads(sample.read_text()))
    assert succeeded, (answer, log)
    if sample.stem == "api_handler":
        assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (200, "ok")
    if sample.stem == "encode":
        assert answer == {"batchItemFailures": []}
    if sample.stem == "notify":
        # There is no such event yet: the message is to come back.
        assert answer == {"batchItemFailures": [{"itemIdentifier": "sample"}]}


def test_the_verb_prints_the_answer_and_tells_a_failure(local_aws: LocalAws) -> None:
    """The answer is on standard output, also that of a failure, which ends with 1 and the name of the error."""
    sample = str(_SAMPLES / "api_handler.json")
    done = local_aws.sluice("invoke", "api_handler", sample)
    assert (done.returncode, json.loads(done.stdout)["statusCode"]) == (0, 200), done.stderr
    failed = local_aws.sluice("invoke", "render", sample)
    assert (failed.returncode, "errorType" in json.loads(failed.stdout)) == (1, True)
    unknown = local_aws.sluice("invoke", "rendr", sample)
    assert "there is no function 'rendr'; there are: api_handler," in unknown.stderr
