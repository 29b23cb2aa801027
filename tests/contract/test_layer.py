"""The media tools layer: the same bytes each time, and tools that run."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from sluice.layers import LAMBDA_UNPACKED_BYTES, build_media_tools
from sluice.paths import Project


def test_the_layer_is_reproducible_and_runs(tmp_path: Path) -> None:
    """Two builds are one sha256; what is in them is ffmpeg 8.1.2 and img2webp, executable, MediaInfo, and notices."""
    first = build_media_tools(Project.here().layer_zip, Project.here().npm / "webp")
    second = build_media_tools(tmp_path / "b" / "media-tools.zip", tmp_path / "npm")

    assert first.sha256 == second.sha256
    assert first.unpacked_bytes < LAMBDA_UNPACKED_BYTES
    with zipfile.ZipFile(first.path) as archive:
        modes = {entry.filename: (entry.external_attr >> 16) & 0o777 for entry in archive.infolist()}
        ffmpeg, img2webp = (Path(archive.extract(f"bin/{name}", tmp_path)) for name in ("ffmpeg", "img2webp"))
        licence = archive.read("licenses/webp-converter").decode()
        notice = archive.read("NOTICE").decode()
    assert {name for name, mode in modes.items() if mode == 0o755} == {
        "bin/ffmpeg",
        "bin/img2webp",
        "lib/libmediainfo.so.0",
    }
    assert "GNU General Public License" in notice
    assert "BSD-2-Clause" in notice
    assert "BSD-3-Clause" in notice
    assert "The MIT License" in licence
    ffmpeg.chmod(modes["bin/ffmpeg"])
    img2webp.chmod(modes["bin/img2webp"])
    said = subprocess.run([img2webp, "-version"], capture_output=True, text=True, check=True, env={}).stdout
    assert said.startswith("WebP Encoder version: 1.6.0")
    said = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("ffmpeg version n8.1.2 ")


def test_an_unchanged_layer_is_kept(tmp_path: Path) -> None:
    """A second build of the same packages does not write the zip again."""
    path = Project.here().layer_zip
    first = build_media_tools(path, tmp_path)
    written = path.stat().st_mtime_ns
    assert build_media_tools(path, tmp_path) == first

    assert path.stat().st_mtime_ns == written
