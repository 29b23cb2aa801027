"""Reads ffmpeg's framecrc listing: one line per packet, which is what a demuxing pass leaves to decide on.

`#tb 0: 1/90000` and `#media_type 0: video` introduce a stream; `0, <dts>, <pts>, <duration>, <size>, <crc>`, and
`F=<flags>` where they are not a plain keyframe's, is a packet of it. Packets that an edit list hides carry
AV_PKT_FLAG_DISCARD and are left out, as decoders do.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from fractions import Fraction

from chalicelib.errors import UnsupportedMedia
from chalicelib.media.timing import Scan, TrackScan

MAX_PACKETS = 6_000_000
"""Per track: a day at 60 frames a second."""

_NO_TIME = -(1 << 63)
_DISCARD = 4


@dataclass(slots=True)
class _Stream:
    time_base: Fraction = Fraction(1)
    media_type: str = ""
    codec: str = ""
    dts: array[int] = field(default_factory=lambda: array("q"))
    pts: array[int] = field(default_factory=lambda: array("q"))
    durations: array[int] = field(default_factory=lambda: array("q"))
    sizes_bytes: array[int] = field(default_factory=lambda: array("l"))


class FramecrcReader:
    """Takes the listing line by line; memory is 32 bytes a packet."""

    def __init__(self) -> None:
        self._streams: dict[int, _Stream] = {}

    def feed(self, line: bytes) -> None:
        """Take one line. Raises UnsupportedMedia when a track has more packets than a day of video."""
        if line.startswith(b"#"):
            self._header(line)
            return
        fields = line.split(b",", 6)
        if len(fields) < 6:
            return
        if len(fields) > 6 and _flags(fields[6]) & _DISCARD:
            return
        stream = self._streams.setdefault(int(fields[0]), _Stream())
        if len(stream.pts) >= MAX_PACKETS:
            raise UnsupportedMedia("the file has more packets than a day of video", packets=MAX_PACKETS)
        stream.dts.append(int(fields[1]))
        stream.pts.append(int(fields[2]))
        stream.durations.append(int(fields[3]))
        stream.sizes_bytes.append(int(fields[4]))

    def scan(self, origin: Fraction | None) -> Scan:
        """The first video stream of the listing, and every audio and subtitle stream."""
        return Scan(
            origin=origin,
            video=next(map(_track, self._of("video")), None),
            audio=tuple(_track(stream) if stream.pts else None for stream in self._of("audio")),
            text=tuple(stream.codec for stream in self._of("subtitle")),
        )

    def _header(self, line: bytes) -> None:
        name, _, value = line[1:].decode("ascii", errors="replace").strip().partition(": ")
        word, _, index = name.partition(" ")
        if not index.isdecimal():
            return
        stream = self._streams.setdefault(int(index), _Stream())
        if word == "tb":
            stream.time_base = Fraction(value)
        elif word == "media_type":
            stream.media_type = value
        elif word == "codec_id":
            stream.codec = value

    def _of(self, media_type: str) -> list[_Stream]:
        return [stream for _, stream in sorted(self._streams.items()) if stream.media_type == media_type]


def _track(stream: _Stream) -> TrackScan:
    return TrackScan(
        time_base=stream.time_base,
        pts=_shown(stream),
        durations=stream.durations,
        sizes_bytes=stream.sizes_bytes,
    )


def _shown(stream: _Stream) -> array[int]:
    """Presentation times. Where some are missing, all are the times of decoding, moved to the first that is known.

    AVI knows the order of decoding only, and program streams stamp some pictures only; decoders then count along it.
    """
    if _NO_TIME not in stream.pts:
        return stream.pts
    delay = stream.pts[0] - stream.dts[0] if _NO_TIME not in (stream.pts[0], stream.dts[0]) else 0
    times = array("q")
    for time in stream.dts:
        times.append(time + delay if time != _NO_TIME else times[-1] + 1 if times else delay)
    return times


def _flags(text: bytes) -> int:
    """The flags of `F=0x5, S=1, ...`; without them a packet is a plain keyframe."""
    word = text.split(b",", 1)[0].strip()
    return int(word[2:], 16) if word.startswith(b"F=") else 1
