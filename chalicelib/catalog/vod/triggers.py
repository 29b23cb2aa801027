"""What an object that appears in the source bucket sets going, by its key alone."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from chalicelib.catalog.keys import UPLOADS_PREFIX, asset_of_upload_key
from chalicelib.errors import ExtensionNotAllowed

ANY_EXTENSION = "*"
SUBTITLE_EXTENSIONS = frozenset({"srt", "vtt"})
"""Of files that lie beside videos, to be named by whoever wants them on one."""


class Trigger(StrEnum):
    """In the words of the record's `workflowTrigger`."""

    VIDEO = "Video"
    METADATA = "Metadata"


def trigger_of(
    key: str,
    *,
    triggers: Collection[Trigger],
    metadata_prefix: str,
    metadata_extensions: Collection[str],
    video_extensions: Collection[str],
) -> Trigger | None:
    """What to do with the object; None means nothing.

    What came through our API is always a video, whatever the deployment's triggers are.

    Args:
        metadata_extensions, video_extensions: In lower case, without dots; ANY_EXTENSION stands for every key.

    Raises:
        ExtensionNotAllowed: If videos are taken, but none with this extension.
    """
    if key.endswith("/"):
        return None  # what consoles make to show a folder
    if asset_of_upload_key(key) is not None:
        return Trigger.VIDEO
    extension = extension_of(key)
    if Trigger.METADATA in triggers and key.startswith(metadata_prefix) and extension in metadata_extensions:
        return Trigger.METADATA
    if extension in SUBTITLE_EXTENSIONS and extension not in video_extensions:
        return None
    if Trigger.VIDEO not in triggers or not key.startswith(UPLOADS_PREFIX):
        return None
    if ANY_EXTENSION in video_extensions or extension in video_extensions:
        return Trigger.VIDEO
    allowed = ", ".join(sorted(video_extensions))
    raise ExtensionNotAllowed(f"files of type {extension!r} are not taken here, only {allowed}", extension=extension)


def extension_of(key: str) -> str:
    """In lower case, without the dot; empty if the name has none."""
    name = key.rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""
