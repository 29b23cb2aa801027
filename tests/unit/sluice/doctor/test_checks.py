"""The checks of `sluice doctor`: each finding says what is, and what to do where something is to be done."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluice.doctor import account, local_aws, machine, stack
from sluice.doctor.finding import Check, Finding, Status, examined, ok
from sluice.failure import MissingRequirement
from sluice.layers import Layer
from sluice.paths import Local, LocalHome, Project
from sluice.place import Place
from sluice.quotas import ADJUSTABLE
from tests.unit.sluice.account.stubbed import ACCOUNT_ID, Script

GIB = 2**30
_STACK = {"StackName": "sluice-dev", "CreationTime": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return Script(monkeypatch)


@pytest.fixture
def place(script: Script) -> Place:
    return Place("sluice-dev", "eu-west-1", ACCOUNT_ID, script.client, is_local=False)


def _stack(script: Script, status: str = "CREATE_COMPLETE", **more: Any) -> None:
    answer = {"Stacks": [{**_STACK, "StackStatus": status, **more}]}
    script.expect("cloudformation", "describe_stacks", {"StackName": "sluice-dev"}, answer)


def test_a_check_that_is_refused_has_failed_and_the_others_go_on() -> None:
    """The refusal itself is what is said."""

    def refuse() -> tuple[Status, str, str]:
        raise MissingRequirement("make is missing")

    found = list(examined([Check("a", refuse), Check("b", lambda: ok("fine"))]))
    assert found == [Finding("a", Status.FAILED, "make is missing"), Finding("b", Status.OK, "fine")]


@pytest.mark.parametrize(
    ("free_bytes", "status"), [(6 * GIB, Status.OK), (2 * GIB, Status.WARNING), (GIB // 2, Status.FAILED)]
)
def test_disk(free_bytes: int, status: Status) -> None:
    """A little is a warning, nearly nothing a failure."""
    found, _, remedy = machine.disk(Path("/"), lambda _path: (0, 0, free_bytes))
    assert (found, bool(remedy)) == (status, status is not Status.OK)


def test_layers(tmp_path: Path) -> None:
    """Missing, of other versions, and current, with its hash."""
    path = tmp_path / "layer.zip"
    assert machine.layer(path, lambda _path: None)[::2] == (Status.FAILED, "make layers")
    path.write_bytes(b"zip")
    assert machine.layer(path, lambda _path: None)[0] is Status.WARNING
    status, said, _ = machine.layer(path, lambda _path: Layer(path, "ab" * 32, 2**20, 5))
    assert (status, said) == (Status.OK, f"1.0 MB, sha256 {'ab' * 8}")


def test_browser_libraries(tmp_path: Path) -> None:
    """A layer without Chromium's libraries, and what is no zip at all."""
    path = tmp_path / "browser.zip"
    assert machine.browser_libraries(path)[0] is Status.FAILED
    path.write_bytes(b"no zip")
    assert "broken" in machine.browser_libraries(path)[1]
    names = ("browser/chromium.zst", "browser/lib/libexpat.so.1", "browser/fonts.conf")
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    assert "libnss3" in machine.browser_libraries(path)[1]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("browser/lib/libnss3.so", "")
    assert machine.browser_libraries(path)[0] is Status.OK


def test_a_local_aws_that_does_not_run_is_no_failure(tmp_path: Path) -> None:
    """And nothing behind it is looked at."""
    (check,) = local_aws.checks(Local(Project(tmp_path), LocalHome(tmp_path)))
    assert check.look()[0] is Status.SKIPPED
    assert local_aws.emulator("http://127.0.0.1:1")[0] is Status.FAILED


@pytest.mark.parametrize(("off_s", "status"), [(1, Status.OK), (60, Status.WARNING), (-900, Status.FAILED)])
def test_the_clock(script: Script, off_s: int, status: Status) -> None:
    """Against the date of AWS's own answer."""
    metadata = {"HTTPHeaders": {"date": "Sat, 21 Nov 2026 17:00:00 GMT"}}
    script.expect("sts", "get_caller_identity", {}, {"ResponseMetadata": metadata})
    now = datetime(2026, 11, 21, 17, tzinfo=UTC) + timedelta(seconds=off_s)
    assert account.clock(script.account, lambda: now)[0] is status


def test_quotas() -> None:
    """Too little is a warning that names both figures; what is not known is neither."""
    concurrency = ADJUSTABLE[0]
    status, said, _ = account.quotas([(concurrency, 10.0), (ADJUSTABLE[1], None)])
    assert (status, "Concurrent executions is 10, 60 are wanted" in said) == (Status.WARNING, True)
    assert account.quotas([(concurrency, 1000.0)])[0] is Status.OK
    assert account.quotas([(concurrency, None)])[0] is Status.SKIPPED


