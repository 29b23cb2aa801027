"""Config, field by field."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.composition.config import Quality, RenderConfig, parse_config
from chalicelib.composition.formats import Codec, Format
from chalicelib.errors import FormatNotSupported, InvalidConfig

WHOLE = {
    "fps": 24,
    "width": 1920,
    "height": 1080,
    "format": "mp4",
    "codec": "h265",
    "quality": "high",
    "crf": 20,
    "chunkSize": 240,
    "targetChunkFrames": 100,
    "maxParallelChunks": 8,
    "runtimeCap": "lambda",
    "hdrMode": "auto",
    "videoFrameFormat": "png",
    "entryFile": "pages/intro.html",
    "cfr": True,
    "variables": {"title": "Sluice", "rows": [1, 2.5, None, True, {"a": "b"}]},
}


def test_every_field_of_the_contract_is_understood() -> None:
    """What a client of the open contract may send arrives under our own names."""
    assert parse_config(WHOLE) == RenderConfig(
        frame_rate=Fraction(24),
        width=1920,
        height=1080,
        format=Format.MP4,
        codec=Codec.H265,
        quality=Quality.HIGH,
        crf=20,
        chunk_frames=240,
        target_chunk_frames=100,
        max_parallel_chunks=8,
        entry="pages/intro.html",
        variables=WHOLE["variables"],  # type: ignore[arg-type]
    )


def test_what_is_left_out_or_null_has_its_default() -> None:
    """The defaults are the contract's: 16 chunks at once, an mp4 of standard quality."""
    assert parse_config({}) == parse_config(dict.fromkeys(WHOLE)) == RenderConfig()
    assert RenderConfig().max_parallel_chunks == 16


@pytest.mark.parametrize(
    ("said", "rate"),
    [
        (30, Fraction(30)),
        (25.0, Fraction(25)),
        ("60", Fraction(60)),
        (1, Fraction(1)),
        (120, Fraction(120)),
        ("30000/1001", Fraction(30000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        ("59.94", Fraction(60000, 1001)),
    ],
)
def test_rates_are_exact(said: object, rate: Fraction) -> None:
    """Whole, as a fraction, or by the decimal names of television, which mean fractions."""
    assert parse_config({"fps": said}).frame_rate == rate


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("fps", (0, 121, -30, 29.5, "fast", "30/0", "1/2", True, [30], float("nan"), "9" * 400)),
        ("width", (15, 17, 7682, 100.0, "100", True)),
        ("height", (0, 1081, 7682)),
        ("format", ("avi", "MP4", 4, ["mp4"], {})),
        ("codec", ("av1", 1)),
        ("quality", ("best", 3)),
        ("crf", (-1, 52, 20.0, "20", False)),
        ("bitrate", ("10X", 10_000_000, "", "0k", "1e9", "-5M")),
        ("chunkSize", (0, 3601, 1.5)),
        ("targetChunkFrames", (0, 3601)),
        ("maxParallelChunks", (0, 257)),
        ("frame", (1.5, "3", True, 10**9)),
        ("frameRange", (-1, [3], [5, 3], [None, 3], [0, 1, 2], "0-3", [0, 10**9])),
        ("runtimeCap", ("moon", 1)),
        ("hdrMode", ("on", True)),
        ("videoFrameFormat", ("webp",)),
        ("entryFile", ("../index.html", "/etc/passwd", "a//b", "", "a?b", "a\\b", 7)),
        ("cfr", ("yes", 1)),
        ("variables", ([], "x", 3)),
    ],
)
def test_a_wrong_value_is_refused_by_name(field: str, values: tuple[object, ...]) -> None:
    """The message begins with the field as its sender writes it; no value is ever bent to fit."""
    for value in values:
        with pytest.raises(InvalidConfig) as refused:
            parse_config({field: value})
        assert refused.value.message.startswith(f"Config.{field}:"), value
        assert refused.value.context["field"] == f"Config.{field}"


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"fsp": 30}, "Config.fsp"),
        ({"crf": 20, "bitrate": "5M"}, "Config.crf"),
        ({"format": "webm", "codec": "h264"}, "Config.codec"),
        ({"format": "mov", "crf": 10}, "Config.crf"),
        ({"format": "gif", "bitrate": "1M"}, "Config.bitrate"),
        ({"format": "gif", "fps": 60}, "Config.fps"),
        ({"frame": 3}, "Config.frame"),
        ({"format": "png", "frameRange": [0, 1]}, "Config.frameRange"),
        ({"format": "jpeg", "crf": 10}, "Config.crf"),
        ({"variables": {"a": [1, {"b": float("inf")}]}}, "Config.variables.a[1].b"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(config: dict[str, object], field: str) -> None:
    """Unknown fields, fields that exclude each other, and values deep inside of variables."""
    with pytest.raises(InvalidConfig) as refused:
        parse_config(config)
    assert refused.value.context["field"] == field


def test_variables_cannot_nest_without_end() -> None:
    """A document that would exhaust the stack is refused before."""
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidConfig, match="nested deeper"):
        parse_config({"variables": {"a": deep}})


def test_hdr_is_refused_under_the_contracts_own_name() -> None:
    """A client that asks for HDR learns that this format is not to be had."""
    with pytest.raises(FormatNotSupported):
        parse_config({"hdrMode": "force-hdr"})


@pytest.mark.parametrize("config", [None, [], "mp4", 3])
def test_a_config_is_an_object(config: object) -> None:
    """Nothing else is taken for one."""
    with pytest.raises(InvalidConfig):
        parse_config(config)


@pytest.mark.parametrize(("text", "bits"), [("10M", 10_000_000), ("5000k", 5_000_000), ("2.5m", 2_500_000)])
def test_bitrates_are_read_as_encoders_write_them(text: str, bits: int) -> None:
    """k and M are powers of ten."""
    assert parse_config({"bitrate": text}).bitrate_bps == bits
