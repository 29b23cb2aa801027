"""Plan of a composition: load the page once, decide everything, mix the sound, freeze it.

The plan is stored under its own hash. A second run finds the same plan, because nothing in it depends on when or where
it was made; or makes another one beside it, whose chunks never meet those of the first (DESIGN, law 1).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.catalog.locations import (
    Location,
    audio_location,
    chunks_prefix,
    output_location,
    plan_location,
    project_location,
    render_object,
    render_prefix,
)
from chalicelib.catalog.render import RenderError
from chalicelib.composition.audio import MAX_CLIPS, audible, is_heard, listen_arguments, mix_arguments
from chalicelib.composition.capture import CaptureOptions, MediaClip, Picture
from chalicelib.composition.complaints import MAX_COMPLAINTS, Complaint, complaints_of
from chalicelib.composition.config import RenderConfig, parse_config
from chalicelib.composition.formats import audio_kind, output_kind
from chalicelib.composition.plan import (
    COMPOSITION_SCHEMA,
    CompositionPlan,
    FrameRange,
    MixedAudio,
    ToolVersions,
    check_size,
    choose_frames,
    count_frames,
    cut_chunks,
    frame_to_sample,
    plan_bytes,
    plan_hash,
    plays_alone,
    seams_to_compare,
)
from chalicelib.errors import EncoderFailed, NotMediaPayload, PlanProtocolUnsupported, PlanTooLarge
from chalicelib.media.flags import GLOBAL_ARGUMENTS
from chalicelib.usecases.composition import PlanRequest, best_picture, capture_options, output_size, tool_versions
from chalicelib.usecases.project import Unpacked, file_sha256, find_archive, unpacked_project
from chalicelib.usecases.render_progress import Planned, RenderWatch, note_planned, note_planning

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.table import Table
    from chalicelib.settings import Settings
    from chalicelib.tools import Tools
    from chalicelib.tools.stage import Stage
    from chalicelib.usecases.progress import Clock, Meter

logger = logging.getLogger(__name__)

_PROTOCOLS = (None, "v1", "v2")
"""How a plan travels is this deployment's own matter; those who ask for a known way get their plan."""
_AUDIO_NAME = "audio"


def plan_composition(
    request: PlanRequest,
    objects: Objects,
    table: Table,
    tools: Tools,
    settings: Settings,
    *,
    deadline: float,
    meter: Meter,
    clock: Clock,
) -> dict[str, object]:
    """Make and store the plan of a composition.

    Args:
        deadline: On the clock of time.monotonic().

    Raises:
        InvalidConfig, FormatNotSupported, LocationNotAllowed, PlanProtocolUnsupported: If the request is wrong.
        ProjectNotFound, InvalidProject, NotMediaPayload, PlanTooLarge: If the project is.
        WorkSuperseded: If the render has ended.
    """
    if request.protocol not in _PROTOCOLS:
        raise PlanProtocolUnsupported('PlanProtocol must be "v1", "v2" or absent', protocol=str(request.protocol)[:80])
    config = parse_config(request.config)
    archive = project_location(request.project_uri, settings.source_bucket)
    prefix = render_prefix(request.plan_prefix_uri, settings.source_bucket, "PlanOutputS3Prefix")
    output_uri = request.output_uri or output_location(prefix, output_kind(config.format).extension).uri
    output = render_object(output_uri, settings.source_bucket, "OutputS3Uri")
    note_planning(request.render_id, table, now_ms=clock())
    source = find_archive(archive, objects, settings.project_max_bytes)
    # It starts while the project is fetched.
    tools.chromium.launch()
    with unpacked_project(source, config.entry, objects) as unpacked:
        watch = RenderWatch(request.render_id, table)
        planner = _Planner(unpacked, config, prefix, tools, objects, deadline, watch)
        plan = planner.plan(tool_versions(tools))
    document, digest = plan_bytes(plan), plan_hash(plan)
    at = plan_location(prefix, digest)
    if not objects.exists(at.bucket, at.key):
        objects.write(at.bucket, at.key, document, content_type="application/json")
    rate, count = config.frame_rate, len(plan.chunks)
    warnings = tuple(RenderError(each.code, each.message) for each in planner.complaints)
    planned = Planned(digest, count, plan.total_frames, rate, plan.width, plan.height, plan.duration, warnings)
    note_planned(request.render_id, table, planned, now_ms=clock())
    logger.info("planned", extra={"plan_hash": digest, "chunks": count, "frames": plan.total_frames})
    if planner.complaints:
        logger.warning("the page complained", extra={"said": [each.message for each in planner.complaints]})
    where = {"PlanS3Uri": at.uri, "PlanHash": digest, "Format": config.format.value, "RenderId": request.render_id}
    chunks = {"ChunkOutputS3Prefix": chunks_prefix(prefix, digest).uri}
    return {
        "Action": "plan",
        "PlanS3Uri": at.uri,
        "PlanHash": digest,
        "ChunkCount": count,
        "TotalFrames": plan.total_frames,
        "Fps": int(rate) if rate.denominator == 1 else f"{rate.numerator}/{rate.denominator}",
        "Width": plan.width,
        "Height": plan.height,
        "Format": config.format.value,
        "HasAudio": plan.audio is not None,
        "AudioS3Uri": plan.audio.location if plan.audio else None,
        "FfmpegVersion": plan.tools.ffmpeg,
        "ProducerVersion": f"sluice-{COMPOSITION_SCHEMA} {plan.tools.browser}",
        "DurationMs": meter.billed_ms(),
        "Warnings": [f"{each.code}: {each.message}" for each in warnings],
        "MaxParallelChunks": min(config.max_parallel_chunks, settings.max_parallel_chunks),
        "Items": list(range(count)),
        "Job": {**where, **chunks},
        "Assembly": {**where, **chunks, "OutputS3Uri": output.uri},
    }


