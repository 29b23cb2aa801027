"""What MediaInfo says of a source, in the form that Video on Demand on AWS keeps on its records (`srcMediainfo`).

The input is MediaInfo's own JSON; `json_tracks` makes it of what pymediainfo returns, which is the same in other names
and other units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Track = Mapping[str, Any]

# MediaInfo's JSON name -> pymediainfo's, per kind of track.
_SHARED = {"Format": "format", "BitRate": "bit_rate", "FrameCount": "frame_count", "Language": "language"}
_NAMES: Mapping[str, Mapping[str, str]] = {
    "General": {"Format": "format", "FileSize": "file_size", "OverallBitRate": "overall_bit_rate"},
    "Video": {
        **_SHARED,
        "Format_Profile": "format_profile",
        "Width": "width",
        "Height": "height",
        "FrameRate": "frame_rate",
        "ScanType": "scan_type",
        "DisplayAspectRatio": "display_aspect_ratio",
        "BitDepth": "bit_depth",
        "ColorSpace": "color_space",
        "ChromaSubsampling": "chroma_subsampling",
    },
    "Audio": {
        **_SHARED,
        "Format_Profile": "format_profile",
        "BitRate_Mode": "bit_rate_mode",
        "Channels": "channel_s",
        "SamplingRate": "sampling_rate",
        "SamplesPerFrame": "samples_per_frame",
    },
    "Text": {"ID": "track_id", "Format": "format", "Count": "count", "CaptionServiceName": "captionservicename"},
}


def mediainfo_record(tracks: Iterable[Track], filename: str) -> dict[str, Any]:
    """The record of a file: `container`, and lists of `video`, `audio` and `text` tracks where there are any."""
    record: dict[str, Any] = {"filename": filename}
    for track in tracks:
        kind = str(track.get("@type"))
        if kind == "General":
            record["container"] = container(track)
        elif kind in _LISTED:
            name, read = _LISTED[kind]
            record.setdefault(name, []).append(read(track))
    return record


def container(track: Track) -> dict[str, Any]:
    return compact(
        {
            "format": track.get("Format"),
            "fileSize": parse_number(track.get("FileSize")),
            "duration": parse_number(track.get("Duration")),
            "totalBitrate": parse_number(track.get("OverallBitRate")),
        }
    )


def video(track: Track) -> dict[str, Any]:
    colour = " ".join(part for part in (track.get("ColorSpace"), track.get("ChromaSubsampling")) if part)
    return compact(
        {
            "codec": track.get("Format"),
            "profile": _profile(track),
            "bitrate": parse_number(track.get("BitRate")),
            "duration": parse_number(track.get("Duration")),
            "frameCount": parse_number(track.get("FrameCount")),
            "width": parse_number(track.get("Width")),
            "height": parse_number(track.get("Height")),
            "framerate": parse_number(track.get("FrameRate")),
            "scanType": track.get("ScanType"),
            "aspectRatio": track.get("DisplayAspectRatio"),
            "bitDepth": parse_number(track.get("BitDepth")),
            "colorSpace": colour or None,
        }
    )


def audio(track: Track) -> dict[str, Any]:
    return compact(
        {
            "codec": track.get("Format"),
            "profile": _profile(track),
            "bitrate": parse_number(track.get("BitRate")),
            "duration": parse_number(track.get("Duration")),
            "frameCount": parse_number(track.get("FrameCount")),
            "bitrateMode": track.get("BitRate_Mode"),
            "language": track.get("Language"),
            "channels": parse_number(track.get("Channels")),
            "samplingRate": parse_number(track.get("SamplingRate")),
            "samplePerFrame": parse_number(track.get("SamplesPerFrame")),
        }
    )


def text(track: Track) -> dict[str, Any]:
    return compact(
        {
            "id": track.get("ID"),
            "format": track.get("Format"),
            "duration": parse_number(track.get("Duration")),
            "frameCount": parse_number(track.get("Count")),
            "captionServiceName": parse_number(track.get("CaptionServiceName")),
        }
    )


_LISTED: Mapping[str, tuple[str, Callable[[Track], dict[str, Any]]]] = {
    "Video": ("video", video),
    "Audio": ("audio", audio),
    "Text": ("text", text),
}


def compact(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def parse_number(value: object) -> int | float | None:
    """A number of MediaInfo's: text with a point stays a fraction, a fraction that comes as a number is cut.

    Raises:
        ValueError: If the text is no number.
    """
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return int(value)
    words = str(value)
    return int(words) if words.lstrip("+-").isdecimal() else float(words)


def json_tracks(tracks: Iterable[Track]) -> list[dict[str, Any]]:
    """pymediainfo's tracks in MediaInfo's JSON names and units. A repeated value ("2 / 6") counts by its first part,
    and a number that is none is left out: what a source says of itself may be anything."""
    return [_json_track(track) for track in tracks if track.get("track_type") in _NAMES]


def _json_track(track: Track) -> dict[str, Any]:
    kind = str(track["track_type"])
    names = _NAMES[kind]
    found = {ours: str(track[theirs]) for ours, theirs in names.items() if track.get(theirs) not in (None, "")}
    seconds = _seconds(track.get("duration"))
    if seconds is not None:
        found["Duration"] = seconds
    numbers = {name: first for name in _NUMBERS & found.keys() if (first := _first_number(found[name])) is not None}
    words = {name: value for name, value in found.items() if name not in _NUMBERS}
    return {"@type": kind, **words, **numbers}


_NUMBERS = frozenset(
    {"FileSize", "Duration", "OverallBitRate", "BitRate", "FrameCount", "Width", "Height", "FrameRate", "BitDepth"}
) | {"Channels", "SamplingRate", "SamplesPerFrame", "Count", "CaptionServiceName"}


def _first_number(words: str) -> str | None:
    first = words.split(" / ")[0].strip()
    whole, _, part = first.partition(".")
    return first if whole.isdecimal() and (part.isdecimal() or not part) else None


def _seconds(milliseconds: object) -> str | None:
    first = _first_number(str(milliseconds)) if milliseconds is not None else None
    return None if first is None else f"{float(first) / 1000:.3f}"


def _profile(track: Track) -> str | None:
    """ "High@L4": the profile and, where MediaInfo gives it by itself, the level."""
    profile, level = track.get("Format_Profile"), track.get("Format_Level")
    return f"{profile}@L{level}" if profile and level else profile
