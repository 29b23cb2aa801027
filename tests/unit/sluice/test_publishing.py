"""What the arguments of `sluice upload` name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.failure import OperatorError
from sluice.publishing import expand


def test_a_folder_is_its_videos_and_sounds(tmp_path: Path) -> None:
    """By their names, those of folders below too, in order; nothing hidden, and nothing else."""
    for name in ("b.mp4", "a.MKV", "notes.txt", ".hidden.mp4", "below/c.wav", ".git/d.mp4", "below/e.srt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert expand(str(tmp_path)) == [str(tmp_path / name) for name in ("a.MKV", "b.mp4", "below/c.wav")]


def test_a_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    """It was named; and a URL is not looked for on this machine."""
    (tmp_path / "notes.txt").touch()
    assert expand(str(tmp_path / "notes.txt")) == [str(tmp_path / "notes.txt")]
    assert expand("https://media.example.com/a.mp4") == ["https://media.example.com/a.mp4"]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """No such file, and a folder without any video."""
    with pytest.raises(FileNotFoundError):
        expand(str(tmp_path / "none.mp4"))
    with pytest.raises(OperatorError, match="there is no video in"):
        expand(str(tmp_path))
