"""Alarms, dashboard, logs and traces of the template, and what docs/operate.md says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sluice.paths import Project
from sluice.template import Document, Resolver
from tests.contract.test_template import FUNCTIONS

# What the state machines call, where an error is an answer; chunks above the concurrency are meant to wait.
CALLED_BY_MACHINES = {"Early", "Publish", "Render"}


@pytest.fixture(scope="module")
def operations() -> str:
    return (Project.here().root / "docs" / "operate.md").read_text()


def _bodies(template: Document, kind: str) -> dict[str, Document]:
    return {name: body for name, body in template["Resources"].items() if body["Type"] == kind}


def _metrics(alarm: Document) -> Iterator[Document]:
    """What an alarm measures, with the dimensions as a dictionary."""
    stats = [metric["MetricStat"]["Metric"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
    for metric in stats or [alarm]:
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        yield {"name": f"{metric['Namespace']} {metric['MetricName']}", "of": dimensions}


def _section(operations: str, heading: str) -> str:
    return operations.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def _dashboard(template: Document) -> list[list[Any]]:
    """The metrics of all widgets, with the names of resources in the places of their values."""
    body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(re.sub(r"\$\{([^}]+)\}", r"\1", body))["widgets"]
    return [metric for widget in widgets for metric in widget["properties"]["metrics"]]


def test_each_alarm_has_a_runbook(template: Document, operations: str) -> None:
    """And no runbook is about an alarm that is not there."""
    names = [each["Properties"]["AlarmName"] for each in _bodies(template, "AWS::CloudWatch::Alarm").values()]
    names.append(template["Resources"]["MonthlyBudget"]["Properties"]["Budget"]["BudgetName"])
    headings = re.findall(r"^### (.+)$", _section(operations, "Alarms"), re.MULTILINE)
    assert sorted(name["Fn::Sub"] for name in names) == sorted(f"${{AWS::StackName}}-{each}" for each in headings)


def test_alarms_measure_what_the_stack_has(template: Document) -> None:
    """A dimension names a resource of the right kind, or the stack; an alarm sums no more than CloudWatch's ten."""
    kinds = {
        "FunctionName": ("Ref", "AWS::Serverless::Function"),
        "StateMachineArn": ("Ref", "AWS::Serverless::StateMachine"),
        "QueueName": ("Fn::GetAtt", "AWS::SQS::Queue"),
    }
    for alarm in _bodies(template, "AWS::CloudWatch::Alarm").values():
        found = list(_metrics(alarm["Properties"]))
        assert 1 <= len(found) <= 10
        for metric in found:
            for name, value in metric["of"].items():
                if name in kinds:
                    intrinsic, kind = kinds[name]
                    target = value[intrinsic]
                    logical_id = target if isinstance(target, str) else target[0]
                    assert template["Resources"][logical_id]["Type"] == kind
                else:
                    assert value in ({"Ref": "AWS::StackName"}, "api")


def test_nothing_is_left_out_of_an_alarm(template: Document) -> None:
    """Every function, dead-letter queue, working queue and state machine is watched."""
    watched: dict[str, set[str]] = {}
    for alarm in _bodies(template, "AWS::CloudWatch::Alarm").values():
        for metric in _metrics(alarm["Properties"]):
            for value in metric["of"].values():
                target = next(iter(value.values())) if isinstance(value, dict) else value
                watched.setdefault(metric["name"], set()).add(target if isinstance(target, str) else target[0])
    queues = set(_bodies(template, "AWS::SQS::Queue"))
    dead = {name for name in queues if name.endswith("DeadLetterQueue")}
    assert watched["AWS/Lambda Errors"] == set(FUNCTIONS) - CALLED_BY_MACHINES
    assert watched["AWS/Lambda Throttles"] == set(FUNCTIONS) - CALLED_BY_MACHINES
    assert watched["AWS/SQS ApproximateNumberOfMessagesVisible"] == dead
    # The notification queue is read by others, whenever they like.
    assert watched["AWS/SQS ApproximateAgeOfOldestMessage"] == queues - dead - {"NotificationQueue"}
    assert watched["AWS/States ExecutionsFailed"] == set(_bodies(template, "AWS::Serverless::StateMachine"))
    assert watched["AWS/States ExecutionsTimedOut"] == watched["AWS/States ExecutionsFailed"]


