"""The packaged template: which local files it names, and what its values come to once the stack is deployed.

Invariant: a packaged folder is whole. Every local file that the template names lies beside it, so it can be moved,
diffed and deployed from anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.failure import PackagingFailed

# Resource type -> properties that may name a local file (the ones `aws cloudformation package` uploads).
_FILE_PROPERTIES = {
    "AWS::Serverless::Function": ("CodeUri",),
    "AWS::Serverless::LayerVersion": ("ContentUri",),
    "AWS::Serverless::StateMachine": ("DefinitionUri",),
}
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a template."""

    logical_id: str
    type: str
    properties: Document
    condition: str | None = None


def read_template(path: Path) -> Document:
    """Read a template in JSON."""
    document: Document = json.loads(path.read_text())
    return document


def write_template(path: Path, template: Document) -> None:
    """Write a template in JSON, keys sorted, so that equal templates are equal files."""
    path.write_text(json.dumps(template, indent=2, sort_keys=True) + "\n")


def resources(template: Document, *types: str) -> Iterator[Resource]:
    """The resources of these types, or all, in order of their logical id."""
    for logical_id, body in sorted(template.get("Resources", {}).items()):
        if "Type" not in body:
            raise PackagingFailed(
                f"resource {logical_id} has no Type: the merge template names something that is not there"
            )
        if not types or body["Type"] in types:
            yield Resource(logical_id, body["Type"], body.get("Properties") or {}, body.get("Condition"))


def local_files(template: Document) -> Iterator[tuple[Resource, str, str]]:
    """Every (resource, property, path) that names a file on this machine."""
    for resource in resources(template, *_FILE_PROPERTIES):
        for name in _FILE_PROPERTIES[resource.type]:
            value = resource.properties.get(name)
            if isinstance(value, str) and not value.startswith("s3://"):
                yield resource, name, value


class NoValue:
    """What Ref AWS::NoValue comes to: the property is not there."""


class Resolver:
    """What the intrinsics of a deployed stack come to: Ref, Fn::GetAtt (Arn), Fn::Sub, Fn::Join, Fn::If and conditions.

    Args:
        refs: Parameters, pseudo parameters and physical ids, by name.
        arns: ARN of each resource, by logical id.
        conditions: The template's Conditions.
    """

    def __init__(
        self, refs: Mapping[str, str], arns: Mapping[str, str], conditions: Mapping[str, Any] | None = None
    ) -> None:
        self._refs = refs
        self._arns = arns
        self._conditions = conditions or {}

    def resolve(self, value: Any) -> Any:
        """The value with its intrinsics replaced.

        Raises:
            KeyError: If it names something that the stack does not have.
        """
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NoValue]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return NoValue if argument == "AWS::NoValue" else self._refs[argument]
            if name == "Fn::GetAtt":
                return self._attribute(*(argument if isinstance(argument, list) else argument.split(".", 1)))
            if name == "Fn::Sub":
                return self._substitute(argument)
            if name == "Fn::Join":
                return argument[0].join(str(self.resolve(item)) for item in argument[1])
            if name == "Fn::If":
                condition, yes, no = argument
                return self.resolve(yes if self.holds(condition) else no)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NoValue}

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template holds."""
        return self._test(self._conditions[condition])

    def _test(self, expression: Any) -> bool:
        ((name, argument),) = expression.items()
        if name == "Condition":
            return self.holds(argument)
        if name == "Fn::Equals":
            left, right = (str(self.resolve(side)) for side in argument)
            return left == right
        if name == "Fn::Not":
            return not self._test(argument[0])
        if name in ("Fn::And", "Fn::Or"):
            return (all if name == "Fn::And" else any)(self._test(item) for item in argument)
        raise KeyError(name)

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if attribute != "Arn":
            raise KeyError(f"{logical_id}.{attribute}")
        return self._arns[logical_id]

    def _substitute(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in own:
                return str(self.resolve(own[name]))
            return self._attribute(*name.split(".", 1)) if "." in name else self._refs[name]

        return re.sub(r"\$\{([^}]+)\}", value_of, text)
