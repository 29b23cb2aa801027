"""What is asked of ffmpeg; how it is run is in program.py. What the commands say is decided in media/commands.py."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from chalicelib.errors import EncoderFailed, EncoderKilled, UnsupportedMedia
from chalicelib.media.commands import VIDEO_STREAM, audio_stream, scan_arguments, trial_arguments
from chalicelib.media.framecrc import FramecrcReader
from chalicelib.media.prune import read_loss
from chalicelib.media.source import Container
from chalicelib.media.timing import Scan, TrackScan
from chalicelib.media.tracks import MAX_AUDIO_TRACKS
from chalicelib.tools.program import Program

logger = logging.getLogger(__name__)

_VERSION_TIMEOUT_S = 20.0
_CONTAINER_START = re.compile(r"^  Duration: .*, start: (-?\d+\.\d{6})")


class Ffmpeg(Program):
    """One ffmpeg binary."""

    def __init__(self, program: str) -> None:
        super().__init__(program)
        self._version = ""

    def version(self) -> str:
        """What the build calls itself, "n8.1.2" for example; part of every plan."""
        if not self._version:
            lines: list[bytes] = []
            self.run(("-version",), deadline=time.monotonic() + _VERSION_TIMEOUT_S, on_stdout=lines.append)
            words = lines[0].decode(errors="replace").split() if lines else []
            self._version = words[2] if len(words) > 2 else "unknown"
        return self._version

    def scan_packets(self, path: Path, *, container: Container, deadline: float) -> Scan:
        """Times of every packet of the first video track and of all audio tracks, in one pass that decodes nothing.

        Then each is tried on a decoder, for one picture or one sound. An audio track that no decoder takes is left out
        as long as there is another: phones record a spatial track beside the plain one.

        Raises:
            UnsupportedMedia: If the file cannot be demultiplexed, holds more packets than a day of video, or its
                picture or all of its sound cannot be decoded.
        """
        reader = FramecrcReader()
        try:
            finished = self.run(
                scan_arguments(str(path), container),
                deadline=deadline,
                on_stdout=reader.feed,
                pick=_CONTAINER_START,
            )
        except EncoderFailed as error:
            raise UnsupportedMedia("the container cannot be read", **error.context) from error
        start = _CONTAINER_START.match(finished.picked)
        scan = reader.scan(Fraction(start[1]) if start else None)
        if scan.video and scan.video.pts:
            self._try_decoding(path, container, VIDEO_STREAM, deadline)
        return replace(scan, audio=self._decodable(path, container, scan.audio, deadline))

    def _decodable(
        self, path: Path, container: Container, tracks: tuple[TrackScan | None, ...], deadline: float
    ) -> tuple[TrackScan | None, ...]:
        """The first MAX_AUDIO_TRACKS, with None in the place of those that cannot be decoded."""
        found: list[TrackScan | None] = []
        refused: UnsupportedMedia | None = None
        for position, track in enumerate(tracks[:MAX_AUDIO_TRACKS]):
            try:
                if track is not None:
                    self._try_decoding(path, container, audio_stream(position), deadline)
                found.append(track)
            except UnsupportedMedia as error:
                logger.info("audio track left out", extra={"position": position})
                found.append(None)
                refused = error
        if refused is not None and not any(found):
            raise refused
        return tuple(found)

    def can_decode(self, path: Path, container: Container, stream: str, deadline: float) -> bool:
        """Whether a stream, by ffmpeg's name for it, gives a first frame."""
        try:
            self._try_decoding(path, container, stream, deadline)
        except UnsupportedMedia:
            return False
        return True

    def lost_detail(self, arguments: Sequence[str], *, deadline: float) -> int | None:
        """What `loss_arguments` print, or None when there was no picture to look at."""
        lines: list[bytes] = []
        try:
            self.run(arguments, deadline=deadline, on_stdout=lines.append)
        except (EncoderFailed, EncoderKilled):
            return None
        return read_loss(lines)

    def _try_decoding(self, path: Path, container: Container, stream: str, deadline: float) -> None:
        frames: list[bytes] = []

        def note(line: bytes) -> None:
            if not line.startswith(b"#"):
                frames.append(line)

        try:
            self.run(trial_arguments(str(path), container, stream), deadline=deadline, on_stdout=note)
        except EncoderFailed as error:
            raise UnsupportedMedia("a track cannot be decoded", stream=stream, **error.context) from error
        if not frames:
            raise UnsupportedMedia("a track cannot be decoded", stream=stream)
