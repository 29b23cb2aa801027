"""The facts of a source, as MediaInfo tells them.

What is decided here: which tracks count, how large a frame is *shown* (pixel aspect and rotation applied), and which
sources are refused before any decoder sees them. Timing is not decided here: MediaInfo reads the start and the end of a
file only, so frame counts and rates come from the packets (timing.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any

from chalicelib.errors import EncryptedSource, NotAVideo, UnsupportedMedia

MAX_PIXELS = 40_000_000
"""Largest decoded frame: above 8K (33 Mpx), below what exhausts a worker's memory."""

MIN_SIDE = 16
"""Smallest side of a frame; nothing real is smaller."""

UNKNOWN_LANGUAGE = "und"
"""Of BCP 47, and of ISO 639-2."""

MAX_TITLE = 80
"""Characters of a track's title that a menu shows."""

STANDARD_RATES: tuple[Fraction, ...] = tuple(
    Fraction(numerator, denominator)
    for numerator, denominator in (
        *((rate, 1) for rate in (1, 2, 3, 4, 5, 6)),
        *((15, 2), (8, 1), (10, 1), (12, 1), (25, 2), (15000, 1001), (15, 1), (20, 1)),
        *((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (40, 1), (48000, 1001), (48, 1), (50, 1)),
        *((60000, 1001), (60, 1), (72, 1), (90, 1), (100, 1), (120000, 1001), (120, 1), (144, 1), (240, 1)),
    )
)
"""Frames per second that cameras, broadcasters and recorders mean when they measure nearly the same."""


_TEXT_FORMATS = ("ASS", "SSA", "SubRip", "Timed Text", "UTF-8", "WebVTT")
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


class Container(StrEnum):
    """The families of containers we take."""

    MP4 = "mp4"
    MATROSKA = "matroska"
    MPEGTS = "mpegts"
    MPEGPS = "mpegps"
    AVI = "avi"
    FLV = "flv"
    MP3 = "mp3"
    AAC = "aac"
    WAV = "wav"
    FLAC = "flac"
    OGG = "ogg"

    @property
    def demuxer(self) -> str:
        """The one ffmpeg demuxer that may open it, so that no file can pass for a playlist or a script."""
        return {Container.MP4: "mov", Container.MPEGPS: "mpeg"}.get(self, self.value)


class Transfer(StrEnum):
    """How light is coded: standard range, or one of the two HDR curves (ITU-R BT.2100)."""

    SDR = "sdr"
    PQ = "pq"
    HLG = "hlg"


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The main video track.

    Attributes:
        width: Coded width in pixels, as `height`.
        displayed_width: What a viewer sees in square pixels, upright, as `displayed_height`.
        rotation: Clockwise turn that makes it upright, in degrees.
        frame_rate: The container's claim, a hint only.
        chroma: "4:2:0" and so on; empty when unknown.
    """

    codec: str
    width: int
    height: int
    displayed_width: int
    displayed_height: int
    rotation: int
    frame_rate: Fraction | None
    constant_rate: bool
    bit_depth: int
    chroma: str
    interlaced: bool
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio track; `position` counts audio tracks in file order, ffmpeg's `0:a:<position>`."""

    position: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str
    default: bool
    title: str = ""


@dataclass(frozen=True, slots=True)
class TextTrack:
    """One subtitle track; `position` counts them in file order, ffmpeg's `0:s:<position>`.

    `forced` marks what even a viewer without subtitles should read: signs, and speech in a foreign tongue. A `bitmap`
    is pictures of text (DVD, Blu-ray, broadcast), which nothing here can read.
    """

    position: int
    codec: str
    language: str
    title: str
    forced: bool
    bitmap: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """What was uploaded. `duration` is the container's claim in seconds; the plan's own comes from the packets.
    `cover` says that a picture is attached, as players of sound show it. `report` is all that MediaInfo said."""

    container: Container
    size_bytes: int
    duration: Fraction | None
    video: VideoTrack | None
    audio: tuple[AudioTrack, ...]
    title: str
    text: tuple[TextTrack, ...] = ()
    cover: bool = False
    report: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)


def source_from_mediainfo(
    tracks: Sequence[Mapping[str, Any]], *, container: Container = Container.MP4, size_bytes: int = 0
) -> Source:
    """Read MediaInfo's tracks (pymediainfo's `to_data()["tracks"]`).

    Args:
        container: What the magic bytes said; the name MediaInfo gives is not used.
        size_bytes: Length of the file; 0 takes MediaInfo's word.

    Raises:
        NotAVideo: If there is neither a video nor an audio track.
        EncryptedSource: If any track is encrypted.
        UnsupportedMedia: If the frame is too large, too small or of unknown size.
    """
    general = next((track for track in tracks if track.get("track_type") == "General"), {})
    videos = sorted((track for track in tracks if track.get("track_type") == "Video"), key=_file_order)
    audios = sorted((track for track in tracks if track.get("track_type") == "Audio"), key=_file_order)
    # Captions inside the pictures are listed too, but they are no tracks of the file.
    texts = sorted((track for track in tracks if track.get("track_type") == "Text" and _own(track)), key=_file_order)
    for track in (general, *videos, *audios):
        if track.get("encryption"):
            raise EncryptedSource("the media is encrypted; upload it without DRM", method=str(track["encryption"]))
    if not videos and not audios:
        raise NotAVideo("neither a video nor an audio track was found in the file")
    return Source(
        container=container,
        size_bytes=size_bytes or _whole(general.get("file_size")),
        duration=_milliseconds(general.get("duration")),
        video=_video_track(videos[0]) if videos else None,
        audio=tuple(_audio_track(track, position) for position, track in enumerate(audios)),
        title=str(general.get("title") or ""),
        text=tuple(_text_track(track, position) for position, track in enumerate(texts)),
        cover=str(general.get("cover") or "").startswith("Yes"),
        report=tuple(tracks),
    )


