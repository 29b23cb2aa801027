"""Where a source is: at hand, in an archive, or on its way back from one."""

from __future__ import annotations

from enum import StrEnum

from chalicelib.catalog.options import Archive
from chalicelib.errors import SourceArchived


class SourceState(StrEnum):
    """Where a source is: at hand, in an archive, or on its way back."""

    AVAILABLE = "available"
    ARCHIVED = "archived"
    RESTORING = "restoring"
    RESTORED = "restored"


def source_state(storage: tuple[str, str]) -> SourceState:
    """From S3's storage class and its Restore header, which says whether a request is going on."""
    storage_class, restore = storage
    if storage_class not in (Archive.GLACIER, Archive.DEEP_ARCHIVE):
        return SourceState.AVAILABLE
    if 'ongoing-request="true"' in restore:
        return SourceState.RESTORING
    return SourceState.RESTORED if 'ongoing-request="false"' in restore else SourceState.ARCHIVED


def refuse_archived(state: SourceState) -> None:
    """Raises SourceArchived if the source cannot be read now."""
    if state in (SourceState.ARCHIVED, SourceState.RESTORING):
        raise SourceArchived(f"the source is {state}; restore it first: POST /v1/assets/{{asset_id}}/restore")
