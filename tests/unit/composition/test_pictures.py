"""How ffmpeg is asked for a video's pictures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from chalicelib.composition.pictures import MediaFile, bmp, decode_arguments

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


def test_only_what_is_surely_opaque_goes_without_transparency() -> None:
    """H.264 has none; VP9 and ProRes may; and rows that would need padding stay as they are."""
    for file, form, size in (
        (FILE, "bgr24", 3),
        (replace(FILE, codec="VP9"), "rgba", 4),
        (replace(FILE, codec="ProRes"), "rgba", 4),
        (replace(FILE, width=638), "rgba", 4),
    ):
        assert _value(decode_arguments("a.mp4", file, 0), "-vf").endswith(f"format={form}")
        assert file.picture_bytes == file.width * file.height * size
        kind = b"BM" if size == 3 else b"\x89P"
        assert file.encoded(bytes(file.picture_bytes)).startswith(kind)


def test_a_bmp_is_its_pixels_behind_a_header_from_the_top() -> None:
    """Nothing is copied twice or computed; a negative height says that the first row is the topmost."""
    pixels = bytes(range(24))
    data = bmp(pixels, 4, 2)
    assert data[54:] == pixels
    assert int.from_bytes(data[2:6], "little") == len(data)
    assert int.from_bytes(data[10:14], "little") == 54
    assert int.from_bytes(data[22:26], "little", signed=True) == -2
    assert int.from_bytes(data[28:30], "little") == 24
