"""After a deploy: set what the emulator dropped in silence, then insist that every promise of the template is kept."""

from __future__ import annotations

from typing import Any

from sluice.clients import ACCOUNT_ID, REGION, LocalClients
from sluice.deploy import STACK
from sluice.failure import PromiseBroken
from sluice.promises import Promise, promises
from sluice.template import Document, Resolver, resources


def _arn(kind: str, physical: str) -> str:
    name = physical.rsplit("/", 1)[-1]
    forms = {
        "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}",
        "AWS::SNS::Topic": physical,
        "AWS::Events::EventBus": f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/{name}",
        "AWS::S3::Bucket": f"arn:aws:s3:::{name}",
        "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{name}",
        "AWS::Serverless::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}",
        "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT_ID}:role/{name}",
    }
    return forms.get(kind, physical)


def _physical_ids(clients: LocalClients, template: Document) -> dict[str, str]:
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
    physical = {
        summary["LogicalResourceId"]: summary.get("PhysicalResourceId", "")
        for page in pages
        for summary in page["StackResourceSummaries"]
    }
    # SAM names a layer version after its content: its logical id gets a suffix.
    for layer in resources(template, "AWS::Serverless::LayerVersion"):
        versions = [value for name, value in physical.items() if name.startswith(layer.logical_id)]
        if versions:
            physical[layer.logical_id] = versions[-1]
    return physical


def stack_promises(clients: LocalClients, template: Document, parameters: dict[str, str]) -> list[Promise]:
    """The promises of a template, bound to its deployed stack."""
    physical = _physical_ids(clients, template)
    defaults = {name: str(body.get("Default", "")) for name, body in template.get("Parameters", {}).items()}
    pseudo = {
        "AWS::StackName": STACK,
        "AWS::AccountId": ACCOUNT_ID,
        "AWS::Region": REGION,
        "AWS::Partition": "aws",
        "AWS::URLSuffix": "amazonaws.com",
    }
    refs = defaults | {name: value for name, value in parameters.items() if name in defaults} | pseudo | physical
    arns = {item.logical_id: _arn(item.type, physical.get(item.logical_id, "")) for item in resources(template)}
    return promises(template, clients, Resolver(refs, arns, template.get("Conditions")), physical)


def broken(found: list[Promise]) -> list[tuple[Promise, Any]]:
    """The promises that are not kept, each with what there is instead."""
    return [(promise, value) for promise in found if (value := promise.read()) != promise.value]


def repair(clients: LocalClients, template: Document, parameters: dict[str, str]) -> list[str]:
    """Keep every promise; returns the names of those that had been dropped.

    Raises:
        PromiseBroken: If a promise can not be kept.
    """
    found = stack_promises(clients, template, parameters)
    dropped = [promise for promise, _ in broken(found)]
    for promise in dropped:
        if promise.write is not None:
            promise.write()
    left = broken(dropped)
    if left:
        said = "; ".join(f"{promise} should be {promise.value!r}, is {value!r}" for promise, value in left)
        raise PromiseBroken(f"the local AWS does not keep what the template promises: {said}")
    return [str(promise) for promise in dropped]
