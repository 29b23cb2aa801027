"""`sluice invoke`: one function with one event, on the local AWS or in an account, without what would have called."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import click

from sluice.account.parts import chalice_name
from sluice.account.rollout import Target
from sluice.account.session import explained, open_account
from sluice.clients import clients_of
from sluice.deploy import STACK
from sluice.failure import OperatorError
from sluice.verbs_local import running_local

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient


def physical_name(cloudformation: CloudFormationClient, stack: str, function: str) -> str:
    """The name of a function of a stack, which is called as in `.chalice/config.json`.

    Raises:
        OperatorError: If the stack has no such function.
    """
    there = {}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for found in page["StackResourceSummaries"]:
            if found["ResourceType"] == "AWS::Lambda::Function":
                there[chalice_name(found["LogicalResourceId"])] = found["PhysicalResourceId"]
    # A stage by `chalice deploy` or Terraform has its functions outside of the stack, under names that are known.
    there = there or {function: stack if function == "api_handler" else f"{stack}-{function}"}
    if function not in there:
        raise OperatorError(f"there is no function {function!r}; there are: {', '.join(sorted(there))}")
    return there[function]


def invoke(functions: LambdaClient, name: str, event: Any) -> tuple[Any, str, bool]:
    """What a function answers, the end of its log, and whether it succeeded."""
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail")
    log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
    return json.loads(answer["Payload"].read() or b"null"), log, "FunctionError" not in answer


@click.command("invoke")
@click.argument("function")
@click.argument("event", type=click.File("rb"))
@click.option("--stage", help="A stage of your account; without it, the local AWS.")
@click.option("--region", help="AWS region of the stage.")
@click.option("--profile", help="Profile of the AWS configuration.")
def invoke_verb(*, function: str, event: Any, stage: str | None, region: str | None, profile: str | None) -> None:
    """Call FUNCTION (such as render) with the JSON of EVENT (- for standard input), and print what it answers."""
    try:
        given = json.load(event)
    except json.JSONDecodeError as error:
        raise OperatorError(f"{event.name} is not JSON: {error}") from error
    with explained():
        if stage in (None, "local"):
            clients = clients_of(running_local())
            cloudformation, functions, stack = clients.cloudformation, clients.functions, STACK
        else:
            account = open_account(profile=profile, region=region)
            cloudformation, functions = account.client("cloudformation"), account.client("lambda")
            stack = Target(account, str(stage)).stack_name
        answer, log, succeeded = invoke(functions, physical_name(cloudformation, stack, function), given)
    click.echo(log, err=True, nl=False)
    click.echo(json.dumps(answer, indent=2))
    if not succeeded:
        raise OperatorError(f"{function} failed: {answer.get('errorType')}")


VERBS = (invoke_verb,)
