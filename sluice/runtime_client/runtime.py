"""The runtime of one execution environment: AWS's own `awslambdaric`, seeing what it would see on Lambda.

It decides the import path (the function's code, then its layers, then the client; nothing of the developer's
machine) and ends each invocation's output with a mark, so that the emulator knows without waiting that it has read
every line. Errors keep their class name: `awslambdaric` reports `type(error).__name__` as the errorType, which is
what Retry and Catch of a state machine match.
"""

from __future__ import annotations

import os
import sys
from typing import Any

END_OF_OUTPUT = "\x1eend-of-invocation"


def _import_path() -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    layers = [layer for layer in os.environ.pop("SLUICE_LAYERS", "").split(os.pathsep) if layer]
    layered = [
        os.path.join(layer, folder)  # noqa: PTH118  strings are what sys.path holds
        for layer in layers
        for folder in ("python", f"python/lib/{version}/site-packages")
    ]
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], *layered]
    sys.path.append(os.environ.pop("SLUICE_LOCAL_CLIENT"))


def main() -> None:
    _import_path()
    from awslambdaric import bootstrap
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

    class Client(LambdaRuntimeClient):  # type: ignore[misc]  # no stubs
        def post_invocation_result(self, *args: Any, **kwargs: Any) -> None:
            os.write(1, f"{END_OF_OUTPUT}\n".encode())
            super().post_invocation_result(*args, **kwargs)

        def post_invocation_error(self, *args: Any, **kwargs: Any) -> None:
            os.write(1, f"{END_OF_OUTPUT}\n".encode())
            super().post_invocation_error(*args, **kwargs)

    bootstrap.run(os.environ["_HANDLER"], Client(os.environ["AWS_LAMBDA_RUNTIME_API"]))


if __name__ == "__main__":
    main()
