"""A whole publish without AWS: the real use cases and tools over objects in a folder and a table in memory.

For what a local AWS would only blur: exact counts of bytes and files, processor time, memory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from chalicelib.aws.clients import Clients
from chalicelib.aws.objects import ObjectHead, Objects
from chalicelib.catalog.asset import ProgressState
from chalicelib.errors import ObjectMissing
from chalicelib.tools import Chromium, Ffmpeg, MediaInfo, Program, Tools
from chalicelib.usecases.assemble import assemble
from chalicelib.usecases.plan import plan_render
from chalicelib.usecases.progress import Meter
from chalicelib.usecases.render_chunk import ChunkJob, render_chunk
from tests.fakes import Clock, FakeTable, settings
from tests.unit.catalog.samples import an_asset

PATIENCE_S = 900.0


class FolderObjects(Objects):
    """Buckets are folders; a write is one rename, so that processes may share them. `written` notes every key."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Clients())
        self.folder = folder
        self.written: list[str] = []

    def path(self, bucket: str, key: str) -> Path:
        return self.folder / bucket / key

    def exists(self, bucket: str, key: str) -> bool:
        return self.path(bucket, key).is_file()

    def head(self, bucket: str, key: str) -> ObjectHead:
        data = self.read(bucket, key)
        return ObjectHead(len(data), hashlib.md5(data, usedforsecurity=False).hexdigest(), "", 0)

    def read(self, bucket: str, key: str) -> bytes:
        try:
            return self.path(bucket, key).read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing("there is no such object", bucket=bucket, key=key) from error

    def read_range(self, bucket: str, key: str, start: int, end: int, *, etag: str = "") -> bytes:  # noqa: ARG002
        with self.path(bucket, key).open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def download(self, bucket: str, key: str, path: Path, *, size_bytes: int, etag: str) -> None:  # noqa: ARG002
        shutil.copyfile(self.path(bucket, key), path)

    def write(self, bucket: str, key: str, data: bytes | Path, **_: str) -> str:
        content = data.read_bytes() if isinstance(data, Path) else data
        path = self.path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.write_bytes(content)
        fresh.replace(path)
        self.written.append(key)
        return hashlib.md5(content, usedforsecurity=False).hexdigest()

    def write_stream(self, bucket: str, key: str, data: Iterable[bytes], *, size_bytes: int, **_: str) -> None:
        content = b"".join(data)
        assert len(content) == size_bytes
        self.write(bucket, key, content)

    def delete(self, bucket: str, key: str) -> None:
        self.path(bucket, key).unlink(missing_ok=True)

    def delete_prefix(self, bucket: str, prefix: str) -> int:
        keys = list(self.list_keys(bucket, prefix))
        for key in keys:
            self.delete(bucket, key)
        return len(keys)

    def list_keys(self, bucket: str, prefix: str) -> Iterator[str]:
        base = self.folder / bucket
        found = (str(path.relative_to(base)) for path in base.rglob("*") if path.is_file())
        return iter(sorted(key for key in found if key.startswith(prefix)))


@dataclass(frozen=True, slots=True)
class Planned:
    """What Plan answered: the plan's hash and the tasks in running order."""

    digest: str
    tasks: list[int]


class Workshop:
    """One asset, ingested, and the means to publish it."""

    def __init__(self, folder: Path, source: Path, ffmpeg: Path, **changes: object) -> None:
        self.objects = FolderObjects(folder)
        self.table = FakeTable()
        encoder, mediainfo = Ffmpeg(str(ffmpeg)), MediaInfo()
        self.tools = Tools(encoder, Program("img2webp"), mediainfo, Chromium(encoder, mediainfo))
        self.settings = settings(**changes)
        self.clock = Clock()
        ingested = an_asset(state=ProgressState.INGESTING, plan_hash=None, task_count=0, renditions=(), errors=())
        etag = self.objects.write(ingested.source_bucket, ingested.source_key, source)
        self.asset = replace(ingested, source_etag=etag, source_size_bytes=source.stat().st_size)
        self.table.create_asset(self.asset)

    def plan(self) -> Planned:
        answer = plan_render(
            self.asset.id,
            self.objects,
            self.table,
            self.tools,
            self.settings,
            deadline=time.monotonic() + PATIENCE_S,
            clock=self.clock,
        )
        return Planned(str(answer["PlanHash"]), list(answer["Items"]))  # type: ignore[call-overload]

    def render(self, digest: str, index: int, patience_s: float = PATIENCE_S) -> None:
        job = ChunkJob(self.asset.id, digest, index, time.monotonic() + patience_s)
        meter = Meter(memory_mb=3008, started_s=time.monotonic())
        render_chunk(job, self.objects, self.table, self.tools, self.settings, meter=meter, clock=self.clock)

    def assemble(self, digest: str) -> None:
        assemble(self.asset.id, digest, self.objects, self.table, self.settings, clock=self.clock)

    def publish(self) -> str:
        """Everything in this process, one task after the other; the plan's hash."""
        planned = self.plan()
        for index in planned.tasks:
            self.render(planned.digest, index)
        self.assemble(planned.digest)
        return planned.digest
