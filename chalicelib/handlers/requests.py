"""What clients send, checked: bodies against msgspec types, query parameters by hand.

Unknown fields are refused, so that a misspelt one is not silently ignored.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeVar, overload

import msgspec
from chalice.app import Request
from msgspec import UNSET, Meta, UnsetType

from chalicelib.catalog import options
from chalicelib.catalog.keys import UPLOADS_PREFIX
from chalicelib.catalog.options import Encoder
from chalicelib.catalog.playback import MediaKind, PlaybackPolicy
from chalicelib.catalog.problem import pointer_of
from chalicelib.catalog.target import MAX_LENGTH
from chalicelib.catalog.track import MAX_SIDECARS, WantedTrack
from chalicelib.errors import InvalidRequest, MalformedRequest
from chalicelib.media.sidecar import TrackKind
from chalicelib.media.source import readable
from chalicelib.media.subtitle_file import SubtitleFormat
from chalicelib.media.timing import TimeRange
from chalicelib.usecases.tracks import Wish

T = TypeVar("T")

LIMIT_DEFAULT = 20
LIMIT_MAX = 100
META_MAX_BYTES = 10_000

Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
MediaType = Annotated[str, Meta(max_length=127, pattern=r"^[\w.+-]+/[\w.+*-]+(\s*;.*)?$")]
Passthrough = Annotated[str, Meta(max_length=255)]
Seconds = Annotated[float, Meta(ge=0, le=24 * 3600)]
Language = Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
SourceKey = Annotated[str, Meta(max_length=1024, pattern=f"^{UPLOADS_PREFIX}")]
ExpiresIn = Annotated[int, Meta(ge=60, le=7 * 24 * 3600)]


WebhookUrl = Annotated[str, Meta(min_length=1, max_length=MAX_LENGTH)]
MaxCost = Annotated[float, Meta(gt=0, le=1_000_000)]


class ClipBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a source."""

    start: Seconds = 0.0
    end: Seconds | None = None


class TrackBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/assets/{id}/tracks: a file of subtitles, as text or as the key of an object in the source bucket."""

    language: Language
    name: Name | None = None
    kind: TrackKind = TrackKind.SUBTITLES
    forced: bool = False
    format: SubtitleFormat | None = None
    text: str | None = None
    key: SourceKey | None = None


HeightsLadder = Annotated[
    tuple[Annotated[int, Meta(ge=16, le=4320, multiple_of=2)], ...], Meta(min_length=1, max_length=12)
]
RenditionKinds = Annotated[tuple[Literal["mp4", "m4a", "gif", "avif", "webp"], ...], Meta(max_length=5)]


class AssetOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer wants to find again on the asset, and who is to encode it."""

    passthrough: Passthrough | None = None
    meta: dict[str, Any] = {}
    encoder: Encoder | None = None
    ladder: HeightsLadder | None = None
    renditions: RenditionKinds | None = None
    clip: ClipBody | None = None
    captions: Annotated[tuple[TrackBody, ...], Meta(max_length=MAX_SIDECARS)] = ()
    max_cost_usd: MaxCost | None = None
    playback_policy: PlaybackPolicy | None = None


class UploadBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/uploads."""

    filename: Name
    size: Annotated[int, Meta(ge=1)]
    content_type: MediaType = "application/octet-stream"
    asset: AssetOptions = AssetOptions()
    expires_in: ExpiresIn | None = None


class AssetInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a new asset comes from: a URL, an object in S3, or a part of another asset."""

    url: Annotated[str, Meta(min_length=1, max_length=2048)] | UnsetType = UNSET
    s3: Annotated[str, Meta(min_length=1, max_length=1100)] | UnsetType = UNSET
    asset: str | UnsetType = UNSET
    start: Seconds = 0.0
    end: Seconds | None = None


class AssetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/assets."""

    input: AssetInput
    encoder: Encoder | None = None
    ladder: HeightsLadder | None = None
    renditions: RenditionKinds | None = None
    captions: Annotated[tuple[TrackBody, ...], Meta(max_length=MAX_SIDECARS)] = ()
    passthrough: Passthrough | None = None
    meta: dict[str, Any] = {}
    max_cost_usd: MaxCost | None = None
    playback_policy: PlaybackPolicy | None = None


class TokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/assets/{id}/tokens."""

    types: Annotated[tuple[MediaKind, ...], Meta(min_length=1, max_length=3)] = (MediaKind.VIDEO, MediaKind.IMAGE)
    ttl: Annotated[int, Meta(ge=60, le=7 * 24 * 3600)] = 3600


class RetryBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/assets/{id}/retry."""

    max_cost_usd: MaxCost | None = None


class EstimateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/estimates: a source of so many seconds, lines and frames a second."""

    duration: Annotated[float, Meta(gt=0, le=24 * 3600)]
    height: Annotated[int, Meta(ge=16, le=8192)] = 1080
    fps: Annotated[float, Meta(ge=1, le=240)] = 30.0
    encoder: Encoder | None = None


class RenditionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/assets/{id}/renditions."""

    type: Literal["mp4", "m4a", "gif", "avif", "webp"]
    height: Annotated[int, Meta(ge=2, le=8192)] | None = None
    start: Seconds | None = None
    end: Seconds | None = None
    width: Annotated[int, Meta(ge=16, le=640)] | None = None
    fps: Annotated[int, Meta(ge=1, le=30)] | None = None


class PatchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PATCH /v1/assets/{id}: what is given takes the place of what was there; null removes it."""

    passthrough: Passthrough | UnsetType | None = UNSET
    meta: dict[str, Any] | UnsetType | None = UNSET


class PartBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part_number: Annotated[int, Meta(ge=1, le=10_000)]
    etag: Annotated[str, Meta(min_length=1, max_length=128)]


class CompleteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/uploads/{id}/complete; no parts means: those that were stored."""

    parts: tuple[PartBody, ...] = ()


class SiteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/sites."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Meta(ge=1)]


class RenderBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/renders. What is not named here is checked by `composition.config`, which owns the rules."""

    site_id: str
    composition: Any = None
    variables: Any = None
    width: Any = None
    height: Any = None
    fps: Any = None
    format: Any = None
    codec: Any = None
    quality: Any = None
    crf: Any = None
    bitrate: Any = None
    frame: Any = None
    frame_range: Any = None
    chunk_frames: Any = None
    max_parallel: Any = None
    max_cost_usd: MaxCost | None = None
    webhook: WebhookUrl | None = None


class RestoreBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /v1/assets/{id}/restore."""

    days: Annotated[int, Meta(ge=1, le=365)] = 7
    tier: Literal["Standard", "Bulk", "Expedited"] = "Standard"


def body_bytes(request: Request) -> bytes:
    raw = request.raw_body
    return raw if isinstance(raw, bytes) else raw.encode()


def parse_body(request: Request, kind: type[T], *, empty: bytes = b"") -> T:
    """The JSON body as a `kind`.

    Args:
        empty: What no body at all stands for.

    Raises:
        MalformedRequest: If it is not JSON.
        InvalidRequest: If a field is wrong; says which.
    """
    raw = body_bytes(request) or empty
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        with suppress(msgspec.ValidationError):
            return msgspec.convert(whole_numbers(msgspec.json.decode(raw)), type=kind)
        reason = str(error)
        raise invalid("body", pointer_of(reason), reason.split(" - at `")[0]) from error
    except msgspec.DecodeError as error:
        raise MalformedRequest("the body is not JSON") from error


def whole_numbers(value: Any) -> Any:
    """The same JSON with 5 for 5.0: to JSON one number, and what some languages write for a whole one."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole_numbers(each) for each in value]
    if isinstance(value, dict):
        return {name: whole_numbers(each) for name, each in value.items()}
    return value


def parse_value(value: object, kind: Any, where: str, pointer: str) -> Any:
    """`value` as a `kind`. Raises InvalidRequest, which names the pointer."""
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as error:
        raise invalid(where, pointer, str(error)) from error


def wish_of(body: TrackBody, pointer: str) -> Wish:
    """Raises InvalidRequest unless it says in one way where the file is."""
    if (body.text is None) is (body.key is None):
        raise invalid("body", f"{pointer}/text", "Expected either text or key")
    wanted = WantedTrack(
        language=body.language,
        name=readable(body.name or body.language) or body.language,
        kind=body.kind,
        forced=body.forced,
        form=body.format,
        key=body.key,
    )
    return wanted, body.text.encode() if body.text is not None else None


def chosen_options(body: AssetOptions | AssetBody) -> options.AssetOptions:
    """What is chosen for one asset; a ladder in order, each thing once."""
    ladder = tuple(sorted(set(body.ladder), reverse=True)) if body.ladder is not None else None
    made = tuple(dict.fromkeys(body.renditions)) if body.renditions is not None else None
    return options.AssetOptions(encoder=body.encoder, ladder=ladder, static_renditions=made)


def check_meta(meta: dict[str, Any], pointer: str) -> None:
    if len(msgspec.json.encode(meta)) > META_MAX_BYTES:
        raise invalid("body", pointer, f"Expected at most {META_MAX_BYTES} bytes of JSON")


@overload
def exact_seconds(value: float) -> Fraction: ...
@overload
def exact_seconds(value: None) -> None: ...
@overload
def exact_seconds(value: float | None) -> Fraction | None: ...
def exact_seconds(value: float | None) -> Fraction | None:
    """The decimal number that was written, to the microsecond."""
    return None if value is None else Fraction(f"{value:.6f}")


def exact_dollars(value: float | None) -> Fraction | None:
    """The decimal number that was written, not the binary one beside it."""
    return None if value is None else Fraction(str(value))


def clip_range(start: float, end: float | None, pointer: str) -> TimeRange:
    """Raises InvalidRequest if the range is empty."""
    if end is not None and end <= start:
        raise invalid("body", f"{pointer}/end", "Expected a time after start")
    return TimeRange(exact_seconds(start), exact_seconds(end))


def query(request: Request, name: str) -> str | None:
    params = request.query_params
    return params.get(name) if params is not None else None


def query_text(request: Request, name: str, *, most: int) -> str | None:
    """Raises InvalidRequest if the parameter is empty or too long."""
    text = query(request, name)
    if text is not None and not 1 <= len(text) <= most:
        raise invalid("query", f"/{name}", f"Expected 1 to {most} characters")
    return text


def query_number(request: Request, name: str, *, default: int, most: int, least: int = 1) -> int:
    """Raises InvalidRequest if the parameter is not a whole number within bounds."""
    text = query(request, name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise invalid("query", f"/{name}", f"Expected a whole number from {least} to {most}")
    return int(text)


def invalid(where: str, pointer: str, detail: str) -> InvalidRequest:
    """An InvalidRequest about one field of the body, or one query parameter."""
    shown = pointer.strip("/") or where
    return InvalidRequest(f"{shown}: {detail}", errors=[{"pointer": pointer, "detail": detail, "in": where}])
