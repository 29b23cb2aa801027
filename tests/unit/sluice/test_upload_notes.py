"""What is remembered of an upload in parts: it survives a death, is of one process, and ends with the upload."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sluice.upload_notes import Begun, note_name, noted, notes_folder


def test_it_outlives_who_wrote_it(tmp_path: Path) -> None:
    """Also when the last line was cut off; it is gone after an upload that came to its end."""
    with pytest.raises(KeyboardInterrupt), noted(tmp_path, "one") as note:  # noqa: PT012  it ends inside
        assert note
        assert note.begun() is None
        note.begin("up_1")
        note.add(2, "b")
        note.add(1, "a")
        raise KeyboardInterrupt
    with (tmp_path / "one").open("a") as file:
        file.write('\n{"part": 3, "et')
    with noted(tmp_path, "one") as note:
        assert note
        assert note.begun() == Begun("up_1", {1: "a", 2: "b"})
        note.add(3, "c")
        assert note.begun() == Begun("up_1", {1: "a", 2: "b", 3: "c"})
    assert list(tmp_path.iterdir()) == []


def test_it_is_of_one_process(tmp_path: Path) -> None:
    """Whoever comes second has none, and takes nothing from the first; nor is an empty one left."""
    with pytest.raises(ValueError, match="x"), noted(tmp_path, "one"):  # noqa: PT012  it ends inside
        with noted(tmp_path, "one") as second:
            assert second is None
        raise ValueError("x")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path) -> None:
    """An upload does not fail for it."""
    (tmp_path / "file").touch()
    with noted(tmp_path / "file" / "notes", "one") as note:
        assert note is None


def test_another_content_or_wish_is_another_note(tmp_path: Path) -> None:
    """So a file that was changed is never joined out of old and new parts."""
    video = tmp_path / "v.mp4"
    video.write_bytes(b"abc")
    names = [note_name("http://a", video, {}), note_name("http://b", video, {}), note_name("http://a", video, {"p": 1})]
    os.utime(video, ns=(1, 1))
    names.append(note_name("http://a", video, {}))
    assert len(set(names)) == 4
    assert notes_folder({"XDG_STATE_HOME": "/x"}) == Path("/x/sluice/uploads")
