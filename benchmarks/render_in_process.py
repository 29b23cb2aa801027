"""`python -m benchmarks.render_in_process PROJECT OUTPUT WORKERS LAYER CHROMIUM`: from interpreter to file.

A program of its own, so that what is measured begins where the peer's command line begins.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import FFMPEG
from chalicelib.tools.browser_files import BrowserFiles
from tests.composing import CompositionWorkshop


def main() -> None:
    project, output, workers, browser = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:6]
    config = {"fps": 30, "format": "mp4", "quality": "standard", "maxParallelChunks": workers}
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        workshop = CompositionWorkshop(Path(folder), project, FFMPEG, BrowserFiles(*map(Path, browser)))
        shutil.copyfile(workshop.render(config, workers=workers), output)


if __name__ == "__main__":
    main()
