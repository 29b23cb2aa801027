"""A whole render of a composition without AWS: the real use cases, browser and ffmpeg over objects in a folder.

What a render of several chunks is compared with, and what benchmarks measure. Every step may run in a process of its
own, as on Lambda: what passes between them lies in the folder.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.tools import Chromium, Ffmpeg, MediaInfo, Tools
from chalicelib.tools.browser_files import BrowserFiles
from chalicelib.usecases.assemble_composition import assemble_composition
from chalicelib.usecases.composition import AssembleRequest, ChunkRequest, PlanRequest
from chalicelib.usecases.plan_composition import plan_composition
from chalicelib.usecases.progress import Meter
from chalicelib.usecases.render_composition import render_composition_chunk
from sluice.projects import pack_project
from tests.fakes import Clock, FakeTable, settings
from tests.workshop import FolderObjects

PATIENCE_S = 900.0
_MEMORY_MB = 3008
_ARCHIVE = "projects/project.tar.gz"
_PREFIX = "renders/in-process/"


@dataclass(frozen=True, slots=True)
class PlannedComposition:
    """What Plan answered."""

    plan_uri: str
    plan_hash: str
    format: str
    chunks_uri: str
    chunk_count: int
    total_frames: int


class CompositionWorkshop:
    """One project, and the means to render it."""

    def __init__(self, folder: Path, project: Path, ffmpeg: Path, browser: BrowserFiles) -> None:
        """Pack `project` into the objects below `folder`."""
        self.objects = FolderObjects(folder)
        self.table = FakeTable()
        encoder, mediainfo = Ffmpeg(str(ffmpeg)), MediaInfo()
        self.tools = Tools(encoder, mediainfo, Chromium(encoder, mediainfo, find=lambda: browser))
        self.settings = settings()
        self.clock = Clock()
        archive = self.objects.path(self.settings.source_bucket, _ARCHIVE)
        archive.parent.mkdir(parents=True, exist_ok=True)
        pack_project(project, archive)

    def plan(self, config: Mapping[str, Any]) -> PlannedComposition:
        request = PlanRequest(self._uri(_ARCHIVE), self._uri(_PREFIX), dict(config))
        answer: dict[str, Any] = plan_composition(
            request,
            self.objects,
            self.table,
            self.tools,
            self.settings,
            deadline=time.monotonic() + PATIENCE_S,
            meter=self._meter(),
            clock=self.clock,
        )
        job = answer["Job"]
        return PlannedComposition(
            answer["PlanS3Uri"],
            answer["PlanHash"],
            answer["Format"],
            job["ChunkOutputS3Prefix"],
            answer["ChunkCount"],
            answer["TotalFrames"],
        )

    def render_chunk(self, planned: PlannedComposition, index: int) -> dict[str, object]:
        return render_composition_chunk(
            ChunkRequest(planned.plan_uri, planned.plan_hash, index, planned.chunks_uri, planned.format),
            self.objects,
            self.table,
            self.tools,
            self.settings,
            deadline=time.monotonic() + PATIENCE_S,
            meter=self._meter(),
            clock=self.clock,
        )

    def assemble(self, planned: PlannedComposition) -> Path:
        """The finished output."""
        name = f"{_PREFIX}output"
        assemble_composition(
            AssembleRequest(
                planned.plan_uri,
                self._uri(name),
                planned.format,
                planned.plan_hash,
                prefix_uri=planned.chunks_uri,
            ),
            self.objects,
            self.table,
            self.tools,
            self.settings,
            deadline=time.monotonic() + PATIENCE_S,
            meter=self._meter(),
            clock=self.clock,
        )
        return self.objects.path(self.settings.source_bucket, name)

    def render(self, config: Mapping[str, Any], *, workers: int = 1) -> Path:
        """Everything; chunks are dealt out to as many processes as there are workers.

        Raises:
            RuntimeError: If a worker fails; what it says of the reason is on standard error.
        """
        planned = self.plan(config)
        if workers == 1:
            for index in range(planned.chunk_count):
                self.render_chunk(planned, index)
        else:
            self._deal_out(planned, workers)
        return self.assemble(planned)

    def _deal_out(self, planned: PlannedComposition, workers: int) -> None:
        # Plan may have left a browser for the next step; two processes must not speak to the same one.
        self.tools.chromium.close()
        context = multiprocessing.get_context("fork")
        waiting = context.SimpleQueue()
        for index in (*range(planned.chunk_count), *[-1] * workers):
            waiting.put(index)

        def work() -> None:
            while (index := waiting.get()) >= 0:
                self.render_chunk(planned, index)

        processes = [context.Process(target=work) for _ in range(workers)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        if any(process.exitcode for process in processes):
            raise RuntimeError("a worker failed")

    def _uri(self, key: str) -> str:
        return f"s3://{self.settings.source_bucket}/{key}"

    @staticmethod
    def _meter() -> Meter:
        return Meter(memory_mb=_MEMORY_MB, started_s=time.monotonic())
