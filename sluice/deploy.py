"""Deploy a packaged app to the local AWS: upload its files, run a change set, wait, and say plainly what went wrong.

Invariant: what `deployed()` reports was deployed, repaired and checked against its template; anything else is
deployed again.
"""

from __future__ import annotations

import copy
import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sluice.clients import ACCOUNT_ID, LocalClients
from sluice.failure import DeployFailed
from sluice.package import Package
from sluice.template import Document, local_files

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

STACK = "sluice-local"
_BUCKET = "sluice-local-deploy"
_RECORD_KEY = "deployed.json"
_TEMPLATE_KEY = "template.json"
_POLL_S = 0.1
_DEPLOY_S = 180.0
# States in which a stack can not be updated any more.
_DEAD = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"})
_LIVE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack that keeps what its template promised.

    Attributes:
        fingerprint: Of the package and the parameters.
        outputs: Stack outputs by name.
        api_id: Of the REST API.
        api_stage: Its stage.
        media_bucket: Where finished streams lie.
    """

    fingerprint: str
    outputs: dict[str, str]
    api_id: str
    api_stage: str
    media_bucket: str


def _upload(clients: LocalClients, content: bytes, name: str) -> str:
    key = f"{hashlib.sha256(content).hexdigest()[:32]}/{name}"
    try:
        clients.s3.head_object(Bucket=_BUCKET, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        clients.s3.put_object(Bucket=_BUCKET, Key=key, Body=content)
    return f"s3://{_BUCKET}/{key}"


def _upload_files(clients: LocalClients, package: Package) -> Document:
    template = copy.deepcopy(package.template)
    for resource, name, value in local_files(template):
        path = package.folder / value
        resource.properties[name] = _upload(clients, path.read_bytes(), path.name)
    return template


def _stack(clients: LocalClients) -> StackTypeDef | None:
    try:
        return clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise


def _failures(clients: LocalClients) -> str:
    events = clients.cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    said: list[str] = []
    for event in reversed(events):
        reason = event.get("ResourceStatusReason", "")
        if event.get("ResourceStatus", "").endswith("_FAILED") and "cancelled" not in reason.lower():
            said.append(f"{event.get('LogicalResourceId')} ({event.get('ResourceType')}): {reason}")
    return "; ".join(said[-3:]) or "the emulator gave no reason"


def _await_stack(clients: LocalClients) -> StackTypeDef:
    deadline = time.monotonic() + _DEPLOY_S
    while time.monotonic() < deadline:
        stack = _stack(clients)
        if stack is not None and not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(_POLL_S)
    raise DeployFailed(f"the stack {STACK} did not settle within {_DEPLOY_S:.0f} s")


def _delete(clients: LocalClients) -> None:
    clients.cloudformation.delete_stack(StackName=STACK)
    deadline = time.monotonic() + _DEPLOY_S
    while (stack := _stack(clients)) is not None and stack["StackStatus"] != "DELETE_COMPLETE":
        if time.monotonic() > deadline:
            raise DeployFailed(
                f"the broken stack {STACK} can not be deleted; run: sluice down, and delete .local/state"
            )
        time.sleep(_POLL_S)


def _await_change_set(clients: LocalClients, name: str) -> str:
    deadline = time.monotonic() + _DEPLOY_S
    while time.monotonic() < deadline:
        change_set = clients.cloudformation.describe_change_set(StackName=STACK, ChangeSetName=name)
        status = change_set["Status"]
        if status == "FAILED":
            reason = change_set.get("StatusReason", "")
            if "no updates" in reason.lower() or "didn't contain changes" in reason.lower():
                return "unchanged"
            raise DeployFailed(f"the template was refused: {reason}")
        if status == "CREATE_COMPLETE":
            return "ready"
        time.sleep(_POLL_S)
    raise DeployFailed("the change set did not become ready")


def deploy(clients: LocalClients, package: Package, parameters: dict[str, str]) -> StackTypeDef:
    """Bring the stack to the package's template.

    Raises:
        DeployFailed: If the template was refused or a resource failed; names the resource and the reason.
    """
    clients.s3.create_bucket(Bucket=_BUCKET)
    template = _upload_files(clients, package)
    stack = _stack(clients)
    if stack is not None and stack["StackStatus"] in _DEAD:
        _delete(clients)
        stack = None
    is_new = stack is None or stack["StackStatus"] in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
    name = f"up-{time.time_ns()}"
    declared = template.get("Parameters", {})
    clients.cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName=name,
        ChangeSetType="CREATE" if is_new else "UPDATE",
        TemplateURL=_template_url(clients, template),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items() if key in declared
        ],
    )
    if _await_change_set(clients, name) == "ready":
        clients.cloudformation.execute_change_set(StackName=STACK, ChangeSetName=name)
        time.sleep(_POLL_S)
    stack = _await_stack(clients)
    if stack["StackStatus"] not in _LIVE or stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE":
        raise DeployFailed(f"the stack ended in {stack['StackStatus']}: {_failures(clients)}")
    return stack


def _template_url(clients: LocalClients, template: Document) -> str:
    clients.s3.put_object(Bucket=_BUCKET, Key=_TEMPLATE_KEY, Body=json.dumps(template).encode())
    return f"{clients.s3.meta.endpoint_url}/{_BUCKET}/{_TEMPLATE_KEY}"


def fingerprint_of(package: Package, parameters: dict[str, str]) -> str:
    """What a deployment depends on."""
    return hashlib.sha256(json.dumps([package.fingerprint, sorted(parameters.items())]).encode()).hexdigest()


def describe(stack: StackTypeDef, fingerprint: str) -> Deployment:
    """The facts of a deployed stack that serving needs."""
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    endpoint = outputs.get("EndpointURL", "")
    stage = endpoint.rstrip("/").rpartition("/")[2] or "api"
    return Deployment(
        fingerprint=fingerprint,
        outputs=outputs,
        api_id=outputs.get("RestAPIId", ""),
        api_stage=stage,
        media_bucket=outputs.get("MediaBucketName", f"{STACK}-media-{ACCOUNT_ID}"),
    )


def record(clients: LocalClients, deployment: Deployment) -> None:
    """Note that this deployment is in place and keeps its promises, and forget what earlier ones had uploaded."""
    body = json.dumps({"fingerprint": deployment.fingerprint}).encode()
    clients.s3.put_object(Bucket=_BUCKET, Key=_RECORD_KEY, Body=body)
    used = clients.s3.get_object(Bucket=_BUCKET, Key=_TEMPLATE_KEY)["Body"].read().decode()
    for page in clients.s3.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET):
        for item in page.get("Contents", []):
            if item["Key"] not in (_RECORD_KEY, _TEMPLATE_KEY) and item["Key"] not in used:
                clients.s3.delete_object(Bucket=_BUCKET, Key=item["Key"])


def deployed(clients: LocalClients, fingerprint: str) -> Deployment | None:
    """The deployment in place when it is this one and its stack and API are whole; None otherwise."""
    try:
        found = clients.s3.get_object(Bucket=_BUCKET, Key=_RECORD_KEY)["Body"].read()
    except ClientError:
        return None
    stack = _stack(clients)
    if stack is None or stack["StackStatus"] not in _LIVE or json.loads(found)["fingerprint"] != fingerprint:
        return None
    return describe(stack, fingerprint)
