"""Everything a use case of the API needs, in memory, with an ingest that looks at nothing but the length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from chalicelib.aws.cdn import Cdn
from chalicelib.aws.clients import Clients
from chalicelib.catalog.origin import Hosts
from chalicelib.errors import NotAVideo
from chalicelib.handlers.wiring import Services
from chalicelib.media.source import Container, Source
from chalicelib.settings import Settings
from chalicelib.tools import Tools
from chalicelib.tools.download import Download
from chalicelib.tools.post import Outcome
from tests.fakes import (
    Clock,
    FakeMediaConvert,
    FakeMediaPackage,
    FakeObjects,
    FakeOutlets,
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


class Receiver:
    """The other side of every webhook: answers with `answers`, the last one for ever, and keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[Outcome] = [Outcome(200, None, 3)]
        self.got: list[tuple[str, bytes, Mapping[str, str]]] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        self.got.append((url, body, headers))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Desk:
    def __init__(self, **changes: Any) -> None:
        self.clock = Clock()
        self.objects = FakeObjects(self.clock)
        self.table = FakeTable()
        self.queues = FakeQueues()
        self.workflows = FakeWorkflows()
        self.outlets = FakeOutlets()
        self.receiver = Receiver()
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
            outlets=self.outlets,
            send_webhook=self.receiver,
            cdn=Cdn(Clients(), ""),
            download=Download(Hosts(self.settings.url_ingest_allowlist, loopback=self.settings.webhook_loopback)),
        )
