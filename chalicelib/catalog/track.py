"""A track of text that did not come with the source: subtitles or captions that a customer adds to an asset.

Invariant: language and name are the identity within an asset, so the id follows from them, and asking twice is asking
once. The file's key follows from the record's birth and its bytes too: the bytes under a key never change, and whoever
still works for a record that was deleted and made anew works elsewhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from msgspec import UNSET, UnsetType

from chalicelib.catalog.asset import AssetError
from chalicelib.catalog.ids import TRACK_PREFIX, derived_id
from chalicelib.catalog.keys import SUBTITLES_NAME, sidecar_prefix
from chalicelib.media.sidecar import Sidecar, TrackKind
from chalicelib.media.subtitle_file import SubtitleFormat

MAX_SIDECARS = 100
_DIGITS = 12


class TrackStatus(StrEnum):
    """`preparing` until manifests name it; `deleted` until no manifest does any more, and then the record goes."""

    PREPARING = "preparing"
    READY = "ready"
    ERRORED = "errored"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class WantedTrack:
    """What a customer says of a track. Its file is a key of the source bucket, unless the bytes come with it."""

    language: str
    name: str
    kind: TrackKind = TrackKind.SUBTITLES
    forced: bool = False
    form: SubtitleFormat | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class CaptionTrack:
    """The record.

    Attributes:
        forced: 1 if it is meant for every viewer.
        form: Of the file that it is made of; None if that is to be looked at.
        source_key: Of that file in the source bucket, if it was named and not sent.
        digest: SHA-256 of the published WebVTT, once there is one; `size_bytes` and `cues` are known with it.
    """

    id: str
    asset_id: str
    status: TrackStatus
    language: str
    name: str
    kind: TrackKind
    forced: int
    created_at_ms: int
    updated_at_ms: int
    form: SubtitleFormat | None = None
    source_key: str | None = None
    digest: str | None = None
    size_bytes: int | None = None
    cues: int | None = None
    error: AssetError | None = None

    @property
    def folder(self) -> str:
        born = hashlib.sha256(f"{self.created_at_ms}\0{self.digest}".encode()).hexdigest()
        return f"{self.id}-{born[:_DIGITS]}"

    @property
    def key(self) -> str:
        """Of the WebVTT in the media bucket."""
        return f"{sidecar_prefix(self.asset_id, self.folder)}{SUBTITLES_NAME}"

    def says_the_same_as(self, other: CaptionTrack) -> bool:
        mine, its = ((each.kind, each.forced, each.source_key, each.digest) for each in (self, other))
        return mine == its


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackChange:
    """The fields that an update writes. UNSET leaves a field alone; None removes it."""

    status: TrackStatus | UnsetType = UNSET
    digest: str | UnsetType = UNSET
    size_bytes: int | UnsetType = UNSET
    cues: int | UnsetType = UNSET
    error: AssetError | UnsetType | None = UNSET


def new_track(asset_id: str, wanted: WantedTrack, *, now_ms: int) -> CaptionTrack:
    """The record of a track that nothing has been done for."""
    identity = hashlib.sha256("\0".join((asset_id, wanted.language.lower(), wanted.name)).encode()).digest()
    return CaptionTrack(
        id=derived_id(TRACK_PREFIX, identity),
        asset_id=asset_id,
        status=TrackStatus.PREPARING,
        language=wanted.language,
        name=wanted.name,
        kind=wanted.kind,
        forced=int(wanted.forced),
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
        form=wanted.form,
        source_key=wanted.key,
    )


def sidecar_of(track: CaptionTrack, label: str) -> Sidecar:
    """The track as manifests name it. It has its file."""
    return Sidecar(track.folder, track.size_bytes or 0, track.language, label, track.kind, bool(track.forced))
