"""Chromium as the engine sees it: opened on a project, it gives a stage, and is gone afterwards.

A browser can be started before its project is there (`launch`): it takes half a second that the download of the project
would otherwise be followed by.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.composition.capture import CaptureOptions
from chalicelib.errors import BrowserCrashed
from chalicelib.tools.browser_files import BrowserFiles, find_browser
from chalicelib.tools.browser_process import MEMORY_LIMIT_MB, BrowserProcess
from chalicelib.tools.ffmpeg import Ffmpeg
from chalicelib.tools.mediainfo import MediaInfo
from chalicelib.tools.page_files import PageFiles
from chalicelib.tools.project_media import ProjectMedia
from chalicelib.tools.stage import Stage

_VERSION_S = 20.0


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
        self._started: list[BrowserProcess] = []
        self._lock = threading.Lock()

    def version(self) -> str:
        """What the build calls itself, "153.0.7000.0" for example; part of every plan."""
        if not self._version:
            self.launch()
            with self._lock:
                said = self._started[-1].connection.call("Browser.getVersion", timeout_s=_VERSION_S)
            self._version = str(said["product"]).rpartition("/")[2]
        return self._version

    def launch(self) -> None:
        """Start a browser for the next `open`, if none waits already.

        Raises:
            BrowserUnavailable: If there is none, or it does not start.
        """
        with self._lock:
            if not self._started:
                self._started.append(self._start())

    def _start(self) -> BrowserProcess:
        process = BrowserProcess(self._find(), memory_limit_mb=self._memory_limit_mb)
        process.await_start()
        return process

    @contextmanager
    def open(self, project: Path, options: CaptureOptions, *, deadline: float) -> Iterator[Stage]:
        """A page of a project, loaded and ready, in a browser of its own.

        Args:
            project: The folder that the page may read; nothing outside of it is.
            deadline: On the clock of time.monotonic(), in seconds; for all that is done with the stage.

        Raises:
            BrowserUnavailable: If no browser starts.
            CompositionUnplayable, CompositionNotReady: What is wrong with the page.
            DeadlineNear: When the deadline came.
        """
        browser = self._find()
        media = ProjectMedia(self._ffmpeg, self._mediainfo, deadline=deadline)
        files = PageFiles(project, options.entry, browser, media)
        with self._lock:
            process = self._started.pop() if self._started else None
        process = process or self._start()
        try:
            yield Stage(process, files, options, deadline=deadline)
        except BrowserCrashed as error:
            raise process.explain(error) from error
        finally:
            process.close()
            media.close()

    def close(self) -> None:
        """End a browser that was launched and not opened."""
        with self._lock, contextlib.ExitStack() as ends:
            for process in self._started:
                ends.callback(process.close)
            self._started.clear()
