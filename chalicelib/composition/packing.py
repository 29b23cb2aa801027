"""Frames as PNG files in a tar: a packed chunk, which leaves out repeated frames, and the sequence that customers get.

Names count from 1, as HyperFrames' do; the same frames make the same bytes.
"""

from __future__ import annotations

import re
import tarfile

AUDIO_NAME = "audio.m4a"
"""The sound beside a sequence of pictures."""
_NAME = re.compile(r"frame_([0-9]{6,8})\.png")


def frame_name(index: int) -> str:
    """`index` counts from 0 over the whole composition."""
    return f"frame_{index + 1:06d}.png"


def frame_index(name: str) -> int:
    """Raises ValueError if it is no name of `frame_name`."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no frame")
    return int(found[1]) - 1


def plain_member(name: str, size_bytes: int) -> tarfile.TarInfo:
    """A file without owner or date."""
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    return member
