"""An asset as a record of Video on Demand on AWS (SO0021): the attributes that its users query, under their names.

Attributes without a value are left out, as they are there. `workflowStatus` says what the asset is: Ingest, Process,
Publish, Complete or Error; there, a job that failed early stayed at Ingest. Errors are our codes and messages, which
never hold a presigned URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.catalog.asset import Asset, AssetStatus, Outputs, ProgressState
from chalicelib.catalog.options import Archive, Encoder
from chalicelib.catalog.vod.mediainfo import compact
from chalicelib.catalog.vod.profile import choose_profile, fit_box, template_of
from chalicelib.catalog.vod.triggers import Trigger

_COMPLETED = frozenset({AssetStatus.READY, AssetStatus.ERRORED, AssetStatus.CANCELLED})

WORKFLOW_ATTRIBUTES = frozenset(
    {
        *("guid", "startTime", "endTime", "workflowTrigger", "workflowStatus", "workflowName", "workflowErrorAt"),
        *("srcMetadataFile", "srcMediainfo", "srcHeight", "srcWidth", "encodingProfile", "isCustomTemplate"),
        *("frameCaptureHeight", "frameCaptureWidth", "encodeJobId", "encodingJob", "encodingOutput", "thumbNails"),
        *("hlsPlaylist", "hlsUrl", "dashPlaylist", "dashUrl", "mssPlaylist", "mssUrl", "cmafHlsPlaylist", "cmafHlsUrl"),
        *("cmafDashPlaylist", "cmafDashUrl", "mp4Outputs", "mp4Urls", "thumbNailsUrls", "mediaPackageResourceId"),
        *("egressEndpoints", "errorMessage", "errorDetails"),
    }
)
"""What the workflow writes, and a metadata file therefore never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """The deployment, as the record shows it. `job_templates` are those of 2160, 1080 and 720 lines.

    `cloud_front` is the origin of the media without its scheme.
    """

    name: str
    dest_bucket: str
    cloud_front: str
    job_templates: tuple[str, str, str]
    frame_capture: bool
    archive_source: Archive
    input_rotate: str
    accelerated_transcoding: str
    enable_sns: bool
    enable_sqs: bool
    enable_media_package: bool


def vod_record(asset: Asset, workflow: Workflow, *, scheme: str = "https") -> dict[str, Any]:
    """The record of an asset.

    Args:
        workflow: With the asset's own options laid over the deployment's.
        scheme: Of the media's URLs.
    """
    base_url = f"{scheme}://{workflow.cloud_front}" if workflow.cloud_front else ""
    record = {
        **{name: value for name, value in asset.meta.items() if name not in WORKFLOW_ATTRIBUTES},
        "guid": asset.id,
        "startTime": _time(asset.created_at_ms),
        "endTime": _time(asset.updated_at_ms) if asset.status in _COMPLETED else None,
        "workflowTrigger": Trigger.METADATA if asset.metadata else Trigger.VIDEO,
        "workflowStatus": workflow_status(asset),
        "workflowName": workflow.name,
        "srcBucket": asset.source_bucket,
        "destBucket": workflow.dest_bucket,
        "cloudFront": workflow.cloud_front or None,
        "frameCapture": workflow.frame_capture,
        "archiveSource": workflow.archive_source,
        "jobTemplate_2160p": workflow.job_templates[0],
        "jobTemplate_1080p": workflow.job_templates[1],
        "jobTemplate_720p": workflow.job_templates[2],
        "inputRotate": workflow.input_rotate,
        "acceleratedTranscoding": workflow.accelerated_transcoding,
        "enableSns": workflow.enable_sns,
        "enableSqs": workflow.enable_sqs,
        "enableMediaPackage": workflow.enable_media_package,
        "srcMetadataFile": asset.metadata.key if asset.metadata else None,
        "srcVideo": asset.source_key,
        "srcMediainfo": msgspec.json.format(asset.mediainfo, indent=2) if asset.mediainfo else None,
        "jobTemplate": asset.options.job_template,
        "mediaPackageResourceId": asset.packaged.id if asset.packaged else None,
        "egressEndpoints": asset.packaged.endpoints if asset.packaged else None,
        **_profiled(asset, workflow),
        **_outputs(asset, workflow.dest_bucket, base_url),
        **_failure(asset),
    }
    return compact(record)


def workflow_status(asset: Asset) -> str:
    """Where the asset stands, in the words of the three workflows there."""
    if asset.status is AssetStatus.READY:
        return "Complete"
    if asset.status is AssetStatus.ERRORED:
        return "Error"
    if asset.status is AssetStatus.PREPARING:
        return {ProgressState.INGESTING: "Ingest", ProgressState.PACKAGING: "Publish"}.get(asset.state, "Process")
    return "Ingest" if asset.status is AssetStatus.WAITING else asset.status.capitalize()


def displayed_size(asset: Asset) -> tuple[int, int] | None:
    """Of the source, turned as its file says; in square pixels, because the record's aspect ratio is the shown one."""
    video = asset.source_info.video if asset.source_info else None
    if video is None:
        return None
    width, height = (video.height, video.width) if video.rotation % 180 == 90 else (video.width, video.height)
    if asset.aspect_ratio is None:
        return width, height
    across, down = (int(part) for part in asset.aspect_ratio.split(":"))
    return round(height * across / down), height


def _profiled(asset: Asset, workflow: Workflow) -> Mapping[str, object]:
    size = displayed_size(asset)
    if size is None:
        return {}
    profile = asset.job.profile if asset.job else choose_profile(*size)
    chosen = asset.options.job_template or (asset.job.template if asset.job else None)
    captured = fit_box(*size, profile) if workflow.frame_capture else (None, None)
    return {
        "srcWidth": size[0],
        "srcHeight": size[1],
        "encodingProfile": profile,
        "jobTemplate": chosen or template_of(profile, workflow.job_templates),
        "isCustomTemplate": asset.options.job_template is not None,
        "frameCaptureWidth": captured[0],
        "frameCaptureHeight": captured[1],
        "encodeJobId": asset.job.id if asset.job else None,
    }


def _outputs(asset: Asset, bucket: str, base_url: str) -> Mapping[str, object]:
    outputs = asset.outputs or Outputs(hls=asset.hls_key, dash=asset.dash_key)
    found: dict[str, object] = {}
    for name, key in (
        ("hls", outputs.hls),
        ("dash", outputs.dash),
        ("mss", outputs.mss),
        ("cmafHls", outputs.cmaf_hls),
        ("cmafDash", outputs.cmaf_dash),
    ):
        if key is not None:
            found[f"{name}Playlist"] = f"s3://{bucket}/{key}"
            found[f"{name}Url"] = f"{base_url}/{key}" if base_url else None
    for name, urls, files in (
        ("mp4Outputs", "mp4Urls", outputs.mp4),
        ("thumbNails", "thumbNailsUrls", outputs.thumbnails),
    ):
        if files:
            found[name] = [f"s3://{bucket}/{key}" for key in files]
            found[urls] = [f"{base_url}/{key}" for key in files] if base_url else None
    return found


def _failure(asset: Asset) -> Mapping[str, object]:
    if not asset.errors:
        return {}
    error = asset.errors[0]
    at = "Encoding" if asset.encoder is Encoder.MEDIACONVERT and asset.job else asset.state.value
    return {"workflowErrorAt": at, "errorMessage": error.message, "errorDetails": error.code}


def _time(at_ms: int) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
