"""The commands of static renditions, word by word."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from chalicelib.media.commands import Command
from chalicelib.media.rendition_commands import (
    FRAMES_NAME,
    edge_command,
    preview_command,
    sound_command,
    webp_arguments,
)
from tests.publication import LADDER, NTSC
from tests.unit.media.test_commands import text

Golden = Callable[[str, str], None]
EXCERPT = "excerpt.mp4"


def _commands() -> dict[str, Command]:
    part = (Fraction(12), Fraction(27, 2), Fraction(185, 10))
    return {
        "edge": edge_command(EXCERPT, LADDER[0], NTSC, 17, 60, 60),
        "clip-sound": sound_command(EXCERPT, *part, channels=2, bitrate_bps=128_000),
        "preview-gif": preview_command(EXCERPT, "preview.gif", *part, width=320, fps=15),
        "preview-avif": preview_command(EXCERPT, "preview.avif", *part, width=320, fps=15),
        "preview-webp": preview_command(EXCERPT, FRAMES_NAME, *part, width=320, fps=15),
    }


@pytest.mark.parametrize("name", list(_commands()))
def test_rendition_commands(golden: Golden, name: str) -> None:
    """The edge of a clip, its sound, and the previews; of WebP the pictures."""
    golden(f"commands/{name}.txt", text(_commands()[name]))


@pytest.mark.parametrize("name", list(_commands()))
def test_an_excerpt_is_opened_as_an_mp4_alone(name: str) -> None:
    """It is our own, but nothing else would be followed either."""
    arguments = _commands()[name].arguments
    first_input = arguments.index("-i")
    for flag, value in (("-f", "mov"), ("-format_whitelist", "mov"), ("-protocol_whitelist", "file")):
        position = arguments.index(flag)
        assert position < first_input
        assert arguments[position + 1] == value


def test_a_preview_is_bounded() -> None:
    """In pictures, whatever the last one's duration says."""
    graph = " ".join(_commands()["preview-gif"].arguments)
    assert "trim=end_frame=75" in graph


def test_pictures_become_a_webp() -> None:
    """In their order, for ever, each for its own time."""
    options = ("-loop", "0", "-lossy", "-q", "75", "-m", "4")
    pictures = ("-d", "67", "a.ppm", "-d", "66", "b.ppm", "-d", "67", "c.ppm")
    assert webp_arguments(("a.ppm", "b.ppm", "c.ppm"), "out.webp", 15) == (*options, *pictures, "-o", "out.webp")


@pytest.mark.parametrize("fps", range(1, 31))
def test_the_times_of_a_webp_never_drift(fps: int) -> None:
    """Each picture begins within half a millisecond of its time, at every rate."""
    words = webp_arguments([str(frame) for frame in range(10 * fps)], "out.webp", fps)
    durations = [int(words[place + 1]) for place, word in enumerate(words) if word == "-d"]
    for frame in range(10 * fps + 1):
        assert abs(sum(durations[:frame]) - Fraction(1000 * frame, fps)) <= Fraction(1, 2)
