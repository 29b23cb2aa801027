"""Lambda imports the module of a blueprint's function, never app.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = sorted(path.stem for path in (ROOT / "chalicelib" / "handlers").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_is_imported_alone(name: str) -> None:
    """In a fresh interpreter, with no setting and no network, each handler module is imported without app.py."""
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('an import touched the network')\n"
        "socket.socket.connect = refuse\n"
        f"import chalicelib.handlers.{name}\n"
        "assert 'app' not in sys.modules\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_the_app_is_imported_without_what_its_first_calls_need() -> None:
    """A cold start waits for no AWS client and no tool: botocore alone takes as long as all the rest."""
    code = (
        "import sys, app\n"
        "heavy = ('boto3', 'botocore.session', 'botocore.client', 'urllib3', 'pymediainfo', 'chalicelib.tools')\n"
        "assert [name for name in heavy if name in sys.modules] == []\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
