"""What was published: the receipts of every task, proved against the plan and joined into tracks.

Invariant: a Presentation exists only if each task left exactly one receipt under this plan's hash and the segments of
every track tile its whole length, numbered without a gap, under one init segment, with one set of segment boundaries
for all renditions. Nothing here reads media: the work is linear in the number of segments.

Bit rates are measured, not promised (RFC 8216 4.3.4.2; ISO/IEC 23009-1 5.3.5.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from chalicelib.errors import AssemblyFailed
from chalicelib.media.bitrate import Bitrate, measure
from chalicelib.media.decimals import nearest
from chalicelib.media.plan import AudioRendition, Chunk, Plan, TextRendition, VideoPlan
from chalicelib.media.receipt import ChunkReceipt, Segment, TextReceipt, TrackReceipt
from chalicelib.media.source import language_tag
from chalicelib.media.tracks import labels


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """One rendition as it lies in its folder `name`."""

    name: str
    codec: str
    timescale: int
    segments: tuple[Segment, ...]
    bitrate: Bitrate
    iframe_bitrate: Bitrate
    width: int
    height: int
    frame_rate: Fraction


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio track as it lies in its folder `name`. An AAC track's timescale is its sampling rate.

    Tracks of one `position` are the same sound in other channels, and share the `label` that a menu shows.
    """

    name: str
    codec: str
    timescale: int
    segments: tuple[Segment, ...]
    bitrate: Bitrate
    language: str
    channels: int
    position: int
    label: str


@dataclass(frozen=True, slots=True)
class TextTrack:
    """One file of subtitles, in its folder `name`."""

    name: str
    size_bytes: int
    language: str
    label: str
    forced: bool


@dataclass(frozen=True, slots=True)
class Presentation:
    """Everything that manifests say.

    Attributes:
        duration: Seconds until the last track ends.
        target_duration_s: The one EXT-X-TARGETDURATION of every playlist (RFC 8216 6.2.4).
        video: Highest rendition first in each codec, as in the plan.
        audio: The default track first, in stereo.
        text: Tracks that hold at least one cue.
    """

    duration: Fraction
    target_duration_s: int
    video: tuple[VideoTrack, ...]
    audio: tuple[AudioTrack, ...]
    text: tuple[TextTrack, ...] = ()

    @property
    def tracks(self) -> tuple[VideoTrack | AudioTrack, ...]:
        return (*self.video, *self.audio)

    @property
    def video_by_codec(self) -> tuple[tuple[VideoTrack, ...], ...]:
        """The renditions that a player may switch between: those of one codec, in the order of the plan."""
        families: dict[str, list[VideoTrack]] = {}
        for track in self.video:
            families.setdefault(track.codec.partition(".")[0], []).append(track)
        return tuple(tuple(tracks) for tracks in families.values())


def present(plan: Plan, plan_hash: str, receipts: Iterable[ChunkReceipt]) -> Presentation:
    """Join the receipts of all tasks of a plan, given in any order.

    Raises:
        AssemblyFailed: If they are not exactly what the plan asked for; the message and context say where.
    """
    tasks = _by_index(plan, plan_hash, receipts)
    video = _join_video(plan.video, tasks) if plan.video else ()
    audio = tuple(_join_audio(rendition, tasks[index]) for index, rendition in enumerate(plan.audio, plan.video_tasks))
    texts = tasks[plan.text_index].texts if plan.text_index is not None else ()
    joined = (*video, *audio)
    if not joined:
        raise AssemblyFailed("the plan has no tracks", plan_hash=plan_hash)
    target_s = max(_target_duration_s(track) for track in joined)
    return Presentation(
        duration=max(_end_s(track) for track in joined),
        target_duration_s=target_s,
        video=_video_tracks(plan.video, video, target_s) if plan.video else (),
        audio=_audio_tracks(plan.audio, audio, target_s),
        text=_text_tracks(plan.text, texts),
    )


