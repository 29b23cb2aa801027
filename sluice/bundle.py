"""The sources that a wheel carries, where they can be worked on.

Packaging writes beside what it packages, and the folder of an installed package is nobody's to write to. So they are
copied to a folder of the user's, once for each build of the wheel: its name holds the digest of the wheel's own list of
files (RECORD), in which is the digest of each.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.metadata import distribution
from pathlib import Path

from sluice.failure import OperatorError

_INSTALLED = Path(__file__).resolve().parent


def unpacked() -> Path:
    """The folder; made on the first call.

    Raises:
        OperatorError: If this is neither a checkout nor an installed wheel.
    """
    found = distribution("sluice")
    bundled, record = _INSTALLED / "bundled", found.read_text("RECORD")
    if not bundled.is_dir() or record is None:
        raise OperatorError("the sources of Sluice are not here: install its wheel, or work in a checkout")
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    root = data / "sluice" / f"{found.version}-{hashlib.sha256(record.encode()).hexdigest()[:12]}"
    if not root.is_dir():
        root.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=root.parent))
        shutil.copytree(bundled, partial, dirs_exist_ok=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_INSTALLED.parent / "chalicelib", partial / "chalicelib", ignore=ignored)
        partial.rename(root)
    return root
