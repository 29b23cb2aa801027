"""Start, await and stop the emulator's process.

Invariant: it listens on loopback only, enforces IAM, and dies with the supervisor that started it.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from sluice.clients import ACCOUNT_ID, REGION
from sluice.emulator import venv
from sluice.failure import EmulatorFailed
from sluice.paths import IMPORTED_FROM, Local
from sluice.processes import HOME_MARK, clean_environ

_START_S = 30.0
_STOP_S = 15.0
_ENTRY = "import sys; sys.path.append({root!r}); from sluice.emulator.inside.main import main; main()"
# awslambdaric and what it imports, by import name; linked into a directory of their own so that a function sees them
# and nothing else of the developer's environment.
_RUNTIME_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")


def link_runtime_client(directory: Path) -> None:
    """Fill `directory` with links to the runtime client's packages.

    Raises:
        EmulatorFailed: If one of them is not installed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name in _RUNTIME_CLIENT:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise EmulatorFailed(f"the Python package {name} is missing; run: make setup")
        origin = Path(spec.origin)
        target = origin.parent if origin.name == "__init__.py" else origin
        link = directory / target.name
        if link.is_symlink() and link.readlink() == target:
            continue
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _environ(local: Local) -> dict[str, str]:
    package = Path(__file__).resolve().parent.parent
    home = local.home.root
    tmp = local.home.tmp / "emulator"
    tmp.mkdir(parents=True, exist_ok=True)
    return clean_environ(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(local.gateway_port),
        AWS_ENDPOINT_URL=local.gateway_url,
        AWS_DEFAULT_REGION=REGION,
        MINISTACK_REGION=REGION,
        MINISTACK_ACCOUNT_ID=ACCOUNT_ID,
        AUTH="true",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        PERSIST_STATE="1",
        STATE_DIR=str(local.home.state / "services"),
        S3_PERSIST="1",
        S3_DATA_DIR=str(local.home.state / "objects"),
        LOG_LEVEL=os.environ.get("SLUICE_EMULATOR_LOG_LEVEL", "WARNING"),
        TMPDIR=str(tmp),
        DOCKER_HOST="unix:///nonexistent/docker.sock",
        SLUICE_LOCAL_SUPERVISOR_PID=str(os.getpid()),
        SLUICE_LOCAL_PYTHON=sys.executable,
        SLUICE_LOCAL_SANDBOX=str(package / "runtime_client" / "sandbox.py"),
        SLUICE_LOCAL_RUNTIME=str(package / "runtime_client" / "runtime.py"),
        SLUICE_LOCAL_CLIENT=str(home / "cache" / "runtime-client"),
        **{HOME_MARK: str(home)},
    )


class Emulator:
    """The running emulator. Must be started from the main thread, whose death ends it."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._log = local.home.emulator_log
        link_runtime_client(local.home.cache / "runtime-client")
        self._log.parent.mkdir(parents=True, exist_ok=True)
        entry = _ENTRY.format(root=str(IMPORTED_FROM))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(venv.python_of(local.emulator_venv)), "-I", "-c", entry],
                env=_environ(local),
                cwd=local.home.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def await_ready(self) -> None:
        """Return when the emulator answers.

        Raises:
            EmulatorFailed: If it ended, or did not answer in time.
        """
        deadline = time.monotonic() + _START_S
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            self.check()
            try:
                with opener.open(f"{self._local.gateway_url}/_ministack/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise EmulatorFailed(f"the local AWS did not answer within {_START_S:.0f} s; its log is {self._log}")

    def check(self) -> None:
        """Raise EmulatorFailed when the process has ended."""
        code = self.process.poll()
        if code is not None:
            last = self._log.read_text(errors="replace").strip().splitlines()[-1:]
            raise EmulatorFailed(
                f"the local AWS ended with code {code} ({' '.join(last)[:300]}); its log is {self._log}"
            )

    def save(self) -> None:
        """Have all state written now, not only that of the data services."""
        self.process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """End it gracefully, so that its state is saved; killed when it takes too long."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
