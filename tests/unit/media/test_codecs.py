"""CODECS strings come from the decoder configuration."""

from __future__ import annotations

import pytest

from chalicelib.errors import EncoderOutputMalformed
from chalicelib.media.codecs import codec_string
from tests.unit.media.movie import aac_entry, av1_entry, avc_entry, box, hevc_entry, init_segment


def codec_of(entry: bytes) -> str:
    return codec_string(init_segment(entry, timescale=1000))


def test_avc() -> None:
    """The three bytes after the version: profile, constraints, level."""
    assert codec_of(avc_entry()) == "avc1.64001f"
    assert codec_of(avc_entry(bytes.fromhex("0142c01effe1"))) == "avc1.42c01e"


@pytest.mark.parametrize(
    ("configuration", "name"),
    [
        ("01016000000090000000000078", "hvc1.1.6.L120.90"),
        ("0101600000000000000000005d", "hvc1.1.6.L93"),
        ("01222000000090080000000099", "hvc1.2.4.H153.90.8"),
        ("01410000000080000000000000", "hvc1.A1.0.L0.80"),
    ],
)
def test_hevc(configuration: str, name: str) -> None:
    """Profile, compatibility in reversed bits, tier and level, and the constraints up to the last that is not zero."""
    assert codec_of(hevc_entry(bytes.fromhex(configuration))) == name


@pytest.mark.parametrize(
    ("configuration", "name"),
    [
        ("81010c00", "av01.0.01M.08"),
        ("81088c", "av01.0.08H.08"),
        ("812d4c", "av01.1.13M.10"),
        ("81516c", "av01.2.17M.12"),
    ],
)
def test_av1(configuration: str, name: str) -> None:
    """Profile, level and tier, bit depth."""
    assert codec_of(av1_entry(bytes.fromhex(configuration))) == name


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
        hevc_entry(bytes.fromhex("010160000000900000000000")),
        av1_entry(bytes.fromhex("8101")),
        av1_entry(bytes.fromhex("82010c00")),
        aac_entry(object_type=0x6B),
        aac_entry(specific=b""),
        box(b"mp4a", bytes(28)),
    ],
)
def test_what_cannot_be_named_is_refused(entry: bytes) -> None:
    """No string is ever guessed."""
    with pytest.raises(EncoderOutputMalformed):
        codec_of(entry)
