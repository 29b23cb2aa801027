"""Object keys: every name of an object in either bucket is made here and nowhere else.

Source bucket (private): `uploads/` what customers sent, `projects/` the archives of compositions by their SHA-256,
`renders/` plans, chunks and receipts, and the videos that compositions became.
Media bucket (served): everything under `media/<asset>/<plan>/`. The plan's hash is part of the prefix, so the bytes
under a key never change and may be cached for ever; a re-encode under another plan gets another prefix. What can be
played before that is under `media/early/<asset>/<plan>/`, where playlists grow; the bucket forgets it after two days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

from chalicelib.media.names import (
    DASH_NAME,
    HLS_NAME,
    IFRAMES_NAME,
    INIT_NAME,
    POSTER_NAME,
    STORYBOARD_NAME,
    SUBTITLES_NAME,
    revised,
    segment_name,
    sprite_name,
)

__all__ = [
    "DASH_NAME",
    "EARLY_PREFIX",
    "HLS_NAME",
    "IFRAMES_NAME",
    "INIT_NAME",
    "MEDIA_PREFIX",
    "POSTER_NAME",
    "PROJECTS_PREFIX",
    "RENDERS_PREFIX",
    "STORYBOARD_NAME",
    "SUBTITLES_NAME",
    "UPLOADS_PREFIX",
    "asset_early_prefix",
    "asset_media_prefix",
    "asset_of_upload_key",
    "asset_renders_prefix",
    "early_prefix",
    "media_prefix",
    "partial_key",
    "plan_key",
    "project_key",
    "receipt_key",
    "receipts_done",
    "receipts_prefix",
    "render_output_key",
    "render_prefix",
    "revised",
    "segment_name",
    "sha256_of_project_key",
    "sidecar_prefix",
    "sprite_name",
    "upload_key",
]

UPLOADS_PREFIX = "uploads/"
PROJECTS_PREFIX = "projects/"
RENDERS_PREFIX = "renders/"
MEDIA_PREFIX = "media/"
EARLY_PREFIX = f"{MEDIA_PREFIX}early/"

_PLAN_DIGITS = 16
_PROJECT = re.compile(rf"{PROJECTS_PREFIX}([0-9a-f]{{64}})\.tar\.gz")


def upload_key(asset_id: str) -> str:
    """Where the bytes of an upload go. The name the customer gave is kept in the record, never in the key."""
    return f"{UPLOADS_PREFIX}{asset_id}/source"


def asset_of_upload_key(key: str) -> str | None:
    """The asset id inside a key of `upload_key`, or None for an object that was put under uploads/ by other means."""
    parts = key.split("/")
    if len(parts) == 3 and f"{parts[0]}/" == UPLOADS_PREFIX and parts[1].startswith("as_") and parts[2] == "source":
        return parts[1]
    return None


def asset_renders_prefix(asset_id: str) -> str:
    return f"{RENDERS_PREFIX}{asset_id}/"


def plan_key(asset_id: str, plan_hash: str) -> str:
    return f"{RENDERS_PREFIX}{asset_id}/plan/{plan_hash}.json"


def receipt_key(asset_id: str, plan_hash: str, index: int) -> str:
    return f"{receipts_prefix(asset_id, plan_hash)}{index:05d}.json"


def partial_key(asset_id: str, plan_hash: str, index: int) -> str:
    """Where a task that ran out of time says what it has done; not among the receipts, which mean that all is done."""
    return f"{RENDERS_PREFIX}{asset_id}/partial/{plan_hash}/{index:05d}.json"


def receipts_prefix(asset_id: str, plan_hash: str) -> str:
    return f"{RENDERS_PREFIX}{asset_id}/receipts/{plan_hash}/"


def receipts_done(receipt_keys: Iterable[str]) -> int:
    """How many tasks from the first on have a receipt, given the keys under `receipts_prefix`."""
    done = {key.rpartition("/")[2].partition(".")[0] for key in receipt_keys}
    return next(index for index in count() if f"{index:05d}" not in done)


def project_key(sha256: str) -> str:
    return f"{PROJECTS_PREFIX}{sha256}.tar.gz"


def sha256_of_project_key(key: str) -> str | None:
    """The hash inside a key of `project_key`; None for an archive that was put under projects/ by other means."""
    found = _PROJECT.fullmatch(key)
    return found[1] if found else None


def render_prefix(render_id: str) -> str:
    """Where the plan and the chunks of a render lie; ends in a slash."""
    return f"{RENDERS_PREFIX}{render_id}/"


def render_output_key(render_id: str, extension: str) -> str:
    """`extension` begins with its dot."""
    return f"{render_prefix(render_id)}output{extension}"


def asset_media_prefix(asset_id: str) -> str:
    return f"{MEDIA_PREFIX}{asset_id}/"


def media_prefix(asset_id: str, plan_hash: str) -> str:
    """Where one publication lives; ends in a slash."""
    return f"{MEDIA_PREFIX}{asset_id}/{plan_hash[:_PLAN_DIGITS]}/"


def sidecar_prefix(asset_id: str, folder: str) -> str:
    """Where the file of a track of text lies that every publication of the asset names; ends in a slash."""
    return f"{asset_media_prefix(asset_id)}captions/{folder}/"


def asset_early_prefix(asset_id: str) -> str:
    return f"{EARLY_PREFIX}{asset_id}/"


def early_prefix(asset_id: str, plan_hash: str) -> str:
    """Where the early publication of a source lives; ends in a slash."""
    return f"{asset_early_prefix(asset_id)}{plan_hash[:_PLAN_DIGITS]}/"
