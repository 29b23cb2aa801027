"""Promises about functions, their event sources, and state machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sluice.promises.promise import Promise, Subject, or_none

_CONFIGURED = ("Handler", "MemorySize", "Timeout", "Runtime", "EphemeralStorage")
_NUMBERS = frozenset({"MemorySize", "Timeout"})
_ASYNCHRONOUS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds")
_FROM_QUEUE = ("BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "ScalingConfig")


def of_function(subject: Subject) -> Iterator[Promise]:
    """Configuration, layers, environment, concurrency, dead letters, asynchronous invocation, queues."""
    for name in _CONFIGURED:
        if name in subject.properties:
            yield _configured(subject, name)
    if "Layers" in subject.properties:
        yield subject.promise("Layers", subject.properties["Layers"], lambda: _layers(subject))
    variables = subject.properties["Environment"]["Variables"]
    yield subject.promise("Environment", variables, lambda: _variables(subject, list(variables)))
    if "ReservedConcurrentExecutions" in subject.properties:
        yield _concurrency(subject, int(subject.properties["ReservedConcurrentExecutions"]))
    if "DeadLetterQueue" in subject.properties:
        yield _dead_letters(subject, subject.properties["DeadLetterQueue"]["TargetArn"])
    declared = subject.properties.get("EventInvokeConfig") or {}
    if asynchronous := {name: declared[name] for name in _ASYNCHRONOUS if name in declared}:
        yield _asynchronous(subject, asynchronous)
    for event_id, event in sorted((subject.properties.get("Events") or {}).items()):
        if event["Type"] == "SQS":
            yield from _queue_source(subject, event_id, event["Properties"])


def _read(subject: Subject) -> dict[str, Any]:
    functions = subject.clients.functions
    return {**functions.get_function_configuration(FunctionName=subject.physical_id)}


def _configured(subject: Subject, name: str) -> Promise:
    wanted = subject.properties[name]
    if name in _NUMBERS:
        # A parameter's value is text.
        wanted = int(wanted)
    elif name == "EphemeralStorage":
        wanted = {"Size": int(wanted["Size"])}
    return subject.promise(name, wanted, lambda: _read(subject).get(name))


def _layers(subject: Subject) -> list[str]:
    return [layer["Arn"] for layer in _read(subject).get("Layers") or []]


def _variables(subject: Subject, names: list[str]) -> dict[str, str | None]:
    found = (_read(subject).get("Environment") or {}).get("Variables") or {}
    return {name: found.get(name) for name in names}


def _concurrency(subject: Subject, reserved: int) -> Promise:
    functions, name = subject.clients.functions, subject.physical_id
    return subject.promise(
        "ReservedConcurrentExecutions",
        reserved,
        lambda: functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions"),
        lambda: functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved),
    )


def _dead_letters(subject: Subject, target_arn: str) -> Promise:
    functions, name = subject.clients.functions, subject.physical_id
    return subject.promise(
        "DeadLetterQueue",
        target_arn,
        lambda: (_read(subject).get("DeadLetterConfig") or {}).get("TargetArn"),
        lambda: functions.update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": target_arn}),
    )


def _asynchronous(subject: Subject, wanted: dict[str, Any]) -> Promise:
    functions, name = subject.clients.functions, subject.physical_id

    def read() -> dict[str, Any]:
        found = or_none(
            lambda: functions.get_function_event_invoke_config(FunctionName=name), "ResourceNotFoundException"
        )
        return {key: (found or {}).get(key) for key in wanted}

    return subject.promise(
        "EventInvokeConfig",
        wanted,
        read,
        lambda: functions.put_function_event_invoke_config(FunctionName=name, **wanted),
    )


def _queue_source(subject: Subject, event_id: str, properties: dict[str, Any]) -> Iterator[Promise]:
    functions = subject.clients.functions

    def mapping() -> dict[str, Any]:
        found = functions.list_event_source_mappings(FunctionName=subject.physical_id)["EventSourceMappings"]
        return next(({**item} for item in found if item.get("EventSourceArn") == properties["Queue"]), {})

    def setting(key: str) -> Promise:
        change: Any = {key: properties[key]}
        return subject.promise(
            f"{event_id}.{key}",
            properties[key],
            lambda: mapping().get(key),
            lambda: functions.update_event_source_mapping(UUID=mapping()["UUID"], **change),
        )

    yield subject.promise(f"{event_id}.Queue", properties["Queue"], lambda: mapping().get("EventSourceArn"))
    yield from (setting(key) for key in _FROM_QUEUE if key in properties)


def of_state_machine(subject: Subject) -> Iterator[Promise]:
    """Its definition has every substitution."""

    def unfilled() -> bool:
        machine = subject.clients.states.describe_state_machine(stateMachineArn=subject.physical_id)
        return "${" in machine["definition"]

    yield subject.promise("DefinitionSubstitutions left open", False, unfilled)
