"""What a template promises that an emulator may drop in silence, each with how to read it back and how to set it.

Invariant: a promise is read from the template and checked against the running service through its public API; nothing
here knows which of them this version of the emulator happens to drop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sluice.clients import LocalClients
from sluice.promises import functions, notifications, queues, storage
from sluice.promises.promise import Promise, Subject
from sluice.template import Document, Resolver, resources

_KINDS: Mapping[str, Callable[[Subject], Iterator[Promise]]] = {
    "AWS::Serverless::Function": functions.of_function,
    "AWS::Serverless::StateMachine": functions.of_state_machine,
    "AWS::DynamoDB::Table": storage.of_table,
    "AWS::S3::Bucket": storage.of_bucket,
    "AWS::SQS::Queue": queues.of_queue,
    "AWS::SNS::Topic": notifications.of_topic,
    "AWS::Events::EventBus": notifications.of_bus,
}


def promises(
    template: Document, clients: LocalClients, resolver: Resolver, physical: Mapping[str, str]
) -> list[Promise]:
    """Every promise of the template, in order of logical id.

    Args:
        physical: Physical id of each resource, by logical id.
    """
    shared = (template.get("Globals", {}).get("Function", {}).get("Environment") or {}).get("Variables") or {}
    found: list[Promise] = []
    for resource in resources(template, *_KINDS):
        if resource.condition is not None and not resolver.holds(resource.condition):
            continue
        properties = resolver.resolve(resource.properties)
        if resource.type == "AWS::Serverless::Function":
            own = (properties.get("Environment") or {}).get("Variables") or {}
            properties["Environment"] = {"Variables": resolver.resolve(shared) | own}
        subject = Subject(replace(resource, properties=properties), physical[resource.logical_id], clients)
        found += _KINDS[resource.type](subject)
    return found


__all__ = ["Promise", "promises"]
