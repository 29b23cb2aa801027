"""Programs of the media tools layer that no Python package brings."""

from __future__ import annotations

import os
import zipfile
from functools import cache
from pathlib import Path

from sluice.layers import build_media_tools
from sluice.paths import Project


@cache
def layer_program(name: str) -> Path:
    """The layer's program of that name, unpacked below build/.

    Raises:
        OperatorError: If the layer cannot be built.
    """
    project = Project.here()
    layer = build_media_tools(project.layer_zip, project.npm / "webp")
    path = project.root / "build" / "programs" / layer.sha256[:16] / name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{name}.{os.getpid()}")
        with zipfile.ZipFile(layer.path) as archive:
            fresh.write_bytes(archive.read(f"bin/{name}"))
        fresh.chmod(0o755)
        fresh.replace(path)
    return path
