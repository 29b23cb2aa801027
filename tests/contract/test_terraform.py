"""The Terraform form, read and planned by Terraform, and held against the names of arguments of its provider for AWS.

The provider is not among the packages to ask: `tests/fixtures/terraform_aws.json` holds the arguments and blocks of
hashicorp/aws 5, read from its bindings for CDKTF, and `tests/terraform.py` says how a plan is made without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluice.account.parts import stage_config
from sluice.lint import lint_template
from sluice.paths import Project
from sluice.template import Document, Resolver
from sluice.terraform import package_terraform
from tests import terraform

_SCHEMA = json.loads((Path(__file__).parents[1] / "fixtures" / "terraform_aws.json").read_text())["resources"]
# Of Terraform itself, for every resource.
_META = {"depends_on", "lifecycle"}


@pytest.fixture(scope="module")
def folder(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("terraform")
    package_terraform(Project.here(), packaged, out, stage="dev")
    return out


@pytest.fixture(scope="module")
def merged(folder: Path) -> dict[str, Any]:
    """As Terraform sees it: files side by side, then the overrides argument by argument."""
    found: dict[str, Any] = json.loads((folder / "chalice.tf.json").read_text())
    for section, body in json.loads((folder / "sluice.tf.json").read_text()).items():
        for kind, named in body.items():
            assert section == "resource" or kind not in found.get(section, {}), f"{section} {kind} is there twice"
            mine = found.setdefault(section, {}).setdefault(kind, {})
            mine.update(named) if section == "resource" else found[section].update({kind: named})
    changes = json.loads((folder / "sluice_override.tf.json").read_text())
    for kind, named in changes["resource"].items():
        for name, arguments in named.items():
            assert name in found["resource"][kind], f"{kind}.{name} is overridden, but not there"
            found["resource"][kind][name].update(arguments)
    found["terraform"]["required_version"] = changes["terraform"]["required_version"]
    return found


_SIZES = {
    "ApiMemory": "2048",
    "RenderMemory": "5000",
    "RenderTimeout": "600",
    "RenderDisk": "4096",
    "RenderConcurrency": "5",
    "Encoder": "auto",
}


_AWS = ("StackName", "AccountId", "Region", "Partition", "URLSuffix")


def _resolver(template: Document, chosen: dict[str, str]) -> Resolver:
    """Parameters as they are chosen; of resources and what AWS tells, the names."""
    named = {name: name for name in (*template["Resources"], *(f"AWS::{each}" for each in _AWS))}
    parameters = {name: str(body["Default"]) for name, body in template["Parameters"].items()}
    return Resolver({**named, **parameters, **chosen}, named, template["Conditions"])


def _outputs(folder: Path, chosen: dict[str, str]) -> dict[str, str]:
    """What the stack tells, with these parameters."""
    part = json.loads((folder / "template.json").read_text())
    resolver = _resolver(part, chosen)
    told = {}
    for name, body in part["Outputs"].items():
        value = json.dumps(body["Value"])
        # Resolver knows Arn alone of what AWS makes up.
        plain = re.sub(r'\{"Fn::GetAtt": \["(\w+)", "(?!Arn)\w+"\]\}', r'"\1"', value)
        plain = re.sub(r"\$\{(\w+)\.(?!Arn)\w+\}", r"${\1}", plain)
        told[name] = str(resolver.resolve(json.loads(plain)))
    return told


@pytest.fixture(scope="module")
def planned(
    folder: Path, merged: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, dict[str, Any]]]:
    """What Terraform would hand to AWS with parameters of one's own."""
    place = tmp_path_factory.mktemp("plan")
    for name in ("template.json", "deployment.zip", "files"):
        (place / name).symlink_to(folder / name)
    document = terraform.stand_in(merged, _outputs(folder, _SIZES))
    (place / "main.tf.json").write_text(json.dumps(document, indent=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHECKPOINT_DISABLE", "1")
        yield terraform.plan(place, Ladder="1080,720")


def _resources(merged: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(kind, name, body) for kind, named in merged["resource"].items() for name, body in named.items()]


def test_every_argument_is_one_of_the_provider(merged: dict[str, Any]) -> None:
    """No resource lacks what it must have, nor says what the provider does not know, in its blocks neither."""
    for kind, name, body in _resources(merged):
        schema = _SCHEMA[kind]
        assert set(schema["required"]) <= set(body), f"{kind}.{name}"
        assert set(body) <= {*schema["required"], *schema["optional"], *_META}, f"{kind}.{name}"
        for block, known in schema["blocks"].items():
            assert set(body.get(block) or {}) <= set(known), f"{kind}.{name}.{block}"


def test_every_reference_leads_somewhere(folder: Path, merged: dict[str, Any]) -> None:
    """Resources, locals, variables and data that an expression names are declared; outputs are the stack's own."""
    text = json.dumps(merged)
    assert set(re.findall(r"\blocal\.(\w+)", text)) == set(merged["locals"])
    assert set(re.findall(r"\bvar\.(\w+)", text)) == set(merged["variable"])
    for kind, name in re.findall(r"\bdata\.(\w+)\.(\w+)", text):
        assert name in merged["data"][kind]
    for kind, name in re.findall(r"(?<![\w.])(aws_\w+)\.([\w-]+)", text):
        assert kind in merged["data"] or name in merged["resource"][kind], f"{kind}.{name}"
    outputs = json.loads((folder / "template.json").read_text())["Outputs"]
    assert set(re.findall(r"resources\.outputs\.(\w+)", text)) <= set(outputs)
    for file in re.findall(r"\$\{path\.module\}/([\w./-]+)", text):
        assert (folder / file).is_file()


def test_terraform_reads_the_folder(folder: Path) -> None:
    """Its own loader has nothing against the files: blocks, expressions, and overrides that meet what they change."""
    terraform.load(folder)


def test_terraform_plans_every_resource(merged: dict[str, Any], planned: dict[str, dict[str, Any]]) -> None:
    """All expressions come to a value, none in a circle; the parameters of the command line are the stack's."""
    assert set(planned) == {f"{kind}__{name}" for kind, name, _ in _resources(merged)}
    assert "${" not in json.dumps({key: body for key, body in planned.items() if "s3_object" not in key})
    stack = planned["aws_cloudformation_stack__resources"]
    assert stack["parameters"] == {"FunctionRuntime": planned["aws_lambda_function__render"]["runtime"]} | {
        "Ladder": "1080,720"
    }
    assert json.loads(planned["aws_api_gateway_rest_api__rest_api"]["body"])["paths"]


def test_sizes_are_the_same_in_every_form(template: Document, folder: Path, planned: dict[str, dict[str, Any]]) -> None:
    """Memory, time, disk, reserved concurrency, encoder: by CloudFormation, by Chalice and by Terraform."""
    render, api = (template["Resources"][name]["Properties"] for name in ("Render", "APIHandler"))
    resolver = _resolver(template, _SIZES)
    wanted = ("MemorySize", "Timeout", "ReservedConcurrentExecutions")
    assert [resolver.resolve(render[name]) for name in wanted] == ["5000", "600", "5"]
    assert resolver.resolve(render["EphemeralStorage"]["Size"]) == "4096"
    assert resolver.resolve(api["MemorySize"]) == "2048"
    assert template["Globals"]["Function"]["Environment"]["Variables"]["SLUICE_ENCODER"] == {"Ref": "Encoder"}

    config = json.loads((Project.here().root / ".chalice" / "config.json").read_text())
    stage = stage_config(template, config, _outputs(folder, _SIZES), stage="dev")["stages"]["dev"]
    chalice = stage["lambda_functions"]
    names = ("lambda_memory_size", "lambda_timeout", "reserved_concurrency")
    assert [chalice["render"][name] for name in names] == [5000, 600, 5]
    assert chalice["api_handler"]["lambda_memory_size"] == 2048
    assert stage["environment_variables"]["SLUICE_ENCODER"] == "auto"

    function = planned["aws_lambda_function__render"]
    names = ("memory_size", "timeout", "reserved_concurrent_executions")
    assert [function[name] for name in names] == [5000, 600, 5]
    assert function["ephemeral_storage"] == {"size": 4096}
    assert function["environment"]["variables"]["SLUICE_ENCODER"] == "auto"
    assert planned["aws_lambda_function__api_handler"]["memory_size"] == 2048


def test_what_the_stack_decides_is_the_same_in_every_form(template: Document, folder: Path) -> None:
    """Alarms, retention, budget and acceleration are of the stack, which each form deploys from one description."""
    part = json.loads((folder / "template.json").read_text())
    names = ["RunawayInvocations", "FailedExecutions", "LogRetentionDays", "AccountBudgetUsd", "TransferAcceleration"]
    names += ["SourceRetentionDays", "ProjectRetentionDays", "RenderRetentionDays", "AlarmEmail"]
    used = {name: _users(template, name) for name in names}
    assert all(used.values())
    assert used == {name: _users(part, name) for name in names}


def _users(template: Document, parameter: str) -> set[str]:
    """The resources that take a parameter, by themselves or by a condition."""
    conditions = {
        name for name, body in template["Conditions"].items() if f'{{"Ref": "{parameter}"}}' in json.dumps(body)
    }
    conditions |= {
        name for name, body in template["Conditions"].items() for each in conditions if f'"{each}"' in json.dumps(body)
    }
    wanted = [f'{{"Ref": "{parameter}"}}', *(f'"{name}"' for name in conditions)]
    return {
        name
        for name, body in template["Resources"].items()
        if name != "DeployedParameters" and any(each in json.dumps(body) for each in wanted)
    }


def test_functions_have_what_chalice_leaves_out(merged: dict[str, Any]) -> None:
    """Disk, dead letters, tools, roles of the stack, and queues that answer for single messages."""
    functions = merged["resource"]["aws_lambda_function"]
    assert "tonumber" in functions["render"]["ephemeral_storage"]["size"]
    assert functions["render"]["layers"] == ["${local.RenderLayers[0]}", "${local.RenderLayers[1]}"]
    assert functions["ingest"]["dead_letter_config"]["target_arn"].endswith("outputs.IngestDeadLetters}")
    for logical_id, name in (("APIHandler", "api_handler"), ("JobChanged", "job_changed"), ("Render", "render")):
        assert functions[name]["role"] == f"${{aws_cloudformation_stack.resources.outputs.{logical_id}Role}}"
    for mapping in merged["resource"]["aws_lambda_event_source_mapping"].values():
        assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    definition = json.loads(merged["locals"]["chalice_api_swagger"])
    assert definition["x-amazon-apigateway-gateway-responses"]["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"
    assert "aws_iam_role" not in merged["resource"]


def test_no_name_is_shared_with_another_stage(merged: dict[str, Any]) -> None:
    """Whatever has a name of its own in the account has the stage in it."""
    named = {"aws_lambda_function": "function_name", "aws_api_gateway_rest_api": "name"}
    named |= {"aws_cloudwatch_event_rule": "name", "aws_s3_bucket": "bucket", "aws_cloudformation_stack": "name"}
    for kind, argument in named.items():
        for body in merged["resource"][kind].values():
            assert body[argument].startswith("sluice-dev")


def test_the_stack_is_a_valid_template(folder: Path) -> None:
    """What Terraform hands to CloudFormation; its files are named in the bucket that Terraform makes."""
    template = folder / "template.json"
    assert lint_template(template) == []
    assert set(re.findall(r"s3://([a-z-]+)/", template.read_text())) == {"sluice-artifacts-bucket"}
