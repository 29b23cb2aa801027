"""The MediaConvert job of an asset: a job template's output groups, with this asset's source and destinations.

A template of the customer's own is used as it is. Those that the deploy makes are fitted to the source: each picture
keeps the source's shape inside its frame, lying or standing, and what would be larger than the source is left out. What
a source does not have, sound or picture, is asked of no output.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog.options import Acceleration
from chalicelib.catalog.vod.profile import fit_box
from chalicelib.media.ladder import source_rung

Settings = dict[str, Any]

SELECTOR = "Audio Selector 1"
CAPTURE_EVERY_S = 5
CAPTURE_QUALITY = 80
THUMBNAILS = "thumbnails"

# Type of a group -> the member that holds its settings, its folder, and what is set where the template says nothing.
_GROUPS: Mapping[str, tuple[str, str, Settings]] = {
    "FILE_GROUP_SETTINGS": ("FileGroupSettings", "mp4", {}),
    "HLS_GROUP_SETTINGS": ("HlsGroupSettings", "hls", {"SegmentLength": 5, "MinSegmentLength": 0}),
    "DASH_ISO_GROUP_SETTINGS": ("DashIsoGroupSettings", "dash", {"SegmentLength": 30, "FragmentLength": 3}),
    "CMAF_GROUP_SETTINGS": ("CmafGroupSettings", "cmaf", {"SegmentLength": 30, "FragmentLength": 3}),
    "MS_SMOOTH_GROUP_SETTINGS": ("MsSmoothGroupSettings", "mss", {"FragmentLength": 2, "ManifestEncoding": "UTF8"}),
}
_FROM_TEMPLATE = ("Queue", "Priority", "HopDestinations", "StatusUpdateInterval")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOrder:
    """What a job is made of.

    Attributes:
        template: MediaConvert's answer for the template, its `Name` and `Settings` among it.
        custom: Whether the template is the customer's own.
        source_uri: s3://bucket/key.
        destination: s3://bucket/prefix/, with the slash.
        size: Of the source as it is shown once MediaConvert has turned it; None if it has no picture.
        capture: Size of the pictures to capture; None for none.
        metadata: What the job's events carry; `guid` and `workflow` are the asset and the deployment.
    """

    template: Mapping[str, Any]
    custom: bool
    source_uri: str
    destination: str
    role_arn: str
    rotate: str
    acceleration: str
    size: tuple[int, int] | None
    has_audio: bool
    capture: tuple[int, int] | None
    metadata: Mapping[str, str]
    tags: Mapping[str, str]


def job_request(order: JobOrder) -> Settings:
    """The parameters of CreateJob."""
    accelerated = order.acceleration in (Acceleration.ENABLED, Acceleration.PREFERRED)
    groups = [group for each in order.template["Settings"].get("OutputGroups", []) if (group := _group(each, order))]
    if order.capture is not None:
        groups.append(_capture_group(order.capture, order.destination))
    settings: Settings = {"Inputs": [_input(order, accelerated)], "OutputGroups": groups}
    request: Settings = {
        "Role": order.role_arn,
        "UserMetadata": dict(order.metadata),
        "Settings": settings,
        "Tags": dict(order.tags),
    }
    if order.custom:
        request["JobTemplate"] = order.template["Name"]
    else:
        # With the template's name MediaConvert would put back the outputs that were left out.
        request.update({name: order.template[name] for name in _FROM_TEMPLATE if name in order.template})
    if accelerated:
        # Accelerated jobs refuse the timecodes of the file.
        settings["TimecodeConfig"] = {"Source": "ZEROBASED"}
        request["AccelerationSettings"] = {"Mode": str(order.acceleration)}
    return request


def _input(order: JobOrder, accelerated: bool) -> Settings:
    return {
        "AudioSelectors": {SELECTOR: {"Offset": 0, "DefaultSelection": "NOT_DEFAULT", "ProgramSelection": 1}},
        "VideoSelector": {"ColorSpace": "FOLLOW", "Rotate": order.rotate},
        "FilterEnable": "AUTO",
        "PsiControl": "USE_PSI",
        "FilterStrength": 0,
        "DeblockFilter": "DISABLED",
        "DenoiseFilter": "DISABLED",
        "TimecodeSource": "ZEROBASED" if accelerated else "EMBEDDED",
        "FileInput": order.source_uri,
    }


def _group(group: Mapping[str, Any], order: JobOrder) -> Settings | None:
    """None for a group that we cannot place, or that nothing is left of."""
    known = _GROUPS.get(group["OutputGroupSettings"]["Type"])
    if known is None:
        return None
    member, folder, defaults = known
    placed: Settings = copy.deepcopy(dict(group))
    own = placed["OutputGroupSettings"].get(member, {})
    placed["OutputGroupSettings"][member] = {**defaults, **own, "Destination": f"{order.destination}{folder}/"}
    outputs = placed.get("Outputs", [])
    placed["Outputs"] = outputs if order.custom else _fitted(outputs, order)
    return None if outputs and not placed["Outputs"] else placed


def _fitted(outputs: list[Settings], order: JobOrder) -> list[Settings]:
    pictures = [output for output in outputs if "VideoDescription" in output]
    kept = {id(output) for output in _not_above(pictures, order.size)}
    fitted = []
    for output in outputs:
        if "VideoDescription" in output:
            if order.size is None or id(output) not in kept:
                continue
            video = output["VideoDescription"]
            # Without a height of its own it takes the source's, which fits.
            if "Height" in video:
                video["Width"], video["Height"] = fit_box(*order.size, video["Height"])
        if not order.has_audio:
            output.pop("AudioDescriptions", None)
        if "VideoDescription" in output or "AudioDescriptions" in output:
            fitted.append(output)
    return fitted


def _not_above(pictures: list[Settings], size: tuple[int, int] | None) -> list[Settings]:
    """The outputs whose frame the source fills; the smallest if it fills none."""
    if size is None or not pictures:
        return []
    rung = source_rung(*size)

    def height(output: Settings) -> int:
        return int(output["VideoDescription"].get("Height", 0))

    return [output for output in pictures if height(output) <= rung] or [min(pictures, key=height)]


def _capture_group(size: tuple[int, int], destination: str) -> Settings:
    capture = {
        "FramerateNumerator": 1,
        "FramerateDenominator": CAPTURE_EVERY_S,
        "MaxCaptures": 10_000_000,
        "Quality": CAPTURE_QUALITY,
    }
    video = {
        "Width": size[0],
        "Height": size[1],
        "ScalingBehavior": "DEFAULT",
        "CodecSettings": {"Codec": "FRAME_CAPTURE", "FrameCaptureSettings": capture},
    }
    return {
        "Name": "Frame Capture",
        "OutputGroupSettings": {
            "Type": "FILE_GROUP_SETTINGS",
            "FileGroupSettings": {"Destination": f"{destination}{THUMBNAILS}/"},
        },
        "Outputs": [
            {"NameModifier": "_thumb", "ContainerSettings": {"Container": "RAW"}, "VideoDescription": video},
        ],
    }
