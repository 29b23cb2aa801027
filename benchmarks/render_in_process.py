"""`python -m benchmarks.render_in_process PROJECT OUTPUT WORKERS LAYER`: one render, from interpreter to file.

A program of its own, so that what is measured begins where the peer's command line begins.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import FFMPEG
from chalicelib.tools.browser_files import BrowserFiles, unpacked
from tests.composing import CompositionWorkshop
from tests.layer_browser import UNPACKED


def main() -> None:
    project, output, workers, layer = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    browser = BrowserFiles(layer, unpacked(layer, layer / UNPACKED))
    config = {"fps": 30, "format": "mp4", "quality": "standard", "maxParallelChunks": workers}
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        workshop = CompositionWorkshop(Path(folder), project, FFMPEG, browser)
        shutil.copyfile(workshop.render(config, workers=workers), output)


if __name__ == "__main__":
    main()
