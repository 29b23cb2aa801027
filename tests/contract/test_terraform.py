"""The Terraform form, against the provider's own names of arguments: there is no Terraform among the packages to ask.

`tests/fixtures/terraform_aws.json` holds the arguments and blocks of hashicorp/aws 5, read from its bindings for CDKTF.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sluice.lint import lint_template
from sluice.paths import Project
from sluice.terraform import package_terraform

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
