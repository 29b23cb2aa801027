"""Names of objects relative to a publication's prefix. They are part of what players see, so they never change.

catalog/keys.py puts the prefix in front; manifests use them as they are.
"""

from __future__ import annotations

INIT_NAME = "init.mp4"
HLS_NAME = "index.m3u8"
DASH_NAME = "manifest.mpd"
IFRAMES_NAME = "iframes.m3u8"
POSTER_NAME = "poster.jpg"
STORYBOARD_NAME = "storyboard.vtt"
SUBTITLES_NAME = "subtitles.vtt"


def segment_name(number: int, run: int = 0, take: int = 0) -> str:
    """Name of a segment in its track's folder; `run` and `take` as in `Segment`: other bytes, another name."""
    if take:
        return f"{number:05d}-{run:05d}-{take}.m4s"
    return f"{number:05d}-{run:05d}.m4s" if run else f"{number:05d}.m4s"


def sprite_name(chunk_index: int) -> str:
    return f"storyboard-{chunk_index:05d}.jpg"


def sidecar_address(folder: str) -> str:
    """The file of a track from outside of the source, seen from a publication's prefix: it is shared by all of them."""
    return f"../captions/{folder}/{SUBTITLES_NAME}"


def sidecar_playlist(folder: str) -> str:
    """The playlist of such a track: it says how long the publication is, so each has its own."""
    return f"captions/{folder}.m3u8"


def revised(name: str, digest: str) -> str:
    """The name of a manifest in whose place another one came."""
    stem, _, extension = name.rpartition(".")
    return f"{stem}-{digest}.{extension}"
