"""What the handlers work with, built once per process and on first use: importing a handler touches no network.

Handlers call `wiring.services()`, by that name, so that a test can put fakes in its place.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from chalicelib.settings import Settings, load_settings

if TYPE_CHECKING:
    from chalicelib.aws.mediaconvert import MediaConvert
    from chalicelib.aws.mediapackage import MediaPackage
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.outlets import Outlets
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.tools import Tools
    from chalicelib.usecases.deliver import Send


@dataclass(frozen=True)
class Services:
    """`clock` is the time since the epoch in milliseconds. Tools are looked for when they are first needed: not every
    function has the layer that holds them."""

    settings: Settings
    objects: Objects
    table: Table
    queues: Queues
    workflows: Workflows
    mediaconvert: MediaConvert
    mediapackage: MediaPackage
    clock: Callable[[], int]
    find_tools: Callable[[], Tools]
    outlets: Outlets
    send_webhook: Send

    @cached_property
    def tools(self) -> Tools:
        return self.find_tools()


@cache
def services() -> Services:
    """The services of this process. Raises ConfigurationInvalid if a setting is missing."""
    # Imported here: boto3 takes a third of a second, which /v1/health and the command line need not wait for.
    from chalicelib.aws.clients import Clients
    from chalicelib.aws.mediaconvert import MediaConvert
    from chalicelib.aws.mediapackage import MediaPackage
    from chalicelib.aws.objects import Objects
    from chalicelib.aws.outlets import Outlets
    from chalicelib.aws.queues import Queues
    from chalicelib.aws.table import Table
    from chalicelib.aws.workflows import Workflows
    from chalicelib.tools.post import Post

    settings = load_settings()
    clients = Clients()
    outlets = Outlets(clients, settings)
    return Services(
        settings=settings,
        objects=Objects(clients, accelerates=settings.transfer_acceleration),
        table=Table(clients, settings.table, outlets.announce),
        queues=Queues(clients, settings.encode_queue_url),
        workflows=Workflows(
            clients,
            settings.publish_state_machine_arn,
            settings.rendition_state_machine_arn,
            settings.render_state_machine_arn,
        ),
        mediaconvert=MediaConvert(clients, settings.mediaconvert_endpoint),
        mediapackage=MediaPackage(clients),
        clock=now_ms,
        find_tools=installed_tools,
        outlets=outlets,
        send_webhook=Post(loopback=settings.webhook_loopback),
    )


def installed_tools() -> Tools:
    """MediaInfo, the programs on PATH and the layer's browser; without one there, nothing fails before it is run."""
    from chalicelib.tools import Chromium, Ffmpeg, MediaInfo, Program, Tools

    ffmpeg = Ffmpeg(shutil.which("ffmpeg") or "ffmpeg")
    img2webp = Program(shutil.which("img2webp") or "img2webp")
    mediainfo = MediaInfo()
    chromium = Chromium(ffmpeg, mediainfo)
    return Tools(ffmpeg=ffmpeg, img2webp=img2webp, mediainfo=mediainfo, chromium=chromium)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
