"""Rendering one project from a terminal: pack it, announce it, send it, follow the work, fetch the video.

People read standard error: a progress bar on a terminal, one line per state elsewhere. No message holds a presigned
URL. What is interrupted is cancelled.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from chalicelib.composition.formats import Format, output_kind
from sluice.api_client import Api, ApiRefused, ApiUnreachable, Json
from sluice.failure import OperatorError
from sluice.projects import ENTRY, Archive, pack_project
from sluice.uploading import Progress as Sent
from sluice.uploading import send_archive

UNFINISHED = ("queued", "planning", "rendering", "assembling")

_POLL_S = 0.3
_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.5
_BLOCK_BYTES = 256 * 1024
_TIMEOUT = httpx.Timeout(300, connect=10)


class RenderUnsuccessful(OperatorError):
    """The render failed, timed out or was cancelled."""


class DownloadFailed(OperatorError):
    """The storage did not give the video."""


@dataclass(frozen=True, slots=True)
class Job:
    """One project to render.

    Attributes:
        options: Fields of POST /v1/renders.
        out: Where the video goes; None leaves it on the server.
    """

    folder: Path
    out: Path | None
    options: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What is said while it goes on: of the bytes that are sent, then of the render each time it is looked at."""

    sending: Callable[[int], Sent]
    state: Callable[[Json], None]


def job_of(folder: Path, out: Path | None, options: Json) -> Job:
    """A job whose file and format agree: each is derived from the other where only one is given.

    Raises:
        OperatorError: If there is no such format, or the file is named like another one.
    """
    if options.get("frame") is not None and out is None:
        options = {"format": Format.PNG.value, **options}
    asked = options.get("format")
    if asked is not None and asked not in list(Format):
        raise OperatorError(f"there is no format {asked}; there are {', '.join(Format)}")
    if out is None:
        kind = output_kind(Format(asked or Format.MP4))
        return Job(folder, Path(f"{folder.resolve().name}{kind.extension}"), options)
    name = out.with_suffix(".jpg").name if out.suffix == ".jpeg" else out.name
    named = next((each.value for each in Format if name.endswith(output_kind(each).extension)), None)
    if named is None or asked == named:
        return Job(folder, out, options)
    if asked is not None:
        raise OperatorError(f"{out} is not the name of a {asked}")
    return Job(folder, out, {**options, "format": named})


def create_site(api: Api, folder: Path, sending: Callable[[int], Sent], *, entry: str, out: Path | None) -> Json:
    """Pack a project and store it, unless the same archive is stored already. Returns the site."""
    with tempfile.TemporaryDirectory(prefix="sluice-") as scratch:
        archive = pack_project(
            folder, Path(scratch) / "project.tar.gz", entry=entry, leave_out=() if out is None else (out,)
        )
        return _store(api, archive, sending)


def _store(api: Api, archive: Archive, sending: Callable[[int], Sent]) -> Json:
    site = api.create_site(sha256=archive.sha256, size_bytes=archive.size_bytes)
    if site["upload"] is not None:
        send_archive(api, site, archive.path, sending(archive.size_bytes))
    return site


def begin_render(api: Api, job: Job, sending: Callable[[int], Sent]) -> Json:
    """Store a project and ask for its render. Returns the render as it begins."""
    entry = job.options.get("composition") or ENTRY
    site = create_site(api, job.folder, sending, entry=str(entry), out=job.out)
    return api.create_render({"site_id": site["id"], **job.options})


def render_project(api: Api, job: Job, told: Told, *, stopping: Callable[[], bool] = lambda: False) -> Json:
    """Render a project and fetch the video.

    Args:
        stopping: Asked while the render goes on; it is cancelled when this says so, or on Ctrl-C.

    Returns:
        The render, whatever became of it. The video is fetched if it succeeded.
    """
    render = begin_render(api, job, told.sending)
    # In this first answer alone.
    shown_once = {name: render[name] for name in ("webhook_secret",) if name in render}
    try:
        while render["status"] in UNFINISHED and not stopping():
            told.state(render)
            time.sleep(_POLL_S)
            render = _look(api, render["id"])
    except KeyboardInterrupt:
        api.cancel_render(render["id"])
        raise
    if render["status"] in UNFINISHED:
        render = api.cancel_render(render["id"])
    told.state(render)
    if render["status"] == "succeeded" and job.out is not None:
        download(api, render, job.out)
    return {**render, **shown_once}