@pytest.mark.parametrize(
    ("stack_status", "status"),
    [
        ("UPDATE_COMPLETE", Status.OK),
        ("UPDATE_IN_PROGRESS", Status.WARNING),
        ("UPDATE_ROLLBACK_FAILED", Status.FAILED),
    ],
)
def test_the_state_of_the_stack(script: Script, place: Place, stack_status: str, status: Status) -> None:
    """What is under way may become well."""
    _stack(script, stack_status)
    assert stack.state(place)[0] is status


def test_a_stack_that_is_not_there(script: Script, place: Place) -> None:
    """The remedy is to deploy it."""
    script.refuse("cloudformation", "describe_stacks", "ValidationError", "does not exist")
    assert stack.state(place)[::2] == (Status.FAILED, "sluice deploy --stage dev")


def test_parameters(script: Script, place: Place, tmp_path: Path) -> None:
    """Values of one's own are told; a parameter that only one side knows is a warning."""
    project = Project(tmp_path)
    project.merge_template.parent.mkdir()
    project.merge_template.write_text(
        "Parameters:\n  FunctionRuntime: {Type: String, Default: python3.13}\n"
        "  Ladder: {Type: String, Default: '720'}\n  Tracing: {Type: String, Default: 'on'}\nResources: {}\n"
    )
    given = [("FunctionRuntime", "python3.12"), ("Ladder", "1080"), ("Tracing", "on")]
    values = [{"ParameterKey": name, "ParameterValue": value} for name, value in given]
    _stack(script, Parameters=values)
    assert stack.parameters(place, project)[:2] == (Status.OK, "not as by default: Ladder=1080")
    _stack(script, Parameters=[*values[:2], {"ParameterKey": "Old", "ParameterValue": "1"}])
    status, said, _ = stack.parameters(place, project)
    assert (status, said) == (Status.WARNING, "not deployed yet: Tracing; of another version: Old")


def test_cors_of_the_source_bucket(script: Script, place: Place) -> None:
    """Browsers need PUT and POST, and the ETag."""
    outputs = [{"OutputKey": "SourceBucketName", "OutputValue": "source"}]
    rule = {"AllowedMethods": ["PUT", "POST"], "AllowedOrigins": ["https://a.test"]}
    for rules, status in (([rule], Status.FAILED), ([{**rule, "ExposeHeaders": ["ETag"]}], Status.OK)):
        _stack(script, Outputs=outputs)
        script.expect("s3", "get_bucket_cors", {"Bucket": "source"}, {"CORSRules": rules})
        assert stack.cors(place)[0] is status
    _stack(script, Outputs=outputs)
    script.refuse("s3", "get_bucket_cors", "NoSuchCORSConfiguration")
    assert stack.cors(place)[0] is Status.FAILED


def test_alarms(script: Script, place: Place) -> None:
    """Only those of the stack that ring now."""
    asked = {"AlarmNamePrefix": "sluice-dev-", "StateValue": "ALARM"}
    script.expect("cloudwatch", "describe_alarms", asked, {"MetricAlarms": [{"AlarmName": "sluice-dev-faults"}]})
    assert stack.alarms(place)[:2] == (Status.FAILED, "in alarm: sluice-dev-faults")
    script.expect("cloudwatch", "describe_alarms", asked, {"MetricAlarms": []})
    assert stack.alarms(place)[0] is Status.OK


@pytest.mark.parametrize(("spent", "status"), [("5", Status.OK), ("101", Status.FAILED)])
def test_the_budget(script: Script, place: Place, spent: str, status: Status) -> None:
    """What is spent, against what may be."""
    detail = {
        "LogicalResourceId": "MonthlyBudget",
        "PhysicalResourceId": "sluice-dev-monthly-budget",
        "ResourceType": "AWS::Budgets::Budget",
        "LastUpdatedTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "ResourceStatus": "CREATE_COMPLETE",
    }
    asked = {"StackName": "sluice-dev", "LogicalResourceId": "MonthlyBudget"}
    script.expect("cloudformation", "describe_stack_resource", asked, {"StackResourceDetail": detail})
    money = {"Amount": "100", "Unit": "USD"}
    budget = {"BudgetName": "b", "TimeUnit": "MONTHLY", "BudgetType": "COST", "BudgetLimit": money}
    budget |= {"CalculatedSpend": {"ActualSpend": {"Amount": spent, "Unit": "USD"}}}
    named = {"AccountId": ACCOUNT_ID, "BudgetName": "sluice-dev-monthly-budget"}
    script.expect("budgets", "describe_budget", named, {"Budget": budget})
    assert stack.budget(place)[0] is status
    script.refuse("cloudformation", "describe_stack_resource", "ValidationError", "no such resource")
    assert stack.budget(place)[0] is Status.WARNING
