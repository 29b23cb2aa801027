"""What the three steps of a composition's render have in common: requests, the stored plan, the tools' versions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.catalog.locations import Location, receipt_location
from chalicelib.composition.capture import CaptureOptions, CompositionFacts, Picture
from chalicelib.composition.config import RenderConfig
from chalicelib.composition.formats import Format
from chalicelib.composition.plan import CompositionPlan, ToolVersions, parse_plan
from chalicelib.composition.receipt import CompositionReceipt, parse_receipt
from chalicelib.errors import BrowserVersionMismatch, FfmpegVersionMismatch, ObjectMissing, PlanMismatch

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.tools import Tools


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """URIs and Config as they came in. `output_uri` is looked at early, so that a wrong one fails before the work; left
    out, the output goes to the plan's prefix."""

    project_uri: str
    plan_prefix_uri: str
    config: Any
    output_uri: str | None = None
    protocol: str | None = None
    render_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChunkRequest:
    plan_uri: str
    plan_hash: str
    index: int
    prefix_uri: str
    format: str
    render_id: str | None = None


@dataclass(frozen=True, slots=True)
class AssembleRequest:
    """Chunks are named one by one, or by the prefix that they were rendered under."""

    plan_uri: str
    output_uri: str
    format: str
    plan_hash: str | None = None
    chunk_uris: tuple[str, ...] | None = None
    prefix_uri: str | None = None
    render_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPlan:
    plan: CompositionPlan
    plan_hash: str


def load_composition_plan(at: Location, expected_hash: str | None, format: str, objects: Objects) -> StoredPlan:
    """The stored plan.

    Raises:
        PlanMismatch: If there is none, it has another hash, or is for another format.
    """
    try:
        document = objects.read(at.bucket, at.key)
    except ObjectMissing as error:
        raise PlanMismatch("there is no such plan", uri=at.uri, plan_hash=expected_hash) from error
    digest = hashlib.sha256(document).hexdigest()
    if expected_hash not in (None, digest):
        raise PlanMismatch("the stored plan has another hash", uri=at.uri, plan_hash=expected_hash)
    if expected_hash is None and digest not in at.key:
        raise PlanMismatch("the stored plan is not what its name says", uri=at.uri)
    plan = parse_plan(document)
    if plan.config.format != format:
        raise PlanMismatch("the plan is for another Format", format=format, planned=plan.config.format.value)
    return StoredPlan(plan, digest)


def tool_versions(tools: Tools) -> ToolVersions:
    return ToolVersions(ffmpeg=tools.ffmpeg.version(), browser=tools.chromium.version())


def check_ffmpeg(plan: CompositionPlan, found: str) -> None:
    """Raises FfmpegVersionMismatch if it is not the one of the plan."""
    if found != plan.tools.ffmpeg:
        raise FfmpegVersionMismatch("ffmpeg is not the one of the plan", planned=plan.tools.ffmpeg, found=found)


def check_tools(plan: CompositionPlan, found: ToolVersions) -> None:
    """Raises FfmpegVersionMismatch or BrowserVersionMismatch if a tool is not the one of the plan."""
    check_ffmpeg(plan, found.ffmpeg)
    if found.browser != plan.tools.browser:
        planned = plan.tools.browser
        raise BrowserVersionMismatch("the browser is not the one of the plan", planned=planned, found=found.browser)


def stored_chunk_receipt(chunk: Location, plan_hash: str, objects: Objects) -> CompositionReceipt | None:
    """The receipt of a chunk; None as long as it is not done under this plan."""
    at = receipt_location(chunk)
    try:
        receipt = parse_receipt(objects.read(at.bucket, at.key))
    except ObjectMissing:
        return None
    return receipt if receipt.plan_hash == plan_hash else None


def best_picture(config: RenderConfig) -> Picture:
    """How frames of this output leave the browser at best: alpha travels as PNG, and so does what is kept as PNG."""
    if config.format is Format.JPEG:
        return Picture.JPEG
    return Picture.PNG if config.format.alpha or config.format.packed else Picture.PIXELS


def capture_options(config: RenderConfig, picture: Picture, *, from_memory: bool = True) -> CaptureOptions:
    """What a page is captured with."""
    return CaptureOptions(
        frame_rate=config.frame_rate,
        width=config.width,
        height=config.height,
        picture=picture,
        transparent=config.format.alpha,
        variables=config.variables,
        entry=config.entry,
        from_memory=from_memory,
    )


def output_size(facts: CompositionFacts) -> tuple[int, int]:
    """Pixels of the frames."""
    return round(facts.width * facts.scale), round(facts.height * facts.scale)
