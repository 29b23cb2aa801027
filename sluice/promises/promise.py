"""One promise, and the deployed resource that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sluice.clients import LocalClients
from sluice.template import Document, Resource


@dataclass(frozen=True, slots=True)
class Promise:
    """One property of one resource.

    Attributes:
        read: Reads the value of the running resource.
        write: Sets it; None when only CloudFormation can.
    """

    logical_id: str
    name: str
    value: Any
    read: Callable[[], Any]
    write: Callable[[], Any] | None = None

    def __str__(self) -> str:
        return f"{self.logical_id}.{self.name}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A resource of the template, its intrinsics resolved, and its physical id."""

    resource: Resource
    physical_id: str
    clients: LocalClients

    @property
    def properties(self) -> Document:
        return self.resource.properties

    def promise(
        self, name: str, value: Any, read: Callable[[], Any], write: Callable[[], Any] | None = None
    ) -> Promise:
        return Promise(self.resource.logical_id, name, value, read, write)


def or_none(read: Callable[[], Any], *absent: str) -> Any:
    """The value, or None when the service says with one of these codes that there is none."""
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] in absent:
            return None
        raise
