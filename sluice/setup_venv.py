"""First-time set-up: the project's own virtual environment, from nothing but python3 and the package registries.

Standard library only, because nothing else is installed yet. Run by `make setup` as `python3 -m sluice.setup_venv`. The
stamp inside the environment holds a digest of what was asked for, so that a second run costs nothing and a changed
requirements file brings the environment up to date. The stamp is written last: an interrupted set-up is done again.
"""

import hashlib
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".sluice-setup"
INPUTS = ("requirements.txt", "requirements-tools.txt", "requirements-dev.txt", "pyproject.toml")


def stop(message: str) -> None:
    """End with one clear line."""
    sys.exit(f"sluice: {message}")


def wanted() -> str:
    """What the environment has to match, as a digest."""
    digest = hashlib.sha256(platform.python_version().encode())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def check_machine() -> None:
    """Refuse what can not work, with the command that mends it."""
    if sys.version_info < (3, 11):  # noqa: UP036  the one file that an older Python runs
        # Said here, because an older Python can not even read the module that says the rest.
        stop(f"Python 3.11 to 3.14 is needed, this is {platform.python_version()}; run: make setup PYTHON=python3.13")
    from sluice import preflight
    from sluice.failure import MissingRequirement

    try:
        preflight.check_python(sys.version_info[:2])
        preflight.check_platform(platform.system(), platform.machine())
        preflight.check_libraries()
        preflight.check_venv_module()
    except MissingRequirement as error:
        stop(error.message)


def install() -> None:
    """Make the environment and install what the requirement files name."""
    python = VENV / "bin" / "python"
    steps = (
        ("making .venv", [sys.executable, "-m", "venv", "--clear", str(VENV)]),
        ("installing packages", [str(python), "-m", "pip", *_QUIET, "-r", str(ROOT / "requirements-dev.txt")]),
        ("installing sluice", [str(python), "-m", "pip", *_QUIET, "--no-deps", "-e", str(ROOT)]),
        ("preparing the local AWS", [str(python), "-m", "sluice.prepare"]),
    )
    for title, command in steps:
        print(f"setup: {title} ...", flush=True)
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            stop(f"{title} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        print(f"setup: {title} done in {time.monotonic() - started:.0f} s", flush=True)


_QUIET = ("install", "--quiet", "--disable-pip-version-check", "--no-input")


def main() -> None:
    check_machine()
    digest = wanted()
    if STAMP.exists() and STAMP.read_text() == digest:
        return
    install()
    STAMP.write_text(digest)


if __name__ == "__main__":
    main()
