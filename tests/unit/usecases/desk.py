"""Everything a use case of the API needs, in memory, with an ingest that looks at nothing but the length."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from chalicelib.errors import NotAVideo
from chalicelib.handlers.wiring import Services
from chalicelib.media.source import Container, Source
from chalicelib.settings import Settings
from chalicelib.tools import Tools
from tests.fakes import (
    Clock,
    FakeMediaConvert,
    FakeMediaPackage,
    FakeObjects,
    FakeQueues,
    FakeTable,
    FakeWorkflows,
    settings,
)


class _Probe:
    """Takes anything for a video that does not begin with "junk"."""

    def probe(self, file: BinaryIO, size_bytes: int) -> Source:
        if file.read(4) == b"junk":
            raise NotAVideo("no track was found")
        return Source(container=Container.MP4, size_bytes=size_bytes, duration=None, video=None, audio=(), title="")


@dataclass
class _Tools:
    mediainfo: _Probe = field(default_factory=_Probe)
    ffmpeg: None = None


class Desk:
    def __init__(self, **changes: Any) -> None:
        self.clock = Clock()
        self.objects = FakeObjects(self.clock)
        self.table = FakeTable()
        self.queues = FakeQueues()
        self.workflows = FakeWorkflows()
        self.mediaconvert = FakeMediaConvert()
        self.mediapackage = FakeMediaPackage()
        self.tools = cast(Tools, _Tools())
        self.settings: Settings = settings(**changes)

    def services(self) -> Services:
        return Services(
            settings=self.settings,
            objects=self.objects,
            table=self.table,
            queues=self.queues,
            workflows=self.workflows,
            mediaconvert=self.mediaconvert,
            mediapackage=self.mediapackage,
            clock=self.clock,
            find_tools=lambda: self.tools,
        )