class _Planner:
    """One project on this worker's disk, and what there is to find out about it.

    Attributes:
        complaints: Of the pages that were planned with; no part of the plan.
    """

    def __init__(
        self,
        unpacked: Unpacked,
        config: RenderConfig,
        prefix: Location,
        tools: Tools,
        objects: Objects,
        deadline: float,
        watch: RenderWatch,
    ) -> None:
        self._unpacked = unpacked
        self._config = config
        self._prefix = prefix
        self._tools = tools
        self._objects = objects
        self._deadline = deadline
        self._watch = watch
        self.complaints: tuple[Complaint, ...] = ()

    def plan(self, versions: ToolVersions) -> CompositionPlan:
        options = capture_options(self._config, best_picture(self._config))
        # Sound is mixed while the browser is at work.
        with ThreadPoolExecutor(1, thread_name_prefix="mix") as threads, self._stage(options) as stage:
            facts = stage.facts
            width, height = output_size(facts)
            check_size(width, height, self._config)
            frames = choose_frames(count_frames(facts.duration, self._config.frame_rate), self._config)
            mixing = None if self._config.format.silent else threads.submit(self._mix, facts.media, frames)
            chunks = cut_chunks(frames, self._config)
            alone = plays_alone(chunks)
            seams = () if alone else seams_to_compare(chunks)
            if seams:
                # For the comparison, while this page is at work.
                self._tools.chromium.launch()
            # Each is jumped to on a page that is new: one that jumped before would have added up on its way.
            jumped = {seam: _picture(stage, seam, preroll=False) for seam in seams[-1:]}
            picture = _proven_picture(stage, options.picture, frame_to_sample(seams, frames))
            self._take_complaints(stage)
        preroll = alone or (bool(seams) and self._needs_preroll(options, seams, jumped))
        return CompositionPlan(
            schema=COMPOSITION_SCHEMA,
            project=self._unpacked.identity,
            config=self._config,
            tools=versions,
            runtime=facts.runtime,
            width=width,
            height=height,
            total_frames=frames.frames,
            preroll=preroll,
            picture=picture,
            chunks=chunks,
            audio=mixing.result() if mixing else None,
        )

    def _stage(self, options: CaptureOptions) -> AbstractContextManager[Stage]:
        return self._tools.chromium.open(
            self._unpacked.project, options, deadline=self._deadline, look=self._watch.look
        )

    def _needs_preroll(self, options: CaptureOptions, seams: Sequence[int], jumped: dict[int, bytes]) -> bool:
        """Whether a page that was played from its beginning shows something else at a seam than one that jumped there.

        A transition that began on the way may have ended before the seam, and another may run at the next.

        Args:
            jumped: The pictures that are there already.
        """
        with self._stage(options) as stage:
            played = {}
            for seam in seams:
                stage.rehearse(seam)
                played[seam] = _picture(stage, seam, preroll=True)
            began_late = stage.began_late()
            self._take_complaints(stage)
        late_first = () if began_late else tuple(reversed(seams))
        differ = any(self._jump(options, seam, jumped) != played[seam] for seam in late_first)
        logger.info("seams compared", extra={"differ": differ, "began_late": began_late})
        return began_late or differ

    def _take_complaints(self, stage: Stage) -> None:
        found = complaints_of(stage.said, stage.refused, stage.warnings())
        self.complaints = tuple(dict.fromkeys((*self.complaints, *found)))[:MAX_COMPLAINTS]

    def _jump(self, options: CaptureOptions, seam: int, jumped: dict[int, bytes]) -> bytes:
        if seam not in jumped:
            with self._stage(options) as stage:
                jumped[seam] = _picture(stage, seam, preroll=False)
        return jumped[seam]

    def _mix(self, media: Sequence[MediaClip], frames: FrameRange) -> MixedAudio | None:
        """The sound of these frames, stored under its own hash; None where nothing is heard."""
        begin, duration = (count / self._config.frame_rate for count in (frames.start_frame, frames.frames))
        media = [replace(clip, start=clip.start - begin) for clip in media]
        heard: dict[str, bool] = {}
        clips = []
        for clip in audible(media, duration):
            if clip.path not in heard:
                heard[clip.path] = self._has_sound(clip)
            if heard[clip.path]:
                clips.append(clip)
        if not clips:
            return None
        if len(clips) > MAX_CLIPS:
            raise PlanTooLarge(f"a composition may play {MAX_CLIPS} clips with sound", clips=len(clips))
        kind = audio_kind(self._config.format)
        mixed = self._unpacked.folder / f"{_AUDIO_NAME}{kind.extension}"
        self._run(mix_arguments(clips, duration, self._config.format, str(mixed)))
        digest = file_sha256(mixed)
        at = audio_location(self._prefix, digest, kind.extension)
        self._objects.write(at.bucket, at.key, mixed, content_type=kind.content_type)
        return MixedAudio(at.uri, digest, mixed.stat().st_size)

    def _has_sound(self, clip: MediaClip) -> bool:
        lines: list[bytes] = []
        try:
            self._run(listen_arguments(f"./{clip.path}"), lines)
        except EncoderFailed as error:
            raise NotMediaPayload(f"{clip.path} cannot be decoded", path=clip.path) from error
        has_sound = is_heard(lines)
        if clip.kind == "audio" and not has_sound:
            raise NotMediaPayload(f"{clip.path} has no sound", path=clip.path)
        return has_sound

    def _run(self, arguments: Sequence[str], lines: list[bytes] | None = None) -> None:
        """Run ffmpeg in the project's folder."""
        self._tools.ffmpeg.run(
            (*GLOBAL_ARGUMENTS, *arguments),
            deadline=self._deadline,
            cwd=self._unpacked.project,
            on_stdout=None if lines is None else lines.append,
        )


def _picture(stage: Stage, index: int, *, preroll: bool) -> bytes:
    (frame,) = stage.frames(index, index + 1, preroll=preroll)
    return frame.picture


def _proven_picture(stage: Stage, best: Picture, sample: int | None) -> Picture:
    """Bare pixels only if they can be had without being encoded: the sample has then been equal to a screenshot."""
    if best is not Picture.PIXELS:
        return best
    if sample is not None:
        stage.sample(sample)
    return Picture.PIXELS if stage.reads_memory else Picture.JPEG
