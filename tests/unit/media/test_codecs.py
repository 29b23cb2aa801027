"""CODECS strings come from the decoder configuration."""

from __future__ import annotations

import pytest

from chalicelib.errors import EncoderOutputMalformed
from chalicelib.media.codecs import codec_string
from tests.unit.media.movie import aac_entry, avc_entry, box, init_segment


def codec_of(entry: bytes) -> str:
    return codec_string(init_segment(entry, timescale=1000))


def test_avc() -> None:
    """The three bytes after the version: profile, constraints, level."""
    assert codec_of(avc_entry()) == "avc1.64001f"
    assert codec_of(avc_entry(bytes.fromhex("0142c01effe1"))) == "avc1.42c01e"


@pytest.mark.parametrize("flags", [0, 0x80, 0x40, 0x20, 0xE0])
@pytest.mark.parametrize("long_size", [False, True])
def test_aac_descriptors(flags: int, long_size: bool) -> None:
    """Optional fields and sizes of up to four bytes do not move the audio object type."""
    assert codec_of(aac_entry(flags=flags, long_size=long_size)) == "mp4a.40.2"


def test_audio_object_types() -> None:
    """HE-AAC is 5; types above 30 are escaped."""
    assert codec_of(aac_entry(bytes([5 << 3, 0]))) == "mp4a.40.5"
    assert codec_of(aac_entry(bytes([31 << 3 | 10 >> 3, (10 & 7) << 5]))) == "mp4a.40.42"


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        box(b"vp09", bytes(90)),
        box(b"avc1", bytes(10)),
        avc_entry(b"\1\x64"),
        aac_entry(object_type=0x6B),
        aac_entry(specific=b""),
        box(b"mp4a", bytes(28)),
    ],
)
def test_what_cannot_be_named_is_refused(entry: bytes) -> None:
    """No string is ever guessed."""
    with pytest.raises(EncoderOutputMalformed):
        codec_of(entry)
