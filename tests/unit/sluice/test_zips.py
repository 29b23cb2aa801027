from __future__ import annotations

import zipfile
from pathlib import Path

from sluice.zips import Entry, write_zip


def test_same_content_same_bytes(tmp_path: Path) -> None:
    """A zip depends on names, modes and content; not on order, time or the files' own modes."""
    source = tmp_path / "tool"
    source.write_bytes(b"binary")
    entries = [Entry("bin/tool", source, 0o755), Entry("NOTICE", b"text")]
    write_zip(tmp_path / "a.zip", entries)
    source.touch()
    source.chmod(0o600)
    total_bytes = write_zip(tmp_path / "b.zip", reversed(entries))

    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert total_bytes == len(b"binary") + len(b"text")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        modes = {entry.filename: (entry.external_attr >> 16) & 0o777 for entry in archive.infolist()}
    assert modes == {"bin/tool": 0o755, "NOTICE": 0o644}
