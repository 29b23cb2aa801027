"""Where Chalice's own record of what it has deployed comes from."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody

from sluice.account.by_chalice import ChaliceStage
from sluice.paths import Project
from tests.unit.sluice.account.stubbed import ACCOUNT_ID, Script

_HERE = f"arn:aws:lambda:eu-west-1:{ACCOUNT_ID}:function:f"
_ELSEWHERE = "arn:aws:lambda:eu-west-1:999999999999:function:f"
_UUID = "00000000-0000-4000-8000-000000000000"
_PLACE = {"Bucket": "artifacts", "Key": "sluice-dev/chalice-deployed.json"}


@pytest.mark.parametrize(
    ("own", "own_is_younger", "counts"),
    [
        (None, False, "kept"),
        (_HERE, False, "kept"),
        (_HERE, True, "own"),
        (_ELSEWHERE, True, "kept"),
    ],
)
def test_the_younger_record_of_this_account_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: str | None, own_is_younger: bool, counts: str
) -> None:
    """Somebody else may have deployed since, or it was typed here since; another account's is never built on."""
    script = Script(monkeypatch)
    stage = ChaliceStage(Project(tmp_path), script.account, "dev", {}, {})
    file = tmp_path / ".chalice" / "deployed" / "dev.json"
    if own is not None:
        file.parent.mkdir(parents=True)
        file.write_text(own)
        os.utime(file, (2e9, 2e9) if own_is_younger else (1e9, 1e9))
    kept = _HERE.encode() + b"-kept"
    answer: dict[str, Any] = {
        "Body": StreamingBody(io.BytesIO(kept), len(kept)),
        "LastModified": dt.datetime.fromtimestamp(1.5e9, dt.UTC),
    }
    script.expect("s3", "get_object", _PLACE, answer)

    assert stage._bring_state(script.client("s3"), _PLACE)
    assert file.read_text() == (own if counts == "own" else kept.decode())


def test_without_a_record_the_stage_is_new(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One that was destroyed from elsewhere is not brought up to date, but made."""
    script = Script(monkeypatch)
    stage = ChaliceStage(Project(tmp_path), script.account, "dev", {}, {})
    file = tmp_path / ".chalice" / "deployed" / "dev.json"
    file.parent.mkdir(parents=True)
    file.write_text(_HERE)
    script.refuse("s3", "get_object", "NoSuchKey", status=404)

    assert not stage._bring_state(script.client("s3"), _PLACE)
    assert not file.exists()


def test_what_chalice_leaves_out_is_set_by_calls_that_aws_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Disk, log group, dead letters, retries, and queues that answer for single messages."""
    script = Script(monkeypatch)
    template = {
        "Resources": {
            "Ingest": {
                "Type": "AWS::Serverless::Function",
                "Properties": {"EventInvokeConfig": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}},
            }
        }
    }
    dead = f"arn:aws:sqs:eu-west-1:{ACCOUNT_ID}:sluice-dev-ingest-dead"
    outputs = {"IngestDisk": "10240", "IngestLogGroup": "=/aws/lambda/sluice-dev-ingest", "IngestDeadLetters": dead}
    file = tmp_path / ".chalice" / "deployed" / "dev.json"
    file.parent.mkdir(parents=True)
    queue = {"name": "ingest-sqs", "resource_type": "sqs_event", "event_uuid": _UUID}
    function = {"name": "ingest", "resource_type": "lambda_function", "lambda_arn": _HERE}
    file.write_text(json.dumps({"resources": [function, queue]}))
    updated = {"Configuration": {"LastUpdateStatus": "Successful"}}
    script.expect("lambda", "get_function", {"FunctionName": _HERE}, updated)
    changes = {
        "EphemeralStorage": {"Size": 10240},
        "LoggingConfig": {"LogGroup": "/aws/lambda/sluice-dev-ingest"},
        "DeadLetterConfig": {"TargetArn": dead},
    }
    script.expect("lambda", "update_function_configuration", {"FunctionName": _HERE, **changes})
    invoked = {"FunctionName": _HERE, "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
    script.expect("lambda", "put_function_event_invoke_config", invoked)
    single = {"UUID": _UUID, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    script.expect("lambda", "update_event_source_mapping", single)

    ChaliceStage(Project(tmp_path), script.account, "dev", template, outputs)._finish()
    script.finished()
