"""A local AWS of its own for a test: a copy of the tiny app, a private home, free ports."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluice.clients import LocalClients
from sluice.deploy import STACK
from sluice.facts import Facts, read_facts
from sluice.lifecycle import down, up_detached
from sluice.paths import Local, LocalHome, Project
from sluice.processes import ProcessId, strays
from sluice.report import Report

_APP = Path(__file__).parent / "fixtures" / "local_aws_app"
_QUIET = Report(quiet=True)


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_app(root: Path) -> Project:
    """The tiny app as a project, with the layer of the real one."""
    shutil.copytree(_APP, root)
    (root / "app.py.txt").rename(root / "app.py")
    scripts = Project(root).web / "js"
    scripts.mkdir(parents=True)
    (scripts / "main.js").write_text("export const toy = true;")
    layers = Project.here().layer_zip.parent
    if layers.is_dir():
        shutil.copytree(layers, root / "build" / "layers")
    return Project(root)


@dataclass(frozen=True, slots=True)
class ToyAws:
    """The tiny app on a local AWS."""

    local: Local

    @classmethod
    def under(cls, folder: Path) -> ToyAws:
        project = copy_app(folder / "project")
        return cls(Local(project, LocalHome(folder / "home"), free_port(), free_port()))

    @property
    def clients(self) -> LocalClients:
        return LocalClients(self.local)

    @property
    def outputs(self) -> dict[str, str]:
        stack = self.clients.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
    def facts(self) -> Facts:
        facts = read_facts(self.local.home)
        assert facts is not None
        return facts

    def up(self) -> None:
        up_detached(self.local, _QUIET)

    def down(self) -> None:
        down(self.local)

    def processes(self) -> list[ProcessId]:
        """Everything of this home that lives, the supervisor left out."""
        return list(strays(self.local.home.root))

    def invoke(self, **event: Any) -> tuple[Any, str | None]:
        """Call the render function: its payload, and its error kind."""
        answer = self.clients.functions.invoke(
            FunctionName=self.outputs["RenderFunctionName"], Payload=json.dumps(event)
        )
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")
