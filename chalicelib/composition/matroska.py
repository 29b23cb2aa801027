"""A stream of pictures with explicit times, as Matroska (RFC 9559): what carries captured frames to the encoder.

A frame that repeats the one before is not written: the next one's time says how long the picture stays. One tick is one
frame, so times are frame numbers and nothing is rounded. Clusters and the segment have no size, as in a live stream.
"""

from __future__ import annotations

import struct
from fractions import Fraction

_EBML = "1a45dfa3"
_SEGMENT = "18538067"
_INFO = "1549a966"
_TRACKS = "1654ae6b"
_CLUSTER = "1f43b675"
_PIXEL_FORMAT = "2eb524"
_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
_MAX_OFFSET = 32_767
"""Ticks from a cluster to its last block: 16 bits with a sign."""
_KEYFRAME = b"\x80"
_TRACK_NUMBER = b"\x81"
_VIDEO_TRACK = 1
_CODECS = {"jpeg": "V_MJPEG", "rgba": "V_UNCOMPRESSED", "bgra": "V_UNCOMPRESSED"}
_NANOSECONDS = 1_000_000_000


class PictureStream:
    """Makes the bytes of one stream, piece by piece.

    Args:
        codec: "jpeg", or "rgba" or "bgra" for bare bytes, of every picture.
        width, height: In pixels.
    """

    def __init__(self, codec: str, width: int, height: int, frame_rate: Fraction) -> None:
        self._codec = codec
        self._width = width
        self._height = height
        self._tick_ns = round(_NANOSECONDS / frame_rate)
        self._cluster_at: int | None = None

    def header(self) -> bytes:
        ebml = _number("4286", 1) + _number("42f7", 1) + _number("42f2", 4) + _number("42f3", 8)
        ebml += _element("4282", b"matroska") + _number("4287", 4) + _number("4285", 2)
        info = _number("2ad7b1", self._tick_ns) + _element("4d80", b"sluice") + _element("5741", b"sluice")
        size = _number("b0", self._width) + _number("ba", self._height)
        track = _number("d7", 1) + _number("73c5", 1) + _number("83", _VIDEO_TRACK) + _number("9c", 0)
        if self._codec != "jpeg":
            size += _element(_PIXEL_FORMAT, self._codec.upper().encode())
        track += _element("86", _CODECS[self._codec].encode()) + _element("e0", size)
        return (
            _element(_EBML, ebml)
            + bytes.fromhex(_SEGMENT)
            + _UNKNOWN_SIZE
            + _element(_INFO, info)
            + _element(_TRACKS, _element("ae", track))
        )

    def picture(self, tick: int, data: bytes) -> bytes:
        """The bytes of one picture shown from `tick` on, counted in frames of the rate; ticks ascend."""
        return self.before(tick, len(data)) + data

    def before(self, tick: int, data_bytes: int) -> bytes:
        """What goes before the bytes of a picture that is too large to be copied for it."""
        cluster = b""
        if self._cluster_at is None or tick - self._cluster_at > _MAX_OFFSET:
            self._cluster_at = tick
            cluster = bytes.fromhex(_CLUSTER) + _UNKNOWN_SIZE + _number("e7", tick)
        block = _TRACK_NUMBER + struct.pack(">h", tick - self._cluster_at) + _KEYFRAME
        return cluster + bytes.fromhex("a3") + _size(len(block) + data_bytes) + block


def _size(count: int) -> bytes:
    """A length, in as few bytes as hold it."""
    length = next(length for length in range(1, 9) if count < (1 << (7 * length)) - 1)
    return ((1 << (7 * length)) | count).to_bytes(length, "big")


def _element(name: str, data: bytes) -> bytes:
    return bytes.fromhex(name) + _size(len(data)) + data


def _number(name: str, value: int) -> bytes:
    return _element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))
