"""The Terraform form: functions and API as Chalice writes them, everything else as one CloudFormation stack among them.

`chalice package --pkg-format terraform` knows nothing of a merge template. So a folder of this form has three files of
configuration beside each other, none of which repeats another:

- `chalice.tf.json`, Chalice's own, with roles, layers and environment from the stack's outputs;
- `sluice.tf.json`: the stack (`template.json`), a private bucket with the files it is made from, and the outputs;
- `sluice_override.tf.json`, which Terraform merges into Chalice's: disk, dead letters, partial batches, tracing, and
  names that a second stage does not share.

The stack is the template that `sluice deploy --via chalice` uses: there is one description of the data, the queues and
the state machines, and its own roles with real ARNs.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sluice.account.parts import SETTING, chalice_name, environment_output, resources_part, stage_config
from sluice.account.typed_chalice import gateway_responses, terraform_file
from sluice.failure import PackagingFailed
from sluice.package import CHALICE, TEMPLATE_NAME
from sluice.paths import Project
from sluice.processes import clean_environ
from sluice.template import Document, local_files, read_template, resources, write_template

BY_TERRAFORM = "terraform"
_STACK = "aws_cloudformation_stack.resources"
_BUCKET = "${aws_s3_bucket.artifacts.bucket}"
# Stands in the template for the bucket, whose name has the account in it.
_BUCKET_MARK = "sluice-artifacts-bucket"
_STAGE_OUTPUT = environment_output("SLUICE_STAGE")
# Chalice's own range ends before the versions that know today's runtimes; aws 6 no longer has what Chalice writes.
_VERSIONS: Document = {
    "required_version": ">= 1.3.0",
    "required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5.80.0, < 6"}},
}


def known_outputs(part: Document, stack: str) -> dict[str, str]:
    """What Chalice is told in the place of the outputs of a deployed stack: expressions of Terraform.

    They go through `local` because Chalice writes some of them into JSON inside of JSON, where a quote would be lost.
    """
    told = {}
    for name, body in part["Outputs"].items():
        if name.endswith("Layers"):
            count = len(body["Value"]["Fn::Join"][1])
            told[name] = ",".join(f"${{local.{name}[{index}]}}" for index in range(count))
        elif name.startswith(SETTING):
            told[name] = f"${{local.{name}}}"
        elif name.endswith("Role"):
            told[name] = f"${{{_STACK}.outputs.{name}}}"
    # Known now, and part of the names of queues.
    return told | {_STAGE_OUTPUT: stack}


def _locals(part: Document) -> dict[str, str]:
    found = {}
    for name in sorted(set(part["Outputs"]) - {_STAGE_OUTPUT}):
        output = f"{_STACK}.outputs.{name}"
        if name.endswith("Layers"):
            found[name] = f'${{split(",", {output})}}'
        elif name.startswith(SETTING) or name.endswith(("Concurrency", "LogGroup")):
            found[name] = f'${{trimprefix({output}, "=")}}'
    return found


def own_part(part: Document, files: Mapping[str, str], stack: str, template_digest: str) -> Document:
    """`sluice.tf.json`.

    Args:
        part: Template of the stack.
        files: Name and key of each file that the template names.
        template_digest: In the key of the template, so that a changed one changes the stack.
    """
    objects = {
        name.replace(".", "_").replace("-", "_"): {
            "bucket": _BUCKET,
            "key": key,
            "source": f"${{path.module}}/files/{name}",
        }
        for name, key in files.items()
    }
    template_key = f"{template_digest}/template.json"
    content = f'${{replace(file("${{path.module}}/template.json"), "{_BUCKET_MARK}", aws_s3_bucket.artifacts.bucket)}}'
    objects["template"] = {"bucket": _BUCKET, "key": template_key, "content": content}
    runtime = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return {
        "variable": {
            "parameters": {
                "description": 'Parameters of the template, such as { Ladder = "1080,720" }; the rest have defaults.',
                "type": "map(string)",
                "default": {},
            }
        },
        "locals": _locals(part),
        "resource": {
            "aws_s3_bucket": {
                "artifacts": {
                    "bucket": f"{stack}-artifacts-${{data.aws_caller_identity.chalice.account_id}}",
                    "force_destroy": True,
                }
            },
            "aws_s3_bucket_public_access_block": {
                "artifacts": {
                    "bucket": _BUCKET,
                    "block_public_acls": True,
                    "block_public_policy": True,
                    "ignore_public_acls": True,
                    "restrict_public_buckets": True,
                }
            },
            "aws_s3_object": objects,
            "aws_cloudformation_stack": {
                "resources": {
                    "name": stack,
                    "template_url": f"https://${{aws_s3_bucket.artifacts.bucket_regional_domain_name}}/{template_key}",
                    "capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
                    "parameters": f'${{merge({{FunctionRuntime = "{runtime}"}}, var.parameters)}}',
                    "depends_on": [f"aws_s3_object.{name}" for name in sorted(objects)],
                }
            },
        },
        "output": {
            "stack": {"description": "What the stack tells of itself", "value": f"${{{_STACK}.outputs}}"},
        },
    }


def override(template: Document, part: Document, written: Document, stack: str) -> Document:
    """`sluice_override.tf.json`: what Chalice has no setting for, merged by Terraform into what Chalice has written."""
    functions = {
        chalice_name(function.logical_id): _of_function(function.logical_id, part)
        for function in resources(template, "AWS::Serverless::Function")
    }
    made = written["resource"]
    changed: Document = {
        "aws_lambda_function": functions,
        "aws_lambda_event_source_mapping": {
            name: {"function_response_types": ["ReportBatchItemFailures"]}
            for name in made["aws_lambda_event_source_mapping"]
        },
        # Chalice gives them the same name in every stage.
        "aws_cloudwatch_event_rule": {name: {"name": f"{stack}-{name}"} for name in made["aws_cloudwatch_event_rule"]},
    }
    return {"terraform": _VERSIONS, "resource": changed}


def invoke_configs(template: Document) -> Document:
    """How often asynchronous invocations are repeated: resources of their own, which Chalice does not write."""
    return {
        chalice_name(function.logical_id): {
            "function_name": f"${{aws_lambda_function.{chalice_name(function.logical_id)}.function_name}}",
            "maximum_retry_attempts": function.properties["EventInvokeConfig"]["MaximumRetryAttempts"],
            "maximum_event_age_in_seconds": function.properties["EventInvokeConfig"]["MaximumEventAgeInSeconds"],
        }
        for function in resources(template, "AWS::Serverless::Function")
        if "EventInvokeConfig" in function.properties
    }


def _of_function(logical_id: str, part: Document) -> Document:
    outputs = part["Outputs"]
    found: Document = {"tracing_config": {"mode": f"${{{_STACK}.outputs.FunctionTracing}}"}}
    if f"{logical_id}LogGroup" in outputs:
        found["logging_config"] = {"log_format": "Text", "log_group": f"${{local.{logical_id}LogGroup}}"}
    if f"{logical_id}Disk" in outputs:
        found["ephemeral_storage"] = {"size": f"${{tonumber({_STACK}.outputs.{logical_id}Disk)}}"}
    for argument, kind in (("memory_size", "Memory"), ("timeout", "Timeout")):
        if f"{logical_id}{kind}" in outputs:
            found[argument] = f"${{tonumber({_STACK}.outputs.{logical_id}{kind})}}"
    if f"{logical_id}DeadLetters" in outputs:
        found["dead_letter_config"] = {"target_arn": f"${{{_STACK}.outputs.{logical_id}DeadLetters}}"}
    if f"{logical_id}Concurrency" in outputs:
        reserved = f"local.{logical_id}Concurrency"
        found["reserved_concurrent_executions"] = f'${{{reserved} == "" ? -1 : tonumber({reserved})}}'
    return found


def package_terraform(project: Project, packaged: Path, out: Path, *, stage: str) -> None:
    """Write the three files, and everything that they name, to a folder.

    Args:
        packaged: Folder of the same stage, packaged for CloudFormation.

    Raises:
        PackagingFailed: If Chalice refuses.
    """
    stack = f"sluice-{stage}"
    template = read_template(packaged / TEMPLATE_NAME)
    part = resources_part(template, deployed_by=BY_TERRAFORM)
    config = json.loads((project.root / ".chalice" / "config.json").read_text())
    known = {
        "api_name": stack,
        "config": stage_config(template, config, known_outputs(part, stack), stage=stage),
        "gateway_responses": gateway_responses(template),
    }
    path = terraform_file(project.root, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=2) + "\n")
    (out / "files").mkdir(parents=True, exist_ok=True)
    _run_chalice(project, out, stage)
    files = {}
    for resource, name, value in local_files(part):
        content = (packaged / value).read_bytes()
        file = Path(value).name
        files[file] = f"{hashlib.sha256(content).hexdigest()[:32]}/{file}"
        (out / "files" / file).write_bytes(content)
        resource.properties[name] = f"s3://{_BUCKET_MARK}/{files[file]}"
    write_template(out / "template.json", part)
    digest = hashlib.sha256((out / "template.json").read_bytes()).hexdigest()[:32]
    own = own_part(part, files, stack, digest)
    own["resource"]["aws_lambda_function_event_invoke_config"] = invoke_configs(template)
    write_template(out / "sluice.tf.json", own)
    written = json.loads((out / "chalice.tf.json").read_text())
    write_template(out / "sluice_override.tf.json", override(template, part, written, stack))


def _run_chalice(project: Project, out: Path, stage: str) -> None:
    command = [sys.executable, "-c", CHALICE, "package", "--pkg-format", "terraform", "--stage", stage, str(out)]
    environ = clean_environ(AWS_DEFAULT_REGION="us-east-1", AWS_EC2_METADATA_DISABLED="true")
    done = subprocess.run(command, cwd=project.root, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingFailed(f"chalice package failed: {' '.join((done.stderr or done.stdout).split()[-40:])}")
