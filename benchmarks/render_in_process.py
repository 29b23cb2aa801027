"""`python -m benchmarks.render_in_process PROJECT OUTPUT WORKERS LAYER CHROMIUM`: from interpreter to file.

A program of its own, so that what is measured begins where the peer's command line begins.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import FFMPEG
from chalicelib.tools.browser_files import BrowserFiles
from tests.composing import make_side_by_side, screening_of

CONFIG = {"fps": 30, "format": "mp4", "quality": "standard"}


def main() -> None:
    project, output, workers, browser = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:6]
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        screening = screening_of(project, Path(folder), FFMPEG, BrowserFiles(*map(Path, browser)))
        output.write_bytes(make_side_by_side(screening, "bench", workers, **CONFIG, maxParallelChunks=workers))


if __name__ == "__main__":
    main()
