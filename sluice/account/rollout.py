"""`sluice deploy` and `sluice destroy` gather, plan, show, and only then act."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sluice.account.artifacts import Artifacts
from sluice.account.by_chalice import ChaliceStage
from sluice.account.changes import Change, endangered, summary
from sluice.account.data import Retained, is_there, name_outright, purge, retained_by
from sluice.account.parts import DEPLOYED_BY, resources_part
from sluice.account.session import Account, explained
from sluice.account.stack import Stack
from sluice.failure import OperatorError
from sluice.package import package
from sluice.paths import Project
from sluice.report import Report
from sluice.template import Document

# With the prefix and an account id it must still be the name of a bucket: at most 63 characters.
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,19}")
BY_CLOUDFORMATION, BY_CHALICE = "cloudformation", "chalice"
_AND_BY = {BY_CLOUDFORMATION: "", BY_CHALICE: ", functions and API by chalice deploy"}
# What functions run in on the local AWS, whose packages are made for this machine's Python.
LOCAL_RUNTIME = "provided.al2023"


@dataclass(frozen=True, slots=True)
class Target:
    """One stage in one account."""

    account: Account
    stage: str

    def __post_init__(self) -> None:
        if not _STAGE.fullmatch(self.stage) or self.stage == "local":
            raise OperatorError(
                f"{self.stage!r} can not be a stage: small letters, digits and hyphens, at most 20, and not local"
            )

    @property
    def stack_name(self) -> str:
        return f"sluice-{self.stage}"

    @property
    def stack(self) -> Stack:
        return Stack(self.account.client("cloudformation"), self.stack_name, poll_s=self.account.poll_s)

    def __str__(self) -> str:
        return f"{self.stack_name} in {self.account.region} of account {self.account.account_id}"


def parameters_for(given: Mapping[str, str], template: Document, *, is_local: bool) -> dict[str, str]:
    """The template's parameters: what was given, and the runtime that the package was made for.

    Raises:
        OperatorError: If the template has no parameter of a given name.
    """
    declared = template.get("Parameters", {})
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise OperatorError(f"there is no parameter {', '.join(unknown)}; there are: {', '.join(sorted(declared))}")
    runtime = LOCAL_RUNTIME if is_local else f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return {"FunctionRuntime": runtime, **given} if "FunctionRuntime" in declared else dict(given)


def deploy_stage(
    project: Project,
    target: Target,
    given: Mapping[str, str],
    report: Report,
    *,
    via: str,
    agreed: Callable[[str], bool],
    replace_data: bool,
) -> dict[str, str] | None:
    """Bring a stage to this checkout.

    Args:
        given: Parameters of the template that differ from what the stack has.
        via: BY_CLOUDFORMATION for one stack of everything, BY_CHALICE for functions and API by `chalice deploy`.
        agreed: Asked with the summary of the plan before anything changes.
        replace_data: Whether a plan may be agreed to after which the stack uses another table or bucket.

    Returns:
        The stack's outputs; None when it was not agreed to.

    Raises:
        OperatorError: Also if the stage was deployed the other way, or data would be lost sight of.
    """
    account = target.account
    with report.step("package") as step:
        out = project.root / "build" / "deploy" / target.stage
        packaged = package(project, out, stage=target.stage, for_aws=not account.is_local)
        step.note = "" if packaged.fresh else "unchanged"
    parameters = parameters_for(given, packaged.template, is_local=account.is_local)
    with explained():
        stack = target.stack
        before = _deployed_by(stack)
        if before not in (None, via):
            raise OperatorError(f"{target} was deployed by {before}; go on with --via {before}, or destroy it first")
        artifacts = Artifacts(account, target.stack_name)
        if artifacts.ensure_bucket():
            report.line(f"made the bucket {artifacts.bucket}")
        whole = packaged.template
        part = whole if via == BY_CLOUDFORMATION else resources_part(whole, deployed_by=via)
        template = artifacts.upload_files(part, packaged.folder, report)
        stack.remove_dead(report)
        kept = retained_by(project, target.stack_name, account)
        template = name_outright(template, kept)
        left = [resource for resource in kept if stack.deployed() is None and is_there(account, resource)]
        for resource in left:
            report.line(f"found the {resource}: it is taken over with what it holds")
        with report.step("plan") as step:
            change_set = stack.prepare(
                artifacts.upload_template(template),
                parameters,
                frozenset(template.get("Parameters", {})),
                adopt=bool(left),
            )
            step.note = summary(change_set.changes)
        for change in change_set.changes:
            report.line(str(change))
        if not change_set.ready:
            stack.discard(change_set)
            if via == BY_CLOUDFORMATION:
                return stack.outputs()
        is_agreed = False
        try:
            _guard_data(change_set.changes, kept, report, replace_data=replace_data)
            is_agreed = agreed(f"{summary(change_set.changes)} by CloudFormation{_AND_BY[via]}: {target}")
        finally:
            if not is_agreed and change_set.ready:
                stack.discard(change_set)
        if not is_agreed:
            return None
        if change_set.ready:
            with report.step("deploy"):
                stack.execute(change_set, report)
        if via == BY_CLOUDFORMATION:
            return stack.outputs()
        return ChaliceStage(project, account, target.stage, whole, stack.outputs()).deploy(artifacts, report)


def _guard_data(changes: Sequence[Change], kept: tuple[Retained, ...], report: Report, *, replace_data: bool) -> None:
    lost = endangered(changes, [resource.logical_id for resource in kept])
    for line in lost:
        report.line(f"  DATA: {line}; the present one stays in the account, and nothing would use it")
    if lost and not replace_data:
        raise OperatorError(f"{'; '.join(lost)}: nothing was changed; if that is meant, give --replace-data")


def _deployed_by(stack: Stack) -> str | None:
    return stack.outputs().get(DEPLOYED_BY, BY_CLOUDFORMATION) if stack.deployed() else None


def destroy_stage(
    project: Project, target: Target, report: Report, *, purge_data: bool, agreed: Callable[[str], bool]
) -> bool:
    """Delete a stage; its table and buckets stay unless they are to be purged.

    Returns:
        Whether it was agreed to.
    """
    account, name = target.account, target.stack_name
    with explained():
        kept = tuple(each for each in retained_by(project, name, account) if is_there(account, each))
        for resource in kept:
            report.line(f"{'DELETES' if purge_data else 'keeps'} the {resource}")
        if not agreed(f"delete {target}{' WITH ALL ITS DATA' if purge_data else ''}"):
            return False
        artifacts = Artifacts(account, name)
        chalice = ChaliceStage(project, account, target.stage, {}, {})
        with report.step("delete what chalice deployed") as step:
            step.note = "" if chalice.delete(artifacts) else "nothing"
        with report.step("delete the stack") as step:
            if not target.stack.delete(report):
                step.note = "there is none"
        with report.step("delete its artifacts") as step:
            step.note = f"{artifacts.forget()} objects"
        if purge_data:
            purge(account, kept, name, report)
    return True
