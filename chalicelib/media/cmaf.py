"""Cutting one encoded track into its init segment and final CMAF segments (ISO/IEC 23000-19, 7.3.3), as it arrives.

The encoder writes one fragment for each GOP with its absolute decode time. A segment is a `styp` and the next N
fragments, in which nothing changes but `mfhd.sequence_number`: it becomes the fragment's place in the whole track,
counted from 1, so the bytes of a segment follow from (plan, index) alone.

The steps are iterators, one behind the other: `read_track` takes fragments from a stream, `exact_video` or
`exact_audio` holds each against the plan and lets it pass, `segments` joins them. So a track is read once, in order, a
pipe will do, and no more than a segment of it is in memory. What was cut is proved only when the iterator has ended:
until then a frame may still be missing at the end.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import BinaryIO

from chalicelib.errors import ChunkInexact, EncoderOutputMalformed
from chalicelib.media.boxes import fields, find, top_boxes
from chalicelib.media.codecs import codec_string
from chalicelib.media.fragments import Fragment, SampleDefaults, read_fragment, track_defaults
from chalicelib.media.receipt import IFrame, Segment, TrackReceipt

# A media segment (msdh) that is a CMAF segment (cmfs); no msix, because there is no sidx.
SEGMENT_TYPE = struct.pack(">I4s4sI4s4s", 24, b"styp", b"msdh", 0, b"msdh", b"cmfs")


@dataclass(frozen=True, slots=True)
class Track:
    """What the head of an encoded track says. `init` is the init segment as it is published."""

    init: bytes
    codec: str
    timescale: int
    is_video: bool

    @property
    def init_sha256(self) -> str:
        return hashlib.sha256(self.init).hexdigest()


@dataclass(frozen=True, slots=True)
class CodedFragment:
    """One fragment, its `moof` and its `mdat`."""

    facts: Fragment
    data: bytes


Proof = Callable[[Iterator[CodedFragment], Track], Iterator[CodedFragment]]
"""Lets fragments pass as long as they are what the plan wants, as `exact_audio` does."""


def read_track(stream: BinaryIO) -> tuple[Track, Iterator[CodedFragment]]:
    """Read the head of a fragmented MP4 of one track; its fragments are read as they are asked for.

    Raises:
        EncoderOutputMalformed: If the stream is cut off, has no init segment, or holds a codec we cannot describe; the
            fragments raise it too.
    """
    top = top_boxes(stream)
    head = []
    for kind, data in top:
        if kind in (b"ftyp", b"moov"):
            head.append(data)
        if kind == b"moov":
            break
    init = b"".join(head)
    track = Track(
        init=init, codec=codec_string(init), timescale=track_timescale(init), is_video=_handler(init) == b"vide"
    )
    return track, _fragments(top, track_defaults(init))


def exact_video(
    fragments: Iterator[CodedFragment],
    track: Track,
    *,
    frame_rate: Fraction,
    start_frame: int,
    end_frame: int,
    gop_frames: int,
) -> Iterator[CodedFragment]:
    """Let pass exactly the frames [start_frame, end_frame) of the grid.

    Raises:
        ChunkInexact: With the numbers, at the fragment where a frame is missing or too many, a time is off, or a GOP is
            not closed where the plan closes it; at the end, if frames are missing there.
    """
    frame_ticks = track.timescale / frame_rate
    frame = start_frame
    for coded in fragments:
        facts = coded.facts
        frames = min(gop_frames, end_frame - frame)
        _check_time(facts, frame * frame_ticks)
        if facts.samples != frames:
            raise ChunkInexact("a GOP has another length", expected=frames, found=facts.samples, frame=frame)
        if facts.duration_ticks != frames * frame_ticks:
            raise ChunkInexact("a GOP ends at another time", frame=frame, found_ticks=facts.duration_ticks)
        if not facts.starts_with_sync or facts.first_sample_delay_ticks:
            raise ChunkInexact(
                "a GOP does not begin with a picture that is shown at once",
                frame=frame,
                delay_ticks=facts.first_sample_delay_ticks,
            )
        frame += frames
        yield coded
    if frame != end_frame:
        raise ChunkInexact("frames are missing at the end", expected=end_frame - start_frame, found=frame - start_frame)


def exact_audio(fragments: Iterator[CodedFragment], track: Track, *, start_ticks: int = 0) -> Iterator[CodedFragment]:
    """Let pass an audio track that starts at `start_ticks`, the origin if nothing went before, and has no hole.

    Raises:
        ChunkInexact: With the numbers, if it does not.
    """
    ticks = start_ticks
    for coded in fragments:
        _check_time(coded.facts, Fraction(ticks))
        ticks += coded.facts.duration_ticks
        yield coded
    if not ticks:
        raise ChunkInexact("the encoder wrote no samples", codec=track.codec)


def segments(
    fragments: Iterator[CodedFragment],
    track: Track,
    *,
    first_segment: int,
    fragments_per_segment: int,
    run: int = 0,
    take: int = 0,
) -> Iterator[tuple[Segment, bytes]]:
    """Yield each segment with its bytes as soon as it is whole; the last may have fewer fragments.

    Args:
        first_segment: Number of the first segment in the whole track, counted from 1.
        fragments_per_segment: GOPs in a segment; 1 for audio.
        run, take: As in `Segment`.
    """
    number = first_segment
    while part := list(islice(fragments, fragments_per_segment)):
        data = bytearray(SEGMENT_TYPE)
        iframes: list[IFrame] = []
        for sequence, coded in enumerate(part, (number - 1) * fragments_per_segment + 1):
            start = len(data)
            # A range that opens a segment takes the styp along.
            offset = start if iframes else 0
            if track.is_video:
                size_bytes = start - offset + coded.facts.first_sample_end
                iframes.append(IFrame(offset, size_bytes, coded.facts.duration_ticks))
            data += coded.data
            struct.pack_into(">I", data, start + coded.facts.sequence_position, sequence)
        content = bytes(data)
        facts = [coded.facts for coded in part]
        yield replace(_segment(number, facts, content, tuple(iframes)), run=run, take=take), content
        number += 1


def track_receipt(name: str, track: Track, written: tuple[Segment, ...]) -> TrackReceipt:
    """What the receipt says of a track whose segments were written."""
    return TrackReceipt(
        track=name, codec=track.codec, timescale=track.timescale, init_sha256=track.init_sha256, segments=written
    )


def _fragments(top: Iterator[tuple[bytes, bytes]], defaults: SampleDefaults) -> Iterator[CodedFragment]:
    for kind, moof in top:
        if kind != b"moof":
            continue
        following, mdat = next(top, (b"", b""))
        if following != b"mdat":
            raise EncoderOutputMalformed("a fragment has no media", following=following.decode("latin-1"))
        data = moof + mdat
        yield CodedFragment(read_fragment(moof, size_bytes=len(data), defaults=defaults), data)


def _segment(number: int, part: list[Fragment], content: bytes, iframes: tuple[IFrame, ...]) -> Segment:
    return Segment(
        number=number,
        size_bytes=len(content),
        duration_ticks=sum(fragment.duration_ticks for fragment in part),
        decode_time_ticks=part[0].decode_time_ticks,
        samples=sum(fragment.samples for fragment in part),
        iframes=iframes,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _check_time(fragment: Fragment, expected: Fraction) -> None:
    if fragment.decode_time_ticks != expected:
        raise ChunkInexact(
            "a fragment begins at another time",
            expected_ticks=str(expected),
            found_ticks=fragment.decode_time_ticks,
        )


def track_timescale(init: bytes) -> int:
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
