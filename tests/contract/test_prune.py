"""Looking at real pictures: an enlarged clip loses its upper rungs, a sharp one keeps them."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.media.ladder import choose_ladder
from chalicelib.media.plan import Rendition
from chalicelib.media.prune import first_needed, loss_arguments, sample_times
from chalicelib.tools import Ffmpeg
from tests.publication import publish_plan, video_plan

SECONDS = 20
RATE = Fraction(5)
LADDER = choose_ladder(1280, 720, (720, 480, 360), RATE)
WHOLE, ENLARGED = "testsrc2=size=1280x720:rate=5", "testsrc2=size=854x480:rate=5,gblur=sigma=0.8,scale=1280:720"


@pytest.mark.parametrize(("picture", "needed"), [(WHOLE, 0), (ENLARGED, 1), ("color=black:size=1280x720:rate=5", 0)])
def test_what_a_title_needs(ffmpeg_path: Path, tmp_path: Path, picture: str, needed: int) -> None:
    """Sharp pictures need every rung, a lens's enlarged from 480p begin there, and black ones tell nothing."""
    ffmpeg = Ffmpeg(str(ffmpeg_path))
    source = tmp_path / "source.mp4"
    encoder = ("-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p")
    words = ("-v", "error", "-f", "lavfi", "-i", picture, "-t", str(SECONDS), *encoder, str(source))
    ffmpeg.run(words, deadline=time.monotonic() + 60)
    video = video_plan(int(SECONDS * RATE), frame_rate=RATE, renditions=LADDER)
    plan = replace(publish_plan(video), origin=Fraction(0))

    def lost(rung: Rendition, at: Fraction) -> int | None:
        arguments = loss_arguments(plan, LADDER[0], rung, at, str(source))
        return ffmpeg.lost_detail(arguments, deadline=time.monotonic() + 60)

    assert first_needed(LADDER, sample_times(video), lost) == needed


def test_a_picture_that_cannot_be_read_tells_nothing(ffmpeg_path: Path, tmp_path: Path) -> None:
    """Pruning never fails a plan."""
    source = tmp_path / "source.mp4"
    source.write_bytes(b"not a video")
    arguments = loss_arguments(publish_plan(video_plan(800)), LADDER[0], LADDER[1], Fraction(1), str(source))
    assert Ffmpeg(str(ffmpeg_path)).lost_detail(arguments, deadline=time.monotonic() + 60) is None
