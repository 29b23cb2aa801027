"""Chromium as the engine sees it: opened on a project, it gives a stage, and is gone afterwards.

A browser can be started before its project is there (`launch`), while the project is fetched: the first of an execution
environment has to be unpacked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from chalicelib.composition.capture import CaptureOptions
from chalicelib.errors import BrowserCrashed, CompositionTooHeavy
from chalicelib.tools.browser_files import BrowserFiles, find_browser
from chalicelib.tools.browser_process import MEMORY_LIMIT_MB, BrowserProcess
from chalicelib.tools.ffmpeg import Ffmpeg
from chalicelib.tools.mediainfo import MediaInfo
from chalicelib.tools.page_files import PageFiles
from chalicelib.tools.project_media import ProjectMedia
from chalicelib.tools.stage import Stage

logger = logging.getLogger(__name__)

_VERSION_S = 20.0


def _nothing() -> None:
    """Nobody wants to end a page early."""


class Chromium:
    """The browser of the layer. Videos of a project are read by `ffmpeg` and `mediainfo`."""

    def __init__(
        self,
        ffmpeg: Ffmpeg,
        mediainfo: MediaInfo,
        *,
        find: Callable[[], BrowserFiles] = find_browser,
        memory_limit_mb: int = MEMORY_LIMIT_MB,
    ) -> None:
        self._ffmpeg, self._mediainfo = ffmpeg, mediainfo
        self._find = find
        self._memory_limit_mb = memory_limit_mb
        self._version = ""
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._starting: Future[BrowserProcess] | None = None

    def version(self) -> str:
        """What the build calls itself, and its layer: "153.0.7000.0+0f3a5d77" for example; part of every plan.

        The layer counts because frames depend on its fonts and on the published runtime, too.

        Raises:
            BrowserUnavailable: If there is none, or it does not start.
        """
        if not self._version:
            process = self._take()
            said = process.connection.call("Browser.getVersion", timeout_s=_VERSION_S)
            product = str(said["product"]).rpartition("/")[2]
            self._version = f"{product}+{self._find().identity[:8]}"
            self._keep(process)
        return self._version

    def launch(self) -> None:
        """Begin to start a browser for the next `open`, unless one waits already. What goes wrong, `open` raises."""
        with self._lock:
            if self._starting is None:
                self._starting = self._threads.submit(self._start)

    def _start(self) -> BrowserProcess:
        process = BrowserProcess(self._find(), memory_limit_mb=self._memory_limit_mb)
        process.await_start()
        return process

    def _take(self) -> BrowserProcess:
        """The browser that was launched, if it lives still, or a new one."""
        with self._lock:
            starting, self._starting = self._starting, None
        process = starting.result() if starting else self._start()
        if process.alive:
            return process
        process.close()
        return self._start()

    def _keep(self, process: BrowserProcess) -> None:
        """For the next `open`."""
        kept: Future[BrowserProcess] = Future()
        kept.set_result(process)
        with self._lock:
            if self._starting is None:
                self._starting = kept
                return
        process.close()

    @contextmanager
    def open(
        self, project: Path, options: CaptureOptions, *, deadline: float, look: Callable[[], None] = _nothing
    ) -> Iterator[Stage]:
        """A page of a project, loaded and ready, in a browser of its own.

        Args:
            project: The folder that the page may read; nothing outside of it is.
            deadline: On the clock of time.monotonic(), in seconds; for all that is done with the stage.
            look: Called again and again while the page loads or is waited for; what it raises ends all.

        Raises:
            BrowserUnavailable: If no browser starts.
            CompositionUnplayable, CompositionNotReady: What is wrong with the page.
            DeadlineNear: When the deadline came.
        """
        browser = self._find()
        media = ProjectMedia(self._ffmpeg, self._mediainfo, deadline=deadline)
        files = PageFiles(project, options.entry, browser, media)
        process = self._take()
        try:
            try:
                stage = Stage(process, files, options, deadline=deadline, look=look)
            except BrowserCrashed as error:
                if isinstance(process.explain(error), CompositionTooHeavy):
                    raise
                # Seen under load: no frame comes any more after the page's surface has changed. Nothing is lost yet.
                logger.warning("the browser failed while the page loaded; another is tried")
                process.close()
                process = self._take()
                files = PageFiles(project, options.entry, browser, media)
                stage = Stage(process, files, options, deadline=deadline, look=look)
            yield stage
        except BrowserCrashed as error:
            raise process.explain(error) from error
        finally:
            process.close()
            media.close()

    def close(self) -> None:
        """End a browser that was launched and not opened."""
        with self._lock:
            starting, self._starting = self._starting, None
        if starting and starting.exception() is None:
            starting.result().close()
