"""Frames that repeat are left out on their way to the encoder, and are all in the video, each in its own place."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.composition.commands import encode_arguments
from chalicelib.composition.config import parse_config
from chalicelib.composition.matroska import PictureStream
from chalicelib.media.flags import GLOBAL_ARGUMENTS

WIDTH, HEIGHT = 32, 16
# Moves, then stands still for long, moves, stands for one frame, moves, stands to the end.
SHOWN = [0, 1, 2, 3, 4, *[5] * 11, 16, 16, 18, 19, 20, *[21] * 7]


def stream(shown: list[int], rate: Fraction) -> bytes:
    """As a chunk's pictures go to the encoder: each when it is new, and the last frame in any case."""
    made = PictureStream("rgba", WIDTH, HEIGHT, rate)
    parts = [made.header()]
    for index, level in enumerate(shown):
        if index == 0 or level != shown[index - 1] or index == len(shown) - 1:
            parts.append(made.picture(index, bytes((*[level * 8] * 3, 255)) * (WIDTH * HEIGHT)))
    return b"".join(parts)


@pytest.mark.parametrize("rate", ["30", "30000/1001", "24", "120"])
def test_a_still_ends_where_the_next_picture_begins(ffmpeg_path: Path, tmp_path: Path, rate: str) -> None:
    """No picture is shown a frame early or late, whatever stands still before it."""
    config = parse_config({"fps": rate, "format": "mp4", "crf": 1})
    command = [str(ffmpeg_path), *GLOBAL_ARGUMENTS, *encode_arguments(config, len(SHOWN), "chunk.mp4")]
    subprocess.run(command, cwd=tmp_path, input=stream(SHOWN, Fraction(rate)), check=True)
    decode = [str(ffmpeg_path), "-v", "error", "-i", "chunk.mp4", "-vf", "scale=1:1:in_range=tv:out_range=pc"]
    gray = subprocess.run(
        [*decode, "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-"],
        cwd=tmp_path,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    assert [round(level / 8) for level in gray] == SHOWN
