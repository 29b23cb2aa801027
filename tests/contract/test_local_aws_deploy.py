"""What the template promises is what runs; what can not be deployed is refused with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.deploy import deployed
from sluice.failure import DeployFailed, PackagingFailed, PromiseBroken
from sluice.package import Package, package
from sluice.paths import Project
from sluice.repair import broken, repair, stack_promises
from sluice.report import Report
from sluice.rollout import Preparation, parameters_of, roll_out
from tests.local_aws import ToyAws, copy_app


def _packaged(toy: ToyAws) -> Package:
    return package(toy.local.project, toy.local.home.package, for_aws=False)


def test_every_promise_is_kept(toy: ToyAws) -> None:
    """After up, concurrency, dead letters, time to live, lifecycle and the rest are as the template says."""
    found = stack_promises(toy.clients, _packaged(toy).template, parameters_of(toy.local))

    assert broken(found) == []
    names = {str(promise) for promise in found}
    assert names >= {
        "Render.ReservedConcurrentExecutions",
        "Render.DeadLetterQueue",
        "Render.Layers",
        "Render.MemorySize",
        "Render.Timeout",
        "Render.EventInvokeConfig",
        "Encode.EncodeSqsEventSource.FunctionResponseTypes",
        "Table.TimeToLiveSpecification",
        "MediaBucket.LifecycleConfiguration",
        "MediaBucket.CorsConfiguration",
        "MediaBucket.EventBridgeConfiguration",
        "Messages.RedrivePolicy",
        "Messages.SqsManagedSseEnabled",
        "Topic.KmsMasterKeyId",
        "Bus.Name",
    }
    assert not {name for name in names if name.startswith("OnlyOnAws")}


def test_a_dropped_promise_is_set_again(toy: ToyAws) -> None:
    """Repair sets what is missing, names it, and does nothing the second time."""
    template, parameters = _packaged(toy).template, parameters_of(toy.local)
    toy.clients.functions.delete_function_concurrency(FunctionName=toy.outputs["RenderFunctionName"])

    topic = next(each["TopicArn"] for each in toy.clients.sns.list_topics()["Topics"])
    toy.clients.sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="")

    assert repair(toy.clients, template, parameters) == ["Render.ReservedConcurrentExecutions", "Topic.KmsMasterKeyId"]
    assert repair(toy.clients, template, parameters) == []


def test_a_promise_that_can_not_be_set_stops_the_deploy(toy: ToyAws) -> None:
    """A difference that only CloudFormation could mend is named with both values."""
    template = _packaged(toy).template
    template["Resources"]["Render"]["Properties"]["MemorySize"] = 300

    with pytest.raises(PromiseBroken, match=r"Render\.MemorySize should be 300, is 256"):
        repair(toy.clients, template, parameters_of(toy.local))


def test_nothing_is_deployed_twice(toy: ToyAws) -> None:
    """The same code and template give the same deployment, without a change set."""
    found = deployed(toy.clients, toy.facts.fingerprint)

    assert found is not None
    assert found.outputs["TableName"] == "sluice-local"
    assert deployed(toy.clients, "another") is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{Type: AWS::Nothing::OfThatName}", "AWS::Nothing::OfThatName"),
        (
            "{Type: AWS::Lambda::Function, Properties: {Role: x, Code: {ZipFile: x}, "
            "Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:none:1']}}",
            r"Wrong \(AWS::Lambda::Function\): .*layer:none:1",
        ),
    ],
)
def test_what_can_not_be_deployed_is_named(toy: ToyAws, wrong: str, said: str) -> None:
    """The failing resource and its reason are in the message, and the stack stays usable."""
    merge = toy.local.project.merge_template
    kept = merge.read_text()
    merge.write_text(kept.replace("Resources:\n", f"Resources:\n  Wrong: {wrong}\n", 1))
    quiet = Report(quiet=True)
    try:
        with pytest.raises(DeployFailed, match=said):
            roll_out(toy.local, toy.clients, Preparation(toy.local), quiet)
    finally:
        merge.write_text(kept)

    assert roll_out(toy.local, toy.clients, Preparation(toy.local), quiet).outputs["TableName"] == "sluice-local"


def test_a_package_is_whole_and_kept(tmp_path: Path) -> None:
    """Every file that the template names lies beside it; unchanged inputs are not packaged again."""
    project = copy_app(tmp_path / "project")
    out = tmp_path / "elsewhere" / "out"
    first = package(project, out, for_aws=False)
    again = package(project, out, for_aws=False)
    (project.root / "app.py").write_text((project.root / "app.py").read_text() + "\n# changed\n")
    changed = package(project, out, for_aws=False)

    named = {path.name for path in out.iterdir()}
    assert {"sam.json", "deployment.zip", "media-tools.zip", "machine.asl.json"} <= named
    assert (first.fresh, again.fresh, changed.fresh) == (True, False, True)
    assert changed.fingerprint != first.fingerprint


def test_a_misspelt_logical_id_is_refused(tmp_path: Path) -> None:
    """A resource of the merge template that names no function of the app has no Type, and is named."""
    project: Project = copy_app(tmp_path / "project")
    project.merge_template.write_text(project.merge_template.read_text().replace("  Render:\n", "  Rendr:\n"))

    with pytest.raises(PackagingFailed, match="Rendr has no Type"):
        package(project, tmp_path / "out", for_aws=False)
