"""Metadata files: a JSON object that names a video in the bucket and overrides settings for it.

The form is that of Video on Demand on AWS, whose files are taken as they are, with our own settings beside its. The
first letter of a key may be upper or lower case. What has a meaning is checked and refused by name; what has none is
kept for the customer; what the workflow itself writes is never taken from a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from chalicelib.catalog.keys import RENDERS_PREFIX
from chalicelib.catalog.options import Acceleration, Archive, AssetOptions, Encoder, InputRotate
from chalicelib.catalog.track import MAX_SIDECARS, WantedTrack
from chalicelib.catalog.vod.record import WORKFLOW_ATTRIBUTES
from chalicelib.errors import MetadataInvalid
from chalicelib.media.sidecar import TrackKind
from chalicelib.media.source import UNKNOWN_LANGUAGE, language_tag, readable

MAX_BYTES = 64 * 1024

E = TypeVar("E", bound=StrEnum)

_MAX_KEY = 1024
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TEMPLATE = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
_QUALITIES = ("fast", "balanced", "high")
_CODECS = ("h264", "hevc", "av1")


@dataclass(frozen=True, slots=True)
class Metadata:
    """A file that was understood.

    Attributes:
        src_bucket, dest_bucket: As written; None if the file does not say. Whether they may be used is not known here.
        captions: Tracks whose files are named.
        extra: Every field without a meaning here, in the file's order.
    """

    src_video: str
    src_bucket: str | None
    dest_bucket: str | None
    options: AssetOptions
    extra: Mapping[str, Any]
    captions: tuple[WantedTrack, ...] = ()


def parse_metadata(document: bytes) -> Metadata:
    """Read a metadata file.

    Raises:
        MetadataInvalid: Which names the field that is wrong, in its message and as `field`.
    """
    fields = _fields(document)
    src_video = _text(fields.pop("srcVideo", None) or None, "srcVideo", _MAX_KEY)
    if src_video is None:
        raise MetadataInvalid("srcVideo is not defined in the metadata file", field="srcVideo")
    src_bucket = _matching(fields.pop("srcBucket", None), "srcBucket", _BUCKET, "the name of a bucket")
    dest_bucket = _matching(fields.pop("destBucket", None), "destBucket", _BUCKET, "the name of a bucket")
    # The deployment's answer stands, as it did there; the value is checked all the same.
    _truth(fields.pop("enableMediaPackage", None), "enableMediaPackage")
    known = {attribute: read(fields.pop(name), name) for name, (attribute, read) in _OPTIONS.items() if name in fields}
    captions = _captions(fields["captions"]) if "captions" in fields else ()
    extra = {name: value for name, value in fields.items() if name not in WORKFLOW_ATTRIBUTES}
    return Metadata(src_video, src_bucket, dest_bucket, AssetOptions(**known), extra, captions)


def _fields(document: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(document.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MetadataInvalid(f"the metadata file is not JSON: {error}", field="") from error
    if not isinstance(found, dict):
        raise MetadataInvalid("the metadata file is not a JSON object", field="")
    return {f"{name[:1].lower()}{name[1:]}": value for name, value in found.items()}


def _text(value: object, name: str, longest: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value.encode()) <= longest:
        raise MetadataInvalid(f"{name} is not a text of 1 to {longest} bytes", field=name)
    return value


def _matching(value: object, name: str, pattern: re.Pattern[str], what: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise MetadataInvalid(f"{name} is not {what}", field=name)
    return value


def _template(value: object, name: str) -> str | None:
    return _matching(value, name, _TEMPLATE, "the name of a job template")


def _host(value: object, name: str) -> str | None:
    return _matching(value, name, _HOST, "a host name")


def _truth(value: object, name: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise MetadataInvalid(f"{name} is neither true nor false", field=name)


def _word(kind: type[E]) -> Callable[[object, str], E | None]:
    def read(value: object, name: str) -> E | None:
        if value is None:
            return None
        found = next((each for each in kind if isinstance(value, str) and each.lower() == value.lower()), None)
        if found is None:
            raise MetadataInvalid(f"{name} is none of {', '.join(kind)}", field=name)
        return found

    return read


def _quality(value: object, name: str) -> str | None:
    if value is not None and value not in _QUALITIES:
        raise MetadataInvalid(f"{name} is none of {', '.join(_QUALITIES)}", field=name)
    return value if isinstance(value, str) else None


def _ladder(value: object, name: str) -> tuple[int, ...] | None:
    if value is None:
        return None
    heights = value if isinstance(value, list) else [value]
    if not heights or not all(type(height) is int and 16 <= height <= 8192 for height in heights):
        raise MetadataInvalid(f"{name} is not a list of heights", field=name)
    return tuple(sorted(set(heights), reverse=True))


def _codecs(value: object, name: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or "h264" not in value or not all(codec in _CODECS for codec in value):
        raise MetadataInvalid(f"{name} is not a list of h264 with any of {', '.join(_CODECS)}", field=name)
    return tuple(codec for codec in _CODECS if codec in value)


def _rate(value: object, name: str) -> int | None:
    if value is not None and (type(value) is not int or not 24 <= value <= 240):
        raise MetadataInvalid(f"{name} is not a whole number from 24 to 240", field=name)
    return value if isinstance(value, int) else None


def _captions(value: object) -> tuple[WantedTrack, ...]:
    """The one object that the form has, or a list of such."""
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_SIDECARS:
        raise MetadataInvalid(f"captions has more than {MAX_SIDECARS} entries", field="captions")
    return tuple(track for each in entries if (track := _caption(each)) is not None)


def _caption(entry: object) -> WantedTrack | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("srcFile", ""), str):
        raise MetadataInvalid("captions is not an object whose srcFile is a text", field="captions")
    key = _text(entry.get("srcFile") or None, "captions.srcFile", _MAX_KEY)
    if key is None:
        return None
    if key.startswith(RENDERS_PREFIX):
        raise MetadataInvalid(f"captions.srcFile lies under {RENDERS_PREFIX}, which is ours", field="captions.srcFile")
    language = entry.get("language") or UNKNOWN_LANGUAGE
    if not isinstance(language, str) or language_tag(language) != language:
        raise MetadataInvalid("captions.language is not a tag of BCP 47", field="captions.language")
    name = _text(entry.get("name") or None, "captions.name", _MAX_KEY) or language
    kind = _word(TrackKind)(entry.get("kind"), "captions.kind") or TrackKind.SUBTITLES
    forced = _truth(entry.get("forced"), "captions.forced") or False
    return WantedTrack(language=language, name=readable(name) or language, kind=kind, forced=forced, key=key)


_OPTIONS: Mapping[str, tuple[str, Callable[[object, str], Any]]] = {
    "encoder": ("encoder", _word(Encoder)),
    "archiveSource": ("archive_source", _word(Archive)),
    "frameCapture": ("frame_capture", _truth),
    "enableSns": ("enable_sns", _truth),
    "enableSqs": ("enable_sqs", _truth),
    "jobTemplate": ("job_template", _template),
    "jobTemplate_2160p": ("job_template_2160p", _template),
    "jobTemplate_1080p": ("job_template_1080p", _template),
    "jobTemplate_720p": ("job_template_720p", _template),
    "inputRotate": ("input_rotate", _word(InputRotate)),
    "acceleratedTranscoding": ("accelerated_transcoding", _word(Acceleration)),
    "cloudFront": ("cloud_front", _host),
    "ladder": ("ladder", _ladder),
    "codecs": ("codecs", _codecs),
    "quality": ("quality", _quality),
    "maxFrameRate": ("max_frame_rate", _rate),
    "pruneLadder": ("prune_ladder", _truth),
    "keepSurround": ("keep_surround", _truth),
}
