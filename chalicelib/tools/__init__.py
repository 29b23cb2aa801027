"""Subprocesses and native libraries: the only code that runs ffmpeg, img2webp, MediaInfo and Chromium."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.tools.chromium import Chromium
from chalicelib.tools.ffmpeg import Ffmpeg
from chalicelib.tools.mediainfo import MediaInfo
from chalicelib.tools.program import Program


@dataclass(frozen=True, slots=True)
class Tools:
    """What use cases get."""

    ffmpeg: Ffmpeg
    img2webp: Program
    mediainfo: MediaInfo
    chromium: Chromium


__all__ = ["Chromium", "Ffmpeg", "MediaInfo", "Program", "Tools"]