def test_alarms_tell_the_topic_and_the_topic_the_mail(template: Document) -> None:
    """Both when an alarm begins and when it ends; no data is no alarm."""
    for alarm in _bodies(template, "AWS::CloudWatch::Alarm").values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["Properties"]["OKActions"] == [{"Ref": "AlarmTopic"}]
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching"
    mail = template["Resources"]["AlarmMail"]["Properties"]
    assert (mail["TopicArn"], mail["Endpoint"]) == ({"Ref": "AlarmTopic"}, {"Ref": "AlarmEmail"})


@pytest.mark.parametrize(
    ("runtime", "email", "budget_usd", "mails", "has_budget"),
    [
        ("python3.13", "", "50", False, False),
        ("python3.13", "ops@example.com", "0", True, False),
        ("python3.13", "ops@example.com", "50", True, True),
        ("provided.al2023", "ops@example.com", "50", False, False),
    ],
)
def test_who_is_mailed(
    template: Document, runtime: str, email: str, budget_usd: str, mails: bool, has_budget: bool
) -> None:
    """Nobody without an address, and nothing of it on the local AWS."""
    refs = {name: str(body["Default"]) for name, body in template["Parameters"].items()}
    refs |= {"FunctionRuntime": runtime, "AlarmEmail": email, "AccountBudgetUsd": budget_usd}
    resolver = Resolver(refs, {}, template["Conditions"])
    assert resolver.holds(template["Resources"]["AlarmMail"]["Condition"]) is mails
    assert resolver.holds(template["Resources"]["MonthlyBudget"]["Condition"]) is has_budget


def test_logs_are_kept_for_as_long_as_asked(template: Document) -> None:
    """Each function writes into a group of the stack's own, with retention, that its policy lets it write into."""
    for name in FUNCTIONS:
        properties = template["Resources"][name]["Properties"]
        condition, logging, otherwise = properties["LoggingConfig"]["Fn::If"]
        assert (condition, otherwise) == ("OnAws", {"Ref": "AWS::NoValue"})
        assert template["Resources"][logging["LogGroup"]["Ref"]]["Condition"] == "OnAws"
    groups = [body["Properties"] for body in _bodies(template, "AWS::Logs::LogGroup").values()]
    assert len(groups) == len({json.dumps(group["LogGroupName"]) for group in groups}) == len(FUNCTIONS) + 1
    for group in groups:
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        assert group["LogGroupName"]["Fn::Sub"].startswith(("/aws/lambda/${AWS::StackName}-", "/aws/vendedlogs/"))


def test_everything_is_traced_where_tracing_is_on(template: Document) -> None:
    """API, functions and state machines; the machines' roles may write traces, as Chalice's policies let functions."""
    for name in FUNCTIONS:
        assert template["Resources"][name]["Properties"]["Tracing"] == {
            "Fn::If": ["HasTracing", "Active", "PassThrough"]
        }
    assert template["Resources"]["RestAPI"]["Properties"]["TracingEnabled"] == {"Fn::If": ["HasTracing", True, False]}
    for machine in _bodies(template, "AWS::Serverless::StateMachine").values():
        assert machine["Properties"]["Tracing"] == {"Enabled": {"Fn::If": ["HasTracing", True, False]}}
        (policy,) = machine["Properties"]["Policies"]
        assert any("xray:PutTraceSegments" in each["Action"] for each in policy["Statement"])


def test_the_dashboard_shows_what_is_written(template: Document, operations: str) -> None:
    """Each metric of ours that it or an alarm shows is in the table of docs/operate.md, and the other way round."""
    metrics = _dashboard(template)
    ours = {name for namespace, name, *_ in metrics if namespace == "Sluice"}
    table = _section(operations, "Metrics, logs and traces")
    documented = {
        name for line in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    }
    assert ours == documented - {"Sluice", "service"}
    for namespace, _, dimension, value, *_ in metrics:
        assert value == "AWS::StackName" if namespace == "Sluice" else value.split(".")[0] in template["Resources"]
        assert dimension
