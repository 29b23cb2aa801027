"""Cutting one encoded track into its init segment and final CMAF segments (ISO/IEC 23000-19, 7.3.3).

The encoder writes one fragment for each GOP with its absolute decode time. A segment is a `styp` and the next N
fragments, in which nothing changes but `mfhd.sequence_number`: it becomes the fragment's place in the whole track,
counted from 1, so the bytes of a segment follow from (plan, index) alone.

A file is first described by its headers (`read_track`), then checked against the plan (`check_video`, `check_audio`),
and only then read (`segments`), one segment in memory at a time.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import BinaryIO

from chalicelib.errors import ChunkInexact, EncoderOutputMalformed
from chalicelib.media.boxes import fields, find, read_box, stream_boxes
from chalicelib.media.codecs import codec_string
from chalicelib.media.fragments import Fragment, read_fragment, track_defaults
from chalicelib.media.receipt import IFrame, Segment, TrackReceipt

# A media segment (msdh) that is a CMAF segment (cmfs); no msix, because there is no sidx.
SEGMENT_TYPE = struct.pack(">I4s4sI4s4s", 24, b"styp", b"msdh", 0, b"msdh", b"cmfs")


@dataclass(frozen=True, slots=True)
class Track:
    """One encoded file, described without its media bytes. `init` is the init segment as it is published."""

    init: bytes
    codec: str
    timescale: int
    is_video: bool
    fragments: tuple[Fragment, ...]

    @property
    def init_sha256(self) -> str:
        return hashlib.sha256(self.init).hexdigest()

    @property
    def samples(self) -> int:
        return sum(fragment.samples for fragment in self.fragments)


def read_track(stream: BinaryIO) -> Track:
    """Describe a fragmented MP4 of one track; reads headers only.

    Raises:
        EncoderOutputMalformed: If the file is cut off, has no init segment, or holds a codec we cannot describe.
    """
    top = list(stream_boxes(stream))
    init = b"".join(read_box(stream, box) for box in top if box.kind in (b"ftyp", b"moov"))
    defaults = track_defaults(init)
    found: list[Fragment] = []
    for box, following in pairwise([*top, None]):
        if box is None or box.kind != b"moof":
            continue
        if following is None or following.kind != b"mdat":
            raise EncoderOutputMalformed("a fragment has no media", position=box.start)
        size_bytes = following.end - box.start
        found.append(read_fragment(read_box(stream, box), start=box.start, size_bytes=size_bytes, defaults=defaults))
    return Track(
        init=init,
        codec=codec_string(init),
        timescale=_timescale(init),
        is_video=_handler(init) == b"vide",
        fragments=tuple(found),
    )


def check_video(track: Track, *, frame_rate: Fraction, start_frame: int, end_frame: int, gop_frames: int) -> None:
    """Prove that a track holds exactly the frames [start_frame, end_frame) of the grid.

    Raises:
        ChunkInexact: With the numbers, if a frame is missing or too many, a time is off, or a GOP is not closed where
            the plan closes it.
    """
    expected = end_frame - start_frame
    if track.samples != expected:
        raise ChunkInexact("the chunk has another number of frames", expected=expected, found=track.samples)
    begin, end = start_frame / frame_rate * track.timescale, end_frame / frame_rate * track.timescale
    _check_contiguous(track, begin)
    last = track.fragments[-1]
    if last.decode_time_ticks + last.duration_ticks != end:
        found = last.decode_time_ticks + last.duration_ticks
        raise ChunkInexact("the chunk ends at another time", expected_ticks=str(end), found_ticks=found)
    for fragment in track.fragments:
        if not fragment.starts_with_sync or fragment.first_sample_delay_ticks:
            raise ChunkInexact(
                "a GOP does not begin with a picture that is shown at once",
                decode_time_ticks=fragment.decode_time_ticks,
                delay_ticks=fragment.first_sample_delay_ticks,
            )
    for fragment in track.fragments[:-1]:
        if fragment.samples != gop_frames:
            raise ChunkInexact("a GOP has another length", expected=gop_frames, found=fragment.samples)


def check_audio(track: Track) -> None:
    """Prove that an audio track starts at the origin and has no hole.

    Raises:
        ChunkInexact: With the numbers, if not.
    """
    _check_contiguous(track, Fraction(0))


def segments(
    stream: BinaryIO, track: Track, *, first_segment: int, fragments_per_segment: int
) -> Iterator[tuple[Segment, bytes]]:
    """Yield each segment of a checked track with its bytes; the last may have fewer fragments.

    Args:
        stream: The file that `track` describes.
        first_segment: Number of the first segment in the whole track, counted from 1.
        fragments_per_segment: GOPs in a segment; 1 for audio.
    """
    first_sequence = (first_segment - 1) * fragments_per_segment + 1
    for start in range(0, len(track.fragments), fragments_per_segment):
        part = track.fragments[start : start + fragments_per_segment]
        data = bytearray(SEGMENT_TYPE)
        iframes: list[IFrame] = []
        for sequence, fragment in enumerate(part, first_sequence + start):
            # A range that opens a segment takes the styp along.
            offset = len(data) if iframes else 0
            if track.is_video:
                size_bytes = len(data) - offset + fragment.first_sample_end
                iframes.append(IFrame(offset, size_bytes, fragment.duration_ticks))
            _append_fragment(data, stream, fragment, sequence)
        content = bytes(data)
        yield _segment(first_segment + start // fragments_per_segment, part, content, tuple(iframes)), content


def track_receipt(name: str, track: Track, written: tuple[Segment, ...]) -> TrackReceipt:
    """What the receipt says of a track whose segments were written."""
    return TrackReceipt(
        track=name, codec=track.codec, timescale=track.timescale, init_sha256=track.init_sha256, segments=written
    )


def _segment(number: int, part: tuple[Fragment, ...], content: bytes, iframes: tuple[IFrame, ...]) -> Segment:
    return Segment(
        number=number,
        size_bytes=len(content),
        duration_ticks=sum(fragment.duration_ticks for fragment in part),
        decode_time_ticks=part[0].decode_time_ticks,
        samples=sum(fragment.samples for fragment in part),
        iframes=iframes,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _append_fragment(data: bytearray, stream: BinaryIO, fragment: Fragment, sequence: int) -> None:
    stream.seek(fragment.start)
    content = stream.read(fragment.size_bytes)
    if len(content) != fragment.size_bytes:
        raise EncoderOutputMalformed("the file became shorter while it was read", position=fragment.start)
    position = len(data) + fragment.sequence_position
    data += content
    struct.pack_into(">I", data, position, sequence)


def _check_contiguous(track: Track, begin: Fraction) -> None:
    if not track.fragments:
        raise ChunkInexact("the encoder wrote no samples", expected_ticks=str(begin))
    expected = begin
    for fragment in track.fragments:
        if fragment.decode_time_ticks != expected:
            raise ChunkInexact(
                "a fragment begins at another time",
                expected_ticks=str(expected),
                found_ticks=fragment.decode_time_ticks,
            )
        expected += fragment.duration_ticks


def _timescale(init: bytes) -> int:
    """`mdhd.timescale` (14496-12, 8.4.2), ticks in a second."""
    reader = fields(init, find(init, b"moov", b"trak", b"mdia", b"mdhd"))
    version, _flags = reader.version_and_flags()
    reader.skip(16 if version else 8)
    timescale = reader.unsigned(4)
    if timescale == 0:
        raise EncoderOutputMalformed("the track has no timescale")
    return timescale


def _handler(init: bytes) -> bytes:
    """`hdlr.handler_type` (14496-12, 8.4.3)."""
    reader = fields(init, find(init, b"moov", b"trak", b"mdia", b"hdlr"))
    reader.skip(8)
    return reader.take(4)
