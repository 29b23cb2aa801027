"""Subprocesses and native libraries: the only code that runs ffmpeg, MediaInfo and Chromium."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.tools.chromium import Chromium
from chalicelib.tools.ffmpeg import Ffmpeg
from chalicelib.tools.mediainfo import MediaInfo


@dataclass(frozen=True, slots=True)
class Tools:
    """What use cases get."""

    ffmpeg: Ffmpeg
    mediainfo: MediaInfo
    chromium: Chromium


__all__ = ["Chromium", "Ffmpeg", "MediaInfo", "Tools"]
