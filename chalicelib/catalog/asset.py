"""The asset: what the customer owns, and how its record may change.

Invariant: a record only moves forward. `PREDECESSORS` says from which status each status may be reached; the table
turns it into a condition, so that a late or duplicated event changes nothing. Within `preparing`, the progress state
only moves forward too. The one way back is the explicit retry of an errored asset, under a new `attempt`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from msgspec import UNSET, UnsetType

from chalicelib.catalog.options import NO_OPTIONS, Archive, AssetOptions, Encoder
from chalicelib.catalog.origin import Origin
from chalicelib.media.plan import Rendition
from chalicelib.media.sidecar import TrackKind
from chalicelib.media.timing import TimeRange


class AssetStatus(StrEnum):
    WAITING = "waiting"
    PREPARING = "preparing"
    READY = "ready"
    ERRORED = "errored"
    CANCELLED = "cancelled"
    DELETED = "deleted"


class ProgressState(StrEnum):
    """What happens to an asset, in running order."""

    INGESTING = "ingesting"
    PROBING = "probing"
    ENCODING = "encoding"
    PACKAGING = "packaging"
    COMPLETED = "completed"


_S = AssetStatus

PREDECESSORS: dict[AssetStatus, frozenset[AssetStatus]] = {
    _S.WAITING: frozenset({_S.ERRORED}),  # retry
    _S.PREPARING: frozenset({_S.WAITING}),
    _S.READY: frozenset({_S.PREPARING}),
    _S.ERRORED: frozenset({_S.WAITING, _S.PREPARING}),
    _S.CANCELLED: frozenset({_S.WAITING, _S.PREPARING}),
    _S.DELETED: frozenset({_S.WAITING, _S.PREPARING, _S.READY, _S.ERRORED, _S.CANCELLED}),
}

UNFINISHED = frozenset({_S.WAITING, _S.PREPARING})
LISTED = (_S.WAITING, _S.PREPARING, _S.READY, _S.ERRORED, _S.CANCELLED)


@dataclass(frozen=True, slots=True)
class AssetError:
    """Why an asset is errored: a code of the error table and a sentence for a person."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The source's video track. Width and height as coded; `rotation` in degrees clockwise."""

    codec: str
    width: int
    height: int
    rotation: int
    frame_rate: Fraction | None


@dataclass(frozen=True, slots=True)
class AudioInfo:
    codec: str
    channels: int
    sample_rate_hz: int
    language: str


@dataclass(frozen=True, slots=True)
class TextInfo:
    """A subtitle track of the source. One that is a `bitmap`, pictures of text, is not published."""

    codec: str
    language: str
    bitmap: bool


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What MediaInfo said of the source, for the customer to read; the plan never looks here."""

    container: str
    video: VideoInfo | None
    audio: tuple[AudioInfo, ...]
    text: tuple[TextInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class RenditionInfo:
    """One published rung. `bandwidth_bps` is the peak that the HLS multivariant playlist announces; `recipe` is how it
    was encoded, for clips that are cut out of it when the plan is long forgotten."""

    name: str
    width: int
    height: int
    bandwidth_bps: int
    recipe: Rendition | None = None


class TrackType(StrEnum):
    AUDIO = "audio"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """One published track of sound or text, as menus name it.

    Attributes:
        channels: Of sound; 0 for text.
        default: Whether a player begins with it; text never is.
        forced: Text that is meant for every viewer.
        key: Of the WebVTT file in the media bucket; None for sound.
        id: Of the record of a track that did not come with the source.
        kind: "subtitles" or "captions", of text.
    """

    type: TrackType
    language: str
    name: str
    channels: int = 0
    default: bool = False
    forced: bool = False
    key: str | None = None
    id: str | None = None
    kind: TrackKind | None = None


@dataclass(frozen=True, slots=True)
class MetadataFile:
    """The metadata file that brought an asset."""

    bucket: str
    key: str
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class EncodingJob:
    """What MediaConvert was asked for. `profile` is the height of the template's class: 2160, 1080 or 720."""

    id: str
    template: str
    profile: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Outputs:
    """What MediaConvert wrote, by role, as keys of the media bucket."""

    hls: str | None = None
    dash: str | None = None
    cmaf_hls: str | None = None
    cmaf_dash: str | None = None
    mss: str | None = None
    mp4: tuple[str, ...] = ()
    thumbnails: tuple[str, ...] = ()


NO_OUTPUTS = Outputs()


