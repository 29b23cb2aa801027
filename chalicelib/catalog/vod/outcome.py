"""What MediaConvert's events say (detail-type "MediaConvert Job State Change").

Outputs are told apart by the type of their group and by their extension, never by their position: groups come in the
order of the template, and a template may be anybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalicelib.catalog.asset import NO_OUTPUTS, Outputs, RenditionInfo

_IMAGES = (".jpg", ".jpeg", ".png")
# Where renditions are read from, the first that is there: all groups hold the same pictures.
_LADDERS = ("HLS_GROUP", "CMAF_GROUP", "DASH_ISO_GROUP", "FILE_GROUP")


class JobStatus(StrEnum):
    COMPLETE = "COMPLETE"
    ERROR = "ERROR"
    CANCELED = "CANCELED"
    STATUS_UPDATE = "STATUS_UPDATE"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One event of a job of ours.

    Attributes:
        attempt: Of the asset, that asked for the job.
        plan_hash: What the job's destination is named after.
        percent: How far it is, of STATUS_UPDATE.
        message: MediaConvert's own, of ERROR.
        code: MediaConvert's own number for it.
    """

    job_id: str
    asset_id: str
    attempt: int
    plan_hash: str
    status: JobStatus
    percent: int | None = None
    message: str = ""
    code: int | None = None
    outputs: Outputs = NO_OUTPUTS
    renditions: tuple[RenditionInfo, ...] = ()
    billed_seconds: tuple[tuple[int, int], ...] = ()
    """(height, whole seconds) of each picture that was encoded, captured ones left out."""


def job_event(detail: Mapping[str, Any]) -> JobEvent | None:
    """Read the `detail` of an event; None if it is of a job that no asset asked for, or of no meaning here."""
    carried = detail.get("userMetadata") or {}
    if not {"guid", "attempt", "plan"} <= carried.keys() or detail.get("status") not in tuple(JobStatus):
        return None
    if not str(carried["attempt"]).isdecimal():
        return None
    groups = detail.get("outputGroupDetails") or []
    progress = (detail.get("jobProgress") or {}).get("jobPercentComplete")
    return JobEvent(
        job_id=str(detail.get("jobId", "")),
        asset_id=str(carried["guid"]),
        attempt=int(carried["attempt"]),
        plan_hash=str(carried["plan"]),
        status=JobStatus(detail["status"]),
        percent=min(100, max(0, int(progress))) if isinstance(progress, (int, float)) else None,
        message=str(detail.get("errorMessage", "")),
        code=detail.get("errorCode"),
        outputs=outputs_of(groups),
        renditions=_renditions(groups),
        billed_seconds=tuple(_billed(groups)),
    )


def outputs_of(groups: Sequence[Mapping[str, Any]]) -> Outputs:
    """The keys of what was written, by role. Groups of unknown types are left out."""
    found: dict[str, Any] = {}
    for group in groups:
        kind, playlists = group.get("type"), _playlists(group)
        if kind == "HLS_GROUP":
            found["hls"] = _with(playlists, ".m3u8")
        elif kind == "DASH_ISO_GROUP":
            found["dash"] = _with(playlists, ".mpd")
        elif kind == "CMAF_GROUP":
            found["cmaf_hls"], found["cmaf_dash"] = _with(playlists, ".m3u8"), _with(playlists, ".mpd")
        elif kind == "MS_SMOOTH_GROUP":
            found["mss"] = _with(playlists, ".ism") or _with(playlists, ".ismc")
        elif kind == "FILE_GROUP":
            files = [key_of(path) for _, path in _files(group)]
            images = tuple(key for key in files if key.lower().endswith(_IMAGES))
            found["thumbnails"] = found.get("thumbnails", ()) + images
            found["mp4"] = found.get("mp4", ()) + tuple(key for key in files if key not in images)
    return Outputs(**found)


def key_of(uri: str) -> str:
    """The key in an S3 URI.

    Raises:
        ValueError: If it is none.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise ValueError(f"Unexpected S3Uri: {uri}")
    return key


def _playlists(group: Mapping[str, Any]) -> list[str]:
    """Those of the group, not of its single outputs."""
    of_outputs = {path for _, path in _files(group)}
    return [key_of(path) for path in group.get("playlistFilePaths") or [] if path not in of_outputs]


def _with(keys: Sequence[str], extension: str) -> str | None:
    return next((key for key in keys if key.lower().endswith(extension)), None)


def _files(group: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for output in group.get("outputDetails") or []:
        for path in output.get("outputFilePaths") or []:
            yield output, path


def _renditions(groups: Sequence[Mapping[str, Any]]) -> tuple[RenditionInfo, ...]:
    for kind in _LADDERS:
        found = {
            (size["widthInPx"], size["heightInPx"]): size.get("averageBitrate", 0)
            for group in groups
            if group.get("type") == kind
            for output in group.get("outputDetails") or []
            if (size := output.get("videoDetails") or {}).get("widthInPx") and not _is_capture(output)
        }
        if found:
            tallest = sorted(found.items(), key=lambda item: item[0], reverse=True)
            return tuple(RenditionInfo(f"{min(size)}p", *size, bandwidth) for size, bandwidth in tallest)
    return ()


def _is_capture(output: Mapping[str, Any]) -> bool:
    return any(path.lower().endswith(_IMAGES) for path in output.get("outputFilePaths") or [])


def _billed(groups: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    for group in groups:
        for output in group.get("outputDetails") or []:
            size = output.get("videoDetails") or {}
            if size.get("heightInPx") and not _is_capture(output):
                yield min(size["widthInPx"], size["heightInPx"]), -(-int(output.get("durationInMs", 0)) // 1000)