def _by_index(plan: Plan, plan_hash: str, receipts: Iterable[ChunkReceipt]) -> list[ChunkReceipt]:
    """The receipts in the order of the tasks, each task once."""
    found: dict[int, ChunkReceipt] = {}
    for receipt in receipts:
        if receipt.plan_hash != plan_hash:
            raise AssemblyFailed("a receipt is of another plan", index=receipt.index, plan_hash=receipt.plan_hash)
        if receipt.index in found:
            raise AssemblyFailed("a task has two receipts", index=receipt.index)
        found[receipt.index] = receipt
    missing = [index for index in range(plan.task_count) if index not in found]
    if missing:
        raise AssemblyFailed("tasks have no receipt", missing=missing[:20], count=len(missing))
    if len(found) != plan.task_count:
        raise AssemblyFailed("there are receipts of tasks that the plan does not have", tasks=plan.task_count)
    return [found[index] for index in range(plan.task_count)]


def _join_video(video: VideoPlan, tasks: Sequence[ChunkReceipt]) -> tuple[TrackReceipt, ...]:
    """One track for each rendition, over all chunks."""
    names = [rendition.name for rendition in video.renditions]
    parts: dict[str, list[TrackReceipt]] = {name: [] for name in names}
    for chunk in video.chunks:
        tracks = {track.track: track for track in tasks[chunk.index].tracks}
        if len(tracks) != len(tasks[chunk.index].tracks) or set(tracks) != set(names):
            raise AssemblyFailed("a chunk wrote other renditions", index=chunk.index, tracks=sorted(tracks))
        if tasks[chunk.index].tiles != video.tiles_of(chunk):
            raise AssemblyFailed("a sprite has another number of tiles", index=chunk.index)
        for name in names:
            _require_chunk(video, chunk, tracks[name])
            parts[name].append(tracks[name])
    joined = tuple(_join(parts[name]) for name in names)
    for track in joined[1:]:
        if track.timescale != joined[0].timescale or _bounds(track) != _bounds(joined[0]):
            raise AssemblyFailed("renditions are cut at different times", track=track.track, other=joined[0].track)
        if _names(track) != _names(joined[0]):
            raise AssemblyFailed("renditions went on at different segments", track=track.track, other=joined[0].track)
    return joined


def _require_chunk(video: VideoPlan, chunk: Chunk, track: TrackReceipt) -> None:
    """A chunk holds its own frames, in segments numbered from its own first."""
    where = {"index": chunk.index, "track": track.track}
    frames = chunk.end_frame - chunk.start_frame
    found = sum(segment.samples for segment in track.segments)
    if not track.segments or found != frames:
        raise AssemblyFailed("a chunk has another number of frames", **where, expected=frames, found=found)
    if track.segments[0].number != chunk.first_segment:
        raise AssemblyFailed(
            "a chunk begins with another segment", **where, expected=chunk.first_segment, found=track.segments[0].number
        )
    begin = chunk.start_frame / video.frame_rate * track.timescale
    if track.segments[0].decode_time_ticks != begin:
        raise AssemblyFailed(
            "a chunk begins at another time",
            **where,
            expected_ticks=str(begin),
            found_ticks=track.segments[0].decode_time_ticks,
        )


def _join_audio(rendition: AudioRendition, task: ChunkReceipt) -> TrackReceipt:
    if [track.track for track in task.tracks] != [rendition.name]:
        raise AssemblyFailed("an audio task wrote another track", index=task.index, expected=rendition.name)
    return _join(task.tracks)


def _join(parts: Sequence[TrackReceipt]) -> TrackReceipt:
    """One track out of consecutive parts, proved to run from 0 without a gap."""
    first = parts[0]
    for part in parts[1:]:
        if (part.init_sha256, part.codec, part.timescale) != (first.init_sha256, first.codec, first.timescale):
            raise AssemblyFailed("chunks of one track have different init segments", track=first.track)
    segments = tuple(segment for part in parts for segment in part.segments)
    if not segments:
        raise AssemblyFailed("a track has no segments", track=first.track)
    expected_ticks = 0
    for number, segment in enumerate(segments, 1):
        if segment.number != number:
            raise AssemblyFailed("a segment is missing", track=first.track, expected=number, found=segment.number)
        if segment.decode_time_ticks != expected_ticks or segment.duration_ticks < 1:
            raise AssemblyFailed(
                "a segment does not begin where the one before it ends",
                track=first.track,
                number=number,
                expected_ticks=expected_ticks,
                found_ticks=segment.decode_time_ticks,
            )
        expected_ticks += segment.duration_ticks
    return replace(first, segments=segments)


