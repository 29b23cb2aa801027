"""One CloudFormation stack: change set, execution, its events as they happen, and its end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sluice.account.changes import Change, change_of
from sluice.failure import DeployFailed
from sluice.report import Report

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackEventTypeDef, StackTypeDef

_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
# A distribution of CloudFront takes minutes; an hour is more than any of this has been seen to take.
_SETTLE_S = 3600.0
_CHANGE_SET_S = 600.0
_NEVER_DEPLOYED = frozenset({"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"})
# A first deploy that failed leaves a stack that can only be deleted.
_DEAD = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
_GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE"})
_NOTHING_NEW = ("no updates", "didn't contain changes")


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change that is ready to be made.

    Attributes:
        makes_stack: Whether the stack is new.
        changes: Gravest first; none also when only outputs change.
        ready: Whether there is anything to execute.
    """

    name: str
    makes_stack: bool
    changes: tuple[Change, ...]
    ready: bool = True


class Stack:
    """A stack by its name, whether it is there or not."""

    def __init__(self, cloudformation: CloudFormationClient, name: str, *, poll_s: float) -> None:
        self._cloudformation = cloudformation
        self._poll_s = poll_s
        self.name = name

    def describe(self, stack_id: str | None = None) -> StackTypeDef | None:
        """The stack as it is now; None when there is none."""
        try:
            return self._cloudformation.describe_stacks(StackName=stack_id or self.name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise

    def deployed(self) -> StackTypeDef | None:
        """The stack when it was ever deployed and is not deleted."""
        stack = self.describe()
        return None if stack is None or stack["StackStatus"] in _NEVER_DEPLOYED else stack

    def outputs(self) -> dict[str, str]:
        """What the stack says of itself, by name."""
        stack = self.describe()
        found = stack.get("Outputs", []) if stack else []
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def parameters(self) -> dict[str, str]:
        """The parameters that the deployed stack has."""
        stack = self.deployed()
        found = stack.get("Parameters", []) if stack else []
        return {parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in found}

    def remove_dead(self, report: Report) -> None:
        """Delete what a first deploy that failed has left; nothing else can be done with it."""
        stack = self.describe()
        if stack is not None and stack["StackStatus"] in _DEAD:
            with report.step("remove the failed stack"):
                self.delete(Report(quiet=True))

    def prepare(
        self, template_url: str, parameters: Mapping[str, str], declared: frozenset[str], *, adopt: bool
    ) -> ChangeSet:
        """Have CloudFormation work out what would change.

        Args:
            parameters: Values that are given now; what is not keeps its value, or has its default.
            declared: Names of the template's parameters.
            adopt: Take over resources of the template that an earlier stack of this name has left behind.

        Raises:
            DeployFailed: If the template or a parameter is refused.
        """
        is_new = self.deployed() is None
        kept = frozenset(self.parameters()) & declared
        sent: list[ParameterTypeDef] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in sorted(parameters.items())
        ]
        sent += [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept - frozenset(parameters))]
        name = f"sluice-{time.time_ns()}"
        self._cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateURL=template_url,
            Capabilities=list(_CAPABILITIES),  # type: ignore[arg-type]
            Parameters=sent,
            ImportExistingResources=adopt,
        )
        if not self._await_change_set(name):
            return ChangeSet(name, is_new, (), ready=False)
        return ChangeSet(name, is_new, tuple(sorted(self._changes(name))))

    def _await_change_set(self, name: str) -> bool:
        deadline = time.monotonic() + _CHANGE_SET_S
        while time.monotonic() < deadline:
            found = self._cloudformation.describe_change_set(StackName=self.name, ChangeSetName=name)
            if found["Status"] == "CREATE_COMPLETE":
                return True
            if found["Status"] == "FAILED":
                reason = found.get("StatusReason", "")
                if any(words in reason.lower() for words in _NOTHING_NEW):
                    return False
                raise DeployFailed(f"the template was refused: {reason}")
            time.sleep(self._poll_s)
        raise DeployFailed("the change set did not become ready")

    def _changes(self, name: str) -> Iterator[Change]:
        pages = self._cloudformation.get_paginator("describe_change_set").paginate(
            StackName=self.name, ChangeSetName=name
        )
        for page in pages:
            for change in page.get("Changes", []):
                if "ResourceChange" in change:
                    yield change_of(change["ResourceChange"])

    def discard(self, change_set: ChangeSet) -> None:
        """Forget a change that is not to be made, and the empty stack that a first one leaves."""
        self._cloudformation.delete_change_set(StackName=self.name, ChangeSetName=change_set.name)
        if change_set.makes_stack:
            self._cloudformation.delete_stack(StackName=self.name)

    def execute(self, change_set: ChangeSet, report: Report) -> StackTypeDef:
        """Make the change and report each resource as it is done.

        Raises:
            DeployFailed: If it was rolled back; names the resource and the reason.
        """
        seen = self._latest_event()
        self._cloudformation.execute_change_set(StackName=self.name, ChangeSetName=change_set.name)
        stack = self._follow(self.name, seen, report)
        if stack is None or stack["StackStatus"] not in _GOOD:
            ended = stack["StackStatus"] if stack else "DELETE_COMPLETE"
            raise DeployFailed(f"the stack {self.name} ended in {ended}: {self._failures(seen)}")
        return stack

    def delete(self, report: Report) -> bool:
        """Delete the stack and wait; returns whether there was one.

        Raises:
            DeployFailed: If a resource can not be deleted.
        """
        stack = self.describe()
        if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
            return False
        stack_id, seen = stack["StackId"], self._latest_event()
        self._cloudformation.delete_stack(StackName=self.name)
        ended = self._follow(stack_id, seen, report)
        if ended is not None and ended["StackStatus"] != "DELETE_COMPLETE":
            raise DeployFailed(f"the stack {self.name} ended in {ended['StackStatus']}: {self._failures(seen)}")
        return True

    def _follow(self, stack_id: str, seen: str, report: Report) -> StackTypeDef | None:
        deadline = time.monotonic() + _SETTLE_S
        while time.monotonic() < deadline:
            time.sleep(self._poll_s)
            stack = self.describe(stack_id)
            for event in reversed(self._events_after(stack_id, seen)):
                seen = event["EventId"]
                _show(event, report)
            if stack is None or not _under_way(stack["StackStatus"]):
                return stack
        raise DeployFailed(
            f"the stack {self.name} did not settle within {_SETTLE_S / 60:.0f} minutes; look at it in AWS"
        )

    def _events_after(self, stack_id: str, seen: str) -> list[StackEventTypeDef]:
        """Newest first."""
        found: list[StackEventTypeDef] = []
        try:
            for page in self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
                for event in page["StackEvents"]:
                    if event["EventId"] == seen:
                        return found
                    found.append(event)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
        return found

    def _latest_event(self) -> str:
        events = self._events_after(self.name, "")
        return events[0]["EventId"] if events else ""

    def _failures(self, seen: str) -> str:
        events = self._events_after(self.name, seen)
        if any(event.get("DetailedStatus") == "VALIDATION_FAILED" for event in events):
            return "; ".join(self._invalid())
        said = [
            f"{event.get('LogicalResourceId')} ({event.get('ResourceType')}): {reason}"
            for event in reversed(events)
            if event.get("ResourceStatus", "").endswith("_FAILED")
            and "cancelled" not in (reason := event.get("ResourceStatusReason", "")).lower()
        ]
        return "; ".join(said[:3]) or "CloudFormation gave no reason"

    def _invalid(self) -> list[str]:
        """What CloudFormation found wrong before it began; its stack events only say that there is something."""
        found: list[str] = []
        for page in self._cloudformation.get_paginator("describe_events").paginate(StackName=self.name):
            for event in page["OperationEvents"]:
                if event.get("EventType") == "VALIDATION_ERROR":
                    found.append(f"{event.get('LogicalResourceId')}: {event.get('ValidationStatusReason')}")
        return found


def _under_way(status: str) -> bool:
    # The new resources serve by then; only old ones are still being removed.
    return status.endswith("_IN_PROGRESS") and status != "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


def _show(event: StackEventTypeDef, report: Report) -> None:
    status = event.get("ResourceStatus", "")
    if status.endswith("_IN_PROGRESS"):
        return
    reason = event.get("ResourceStatusReason", "") if status.endswith("_FAILED") else ""
    name, kind = event.get("LogicalResourceId", ""), event.get("ResourceType", "")
    report.line(f"  {status:<18} {name:<44} {kind:<34} {reason}".rstrip())
