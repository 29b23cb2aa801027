"""Where the browser is: the browser layer's Chromium, unpacked once per execution environment.

The layer (sluice/browser_layer.py) keeps Chromium compressed, because Lambda's layers have a limit, and everything else
as it is used: its libraries, the fonts, the published runtime of HyperFrames, the libraries of CDNs. The layer is found
through PATH, as ffmpeg is: it lies beside one of its folders.

Invariant: an executable that exists under its name is whole, because it was renamed there.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chalicelib.errors import BrowserUnavailable, DiskFull

LAYER_FOLDER = "browser"
PACKED = "chromium.zst"
IDENTITY = "identity"
"""A file of the layer that names its content; the unpacked copy carries the name."""
BESIDE_CHROMIUM = "beside"
"""Libraries that Chromium looks for in its own folder."""
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class BrowserFiles:
    """A browser that is ready to start.

    Attributes:
        layer: The folder of the layer.
        executable: Chromium.
    """

    layer: Path
    executable: Path

    @property
    def libraries(self) -> Path:
        return self.layer / "lib"

    @property
    def identity(self) -> str:
        """Names the content of the layer."""
        return (self.layer / IDENTITY).read_text().strip()

    @property
    def fonts_conf(self) -> Path:
        return self.layer / "fonts.conf"

    @property
    def runtime(self) -> Path:
        """The published runtime of HyperFrames."""
        return self.layer / "hyperframes.js"

    @property
    def vendor(self) -> Path:
        """Libraries by npm package."""
        return self.layer / "vendor"


def find_browser() -> BrowserFiles:
    """The layer's browser, unpacked if this is the first call on this machine.

    Raises:
        BrowserUnavailable: If there is no layer.
        DiskFull: If it cannot be unpacked for want of room.
    """
    for folder in os.get_exec_path():
        layer = Path(folder).parent / LAYER_FOLDER
        if (layer / PACKED).is_file():
            return BrowserFiles(layer, unpacked(layer, Path(tempfile.gettempdir())))
    raise BrowserUnavailable("the browser layer is not there; build it with: make layers")


def unpacked(layer: Path, folder: Path) -> Path:
    """Chromium of `layer` as an executable below `folder`, unpacked there unless it is already."""
    home = folder / f"sluice-chromium-{(layer / IDENTITY).read_text().strip()[:16]}"
    executable = home / "chromium"
    if executable.is_file():
        return executable
    # Imported here: only the function that renders has it to do, and only once.
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    fresh = Path(tempfile.mkdtemp(prefix="sluice-chromium-", dir=folder))
    try:
        with zstd.open(layer / PACKED, "rb") as packed, (fresh / "chromium").open("wb") as plain:
            shutil.copyfileobj(packed, plain, _COPY_BYTES)
        (fresh / "chromium").chmod(0o755)
        for library in (layer / BESIDE_CHROMIUM).iterdir():
            (fresh / library.name).symlink_to(library)
        fresh.rename(home)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        # Somebody else was quicker, or the disk is full.
        if not executable.is_file():
            if error.errno == errno.ENOSPC:
                raise DiskFull("the browser cannot be unpacked: no room is left on the disk") from error
            raise BrowserUnavailable("the browser cannot be unpacked", reason=error.strerror or "") from error
    return executable
