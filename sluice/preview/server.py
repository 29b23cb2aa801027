"""Two origins on loopback: the player, and the project in a frame of it that may load nothing from elsewhere.

Invariants: only requests that name this machine as their host are answered (DNS rebinding); a file outside the
project's real folder is never read; files are read anew each time, so that a reload shows what was saved.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from aiohttp import web

from chalicelib.composition.capture import CaptureOptions
from chalicelib.composition.fonts import font_sheet
from chalicelib.composition.moving import moves
from chalicelib.composition.page import HYPERFRAMES, RUNTIME_FILE, moving_wanted, nest, picture_wanted, runtime_of
from chalicelib.composition.serving import OWN_PREFIX, content_type
from chalicelib.errors import NotMediaPayload
from chalicelib.tools.project_media import ProjectMedia
from chalicelib.tools.project_styles import style_texts
from sluice.failure import PortTaken
from sluice.preview.pages import (
    FACTS,
    FIRST_FILE,
    PLAYER_POLICY,
    VENDOR,
    first_script,
    is_rewritten,
    project_policy,
    served,
)

_HOST = "127.0.0.1"
_OWN = Path(__file__).parent
_LAYER_FOLDER = "browser"
_COMMON = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class Previewed:
    """A project, and how it is to be shown.

    Attributes:
        layer: The browser layer's zip, which has the published runtime and the libraries of CDNs.
        media: Of the project.
    """

    folder: Path
    options: CaptureOptions
    layer: Path
    media: ProjectMedia


class PreviewServer:
    """Serves from `start` to `stop`."""

    def __init__(self, previewed: Previewed, port: int) -> None:
        self._previewed = previewed
        self._root = previewed.folder.resolve()
        self._port = port
        self._asking = asyncio.Lock()
        self._runners: list[web.AppRunner] = []
        self.player_origin = ""
        self.project_origin = ""

    async def start(self) -> None:
        """Raises PortTaken."""
        # The player's port is known before the project's, whose answers name it.
        player = await self._listen(self._player, self._port)
        self.player_origin = f"http://{_HOST}:{player}"
        self.project_origin = f"http://{_HOST}:{await self._listen(self._project, 0)}"

    async def stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        self._previewed.media.close()

    async def _listen(self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]], port: int) -> int:
        async def handle(request: web.Request) -> web.StreamResponse:
            ours = request.host.partition(":")[0] == _HOST
            response = await answer(request) if ours else web.Response(status=403)
            response.headers.update(_COMMON)
            return response

        app = web.Application()
        app.router.add_get("/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, _HOST, port, reuse_address=True)
        try:
            await site.start()
        except OSError as error:
            raise PortTaken(f"port {port} is taken; choose another with --port") from error
        bound: int = runner.addresses[0][1]
        return bound

    # --- the player ---

    async def _player(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"] or "player.html"
        if path == "settings.json":
            return web.json_response(self._settings())
        if path not in ("player.html", "player.css", "player.js"):
            return web.Response(status=404)
        headers = {"Content-Security-Policy": PLAYER_POLICY.format(project=self.project_origin)}
        return web.Response(body=(_OWN / path).read_bytes(), headers={**headers, "Content-Type": content_type(path)})

    def _settings(self) -> dict[str, object]:
        options = self._previewed.options
        rate = options.frame_rate
        return {
            "name": self._root.name,
            "page": f"{self.project_origin}/{options.entry}",
            "runtime": self._runtime(),
            "rate": [rate.numerator, rate.denominator],
        }

    # --- the project ---

    async def _project(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        headers = {
            "Content-Security-Policy": project_policy(self.player_origin),
            "Content-Type": content_type(path),
            "Access-Control-Allow-Origin": "*",
        }
        if f"/{path}".startswith(OWN_PREFIX):
            own = await self._own_file(path.removeprefix(OWN_PREFIX.lstrip("/")))
            return web.Response(body=own, headers=headers) if own is not None else web.Response(status=404)
        file = self._inside(path)
        if file is None:
            return web.Response(status=404)
        if not is_rewritten(path):
            return web.FileResponse(file, headers=headers)
        options = self._previewed.options
        entry = path == options.entry and self._runtime() == HYPERFRAMES
        fonts = font_sheet(style_texts(self._root)) if entry else b""
        body = served(path, file.read_bytes(), entry=options.entry, runtime=self._runtime(), fonts=fonts)
        return web.Response(body=body, headers=headers)

    async def _own_file(self, name: str) -> bytes | None:
        if name == FIRST_FILE:
            return first_script(self._runtime(), self._previewed.options, self.player_origin).encode()
        if name == RUNTIME_FILE:
            runtime = self._layer_file(name)
            return nest(runtime) if runtime else None
        if name.startswith(VENDOR):
            return self._layer_file(name)
        if name.startswith(FACTS):
            file = self._inside(name.removeprefix(FACTS))
            return await self._ask(partial(_facts, file=file)) if file else None
        moving = moving_wanted(name)
        if moving is not None:
            file = self._inside(moving)
            found = file.read_bytes() if file else b""
            return found if moves(found) else b""
        wanted = picture_wanted(name)
        file = self._inside(wanted[1]) if wanted else None
        return await self._ask(partial(_picture, file=file, index=wanted[0])) if wanted and file else None

    async def _ask(self, question: Callable[[ProjectMedia], bytes | None]) -> bytes | None:
        """One question at a time: pictures that follow one another come from one decoder."""
        async with self._asking:
            return await asyncio.to_thread(question, self._previewed.media)

    def _layer_file(self, name: str) -> bytes | None:
        with zipfile.ZipFile(self._previewed.layer) as layer:
            member = f"{_LAYER_FOLDER}/{name}"
            return layer.read(member) if member in layer.namelist() else None

    def _runtime(self) -> str:
        entry = self._inside(self._previewed.options.entry)
        return runtime_of(entry.read_bytes() if entry else b"")

    def _inside(self, path: str) -> Path | None:
        """The file of that name in the project, with every link followed; None if it is elsewhere or not there."""
        try:
            real = (self._root / path).resolve(strict=True)
        except (OSError, ValueError):
            return None
        return real if real.is_relative_to(self._root) and real.is_file() else None


def _facts(media: ProjectMedia, *, file: Path) -> bytes | None:
    found = media.facts(file)
    return msgspec.json.encode(found.told()) if found else None


def _picture(media: ProjectMedia, *, file: Path, index: int) -> bytes | None:
    try:
        return media.picture(file, index)
    except NotMediaPayload:  # the page says so
        return None


def serve(previewed: Previewed, port: int, announce: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        announce: Called with the player's address once it answers.
    """

    async def run() -> None:
        server = PreviewServer(previewed, port)
        try:
            await server.start()
            announce(f"{server.player_origin}/")
            await asyncio.Event().wait()
        finally:
            await server.stop()

    asyncio.run(run())
