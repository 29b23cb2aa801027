"""The local AWS that is loaded: found or started, killed, and brought back; with what the scripts ask of it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from sluice.api_client import Api, ApiRefused, ApiUnreachable, Json
from sluice.clients import LocalClients
from sluice.deploy import STACK
from sluice.facts import read_facts
from sluice.failure import OperatorError
from sluice.lifecycle import down, up_detached
from sluice.paths import Local
from sluice.report import Report

FAULTS_VARIABLE = "SLUICE_EMULATOR_FAULTS"
_QUIET = Report(quiet=True)
_PATIENCE_S = 120.0
_PAUSE_S = 0.25
_SAVE_S = 10.0
# Between a client's tries, drawn from [0, this) in the end: they must not come back together.
_LONGEST_PAUSE_S = 8.0
# What a client of a service that is asked too much tries again.
AGAIN = frozenset({429, 500, 502, 503, 504})


class StageLost(OperatorError):
    """The local AWS is not there, or does not come back."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A deployed stack on a running local AWS."""

    local: Local
    clients: LocalClients
    outputs: dict[str, str]
    functions: dict[str, str]
    api: Api

    def call(self, method: str, path: str, *, patience_s: float = _PATIENCE_S, **request: Any) -> Json:
        """One call of the API, tried again like any client's while the service is away or asked too much.

        Raises:
            ApiRefused: If it is refused for another reason.
            StageLost: If it is not served for so long.
        """
        until = time.monotonic() + patience_s
        said, pause_s = "", _PAUSE_S
        while time.monotonic() < until:
            try:
                found: Json = self.api._call(method, path, **request).json()
            except (ApiUnreachable, ApiRefused) as error:
                if isinstance(error, ApiRefused) and error.status not in AGAIN:
                    raise
                said = error.message
                time.sleep(random.uniform(0, pause_s))  # noqa: S311
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                return found
        raise StageLost(f"{method} {path} was not served for {patience_s:.0f} s: {said}")

    def put(self, url: str, body: bytes) -> None:
        """Send bytes to a presigned URL, again until they are taken."""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            try:
                if httpx.put(url, content=body, timeout=60, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(_PAUSE_S)
        raise StageLost("the storage took no bytes")

    def limit_functions(self, most: int) -> None:
        """Let no function run more than so often at once: what an account's quota does."""
        for name in self.functions.values():
            self.clients.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=most)

    def kill_emulator(self) -> None:
        """As a power cut would end it: its supervisor ends too, and every function.

        What AWS has answered is stored; here it is up to two seconds later, so a save comes first.
        """
        facts = read_facts(self.local.home)
        if facts is None:
            raise StageLost("there is no local AWS to kill")
        records = self.local.home.state / "services" / "dynamodb.json"
        saved_at = records.stat().st_mtime_ns
        os.kill(facts.emulator_pid, signal.SIGUSR1)
        until = time.monotonic() + _SAVE_S
        while records.stat().st_mtime_ns == saved_at and time.monotonic() < until:
            time.sleep(_SAVE_S / 1000)
        os.kill(facts.emulator_pid, signal.SIGKILL)
        until = time.monotonic() + _PATIENCE_S
        while read_facts(self.local.home) is not None:
            if time.monotonic() > until:
                raise StageLost("the supervisor outlives its emulator")
            time.sleep(_PAUSE_S)

    def bring_back(self) -> None:
        up_detached(self.local, _QUIET)


@contextmanager
def running_stage() -> Iterator[Stage]:
    """The local AWS of SLUICE_HOME; started for the block, and stopped after it, unless it runs already."""
    local = Local.from_env()
    ours = read_facts(local.home) is None
    try:
        running = up_detached(local, _QUIET)
        facts = read_facts(local.home)
        if facts is None:
            raise StageLost("the local AWS ended at once; its log is in SLUICE_HOME")
        found = replace(local, origin_port=facts.origin_port, gateway_port=facts.gateway_port)
        clients = LocalClients(found)
        api = Api(found.origin_url, running.api_key)
        yield Stage(found, clients, _outputs(clients), _functions(clients), api)
        api.close()
    finally:
        if ours:
            down(local)


def _outputs(clients: LocalClients) -> dict[str, str]:
    stack = clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _functions(clients: LocalClients) -> dict[str, str]:
    """Physical names of the functions by logical id."""
    found = clients.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    kinds = ("AWS::Lambda::Function", "AWS::Serverless::Function")
    return {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in found if each["ResourceType"] in kinds
    }
