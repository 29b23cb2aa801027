"""A function runs in our sandbox, from unpacked code and layers, in the environment that Lambda would give it.

ministack serves the real Runtime API to custom runtimes (`provided.al2023`). Here the code directory gets the
`bootstrap` that starts the sandbox, layers are unpacked with their file modes and found through PATH,
LD_LIBRARY_PATH and sys.path, and nothing of the emulator's own environment leaks in. Unpacked trees are named by
content and appear whole by a rename, so a later start reuses them.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socketserver
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from sluice.runtime_client.runtime import END_OF_OUTPUT

_BOOTSTRAP = '#!/bin/sh\nexec "$SLUICE_LOCAL_PYTHON" -I -S "$SLUICE_LOCAL_SANDBOX"\n'
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
# How long the last line of an invocation may lag behind its response.
_LAST_LINE_S = 0.25
_KEPT_CODE_TREES = 2
# Set for the emulator and for functions alike.
_SHARED = frozenset({"AWS_ENDPOINT_URL", "AWS_REGION"})

_unpacking = threading.Lock()
_layer_trees: dict[str, str] = {}


def unpack(content: bytes, parent: Path) -> Path:
    """Unpack a zip, file modes kept, to a directory named by its content; once."""
    tree = parent / hashlib.sha256(content).hexdigest()[:32]
    with _unpacking:
        if tree.is_dir():
            return tree
        parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=parent))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                path = Path(archive.extract(entry, partial))
                mode = (entry.external_attr >> 16) & 0o777
                if mode and not entry.is_dir():
                    path.chmod(mode)
        bootstrap = partial / "bootstrap"
        if not bootstrap.exists():
            bootstrap.write_text(_BOOTSTRAP)
        bootstrap.chmod(0o755)
        partial.chmod(0o755)
        partial.rename(tree)
    return tree


def _layer_tree(attachment: Any, cache: Path) -> str | None:
    arn = attachment["Arn"] if isinstance(attachment, dict) else str(attachment)
    if arn not in _layer_trees:
        content = lambda_svc._resolve_layer_zip(attachment)
        if not content:
            return None
        _layer_trees[arn] = str(unpack(content, cache / "layers"))
    return _layer_trees[arn]


def _forget_old_code(parent: Path) -> None:
    if parent.is_dir():
        trees = sorted(parent.iterdir(), key=lambda tree: tree.stat().st_mtime, reverse=True)
        for tree in trees[_KEPT_CODE_TREES:]:
            shutil.rmtree(tree, ignore_errors=True)


def _install_environment(home: Path) -> None:
    of_ministack = lambda_svc._provided_worker_env

    def of_lambda(config: dict[str, Any], code_dir: str, port: int) -> dict[str, str]:
        declared = (config.get("Environment") or {}).get("Variables") or {}
        environ: dict[str, str] = {
            name: value
            for name, value in of_ministack(config, code_dir, port).items()
            if name in declared or os.environ.get(name) != value or name in _SHARED
        }
        trees = [tree for layer in config.get("Layers") or [] if (tree := _layer_tree(layer, home / "cache"))]
        binaries = [f"{tree}/bin" for tree in trees]
        libraries = [f"{tree}/lib" for tree in trees]
        environ.update(
            PATH=os.pathsep.join([*binaries, _SYSTEM_PATH]),
            LD_LIBRARY_PATH=os.pathsep.join([*libraries, f"{code_dir}/lib", code_dir]),
            SLUICE_LAYERS=os.pathsep.join(trees),
            LANG="C.UTF-8",
            TZ=":UTC",
            AWS_LAMBDA_LOG_GROUP_NAME=f"/aws/lambda/{config.get('FunctionName')}",
            AWS_LAMBDA_INITIALIZATION_TYPE="on-demand",
            AWS_EXECUTION_ENV=f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
            AWS_DEFAULT_REGION=environ["AWS_REGION"],
            SLUICE_LOCAL_HOME=str(home),
            SLUICE_LOCAL_TMP=str(home / "tmp"),
            SLUICE_LOCAL_EMULATOR_PID=str(os.getpid()),
        )
        for name in ("PYTHON", "SANDBOX", "RUNTIME", "CLIENT"):
            environ[f"SLUICE_LOCAL_{name}"] = os.environ[f"SLUICE_LOCAL_{name}"]
        return environ

    lambda_svc._provided_worker_env = of_lambda


def _drain(worker: Any, *_: Any, **__: Any) -> str:
    """The output of one invocation: up to its mark, or what arrived in time when there is none."""
    lines: list[str] = []
    deadline = time.monotonic() + _LAST_LINE_S
    while time.monotonic() < deadline:
        try:
            line: str = worker._stderr_queue.get(timeout=max(0.001, deadline - time.monotonic()))
        except lambda_runtime.queue.Empty:
            break
        if line.endswith(END_OF_OUTPUT):
            rest = line.removesuffix(END_OF_OUTPUT)
            lines += [rest] if rest else []
            break
        lines.append(line)
    return "\n".join(lines)


def install(home: Path) -> None:
    """Make ministack's custom-runtime executor ours."""
    _forget_old_code(home / "cache" / "code")
    lambda_svc._provided_runtime_code_dir = lambda content: str(unpack(content, home / "cache" / "code"))
    _install_environment(home)
    lambda_runtime.ProvidedWorker._drain_stderr_bounded = _drain
    # Nothing has to become ready, and the waiters that Chalice uses look every five seconds, twice for each function.
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0
    # A function that `chalice deploy` made says python3.x: it runs in the same sandbox.
    lambda_svc._execute_function_warm = lambda_svc._execute_function_provided_warm
    lambda_runtime._worker_class_for = lambda _config: lambda_runtime.ProvidedWorker
    # The Runtime API writes headers and body apart: with Nagle's algorithm each answer waits 40 ms for a delayed ACK.
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
