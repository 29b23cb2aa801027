"""Config: what the caller of a render asks for, field by field.

The names and ranges are those of the open render contract (HyperFrames 0.8), so its clients' inputs pass as they are;
`fps` also takes fractions, `gif`, `png` and `jpeg` are formats, and `frame` and `frameRange` choose what is rendered.
A field that is unknown, of the wrong kind or out of range is refused by its dotted name, and never quietly changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from chalicelib.composition.formats import Codec, Format
from chalicelib.errors import FormatNotSupported, InvalidConfig

MIN_SIDE, MAX_SIDE = 16, 7680
MAX_CHUNK_FRAMES = 3600
MAX_PARALLEL_CHUNKS = 256
MAX_FRAME = 24 * 3600 * 120
"""Of the longest composition at the highest rate."""
MAX_GIF_RATE = 50
"""Frames a second: a GIF counts time in hundredths, and players slow down what is faster."""
_NAMED_RATES = {
    "23.976": Fraction(24000, 1001),
    "23.98": Fraction(24000, 1001),
    "29.97": Fraction(30000, 1001),
    "47.952": Fraction(48000, 1001),
    "59.94": Fraction(60000, 1001),
    "119.88": Fraction(120000, 1001),
}
"""What people call the rates of television, and what they are."""
_MAX_JSON_DEPTH = 32
_RUNTIMES = ("lambda", "temporal", "cloud-run-job", "k8s-job", "none")


class Quality(StrEnum):
    DRAFT = "draft"
    STANDARD = "standard"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class RenderConfig:
    """A checked Config.

    Attributes:
        width: Of the output in pixels; None, as for `height`: the composition's own.
        crf: Constant quality, in place of the preset's.
        bitrate_bps: Mean bitrate, in place of constant quality.
        chunk_frames: Frames of each chunk; None lets `max_parallel_chunks` decide.
        target_chunk_frames: Most frames of a chunk, where `chunk_frames` is None.
        frame: Of a still, from 0; negative counts from the end.
        frame_range: First and last frame that is rendered, both included; None as the last is that of the composition.
        entry: The page inside the project.
        variables: Handed to the composition.
    """

    frame_rate: Fraction = Fraction(30)
    width: int | None = None
    height: int | None = None
    format: Format = Format.MP4
    codec: Codec = Codec.H264
    quality: Quality = Quality.STANDARD
    crf: int | None = None
    bitrate_bps: int | None = None
    chunk_frames: int | None = None
    target_chunk_frames: int | None = None
    max_parallel_chunks: int = 16
    frame: int = 0
    frame_range: tuple[int, int | None] | None = None
    entry: str = "index.html"
    variables: dict[str, Any] = field(default_factory=dict)


def parse_config(raw: object) -> RenderConfig:
    """Check a Config as it came in.

    Raises:
        InvalidConfig: Names the first field that is wrong.
        FormatNotSupported: If it asks for HDR.
    """
    if not isinstance(raw, Mapping):
        raise _wrong("Config", "must be an object", raw)
    unknown = sorted(str(name) for name in raw.keys() - _FIELDS.keys())
    if unknown:
        raise InvalidConfig(f"Config.{unknown[0]}: there is no such field", field=f"Config.{unknown[0]}")
    values: dict[str, Any] = {}
    for name, (attribute, read) in _FIELDS.items():
        if raw.get(name) is not None:
            value = read(f"Config.{name}", raw[name])
            if attribute:
                values[attribute] = value
    config = RenderConfig(**values)
    _check_together(config, raw)
    return config


def _check_together(config: RenderConfig, raw: Mapping[str, object]) -> None:
    """What fields mean to each other."""
    lossless = config.format not in (Format.MP4, Format.WEBM)
    if raw.get("codec") is not None and config.format is not Format.MP4:
        raise InvalidConfig("Config.codec: only mp4 has a choice of codecs", field="Config.codec")
    if config.crf is not None and config.bitrate_bps is not None:
        raise InvalidConfig("Config.crf: either crf or bitrate, not both", field="Config.crf")
    for name, value in (("crf", config.crf), ("bitrate", config.bitrate_bps)):
        if value is not None and lossless:
            raise InvalidConfig(f"Config.{name}: {config.format} has no such choice", field=f"Config.{name}")
    if raw.get("frame") is not None and not config.format.still:
        raise InvalidConfig("Config.frame: only png and jpeg are one frame; give frameRange", field="Config.frame")
    if config.frame_range is not None and config.format.still:
        raise InvalidConfig(f"Config.frameRange: {config.format} is one frame; give frame", field="Config.frameRange")
    if config.format is Format.GIF and config.frame_rate > MAX_GIF_RATE:
        raise InvalidConfig(f"Config.fps: a GIF has at most {MAX_GIF_RATE} frames a second", field="Config.fps")


def _frame_rate(name: str, value: object) -> Fraction:
    """Whole numbers, "n/d", and the decimal names of the rates of television."""
    rate: Fraction | None = None
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}/[0-9]{1,6}", value) and int(value.partition("/")[2]):
        rate = Fraction(value)
    elif _is_number(value) or isinstance(value, str):
        text = str(value)
        rate = _NAMED_RATES.get(text) or (Fraction(text) if re.fullmatch(r"[0-9]{1,3}(\.0+)?", text) else None)
    if rate is None or not 1 <= rate <= 120:
        raise _wrong(name, 'must be from 1 to 120: a whole number, or a fraction such as "30000/1001"', value)
    return rate


def _side(name: str, value: object) -> int:
    side = _whole(MIN_SIDE, MAX_SIDE)(name, value)
    if side % 2:
        raise _wrong(name, "must be even, because colour is stored for squares of four pixels", value)
    return side


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def read(name: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong(name, f"must be a whole number from {low} to {high}", value)
        return value

    return read


def _range(name: str, value: object) -> tuple[int, int | None]:
    """A number alone is one frame; null as the last one is the composition's own."""
    read = _whole(0, MAX_FRAME)
    if not isinstance(value, list | tuple):
        return (only := read(name, value)), only
    if len(value) != 2:
        raise _wrong(name, "must be [first, last]", value)
    first, last = read(name, value[0]), None if value[1] is None else read(name, value[1])
    if last is not None and last < first:
        raise _wrong(name, "must be [first, last], the last not before the first", value)
    return first, last


