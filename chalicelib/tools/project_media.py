"""The sound and video files of one project, as its page needs them: facts, and single pictures.

Invariants: the decoder has none of our environment, hard limits, and is gone after `close`; pictures that follow one
another come from one decoder, so that a video is decoded once from front to back.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import IO

from chalicelib.composition.pictures import MediaFile, decode_arguments
from chalicelib.errors import NotMediaPayload, UserError
from chalicelib.media.source import Source
from chalicelib.media.timing import Scan, origin_of
from chalicelib.tools.ffmpeg import Ffmpeg
from chalicelib.tools.mediainfo import MediaInfo
from chalicelib.tools.program import MEMORY_LIMIT_BYTES, widen

logger = logging.getLogger(__name__)

# Further ahead than that a new decoder that starts there is quicker.
_MAX_SKIP = 90
_READERS = 2
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}


class ProjectMedia:
    """Reads each file at most once for its facts, two at a time."""

    def __init__(self, ffmpeg: Ffmpeg, mediainfo: MediaInfo, *, deadline: float) -> None:
        self._ffmpeg, self._mediainfo, self._deadline = ffmpeg, mediainfo, deadline
        self._facts: dict[Path, Future[MediaFile | None]] = {}
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="media")
        self._decoders: dict[Path, _Decoder] = {}

    def expect(self, path: Path) -> None:
        """Begin to read the facts of a file that the page will ask for."""
        if path not in self._facts:
            self._facts[path] = self._threads.submit(self._probe, path)

    def facts(self, path: Path) -> MediaFile | None:
        """None if nothing can be read from the file.

        Raises:
            DeadlineNear: When the deadline came.
        """
        self.expect(path)
        return self._facts[path].result()

    def _probe(self, path: Path) -> MediaFile | None:
        try:
            with path.open("rb") as file:
                source = self._mediainfo.probe(file, path.stat().st_size)
            scan = self._ffmpeg.scan_packets(path, container=source.container, deadline=self._deadline)
        except UserError as error:
            logger.warning("media of a composition not readable", extra={"code": error.code(), "media": path.name})
            return None
        return media_file(source, scan)

    def picture(self, path: Path, index: int) -> bytes | None:
        """Picture `index` of a video, as PNG or BMP; None if it has none there.

        Raises:
            NotMediaPayload: If what is there cannot be decoded.
        """
        file = self.facts(path)
        if file is None or not 0 <= index < len(file.times):
            return None
        decoder = self._decoders.get(path)
        if decoder is None or not decoder.next <= index + 1 <= decoder.next + _MAX_SKIP:
            if decoder:
                decoder.close()
            decoder = self._decoders[path] = _Decoder(self._ffmpeg.program, path, file, index)
        pixels = decoder.picture(index)
        if pixels is None:
            raise NotMediaPayload(f"{path.name} cannot be decoded", path=path.name, picture=index)
        return file.encoded(pixels)

    def close(self) -> None:
        """End every decoder; what is being read for its facts is read to its end."""
        self._threads.shutdown(cancel_futures=True)
        for decoder in self._decoders.values():
            decoder.close()
        self._decoders.clear()


def media_file(source: Source, scan: Scan) -> MediaFile:
    """Join what the container says with what its packets say."""
    origin = origin_of(scan)
    times: tuple[Fraction, ...] = ()
    ends = [source.duration or Fraction(0)]
    if scan.video and source.video:
        track = scan.video
        times = tuple(sorted(tick * track.time_base - origin for tick in track.pts))
        last = max(zip(track.pts, track.durations, strict=True), default=(0, 0))
        ends.append((last[0] + last[1]) * track.time_base - origin)
    video = source.video if times else None
    return MediaFile(
        demuxer=source.container.demuxer,
        codec=video.codec if video else "",
        duration=max(ends),
        times=times,
        width=video.displayed_width if video else 0,
        height=video.displayed_height if video else 0,
        sound=any(scan.audio),
    )


class _Decoder:
    """One ffmpeg that writes pictures from number `first` on. `next` is the one that comes next."""

    def __init__(self, program: str, path: Path, file: MediaFile, first: int) -> None:
        self.next = first
        self._size = file.picture_bytes
        self._last: bytes | None = None
        self._process = subprocess.Popen(
            (program, *decode_arguments(str(path), file, first)),
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        widen(self._process.stdout)
        for kind, value in ((resource.RLIMIT_DATA, MEMORY_LIMIT_BYTES), (resource.RLIMIT_CORE, 0)):
            with suppress(ProcessLookupError):
                resource.prlimit(self._process.pid, kind, (value, value))

    def picture(self, index: int) -> bytes | None:
        """The one before `next` again, or a later one. A file that ends early keeps its last picture."""
        while self.next <= index:
            pixels = _exactly(self._process.stdout, self._size)
            if len(pixels) == self._size:
                self._last = pixels
            self.next += 1
        return self._last

    def close(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _exactly(pipe: IO[bytes] | None, size: int) -> bytes:
    return pipe.read(size) if pipe else b""
