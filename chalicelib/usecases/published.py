"""What has been published, read back from the media bucket alone: plans and receipts are forgotten after a week.

The playlist of a track says how many segments it has, the fragments inside say the rest. An index of a track is made by
ranged reads that leave nearly all media where it is; then fragments, or their samples, are read as they are wanted.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.catalog import keys
from chalicelib.errors import EncoderOutputMalformed
from chalicelib.media.boxes import stream_boxes
from chalicelib.media.cmaf import track_timescale
from chalicelib.media.fragments import FragmentSamples, read_samples, track_defaults

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects

_THREADS = 12
_AHEAD = 16
"""Ranges that are fetched or wait: at 40 Mb/s and 2 s in each, 160 MB."""


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes [start, end) of an object of the media bucket."""

    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PublishedFragment:
    """One fragment: where its `moof` and `mdat` lie, and what it says of its samples."""

    whole: Place
    samples: FragmentSamples

    @property
    def media(self) -> Place:
        """The bytes of the samples alone."""
        start = self.whole.start + self.samples.media_position
        return Place(self.whole.key, start, start + self.samples.media_bytes)

    @property
    def duration_ticks(self) -> int:
        return sum(self.samples.durations)


@dataclass(frozen=True, slots=True)
class PublishedTrack:
    """One track of a publication. Fragments follow each other from zero without a gap."""

    init: bytes
    timescale: int
    fragments: tuple[PublishedFragment, ...]

    @property
    def duration(self) -> Fraction:
        last = self.fragments[-1]
        return Fraction(last.samples.decode_time_ticks + last.duration_ticks, self.timescale)

    def covering(self, start: Fraction, end: Fraction) -> tuple[PublishedFragment, ...]:
        """The fragments that have a sample in [start, end) seconds."""
        return tuple(
            each
            for each in self.fragments
            if each.samples.decode_time_ticks < end * self.timescale
            and each.samples.decode_time_ticks + each.duration_ticks > start * self.timescale
        )


def read_published(folder: str, objects: Objects, bucket: str) -> PublishedTrack:
    """The index of the track whose segments lie under `folder`, which ends in a slash.

    Raises:
        ObjectMissing: If the publication is gone.
        EncoderOutputMalformed: If it is not what was written.
    """
    playlist = objects.read(bucket, f"{folder}{keys.HLS_NAME}").decode()
    init = objects.read(bucket, f"{folder}{keys.INIT_NAME}")
    defaults = track_defaults(init)

    def read(name: str) -> list[PublishedFragment]:
        key = f"{folder}{name}"
        size_bytes = objects.head(bucket, key).size_bytes
        with io.BufferedReader(objects.reader(bucket, key, size_bytes)) as stream:
            top = [box for box in stream_boxes(stream) if box.kind in (b"moof", b"mdat")]
            found = []
            for moof, mdat in zip(top[::2], top[1::2], strict=True):
                stream.seek(moof.start)
                samples = read_samples(stream.read(moof.end - moof.start), defaults)
                found.append(PublishedFragment(Place(key, moof.start, mdat.end), samples))
        return found

    with ThreadPoolExecutor(_THREADS) as threads:
        fragments = tuple(each for part in threads.map(read, _segment_names(playlist)) for each in part)
    expected = 0
    for fragment in fragments:
        if fragment.samples.decode_time_ticks != expected:
            raise EncoderOutputMalformed("a published track has a gap", folder=folder, ticks=expected)
        expected += fragment.duration_ticks
    if not expected:
        raise EncoderOutputMalformed("a published track has no samples", folder=folder)
    return PublishedTrack(init, track_timescale(init), fragments)


def _segment_names(playlist: str) -> list[str]:
    """What is neither a tag nor a comment is a segment (RFC 8216 4.1)."""
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def read_places(places: Sequence[Place | bytes], objects: Objects, bucket: str) -> Iterator[bytes]:
    """The bytes of each place in order, fetched ahead but never all at once; bytes are passed on."""

    def fetch(place: Place | bytes) -> bytes:
        return place if isinstance(place, bytes) else objects.read_range(bucket, place.key, place.start, place.end)

    with ThreadPoolExecutor(_THREADS) as threads:
        waiting = iter(places)
        pending = [threads.submit(fetch, place) for place in islice(waiting, _AHEAD)]
        try:
            while pending:
                data = pending.pop(0).result()
                pending += [threads.submit(fetch, place) for place in islice(waiting, 1)]
                yield data
        finally:
            for future in pending:
                future.cancel()
