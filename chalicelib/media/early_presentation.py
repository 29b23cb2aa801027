"""What players are told of an early publication, as far as it has got, as the facts that manifests are made of."""

from __future__ import annotations

from fractions import Fraction

from chalicelib.media.bitrate import Bitrate, measure
from chalicelib.media.copy_plan import CopyPlan, CopyTrack
from chalicelib.media.decimals import nearest
from chalicelib.media.presentation import AudioTrack, Presentation, VideoTrack
from chalicelib.media.receipt import Segment


def early_presentation(plan: CopyPlan, chunks_done: int) -> Presentation:
    """What may be played once the first chunks are there. Bit rates and target duration are those of the whole."""
    end = plan.chunks[chunks_done - 1].end_segment
    longest = max(
        Fraction(segment.duration_ticks, track.timescale) for track in plan.tracks for segment in track.segments
    )
    # Playlists round to microseconds first; see presentation.py.
    target_s = max(nearest(longest + Fraction(1, 1_000_000)), 1)
    video, audio = plan.video, plan.audio
    return Presentation(
        duration=max(track.length_s for track in plan.tracks),
        target_duration_s=target_s,
        video=(
            VideoTrack(
                name=video.track.name,
                codec=video.track.codec,
                timescale=video.track.timescale,
                segments=_published(video.track, end),
                bitrate=_bitrate(video.track, target_s),
                iframe_bitrate=_bitrate(video.track, target_s),
                width=video.width,
                height=video.height,
                frame_rate=video.frame_rate,
            ),
        ),
        audio=(
            AudioTrack(
                name=audio.track.name,
                codec=audio.track.codec,
                timescale=audio.track.timescale,
                segments=_published(audio.track, end),
                bitrate=_bitrate(audio.track, target_s),
                language=audio.language,
                channels=audio.channels,
                position=0,
                # The one sound of the copy; the ladder's tracks get the names that a menu shows.
                label="Audio",
            ),
        )
        if audio
        else (),
    )


def _published(track: CopyTrack, end: int) -> tuple[Segment, ...]:
    return tuple(
        Segment(
            number=number,
            size_bytes=segment.size_bytes,
            duration_ticks=segment.duration_ticks,
            decode_time_ticks=segment.decode_time_ticks,
            samples=segment.end_sample - segment.first_sample,
            iframes=(),
            sha256="",
        )
        for number, segment in enumerate(track.segments[:end], 1)
    )


def _bitrate(track: CopyTrack, target_s: int) -> Bitrate:
    return measure(
        [segment.size_bytes for segment in track.segments],
        [segment.duration_ticks for segment in track.segments],
        timescale=track.timescale,
        target_s=target_s,
    )
