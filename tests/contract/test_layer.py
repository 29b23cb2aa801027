"""The media tools layer: the same bytes each time, and tools that run."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from sluice.layers import LAMBDA_UNPACKED_BYTES, build_media_tools


def test_the_layer_is_reproducible_and_runs(tmp_path: Path) -> None:
    """Two builds are one sha256; what is in them is ffmpeg 8.1.2, executable, and MediaInfo with its notices."""
    first = build_media_tools(tmp_path / "a" / "media-tools.zip")
    second = build_media_tools(tmp_path / "b" / "media-tools.zip")

    assert first.sha256 == second.sha256
    assert first.unpacked_bytes < LAMBDA_UNPACKED_BYTES
    with zipfile.ZipFile(first.path) as archive:
        modes = {entry.filename: (entry.external_attr >> 16) & 0o777 for entry in archive.infolist()}
        ffmpeg = Path(archive.extract("bin/ffmpeg", tmp_path))
        notice = archive.read("NOTICE").decode()
    assert modes.items() >= {"bin/ffmpeg": 0o755, "lib/libmediainfo.so.0": 0o755, "NOTICE": 0o644}.items()
    assert "GNU General Public License" in notice
    assert "BSD-2-Clause" in notice
    ffmpeg.chmod(modes["bin/ffmpeg"])
    said = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("ffmpeg version n8.1.2 ")


def test_an_unchanged_layer_is_kept(tmp_path: Path) -> None:
    """A second build of the same packages does not write the zip again."""
    path = tmp_path / "media-tools.zip"
    build_media_tools(path)
    written = path.stat().st_mtime_ns
    build_media_tools(path)

    assert path.stat().st_mtime_ns == written