@dataclass(frozen=True, slots=True)
class Packaged:
    """The asset in MediaPackage: its id there, and the URL of each packaging ("HLS", "DASH" ...)."""

    id: str
    endpoints: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asset:
    """The record.

    Attributes:
        state: Where a `preparing` asset stands; otherwise where it ended.
        upload_id: The upload that brought it, if any.
        source_etag: S3's, without quotes; known from ingest on.
        duration: Seconds that a player will show; known from the plan on.
        aspect_ratio: Such as "16:9", of the displayed picture.
        hls_key: In the media bucket. Set as soon as anything can be played: first the early publication's, if there is
            one, then the final one's.
        dash_key, poster_key, storyboard_key: In the media bucket, known once ready.
        task_count: Chunk tasks of the plan; how many are done is in `Work`.
        attempt: 1, and one more for each retry.
        meta: The customer's own JSON object; what a metadata file says without a meaning here is in it too.
        clip: The part of the source that is published; None for all of it.
        has_static_renditions: 1 as soon as one was asked for.
        tracks_revision: How often its manifests were replaced, for other tracks of text; None is never.
        options: What was chosen for this asset alone.
        metadata: The file that named the source; None if the source itself set the work going.
        mediainfo: What MediaInfo said, as JSON in the form of catalog/vod/mediainfo.py.
        encoder: LAMBDA or MEDIACONVERT, once it is chosen.
        archive: The storage class that the source was marked for.
        max_cost_usd: At which its work is stopped; None leaves that to the deployment.
        origin: Where its source comes from, if nobody uploads it.
    """

    id: str
    status: AssetStatus
    state: ProgressState
    created_at_ms: int
    updated_at_ms: int
    source_bucket: str
    source_key: str
    upload_id: str | None = None
    source_etag: str | None = None
    source_size_bytes: int | None = None
    filename: str | None = None
    content_type: str | None = None
    duration: Fraction | None = None
    aspect_ratio: str | None = None
    source_info: SourceInfo | None = None
    renditions: tuple[RenditionInfo, ...] = ()
    tracks: tuple[TrackInfo, ...] = ()
    hls_key: str | None = None
    dash_key: str | None = None
    poster_key: str | None = None
    storyboard_key: str | None = None
    plan_hash: str | None = None
    task_count: int = 0
    execution_arn: str | None = None
    attempt: int = 1
    errors: tuple[AssetError, ...] = ()
    passthrough: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    options: AssetOptions = NO_OPTIONS
    metadata: MetadataFile | None = None
    mediainfo: str | None = None
    encoder: Encoder | None = None
    job: EncodingJob | None = None
    outputs: Outputs | None = None
    archive: Archive | None = None
    packaged: Packaged | None = None
    clip: TimeRange | None = None
    has_static_renditions: int = 0
    tracks_revision: int | None = None
    max_cost_usd: Fraction | None = None
    origin: Origin | None = None

    @property
    def owns_source(self) -> bool:
        """Whether its source was given to us to keep. What is only named may have more than one who names it."""
        return self.metadata is None and (self.origin is None or self.origin.s3 is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetChange:
    """The fields of an asset that an update writes. UNSET leaves a field alone; None removes it."""

    status: AssetStatus | UnsetType = UNSET
    state: ProgressState | UnsetType = UNSET
    source_bucket: str | UnsetType = UNSET
    source_key: str | UnsetType = UNSET
    source_etag: str | UnsetType | None = UNSET
    source_size_bytes: int | UnsetType | None = UNSET
    content_type: str | UnsetType | None = UNSET
    duration: Fraction | UnsetType | None = UNSET
    aspect_ratio: str | UnsetType | None = UNSET
    source_info: SourceInfo | UnsetType | None = UNSET
    renditions: tuple[RenditionInfo, ...] | UnsetType = UNSET
    tracks: tuple[TrackInfo, ...] | UnsetType = UNSET
    hls_key: str | UnsetType | None = UNSET
    dash_key: str | UnsetType | None = UNSET
    poster_key: str | UnsetType | None = UNSET
    storyboard_key: str | UnsetType | None = UNSET
    plan_hash: str | UnsetType | None = UNSET
    task_count: int | UnsetType = UNSET
    execution_arn: str | UnsetType | None = UNSET
    attempt: int | UnsetType = UNSET
    errors: tuple[AssetError, ...] | UnsetType = UNSET
    passthrough: str | UnsetType | None = UNSET
    meta: dict[str, Any] | UnsetType = UNSET
    filename: str | UnsetType | None = UNSET
    options: AssetOptions | UnsetType = UNSET
    mediainfo: str | UnsetType | None = UNSET
    encoder: Encoder | UnsetType | None = UNSET
    job: EncodingJob | UnsetType | None = UNSET
    outputs: Outputs | UnsetType | None = UNSET
    archive: Archive | UnsetType | None = UNSET
    packaged: Packaged | UnsetType | None = UNSET
    has_static_renditions: int | UnsetType = UNSET
    tracks_revision: int | UnsetType | None = UNSET
    max_cost_usd: Fraction | UnsetType | None = UNSET


NO_CHANGE = AssetChange()


@dataclass(frozen=True, slots=True)
class Work:
    """What the work on an asset or a render has come to: under its current plan, and everything billed so far.

    `lambda_mb_ms` is milliseconds times the function's memory in MB, over every attempt. `frames_done` counts for
    renders only. `ingest_percent` is of a source that is being fetched. Of MediaConvert's work, a task is a hundredth;
    what it costs is an estimate by list price, in millionths of a US dollar. The prices are those of `region`.
    """

    tasks_done: int = 0
    lambda_mb_ms: int = 0
    transitions: int = 0
    updated_at_ms: int | None = None
    frames_done: int = 0
    mediaconvert_microusd: int = 0
    ingest_percent: int = 0
    region: str = "us-east-1"


def awaited(
    asset_id: str, bucket: str, key: str, now_ms: int, *, filename: str | None = None, content_type: str | None = None
) -> Asset:
    """A new asset, whose source is yet to be taken in."""
    return Asset(
        asset_id,
        AssetStatus.WAITING,
        ProgressState.INGESTING,
        now_ms,
        now_ms,
        bucket,
        key,
        filename=filename,
        content_type=content_type,
    )


def states_up_to(state: ProgressState) -> tuple[ProgressState, ...]:
    """The states from which `state` may be written: those before it, and itself."""
    order = tuple(ProgressState)
    return order[: order.index(state) + 1]


def percent_done(asset: Asset, work: Work) -> float:
    """Share of the asset's tasks that are done, 0 to 100; 100 is kept for `completed`.

    While it waits for a source that is fetched: how much of that has come.
    """
    if asset.status is AssetStatus.WAITING:
        return float(work.ingest_percent)
    if asset.state is ProgressState.COMPLETED:
        return 100.0
    if asset.task_count == 0:
        return 0.0
    return min(99.0, round(100 * work.tasks_done / asset.task_count, 1))
