"""A static rendition: one file made of a published asset on request, to be downloaded or shown as it is.

Invariant: what was asked for is the identity. The id follows from the asset, its plan and the request, so asking twice
is asking once. The object's key follows from the record's birth too: whoever still writes for a record that was deleted
and made anew writes elsewhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.catalog.asset import AssetError
from chalicelib.catalog.ids import ENTROPY_BYTES, new_id
from chalicelib.catalog.keys import media_prefix

RENDITION_PREFIX = "rd"
_TIME_BYTES = 6


class RenditionType(StrEnum):
    """The kind of file. What moves without sound is a preview."""

    MP4 = "mp4"
    M4A = "m4a"
    GIF = "gif"
    AVIF = "avif"
    WEBP = "webp"

    @property
    def content_type(self) -> str:
        return {"mp4": "video/mp4", "m4a": "audio/mp4"}.get(self.value, f"image/{self.value}")


PREVIEWS = (RenditionType.WEBP, RenditionType.AVIF, RenditionType.GIF)
"""The one to show first, if there are several: WebP is as small as what more viewers than AVIF's show; GIF is large."""


class RenditionStatus(StrEnum):
    PREPARING = "preparing"
    READY = "ready"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class RenditionWish:
    """What is wanted, with every default in place.

    Attributes:
        rung: The published rendition it is made of; None for sound.
        start: Seconds; with `end` None too, all of it is meant.
        end: Seconds; None is the end of the asset.
        width: Of a preview, in pixels; None for the others, as `fps`.
    """

    type: RenditionType
    rung: str | None = None
    start: Fraction = Fraction(0)
    end: Fraction | None = None
    width: int | None = None
    fps: int | None = None

    @property
    def is_whole(self) -> bool:
        return self.start == 0 and self.end is None


@dataclass(frozen=True, slots=True)
class StaticRendition:
    """The record.

    Attributes:
        plan_hash: Of the publication it is made of.
        execution_arn: Of the execution that makes it, once there is one.
        attempt: 1, and one more each time the work got lost.
    """

    id: str
    asset_id: str
    plan_hash: str
    wish: RenditionWish
    status: RenditionStatus
    created_at_ms: int
    updated_at_ms: int
    size_bytes: int | None = None
    execution_arn: str | None = None
    attempt: int = 1
    error: AssetError | None = None

    @property
    def key(self) -> str:
        """In the media bucket."""
        name = f"{self.id}-{self.created_at_ms}.{self.wish.type}"
        return f"{media_prefix(self.asset_id, self.plan_hash)}static/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionChange:
    """The fields that an update writes. UNSET leaves a field alone; None removes it."""

    status: RenditionStatus | UnsetType = UNSET
    size_bytes: int | UnsetType = UNSET
    execution_arn: str | UnsetType | None = UNSET
    attempt: int | UnsetType = UNSET
    error: AssetError | UnsetType | None = UNSET


def rendition_id(asset_id: str, plan_hash: str, wish: RenditionWish) -> str:
    """The same for the same wish, in the form of every other id."""
    document = msgspec.json.encode((asset_id, plan_hash, wish), enc_hook=str, order="deterministic")
    digest = hashlib.sha256(document).digest()
    return new_id(
        RENDITION_PREFIX, int.from_bytes(digest[:_TIME_BYTES]), digest[_TIME_BYTES : _TIME_BYTES + ENTROPY_BYTES]
    )
