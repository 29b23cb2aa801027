"""What an object in the source bucket sets going."""

from __future__ import annotations

import pytest

from chalicelib.catalog.keys import upload_key
from chalicelib.catalog.vod.triggers import Trigger, extension_of, trigger_of
from chalicelib.errors import ExtensionNotAllowed
from tests.unit.catalog.samples import ASSET_ID

BOTH = (Trigger.VIDEO, Trigger.METADATA)


def _trigger(
    key: str, triggers: tuple[Trigger, ...] = BOTH, *, prefix: str = "uploads/", videos: tuple[str, ...] = ("*",)
) -> Trigger | None:
    return trigger_of(
        key, triggers=triggers, metadata_prefix=prefix, metadata_extensions=("json",), video_extensions=videos
    )


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("uploads/a.mp4", Trigger.VIDEO),
        ("uploads/a", Trigger.VIDEO),
        ("uploads/.json", Trigger.VIDEO),
        ("uploads/deep/a.JSON", Trigger.METADATA),
        ("uploads/folder/", None),
        ("uploads/a.de.SRT", None),
        ("uploads/a.vtt", None),
        ("films/a.mp4", None),
        ("jobs/a.json", None),
    ],
)
def test_a_key_tells_a_video_from_a_metadata_file(key: str, found: Trigger | None) -> None:
    """By extension, whatever its case; folders and other prefixes set nothing going."""
    assert _trigger(key) is found


def test_subtitles_lie_beside_videos() -> None:
    """They are no videos, unless a deployment names their extension; an upload is one whatever it is called."""
    assert _trigger("uploads/a.vtt", videos=("mp4",)) is None
    assert _trigger("uploads/a.vtt", videos=("mp4", "vtt")) is Trigger.VIDEO
    assert _trigger(upload_key(ASSET_ID)) is Trigger.VIDEO


def test_metadata_has_a_prefix_of_its_own() -> None:
    """Elsewhere JSON is what any file is."""
    assert _trigger("jobs/a.json", prefix="jobs/") is Trigger.METADATA
    assert _trigger("uploads/a.json", prefix="jobs/") is Trigger.VIDEO


def test_a_deployment_chooses_its_triggers() -> None:
    """With metadata alone a video waits for the file that names it, but an upload through the API is always one."""
    assert _trigger("uploads/a.mp4", (Trigger.METADATA,)) is None
    assert _trigger("uploads/a.json", (Trigger.VIDEO,)) is Trigger.VIDEO
    assert _trigger(upload_key(ASSET_ID), (Trigger.METADATA,), videos=("mp4",)) is Trigger.VIDEO


def test_extensions_are_a_list_without_case() -> None:
    """What is on it is taken, what is not is refused by name."""
    assert _trigger("uploads/a.AVI", videos=("mp4", "avi")) is Trigger.VIDEO
    with pytest.raises(ExtensionNotAllowed, match="mxf"):
        _trigger("uploads/a.mxf", videos=("mp4", "avi"))


def test_an_extension_is_what_follows_the_last_dot_of_the_name() -> None:
    """Dots of folders, and of names that are nothing but a dot and a word, do not count."""
    assert [extension_of(key) for key in ("a.b/c", "a/c.tar.GZ", ".hidden", "a.")] == ["", "gz", "", ""]
