"""The emulator's own virtual environment: ministack pins botocore, so it cannot share ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sluice.emulator.pins import PINS
from sluice.failure import EmulatorFailed
from sluice.processes import clean_environ


def _mark(venv: Path) -> Path:
    return venv / "sluice-pins.txt"


def _wanted() -> str:
    pins = "\n".join(f"{name}=={version}" for name, version in sorted(PINS.items()))
    return f"{sys.version_info.major}.{sys.version_info.minor}\n{sys.base_prefix}\n{pins}\n"


def is_ready(venv: Path) -> bool:
    """Whether the environment holds exactly the pinned versions for this Python."""
    mark = _mark(venv)
    return mark.is_file() and mark.read_text() == _wanted() and python_of(venv).exists()


def python_of(venv: Path) -> Path:
    """The interpreter of the environment."""
    return venv / "bin" / "python"


def ensure(venv: Path) -> None:
    """Create or repair the environment; does nothing when it is right.

    Raises:
        EmulatorFailed: If pip could not install the pinned versions.
    """
    if is_ready(venv):
        return
    venv.parent.mkdir(parents=True, exist_ok=True)
    pins = [f"{name}=={version}" for name, version in PINS.items()]
    pip = [str(python_of(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins]
    for command in ([sys.executable, "-m", "venv", "--clear", str(venv)], pip):
        done = subprocess.run(command, env=clean_environ(), capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise EmulatorFailed(f"cannot install the local AWS ({' '.join(pins)}): {' '.join(reason)}")
    _mark(venv).write_text(_wanted())
