"""The browser layer: within Lambda's limits, and all in place."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from chalicelib.composition.serving import VENDOR_FILES
from chalicelib.errors import BrowserUnavailable
from chalicelib.tools.browser_files import PACKED, BrowserFiles, find_browser, unpacked
from chalicelib.tools.browser_process import BrowserProcess
from sluice.build_layers import build_layers
from sluice.layers import LAMBDA_UNPACKED_BYTES, RESERVED_FOR_FUNCTION_BYTES
from sluice.paths import Project
from tests.browser import layer_browser


def test_the_layer_holds_what_a_page_may_ask_for() -> None:
    """Every library of the table, fonts, licences; and both layers leave the function its room."""
    layers = build_layers(Project.here())
    with zipfile.ZipFile(Project.here().browser_layer_zip) as archive:
        names = set(archive.namelist())
    assert {f"browser/vendor/{file.folder}/{file.file}" for file in VENDOR_FILES} <= names
    assert {f"browser/{name}" for name in (PACKED, "hyperframes.js", "fonts.conf", "NOTICE")} <= names
    for font in ("OpenSans-Regular", "NotoSerif_400Regular", "NotoSansMono_400Regular", "NotoSansSC_400Regular"):
        assert f"browser/fonts/{font}.ttf" in names
    assert any(name.startswith("browser/licences/sparticuz-chromium") for name in names)
    assert sum(layer.unpacked_bytes for layer in layers) <= LAMBDA_UNPACKED_BYTES - RESERVED_FOR_FUNCTION_BYTES


def test_it_is_found_beside_a_folder_of_path_and_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Lambda mounts it: /opt/bin is on PATH, /opt/browser beside it. A second call finds the first one's work."""
    layer = layer_browser().layer
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path / "bin"), str(layer.parent / "bin"))))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = find_browser()
    written = found.executable.stat().st_mtime_ns
    assert found.executable.is_relative_to(tmp_path)
    assert find_browser().executable.stat().st_mtime_ns == written
    assert [path.name for path in tmp_path.iterdir()] == [found.executable.parent.name]


def test_without_the_layer_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is taken for it."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(BrowserUnavailable, match="make layers"):
        find_browser()


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    """A machine that lacks one says which."""
    files = layer_browser()
    lame = tmp_path / "browser"
    (lame / "lib").mkdir(parents=True)
    executable = tmp_path / "chromium"
    executable.write_text(
        "#!/bin/sh\necho 'chromium: error while loading shared libraries: libnss3.so: cannot open' >&2; exit 127\n"
    )
    executable.chmod(0o755)
    assert unpacked(files.layer, files.executable.parent.parent) == files.executable
    process = BrowserProcess(BrowserFiles(lame, executable))
    with pytest.raises(BrowserUnavailable, match=r"needs libnss3\.so"):
        process.await_start()
