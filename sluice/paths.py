"""Where things are: the project, and the home of one local AWS.

Invariant: everything `sluice up` writes lies under one `LocalHome` (default `.local/`, or `SLUICE_HOME`), so that two
local AWS with different homes and ports never meet. Only the emulator's virtual environment is shared: it depends on
nothing but two pinned versions.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ORIGIN_PORT = 8000
GATEWAY_PORT = 14566


@dataclass(frozen=True, slots=True)
class Project:
    """A checkout of Sluice."""

    root: Path

    @classmethod
    def here(cls) -> Project:
        """The checkout that this package was imported from."""
        return cls(Path(__file__).resolve().parent.parent)

    @property
    def merge_template(self) -> Path:
        return self.root / ".chalice" / "resources.yaml"

    @property
    def state_machines(self) -> Path:
        return self.root / "stepfunctions"

    @property
    def layer_zip(self) -> Path:
        return self.root / "build" / "layers" / "media-tools.zip"

    @property
    def browser_layer_zip(self) -> Path:
        return self.root / "build" / "layers" / "browser.zip"

    @property
    def npm(self) -> Path:
        """For packages while they are unpacked."""
        return self.root / "build" / "npm"

    @property
    def web(self) -> Path:
        return self.root / "chalicelib" / "web"


@dataclass(frozen=True, slots=True)
class LocalHome:
    """The directory of one local AWS."""

    root: Path

    @property
    def state(self) -> Path:
        """What survives a restart: tables, queues, executions, and the objects of S3."""
        return self.root / "state"

    @property
    def gateway_file(self) -> Path:
        """The gateway port that the stored queue URLs name."""
        return self.state / "gateway-port"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        """Lock and facts of the running supervisor."""
        return self.root / "run"

    @property
    def cache(self) -> Path:
        """Unpacked layers and code, by content; safe to delete while nothing runs."""
        return self.root / "cache"

    @property
    def tmp(self) -> Path:
        """The /tmp of each function's sandbox."""
        return self.root / "tmp"

    @property
    def package(self) -> Path:
        """The packaged app that was deployed last."""
        return self.root / "package"

    @property
    def key_file(self) -> Path:
        return self.root / "dev-key"

    @property
    def supervisor_log(self) -> Path:
        return self.log / "sluice.log"

    @property
    def emulator_log(self) -> Path:
        return self.log / "emulator.log"


@dataclass(frozen=True, slots=True)
class Local:
    """One local AWS: its project, its home and its two ports."""

    project: Project
    home: LocalHome
    origin_port: int = ORIGIN_PORT
    gateway_port: int = GATEWAY_PORT

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, port: int | None = None) -> Local:
        """Read SLUICE_PROJECT, SLUICE_HOME, SLUICE_PORT and SLUICE_GATEWAY_PORT; `port` wins over SLUICE_PORT."""
        env = os.environ if environ is None else environ
        project = Project(Path(env["SLUICE_PROJECT"]).resolve()) if env.get("SLUICE_PROJECT") else Project.here()
        home = Path(env.get("SLUICE_HOME") or project.root / ".local").expanduser().resolve()
        return cls(
            project=project,
            home=LocalHome(home),
            origin_port=port or int(env.get("SLUICE_PORT") or ORIGIN_PORT),
            gateway_port=int(env.get("SLUICE_GATEWAY_PORT") or GATEWAY_PORT),
        )

    @property
    def emulator_venv(self) -> Path:
        """Shared by every home of this checkout: it depends on two pinned versions only."""
        return Project.here().root / ".local" / "emulator"

    @property
    def origin_url(self) -> str:
        return f"http://127.0.0.1:{self.origin_port}"

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"
