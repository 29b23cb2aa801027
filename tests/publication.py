"""Plans and the receipts that their workers would leave, without any media."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from chalicelib.media.chunks import gop_frames, plan_chunks
from chalicelib.media.plan import (
    PLAN_SCHEMA,
    AudioRendition,
    Chunk,
    Plan,
    Rendition,
    SourceIdentity,
    Stills,
    VideoCodec,
    VideoPlan,
    plan_hash,
)
from chalicelib.media.receipt import ChunkReceipt, IFrame, Segment, TextReceipt, TrackReceipt

NTSC = Fraction(30000, 1001)
LADDER = (
    Rendition(name="720p", width=1280, height=720, crf=23, max_bitrate_bps=2_800_000),
    Rendition(name="480p", width=854, height=480, crf=23, max_bitrate_bps=1_400_000),
    Rendition(name="360p", width=640, height=360, crf=23, max_bitrate_bps=800_000),
)
TWO_CODECS = (*LADDER, replace(LADDER[0], name="720p-av1", codec=VideoCodec.AV1))
STEREO = AudioRendition(name="audio-0", position=0, language="en", channels=2, bitrate_bps=128_000)
CODEC_STRINGS = {
    VideoCodec.H264: "avc1.64001f",
    VideoCodec.HEVC: "hvc1.1.6.L93.90",
    VideoCodec.AV1: "av01.0.05M.08",
}
SAMPLES_PER_AAC_FRAME = 1024
AUDIO_TIMESCALE = 48_000

SizeOf = Callable[[str, int], int]


def usual_size(track: str, number: int) -> int:
    """Bytes of a GOP or an audio segment: uneven, and the same on every run."""
    weight = {"720p": 40, "480p": 16, "360p": 8}.get(track, 5)
    return weight * (16_000 + hashlib.sha256(f"{track} {number}".encode()).digest()[0] * 32)


def video_plan(
    total_frames: int,
    *,
    frame_rate: Fraction = NTSC,
    renditions: tuple[Rendition, ...] = LADDER,
    segment_seconds: int = 6,
    chunk_seconds: int = 12,
) -> VideoPlan:
    gop, segment = gop_frames(frame_rate, segment_seconds)
    return VideoPlan(
        frame_rate=frame_rate,
        total_frames=total_frames,
        gop_frames=gop,
        segment_frames=segment,
        renditions=renditions,
        chunks=plan_chunks(total_frames, segment, int(chunk_seconds * frame_rate), 4000),
        stills=Stills(
            poster_frame=0,
            poster_width=1280,
            poster_height=720,
            tile_interval_frames=gop,
            tile_width=160,
            tile_height=90,
            columns=5,
        ),
    )


def publish_plan(
    video: VideoPlan | None, audio: tuple[AudioRendition, ...] = (STEREO,), *, seconds: Fraction | None = None
) -> Plan:
    duration = video.total_frames / video.frame_rate if video else seconds
    assert duration is not None
    return Plan(
        schema=PLAN_SCHEMA,
        asset_id="as_test",
        source=SourceIdentity(bucket="source", key="uploads/as_test/source", etag="e", size_bytes=1),
        origin=Fraction(0),
        duration=duration,
        segment_seconds=6,
        ffmpeg_version="8.1.2",
        video=video,
        audio=audio,
    )


def receipts_of(plan: Plan, size_of: SizeOf = usual_size) -> list[ChunkReceipt]:
    """The receipts of a plan that went well; the sound lasts as long as the plan."""
    receipts = []
    digest = plan_hash(plan)
    if plan.video:
        for chunk in plan.video.chunks:
            tracks = tuple(_video_receipt(plan.video, rendition, chunk, size_of) for rendition in plan.video.renditions)
            receipts.append(ChunkReceipt(digest, chunk.index, tracks, tiles=plan.video.tiles_of(chunk)))
    for index, rendition in enumerate(plan.audio, plan.video_tasks):
        track = _audio_receipt(rendition, plan.duration, plan.segment_seconds, size_of)
        receipts.append(ChunkReceipt(digest, index, (track,), tiles=0))
    if plan.text_index is not None:
        texts = tuple(TextReceipt(rendition.name, 4000, cues=40) for rendition in plan.text)
        receipts.append(ChunkReceipt(digest, plan.text_index, (), tiles=0, texts=texts))
    return receipts


def went_on(receipt: ChunkReceipt, written: int) -> ChunkReceipt:
    """The same receipt, had a second run of the encoder made all but the first `written` segments."""

    def again(track: TrackReceipt) -> TrackReceipt:
        run = track.segments[written].number
        rest = (replace(segment, run=run) for segment in track.segments[written:])
        return replace(track, segments=(*track.segments[:written], *rest))

    return replace(receipt, tracks=tuple(again(track) for track in receipt.tracks))


def _video_receipt(video: VideoPlan, rendition: Rendition, chunk: Chunk, size_of: SizeOf) -> TrackReceipt:
    written = []
    for number, start in enumerate(
        range(chunk.start_frame, chunk.end_frame, video.segment_frames), chunk.first_segment
    ):
        end = min(start + video.segment_frames, chunk.end_frame)
        iframes: list[IFrame] = []
        size = 24
        for gop in range(start, end, video.gop_frames):
            frames = min(video.gop_frames, end - gop)
            gop_bytes = size_of(rendition.name, gop)
            offset = size if iframes else 0
            iframes.append(IFrame(offset, size - offset + gop_bytes // 4, frames * video.frame_ticks))
            size += gop_bytes
        written.append(
            Segment(
                number=number,
                size_bytes=size,
                duration_ticks=(end - start) * video.frame_ticks,
                decode_time_ticks=start * video.frame_ticks,
                samples=end - start,
                iframes=tuple(iframes),
                sha256="0" * 64,
            )
        )
    return TrackReceipt(rendition.name, CODEC_STRINGS[rendition.codec], video.timescale, "1" * 64, tuple(written))


def _audio_receipt(rendition: AudioRendition, duration: Fraction, segment_s: int, size_of: SizeOf) -> TrackReceipt:
    total = -(-duration * AUDIO_TIMESCALE // SAMPLES_PER_AAC_FRAME)
    step = -(-segment_s * AUDIO_TIMESCALE // SAMPLES_PER_AAC_FRAME)
    written = tuple(
        Segment(
            number=number,
            size_bytes=size_of(rendition.name, number),
            duration_ticks=min(step, total - start) * SAMPLES_PER_AAC_FRAME,
            decode_time_ticks=start * SAMPLES_PER_AAC_FRAME,
            samples=min(step, total - start),
            iframes=(),
            sha256="0" * 64,
        )
        for number, start in enumerate(range(0, total, step), 1)
    )
    return TrackReceipt(rendition.name, "mp4a.40.2", AUDIO_TIMESCALE, "2" * 64, written)
