"""A whole render of a composition without AWS: the real use cases, browser and encoder over objects in a folder."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from chalicelib.composition.capture import CaptureOptions, CompositionFacts, Frame, MediaClip
from chalicelib.composition.formats import Format, output_kind
from chalicelib.composition.pictures import png
from chalicelib.composition.receipt import CompositionReceipt, parse_receipt
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo, Program, Tools
from chalicelib.usecases.assemble_composition import assemble_composition
from chalicelib.usecases.composition import AssembleRequest, ChunkRequest, PlanRequest
from chalicelib.usecases.plan_composition import plan_composition
from chalicelib.usecases.progress import Meter
from chalicelib.usecases.render_composition import render_composition_chunk
from tests.fakes import Clock, FakeTable, settings
from tests.workshop import FolderObjects

PATIENCE_S = 120.0
BUCKET = "source-bucket"


def archive(files: Mapping[str, bytes], *, level: int = 1) -> bytes:
    """A project archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=level) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@dataclass(frozen=True, slots=True)
class Planned:
    """Plan's answer."""

    answer: dict[str, Any]

    @property
    def digest(self) -> str:
        return str(self.answer["PlanHash"])

    @property
    def chunks(self) -> int:
        return int(self.answer["ChunkCount"])


class Puppet(Chromium):
    """A browser that shows four different squares of 16 pixels, whatever the page; `opened` counts its stages."""

    def __init__(self, *, media: tuple[MediaClip, ...] = (), frames: int = 4) -> None:
        self.facts = CompositionFacts("page", 16, 16, Fraction(1), Fraction(frames, 25), media)
        self.opened = 0
        self.said: tuple[str, ...] = ()
        self.refused: tuple[str, ...] = ()
        self.frames_read, self.reads_memory, self.misread = 0, False, False

    def version(self) -> str:
        return "puppet"

    def launch(self) -> None:
        pass

    @contextmanager
    def open(
        self,
        project: Path,  # noqa: ARG002
        options: CaptureOptions,  # noqa: ARG002
        *,
        deadline: float,  # noqa: ARG002
        look: Callable[[], None] = lambda: None,  # noqa: ARG002
    ) -> Iterator[Any]:
        self.opened += 1
        yield self

    def began_late(self) -> bool:
        return False

    def warnings(self) -> tuple[str, ...]:
        return ()

    def rehearse(self, start_frame: int) -> None:
        pass

    def sample(self, index: int) -> None:
        pass

    def frames(self, start_frame: int, end_frame: int, *, preroll: bool) -> Iterator[Frame]:  # noqa: ARG002
        for index in range(start_frame, end_frame):
            yield Frame(index, square(index % 4), repeated=False)


def square(shade: int) -> bytes:
    """A picture as a browser gives it."""
    return png(bytes((shade * 60, 0, 0, 255)) * 256, 16, 16)


class Screening:
    """One project, stored, and the means to render it."""

    def __init__(
        self,
        folder: Path,
        files: Mapping[str, bytes],
        ffmpeg: Path,
        chromium: Chromium,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.patience_s = patience_s
        self.objects = FolderObjects(folder)
        self.table = FakeTable()
        self.tools = Tools(Ffmpeg(str(ffmpeg)), Program("img2webp"), MediaInfo(), chromium)
        self.settings = settings(source_bucket=BUCKET)
        self.clock = Clock()
        self.render_id: str | None = None
        self.project_uri = f"s3://{BUCKET}/projects/p.tar.gz"
        self.objects.write(BUCKET, "projects/p.tar.gz", archive(files))

    def rest(self) -> dict[str, Any]:
        """What every step is given beside its request."""
        return {
            "objects": self.objects,
            "table": self.table,
            "tools": self.tools,
            "settings": self.settings,
            "deadline": time.monotonic() + self.patience_s,
            "meter": Meter(memory_mb=3008, started_s=time.monotonic()),
            "clock": self.clock,
        }

    def plan(self, name: str, **config: object) -> Planned:
        """`name` is the folder of the render."""
        extension = output_kind(Format(str(config.get("format", "mp4")))).extension
        prefix = f"s3://{BUCKET}/renders/{name}/"
        output = f"{prefix}output{extension}"
        request = PlanRequest(self.project_uri, prefix, config, output, render_id=self.render_id)
        return Planned(plan_composition(request, **self.rest()))

    def render(self, planned: Planned, index: int, **changes: Any) -> dict[str, Any]:
        job = planned.answer["Job"]
        asked = {
            "plan_uri": job["PlanS3Uri"],
            "plan_hash": job["PlanHash"],
            "index": index,
            "prefix_uri": job["ChunkOutputS3Prefix"],
            "format": job["Format"],
            "render_id": job["RenderId"],
        }
        return render_composition_chunk(ChunkRequest(**{**asked, **changes}), **self.rest())

    def assemble(self, planned: Planned, **changes: Any) -> bytes:
        """The output's bytes."""
        end = planned.answer["Assembly"]
        asked = {
            "plan_uri": end["PlanS3Uri"],
            "output_uri": end["OutputS3Uri"],
            "format": end["Format"],
            "plan_hash": end["PlanHash"],
            "prefix_uri": end["ChunkOutputS3Prefix"],
            "render_id": end["RenderId"],
        }
        answer = assemble_composition(AssembleRequest(**{**asked, **changes}), **self.rest())
        data = self.read(str(answer["OutputS3Uri"]))
        assert answer["FileSize"] == len(data)
        assert answer["FramesEncoded"] == planned.answer["TotalFrames"]
        return data

    def read(self, uri: str) -> bytes:
        return self.objects.read(BUCKET, uri.removeprefix(f"s3://{BUCKET}/"))

    def receipt_at(self, chunk_uri: str) -> CompositionReceipt:
        """Of a stored chunk."""
        return parse_receipt(self.read(f"{chunk_uri}.json"))

    def make(self, name: str, **config: object) -> bytes:
        """Everything, one step after the other; the output's bytes."""
        planned = self.plan(name, **config)
        for index in planned.answer["Items"]:
            self.render(planned, index)
        return self.assemble(planned)