def _look(api: Api, render_id: str) -> Json:
    """The render as it is now. A moment without an answer is not the end of a long wait."""
    for attempt in range(_ATTEMPTS):
        try:
            return api.render(render_id)
        except (ApiUnreachable, ApiRefused) as error:
            if attempt == _ATTEMPTS - 1 or (isinstance(error, ApiRefused) and error.status < 500):
                raise
            time.sleep(_FIRST_PAUSE_S * 2**attempt)
    raise AssertionError("unreachable")


def download(api: Api, render: Json, out: Path) -> None:
    """Fetch a render's output; the file appears under its name when it is whole.

    Raises:
        DownloadFailed: If the storage does not give it.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    reason = ""
    try:
        for attempt in range(_ATTEMPTS):
            # A fresh URL each time: the one before may have expired.
            output = (render if attempt == 0 else api.render(render["id"]))["output"]
            try:
                _fetch(str(output["url"]), part)
            except httpx.HTTPStatusError as error:
                reason = f"status {error.response.status_code}"
            except httpx.TransportError as error:
                reason = type(error).__name__
            else:
                if part.stat().st_size == output["size"]:
                    part.replace(out)
                    return
                reason = "the file is not whole"
        raise DownloadFailed(f"the video of {render['id']} could not be fetched ({reason})")
    finally:
        part.unlink(missing_ok=True)


def _fetch(url: str, target: Path) -> None:
    with httpx.stream("GET", url, timeout=_TIMEOUT, trust_env=False) as answer, target.open("wb") as file:
        answer.raise_for_status()
        for block in answer.iter_bytes(_BLOCK_BYTES):
            file.write(block)


class Display:
    """One render on a terminal: a bar of bytes, then one of frames; elsewhere a line per state."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self.bar = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )
        self._working: TaskID | None = None
        self._said = ""

    def told(self) -> Told:
        return Told(self._sending, self._state)

    def _sending(self, size_bytes: int) -> Sent:
        task = self.bar.add_task("sending", total=size_bytes, note="")
        return lambda count: self.bar.advance(task, count)

    def _state(self, render: Json) -> None:
        if self._working is None:
            self._working = self.bar.add_task("queued", total=100, note="")
        progress = render["progress"]
        note = f"{progress['frames_done']}/{progress['frames_total']} frames" if progress["frames_total"] else ""
        self.bar.update(self._working, description=render["status"], completed=progress["percent"], note=note)
        if not self._console.is_terminal and render["status"] in UNFINISHED and render["status"] != self._said:
            self._said = render["status"]
            self._console.print(f"{render['id']}: {self._said}", highlight=False)


def describe(render: Json, out: Path | None = None) -> str:
    """What a person wants to know of a render, in a few lines."""
    lines = [f"{render['id']}: {render['status']}"]
    lines += [f"  {error['code']}: {error['message']}" for error in render["errors"]]
    lines += [f"  warning     {warning['code']}: {warning['message']}" for warning in render.get("warnings", ())]
    progress = render["progress"]
    if progress["frames_total"]:
        size = f"{render['width']}x{render['height']}"
        if render["options"]["format"] in (Format.PNG, Format.JPEG):
            lines += [f"  picture     {size}"]
        else:
            lines += [f"  video       {size}, {render['fps']:g} fps, {render['duration']:.2f} s"]
            lines += [f"  frames      {progress['frames_done']}/{progress['frames_total']}"]
    lines += [f"  cost        ${render['cost']['accrued_usd']:.6f} on AWS (estimated)"]
    if render.get("webhook_secret"):
        lines += [f"  webhook     {render['webhook_id']}, secret {render['webhook_secret']}"]
    if render["status"] == "succeeded" and out is not None:
        lines += [f"  file        {out}"]
    return "\n".join(lines)
