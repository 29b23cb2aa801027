"""The stack of a stage: its state, its parameters against the checkout's, and what it says of itself."""

from __future__ import annotations

from botocore.exceptions import ClientError
from chalice.package import YAMLTemplateSerializer

from sluice.dead_letters import RUNBOOK, dead_letters
from sluice.doctor.finding import Check, Status, failed, ok, warning
from sluice.paths import Project
from sluice.place import Place

_ALARMS = "docs/operate.md#alarms"
_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
# Given by deploy itself.
_BY_DEPLOY = frozenset({"FunctionRuntime"})
_EXPOSED = frozenset({"etag"})
Found = tuple[Status, str, str]


def checks(place: Place, project: Project) -> list[Check]:
    return [
        Check("stack", lambda: state(place)),
        Check("parameters", lambda: parameters(place, project)),
        Check("CORS of the buckets", lambda: cors(place)),
        Check("dead letters", lambda: letters(place)),
        *(() if place.is_local else (Check("alarms", lambda: alarms(place)), Check("budget", lambda: budget(place)))),
    ]


def state(place: Place) -> Found:
    try:
        stack = place.client("cloudformation").describe_stacks(StackName=place.stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return failed(f"there is no {place}", f"sluice deploy --stage {place.stack.removeprefix('sluice-')}")
    status = stack["StackStatus"]
    if status in _GOOD:
        return ok(status)
    if status.endswith("_IN_PROGRESS"):
        return warning(status, "wait until it has settled")
    return failed(status, "see the stack's events in CloudFormation; sluice deploy repairs most")


def parameters(place: Place, project: Project) -> Found:
    """Differences from the defaults of this checkout: told, and warned of where one side has no such name."""
    stack = place.client("cloudformation").describe_stacks(StackName=place.stack)["Stacks"][0]
    deployed = {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])}
    declared = YAMLTemplateSerializer().load_template(project.merge_template.read_text())["Parameters"]
    names = set(declared) - _BY_DEPLOY
    missing, unknown = sorted(names - set(deployed)), sorted(set(deployed) - set(declared))
    if missing or unknown:
        said = [f"not deployed yet: {', '.join(missing)}"] if missing else []
        said += [f"of another version: {', '.join(unknown)}"] if unknown else []
        return warning("; ".join(said), "sluice deploy brings the stack to this checkout")
    own = [f"{name}={deployed[name]}" for name in sorted(names) if deployed[name] != str(declared[name]["Default"])]
    return ok(f"not as by default: {' '.join(own)}" if own else "all as by default")


def cors(place: Place) -> Found:
    """Browsers send parts to the source bucket, and must be shown their ETag."""
    bucket = place.outputs()["SourceBucketName"]
    try:
        rules = place.client("s3").get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchCORSConfiguration":
            raise
        return failed(f"{bucket} has no CORS rules: no browser can upload", "sluice deploy makes them")
    for rule in rules:
        exposed = {header.lower() for header in rule.get("ExposeHeaders", [])}
        if {"PUT", "POST"} <= set(rule["AllowedMethods"]) and exposed >= _EXPOSED:
            return ok(f"{bucket} takes uploads from {', '.join(rule['AllowedOrigins'])}")
    return failed(f"no rule of {bucket} lets a browser PUT and read the ETag", "sluice deploy makes one")


def letters(place: Place) -> Found:
    full = [f"{each.name} {each.messages}" for each in dead_letters(place) if each.messages]
    if full:
        return warning(f"not empty: {', '.join(full)}", f"{RUNBOOK}; then: sluice dlq redrive")
    return ok("none")


def alarms(place: Place) -> Found:
    pages = place.client("cloudwatch").get_paginator("describe_alarms")
    found = pages.paginate(AlarmNamePrefix=f"{place.stack}-", StateValue="ALARM")
    ringing = sorted(alarm["AlarmName"] for page in found for alarm in page.get("MetricAlarms", []))
    if ringing:
        return failed(f"in alarm: {', '.join(ringing)}", f"{_ALARMS} has a heading for each")
    return ok("none rings")


def budget(place: Place) -> Found:
    """By the resource of the stack, which is made only if a budget was asked for."""
    try:
        resource = place.client("cloudformation").describe_stack_resource(
            StackName=place.stack, LogicalResourceId="MonthlyBudget"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        remedy = "sluice deploy -p AccountBudgetUsd=100 -p AlarmEmail=you@example.com"
        return warning("the stack has no budget", remedy)
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    said = place.client("budgets").describe_budget(AccountId=place.account_id, BudgetName=name)["Budget"]
    limit = float(said["BudgetLimit"]["Amount"])
    spent = float(said.get("CalculatedSpend", {}).get("ActualSpend", {}).get("Amount", 0))
    text = f"${spent:.2f} of ${limit:.2f} are spent this month"
    return ok(text) if spent < limit else failed(text, f"{_ALARMS}: monthly-budget")
