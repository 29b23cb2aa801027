"""The formats a composition comes out in, and what each asks of the frames, the chunks and the sound."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Codec(StrEnum):
    """Of an mp4."""

    H264 = "h264"
    H265 = "h265"


class Format(StrEnum):
    """What the customer gets."""

    MP4 = "mp4"
    MOV = "mov"
    WEBM = "webm"
    PNG_SEQUENCE = "png-sequence"
    GIF = "gif"
    PNG = "png"
    JPEG = "jpeg"

    @property
    def still(self) -> bool:
        """Whether it is one frame, which leaves as the browser made it."""
        return self in (Format.PNG, Format.JPEG)

    @property
    def alpha(self) -> bool:
        """Whether transparency is kept: frames are then captured as PNG over nothing."""
        return self in (Format.MOV, Format.WEBM, Format.PNG_SEQUENCE, Format.PNG)

    @property
    def packed(self) -> bool:
        """Whether chunks hold the captured pictures as they are, and Assemble makes the output of them.

        A GIF has one palette, which must have seen every frame; a sequence of PNG files needs no encoder at all.
        """
        return self in (Format.PNG_SEQUENCE, Format.GIF) or self.still

    @property
    def even(self) -> bool:
        """Whether sides must be even: colour is stored for squares of four pixels."""
        return self in (Format.MP4, Format.WEBM)

    @property
    def silent(self) -> bool:
        return self is Format.GIF or self.still


@dataclass(frozen=True, slots=True)
class FileKind:
    """`extension` begins with its dot."""

    extension: str
    content_type: str


_OUTPUTS = {
    Format.MP4: FileKind(".mp4", "video/mp4"),
    Format.MOV: FileKind(".mov", "video/quicktime"),
    Format.WEBM: FileKind(".webm", "video/webm"),
    Format.PNG_SEQUENCE: FileKind(".tar.gz", "application/gzip"),
    Format.GIF: FileKind(".gif", "image/gif"),
    Format.PNG: FileKind(".png", "image/png"),
    Format.JPEG: FileKind(".jpg", "image/jpeg"),
}
_PACKED = FileKind(".tar", "application/x-tar")
_AAC = FileKind(".m4a", "audio/mp4")
_OPUS = FileKind(".webm", "audio/webm")


def output_kind(format: Format) -> FileKind:
    return _OUTPUTS[format]


def chunk_kind(format: Format) -> FileKind:
    return _PACKED if format.packed else _OUTPUTS[format]


def audio_kind(format: Format) -> FileKind:
    """Of the sound beside the chunks."""
    return _OPUS if format is Format.WEBM else _AAC
