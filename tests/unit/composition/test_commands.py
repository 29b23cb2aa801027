"""The ffmpeg commands, against golden files; what matters most is said here in words."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from fractions import Fraction

import pytest

from chalicelib.composition.commands import (
    chunk_list,
    encode_arguments,
    gif_arguments,
    join_arguments,
    palette_arguments,
    timescale,
)
from chalicelib.composition.config import Quality, parse_config
from chalicelib.composition.plan import FrameRange

Golden = Callable[[str, str], None]

CONFIGS: dict[str, dict[str, object]] = {
    "mp4": {},
    "mp4-h265": {"codec": "h265", "fps": "30000/1001", "crf": 20},
    "mp4-bitrate": {"bitrate": "5M", "fps": 60},
    "webm": {"format": "webm", "quality": "high"},
    "mov": {"format": "mov", "fps": 24},
}


def _lines(arguments: Sequence[str]) -> str:
    return "\n".join(map(shlex.quote, arguments)) + "\n"


@pytest.mark.parametrize("name", CONFIGS)
def test_the_commands_are_those_of_the_golden_files(name: str, golden: Golden) -> None:
    """A change of any flag is seen, and is then a change of every output's bytes."""
    config = parse_config(CONFIGS[name])
    golden(f"commands/composition-{name}.txt", _lines(encode_arguments(config, 24, "chunk")))
    golden(f"commands/composition-{name}-join.txt", _lines(join_arguments(config, "audio", "output")))


def test_a_gif_takes_two_passes(golden: Golden) -> None:
    """One palette from all frames, then the frames in its colours."""
    config = parse_config({"format": "gif", "fps": 25})
    commands = _lines(palette_arguments()) + _lines(gif_arguments(config, 24, "output.gif"))
    golden("commands/composition-gif.txt", commands)


@pytest.mark.parametrize("quality", list(Quality))
def test_every_encoder_has_one_thread(quality: Quality) -> None:
    """With more, the same chunk need not give the same bytes."""
    for config in CONFIGS.values():
        said = {**config, "quality": quality.value}
        arguments = encode_arguments(parse_config(said), 24, "chunk")
        encoder = arguments[arguments.index("-c:v") :]
        assert encoder[encoder.index("-threads") + 1] == "1"


def test_the_list_of_chunks_is_exact() -> None:
    """Lengths are from frame numbers, to a microsecond, and never from a file."""
    listed = chunk_list([FrameRange(0, 7), FrameRange(7, 10)], ["00000.mp4", "00001.mp4"], Fraction(30000, 1001))
    assert listed == ("ffconcat version 1.0\nfile 00000.mp4\nduration 0.233567\nfile 00001.mp4\nduration 0.100100\n")


@pytest.mark.parametrize(
    ("rate", "ticks"), [(Fraction(24), 24_000), (Fraction(30000, 1001), 30_000), (Fraction(1), 1000)]
)
def test_a_frame_is_a_whole_number_of_ticks(rate: Fraction, ticks: int) -> None:
    """So no player has to round."""
    assert timescale(rate) == ticks
    assert (ticks / rate).denominator == 1