def _choice(allowed: Collection[str]) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise _wrong(name, f"must be one of {', '.join(allowed)}", value)
        return str(value)

    return read


def _bitrate(name: str, value: object) -> int:
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([kKmM]?)", value) if isinstance(value, str) else None
    bits = round(Fraction(found[1]) * {"": 1, "k": 1000, "m": 1_000_000}[found[2].lower()]) if found else 0
    if not 1000 <= bits <= 1_000_000_000:
        raise _wrong(name, 'must look like "10M" or "5000k", from 1k to 1000M', value)
    return bits


def _hdr_mode(name: str, value: object) -> str:
    if value == "force-hdr":
        raise FormatNotSupported(f"{name}: HDR output is not supported", field=name)
    return _choice(("auto", "force-sdr"))(name, value)


def _entry(name: str, value: object) -> str:
    parts = value.split("/") if isinstance(value, str) else []
    if not parts or any(part in ("", ".", "..") for part in parts) or re.search(r"[\\\0?#]", str(value)):
        raise _wrong(name, "must be the path of a page inside the project", value)
    return str(value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "must be true or false", value)
    return value


def _variables(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(name, "must be an object", value)
    _check_json(name, value, 0)
    return dict(value)


def _check_json(name: str, value: object, depth: int) -> None:
    """Plain JSON through and through; the numbers that JSON has not would change on their way to the page."""
    if depth > _MAX_JSON_DEPTH:
        raise InvalidConfig(f"{name}: nested deeper than {_MAX_JSON_DEPTH} levels", field=name)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_json(f"{name}.{key}", inner, depth + 1)
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            _check_json(f"{name}[{position}]", inner, depth + 1)
    elif isinstance(value, float) and not abs(value) < float("inf"):
        raise _wrong(name, "must be a finite number", value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _wrong(name: str, rule: str, value: object) -> InvalidConfig:
    return InvalidConfig(f"{name}: {rule}; got {str(value)[:80]!r}", field=name)


# Field of the wire -> attribute, or "" where the value is only checked, and its reader.
_FIELDS: dict[str, tuple[str, Callable[[str, object], Any]]] = {
    "fps": ("frame_rate", _frame_rate),
    "width": ("width", _side),
    "height": ("height", _side),
    "format": ("format", lambda name, value: Format(_choice([each.value for each in Format])(name, value))),
    "codec": ("codec", lambda name, value: Codec(_choice([each.value for each in Codec])(name, value))),
    "quality": ("quality", lambda name, value: Quality(_choice([each.value for each in Quality])(name, value))),
    "crf": ("crf", _whole(0, 51)),
    "bitrate": ("bitrate_bps", _bitrate),
    "chunkSize": ("chunk_frames", _whole(1, MAX_CHUNK_FRAMES)),
    "targetChunkFrames": ("target_chunk_frames", _whole(1, MAX_CHUNK_FRAMES)),
    # These two are not HyperFrames'; Remotion has both under these names.
    "frame": ("frame", _whole(-MAX_FRAME, MAX_FRAME)),
    "frameRange": ("frame_range", _range),
    "maxParallelChunks": ("max_parallel_chunks", _whole(1, MAX_PARALLEL_CHUNKS)),
    # Where the chunks run is this deployment's own matter: any known answer is right.
    "runtimeCap": ("", _choice(_RUNTIMES)),
    # The composition is rendered in standard range either way.
    "hdrMode": ("", _hdr_mode),
    # How pictures of a <video> come to the page; here always without loss that shows.
    "videoFrameFormat": ("", _choice(("auto", "jpg", "png"))),
    "entryFile": ("entry", _entry),
    # Every output has its exact rate already.
    "cfr": ("", _flag),
    "variables": ("variables", _variables),
}
