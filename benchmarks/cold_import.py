"""What a cold start of the API's function waits for before it can work: the import of app.py in a fresh interpreter.

Goal: under 350 ms. Measured with compiled modules, and without, as they are on a Lambda whose package holds none. The
import touches no network and makes no client; that of botocore, which the first request with a key needs, is beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.measure import ROOT, Figure

RUNS = 15
_TIMED = """
import time
wall, processor = time.perf_counter(), time.process_time()
import {}
print(time.perf_counter() - wall, time.process_time() - processor)
"""


def _runs(module: str, environ: dict[str, str], count: int) -> list[tuple[float, float]]:
    """Seconds of the wall and of the processor, of each run."""
    command = [sys.executable, "-c", _TIMED.format(module)]
    found = []
    for _ in range(count):
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
        wall, processor = map(float, done.stdout.split())
        found.append((wall, processor))
    return found


def _print(name: str, runs: list[tuple[float, float]]) -> None:
    print(Figure(f"{name}, wall", [wall for wall, _ in runs]))
    print(Figure(f"{name}, processor", [processor for _, processor in runs]), flush=True)


def main() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryDirectory() as cache:
        compiled = {**environ, "PYTHONPYCACHEPREFIX": cache}
        _runs("app", compiled, 1)
        _runs("botocore.session", compiled, 1)
        _print("import of app.py", _runs("app", compiled, RUNS))
        _print("import of botocore", _runs("botocore.session", compiled, RUNS))
    with tempfile.TemporaryDirectory() as empty:
        bare = {**environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": empty}
        _print("import of app.py, to be compiled first", _runs("app", bare, RUNS // 3))
