"""Answers every request of a page: from its project, from the layer, or not at all.

Invariants: a file outside the project's real folder is never read, through links neither; nothing else is fetched from
anywhere; and once the page has loaded, its main frame does not go anywhere else.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chalicelib.composition.complaints import without_queries
from chalicelib.composition.fonts import font_sheet
from chalicelib.composition.moving import moves
from chalicelib.composition.page import (
    HYPERFRAMES,
    RUNTIME_FILE,
    begin_worker,
    inject,
    media_urls,
    moving_wanted,
    nest,
    open_trees,
    picture_wanted,
    runtime_of,
    worker_scripts,
    worker_wanted,
)
from chalicelib.composition.pictures import MediaFile
from chalicelib.composition.serving import Source, answer, content_type
from chalicelib.errors import CompositionUnplayable
from chalicelib.tools.browser_files import BrowserFiles
from chalicelib.tools.cdp import Connection
from chalicelib.tools.project_media import ProjectMedia
from chalicelib.tools.project_styles import style_texts

logger = logging.getLogger(__name__)

MAX_REFUSED = 20
_KEEPING_SCALE = (b"will-change", b"willChange")


class PageFiles:
    """What one page may read.

    Attributes:
        runtime: What drives the page.
        entry: The source of its entry page.
        served: How many requests were answered so far, refusals among them, pictures of videos not.
        refused: The first URLs that were not served.
        keeps_scale: Whether it may have layers that stay drawn at the scale at which they first were.
        navigated: Whether the main frame went where nothing is, or wanted to go anywhere after it had loaded.
        main_frame: Chromium's name for it.
    """

    def __init__(self, project: Path, entry: str, browser: BrowserFiles, media: ProjectMedia) -> None:
        """Raises CompositionUnplayable if the entry page is not there."""
        self._root = project.resolve()
        self._browser = browser
        self._entry_path = entry
        page = self._inside(entry)
        if page is None:
            raise CompositionUnplayable(f"the project has no {entry}", entry=entry)
        self.entry = page.read_bytes()
        self.runtime = runtime_of(self.entry)
        self.served = 0
        self.refused: deque[str] = deque(maxlen=MAX_REFUSED)
        self.keeps_scale = False
        self.navigated = False
        self.main_frame = ""
        self._media = media
        self._loaded = False
        # Most of what it plays it names itself; that is known before the page is.
        self.expect_media(media_urls(self.entry, entry))

    def close_doors(self) -> None:
        """The page has loaded: from here on its main frame stays."""
        self._loaded = True

    def serve(self, connection: Connection, event: Mapping[str, Any], session: str) -> None:
        """Answer one paused request."""
        url = str(event["request"]["url"])
        # Pictures of videos are waited for by the page itself.
        self.served += answer(url).source is not Source.OWN
        document = event.get("resourceType") == "Document"
        if document and self._loaded and self._is_main(event):
            self.navigated = True
            self._refuse(connection, event, session, url)
            return
        # Media elements live on virtual time (media.js) and load nothing.
        body = None if event.get("resourceType") == "Media" else self._find(url, document=document)
        if body is None:
            # In place of the page there is an error of Chromium's own from now on.
            self.navigated = self.navigated or (document and self._is_main(event))
            self._refuse(connection, event, session, url)
            return
        if answer(url).source is not Source.OWN:
            self.keeps_scale |= any(word in body for word in _KEEPING_SCALE)
        headers = {
            "Content-Type": content_type(url.partition("?")[0].partition("#")[0]),
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": "no-store",
        }
        connection.send(
            "Fetch.fulfillRequest",
            {
                "requestId": event["requestId"],
                "responseCode": 200,
                "responseHeaders": [{"name": name, "value": value} for name, value in headers.items()],
                "body": body,
            },
            session,
        )

    def _is_main(self, event: Mapping[str, Any]) -> bool:
        return event.get("frameId") == self.main_frame

    def _refuse(self, connection: Connection, event: Mapping[str, Any], session: str, url: str) -> None:
        self.refused.append(without_queries(url)[:200])
        connection.send(
            "Fetch.failRequest", {"requestId": event["requestId"], "errorReason": "BlockedByClient"}, session
        )

    def _find(self, url: str, *, document: bool) -> bytes | None:
        found = answer(url)
        match found.source:
            case Source.PROJECT:
                path = self._inside(found.path)
                if path is None:
                    return None
                if not document:
                    return begin_worker(url) + path.read_bytes()
                if found.path == self._entry_path and self.runtime == HYPERFRAMES:
                    return open_trees(inject(self.entry, font_sheet(style_texts(self._root))))
                return open_trees(path.read_bytes())
            case Source.OWN:
                return self._own_file(found.path)
            case Source.VENDOR:
                return (self._browser.vendor / found.path).read_bytes()
        return None

    def _own_file(self, name: str) -> bytes | None:
        if name == RUNTIME_FILE:
            return nest(self._browser.runtime.read_bytes())
        start_ms = worker_wanted(name)
        if start_ms is not None:
            return worker_scripts(start_ms).encode()
        moving = moving_wanted(name)
        if moving is not None:
            path = self._inside(moving)
            found = path.read_bytes() if path else b""
            return found if moves(found) else b""
        wanted = picture_wanted(name)
        path = self._inside(wanted[1]) if wanted else None
        return self._media.picture(path, wanted[0]) if path and wanted else None

    def expect_media(self, urls: Iterable[str]) -> None:
        """Have the facts of files read that the page will be told."""
        for path in filter(None, map(self._media_path, urls)):
            self._media.expect(path)

    def media_facts(self, url: str) -> MediaFile | None:
        """What is known of a file of sound or pictures that the page names; None if there is none to be had."""
        path = self._media_path(url)
        return self._media.facts(path) if path else None

    def _media_path(self, url: str) -> Path | None:
        found = answer(url)
        return self._inside(found.path) if found.source is Source.PROJECT else None

    def _inside(self, path: str) -> Path | None:
        """The file of that name in the project, with every link followed; None if it is elsewhere or not there."""
        try:
            real = (self._root / path.lstrip("/")).resolve(strict=True)
        except (OSError, ValueError):
            return None
        return real if real.is_relative_to(self._root) and real.is_file() else None