def default_audio(tracks: Sequence[AudioTrack]) -> AudioTrack | None:
    """The track a player would pick: the first that is flagged as default, else the first."""
    return next((track for track in tracks if track.default), tracks[0] if tracks else None)


def nearest_standard_rate(rate: Fraction) -> Fraction:
    """The standard frame rate whose ratio to `rate` is closest to 1."""
    return min(STANDARD_RATES, key=lambda standard: max(standard / rate, rate / standard))


def _video_track(track: Mapping[str, Any]) -> VideoTrack:
    width, height = _whole(track.get("width")), _whole(track.get("height"))
    if width < MIN_SIDE or height < MIN_SIDE:
        raise UnsupportedMedia("the size of the picture is unknown or below 16 pixels", width=width, height=height)
    if width * height > MAX_PIXELS:
        raise UnsupportedMedia("the picture is larger than 40 megapixels", width=width, height=height)
    rotation = round(_fraction(track.get("rotation")) or 0) % 360
    displayed = displayed_size(width, height, _fraction(track.get("pixel_aspect_ratio")) or Fraction(1), rotation)
    if displayed[0] * displayed[1] > MAX_PIXELS or min(displayed) < MIN_SIDE:
        raise UnsupportedMedia("the shape of the pixels is absurd", width=displayed[0], height=displayed[1])
    return VideoTrack(
        codec=str(track.get("format") or ""),
        width=width,
        height=height,
        displayed_width=displayed[0],
        displayed_height=displayed[1],
        rotation=rotation,
        frame_rate=_frame_rate(track),
        constant_rate=track.get("frame_rate_mode") == "CFR",
        bit_depth=_whole(track.get("bit_depth")) or 8,
        chroma=str(track.get("chroma_subsampling") or ""),
        interlaced=track.get("scan_type") in ("Interlaced", "MBAFF", "PAFF"),
        transfer=_transfer(str(track.get("transfer_characteristics") or "")),
    )


def displayed_size(width: int, height: int, pixel_aspect: Fraction, rotation: int) -> tuple[int, int]:
    """Width and height in square pixels, upright.

    Pixels wider than tall stretch the width, as broadcasters do. A turn that is not a multiple of 90 degrees keeps the
    frame: ffmpeg rotates inside it.
    """
    shown = (round(width * pixel_aspect), height)
    return (shown[1], shown[0]) if rotation % 180 == 90 else shown


def _audio_track(track: Mapping[str, Any], position: int) -> AudioTrack:
    return AudioTrack(
        position=position,
        codec=str(track.get("format") or ""),
        channels=_whole(track.get("channel_s")),
        sample_rate_hz=_whole(track.get("sampling_rate")),
        language=language_tag(str(track.get("language") or "")),
        default=track.get("default") == "Yes",
        title=readable(str(track.get("title") or "")),
    )


def _text_track(track: Mapping[str, Any], position: int) -> TextTrack:
    return TextTrack(
        position=position,
        codec=str(track.get("format") or ""),
        language=language_tag(str(track.get("language") or "")),
        title=readable(str(track.get("title") or "")),
        forced=track.get("forced") == "Yes",
        bitmap=track.get("format") not in _TEXT_FORMATS,
    )


def language_tag(text: str) -> str:
    """A tag of BCP 47 as it stands, "und" for anything else: what a source calls its language may be any text."""
    return text if _LANGUAGE_TAG.fullmatch(text) else UNKNOWN_LANGUAGE


def readable(title: str) -> str:
    """A title as one short line that fits every manifest: no control characters, no double quotes."""
    words = "".join(each if each.isprintable() else " " for each in title).split()
    return " ".join(words).replace('"', "'")[:MAX_TITLE].rstrip()


def _own(track: Mapping[str, Any]) -> bool:
    """Whether a text track is a stream of its own."""
    return all(part.isdecimal() for part in str(track.get("streamorder") or "none").split("-"))


def _file_order(track: Mapping[str, Any]) -> tuple[int, ...]:
    """MediaInfo's StreamOrder is "3", or "0-1" inside a transport stream's program."""
    text = str(track.get("streamorder") or "0")
    return tuple(int(part) for part in text.split("-") if part.isdecimal())


def _frame_rate(track: Mapping[str, Any]) -> Fraction | None:
    numerator, denominator = _whole(track.get("framerate_num")), _whole(track.get("framerate_den"))
    if numerator and denominator:
        return Fraction(numerator, denominator)
    rate = _fraction(track.get("frame_rate"))
    if not rate or rate <= 0:
        return None
    # Three decimals cannot hold 30000/1001.
    standard = nearest_standard_rate(rate)
    return standard if abs(standard - rate) <= Fraction(1, 1000) else rate


def _transfer(name: str) -> Transfer:
    """The first HDR curve that is named: HLG may be announced beside the curve that older displays take it for."""
    named = (part.strip() for part in name.split("/"))
    return next((Transfer(part.lower()) for part in named if part in ("PQ", "HLG")), Transfer.SDR)


def _fraction(value: object) -> Fraction | None:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None


def _whole(value: object) -> int:
    """A whole number of MediaInfo, or 0. Repeated values come as "1 / 2": the first counts."""
    number = _fraction(str(value).split(" ")[0])
    return int(number) if number is not None and number > 0 else 0


def _milliseconds(value: object) -> Fraction | None:
    number = _fraction(value)
    return number / 1000 if number is not None else None
