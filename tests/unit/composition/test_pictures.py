"""How ffmpeg is asked for a video's pictures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from chalicelib.composition.pictures import MediaFile, decode_arguments

FILE = MediaFile("mov", "AVC", Fraction(1), tuple(Fraction(k, 25) for k in range(25)), 640, 360, sound=True)


def _value(arguments: tuple[str, ...], option: str) -> str:
    return arguments[arguments.index(option) + 1]


def test_it_starts_between_two_pictures() -> None:
    """No rounding of times can take the wrong one; the first needs no seek."""
    assert _value(decode_arguments("a.mp4", FILE, 10), "-ss") == "0.380000"
    assert "-ss" not in decode_arguments("a.mp4", FILE, 0)


def test_transparency_needs_its_own_decoder() -> None:
    """ffmpeg's own decoder of VP9 knows no alpha."""
    assert "-c:v" not in decode_arguments("a.mp4", FILE, 0)
    webm = replace(FILE, demuxer="matroska", codec="VP9")
    assert _value(decode_arguments("a.webm", webm, 0), "-c:v") == "libvpx-vp9"
    assert _value(decode_arguments("a.webm", webm, 0), "-f") == "matroska"


def test_untagged_colours_go_by_size() -> None:
    """As players take them."""
    assert _value(decode_arguments("a.mp4", FILE, 0), "-colorspace") == "smpte170m"
    assert _value(decode_arguments("a.mp4", replace(FILE, height=720), 0), "-colorspace") == "bt709"


def test_only_the_file_itself_is_opened() -> None:
    """A file that is a list of others leads nowhere."""
    assert _value(decode_arguments("a.mp4", FILE, 0), "-protocol_whitelist") == "file,pipe"
