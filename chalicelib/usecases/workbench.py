"""What a task works with: the encoder, a folder with the source, and the place where its products go.

Video and sound never touch the worker's disk: the encoder writes into pipes, and each segment is stored as soon as it
is whole, while the next is being encoded. What was stored is noted at once, so that a try that runs out of time can say
how far it got.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from chalicelib.catalog import keys
from chalicelib.media.cmaf import Proof, Track, read_track, segments, track_receipt
from chalicelib.media.commands import Command
from chalicelib.media.plan import Plan
from chalicelib.media.receipt import Segment, TrackReceipt

if TYPE_CHECKING:
    from chalicelib.aws.objects import Objects
    from chalicelib.tools import Tools

IMMUTABLE = "public, max-age=31536000, immutable"
SMALL_FILE_LIMIT_BYTES = 64 * 1024**2
"""Largest file that the encoder may write: a sprite, a poster or subtitles, never pictures that move or sound."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How an encoded track is held against the plan and cut. `run` and `take` as in `Segment`."""

    proof: Proof
    first_segment: int
    fragments_per_segment: int
    run: int = 0
    take: int = 0


@dataclass(frozen=True, slots=True)
class _Written:
    """The segments of a track that are stored."""

    track: Track
    segments: list[Segment]


@dataclass(frozen=True, slots=True)
class Bench:
    """`deadline` is on the clock of time.monotonic(); `prefix` is that of the publication; `watch` is asked while the
    encoder runs, and ends it by raising."""

    plan: Plan
    folder: Path
    deadline: float
    tools: Tools
    objects: Objects
    bucket: str
    prefix: str
    watch: Callable[[], None] | None = None
    _written: dict[str, _Written] = field(default_factory=dict)

    def run(self, command: Command) -> None:
        """Run the encoder to its end; what it makes are small files."""
        self.tools.ffmpeg.run(
            command.arguments,
            cwd=self.folder,
            deadline=self.deadline,
            file_limit_bytes=SMALL_FILE_LIMIT_BYTES,
            watch=self.watch,
        )

    def stream(self, command: Command, names: Sequence[str], cut: Cut) -> tuple[TrackReceipt, ...]:
        """Run the encoder, and cut and store the tracks of these names while it does."""
        self._written.clear()
        readers = {f"{name}.mp4": partial(self._store_track, name, cut) for name in names}
        # Not above: the API imports this module, and must not wait for every tool.
        from chalicelib.tools.pipes import read_while_running

        read_while_running(partial(self.run, command), self.folder, readers)
        return self.written(names)

    def written(self, names: Sequence[str]) -> tuple[TrackReceipt, ...]:
        """What the last run has stored of these tracks, even if it did not end well; nothing, if one has not begun."""
        if any(name not in self._written for name in names):
            return ()
        found = [(name, self._written[name]) for name in names]
        return tuple(track_receipt(name, written.track, tuple(written.segments)) for name, written in found)

    def has_stored(self) -> bool:
        """Whether the last run has stored a segment of any track."""
        return any(written.segments for written in self._written.values())

    def store(self, name: str, data: bytes | Path, content_type: str) -> None:
        self.objects.write(
            self.bucket, f"{self.prefix}{name}", data, content_type=content_type, cache_control=IMMUTABLE
        )

    def _store_track(self, name: str, cut: Cut, stream: BinaryIO) -> None:
        """Store the segments of a track as they come, and its init segment where the track begins.

        One segment is in memory, and the next is not read before it is stored.
        """
        track, fragments = read_track(stream)
        written = self._written[name] = _Written(track, [])
        content_type = "video/mp4" if track.is_video else "audio/mp4"
        if cut.first_segment == 1:
            self.store(f"{name}/{keys.INIT_NAME}", track.init, content_type)
        exact = cut.proof(fragments, track)
        for segment, data in segments(
            exact,
            track,
            first_segment=cut.first_segment,
            fragments_per_segment=cut.fragments_per_segment,
            run=cut.run,
            take=cut.take,
        ):
            self.store(f"{name}/{segment.name}", data, content_type)
            written.segments.append(segment)