def _bounds(track: TrackReceipt) -> list[int]:
    return [segment.decode_time_ticks for segment in track.segments] + [_end_ticks(track)]


def _names(track: TrackReceipt) -> list[str]:
    return [segment.name for segment in track.segments]


def _end_ticks(track: TrackReceipt) -> int:
    return track.segments[-1].decode_time_ticks + track.segments[-1].duration_ticks


def _end_s(track: TrackReceipt) -> Fraction:
    return Fraction(_end_ticks(track), track.timescale)


def _target_duration_s(track: TrackReceipt) -> int:
    """The longest segment to the nearest second, at least 1 (RFC 8216 4.3.3.1).

    The playlist rounds a duration to microseconds first, so one is added before the second rounding.
    """
    longest = Fraction(max(segment.duration_ticks for segment in track.segments), track.timescale)
    return max(nearest(longest + Fraction(1, 1_000_000)), 1)


def _video_tracks(video: VideoPlan, joined: Sequence[TrackReceipt], target_s: int) -> tuple[VideoTrack, ...]:
    return tuple(
        VideoTrack(
            name=rendition.name,
            codec=track.codec,
            timescale=track.timescale,
            segments=track.segments,
            bitrate=_segment_bitrate(track, target_s),
            iframe_bitrate=_iframe_bitrate(track, target_s),
            width=rendition.width,
            height=rendition.height,
            frame_rate=video.frame_rate,
        )
        for rendition, track in zip(video.renditions, joined, strict=True)
    )


def _audio_tracks(
    renditions: Sequence[AudioRendition], joined: Sequence[TrackReceipt], target_s: int
) -> tuple[AudioTrack, ...]:
    named = labels(renditions, "Audio")
    return tuple(
        AudioTrack(
            name=rendition.name,
            codec=track.codec,
            timescale=track.timescale,
            segments=track.segments,
            bitrate=_segment_bitrate(track, target_s),
            # The language comes from the source; a manifest takes a tag of RFC 5646 only.
            language=language_tag(rendition.language),
            channels=rendition.channels,
            position=rendition.position,
            label=named[rendition.position],
        )
        for rendition, track in zip(renditions, joined, strict=True)
    )


def _text_tracks(renditions: Sequence[TextRendition], receipts: Sequence[TextReceipt]) -> tuple[TextTrack, ...]:
    if [receipt.track for receipt in receipts] != [rendition.name for rendition in renditions]:
        raise AssemblyFailed("the text task wrote other tracks", tracks=[receipt.track for receipt in receipts])
    shown = [pair for pair in zip(renditions, receipts, strict=True) if pair[1].cues]
    named = labels([rendition for rendition, _ in shown], "Subtitles")
    return tuple(
        TextTrack(
            name=rendition.name,
            size_bytes=receipt.size_bytes,
            language=language_tag(rendition.language),
            label=named[rendition.position],
            forced=rendition.forced,
        )
        for rendition, receipt in shown
    )


def _segment_bitrate(track: TrackReceipt, target_s: int) -> Bitrate:
    return measure(
        [segment.size_bytes for segment in track.segments],
        [segment.duration_ticks for segment in track.segments],
        timescale=track.timescale,
        target_s=target_s,
    )


def _iframe_bitrate(track: TrackReceipt, target_s: int) -> Bitrate:
    iframes = [iframe for segment in track.segments for iframe in segment.iframes]
    if sum(iframe.duration_ticks for iframe in iframes) != _end_ticks(track):
        raise AssemblyFailed("the I-frames of a track do not cover it", track=track.track, found=len(iframes))
    return measure(
        [iframe.size_bytes for iframe in iframes],
        [iframe.duration_ticks for iframe in iframes],
        timescale=track.timescale,
        target_s=target_s,
    )
