"""The proof that cutting loses nothing: real clips through probe, scan, plan and the very commands of the workers, with
the encoder's quantiser switched off. What chunks join to is compared picture by picture.
"""

from __future__ import annotations

import io
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from chalicelib.media.cmaf import exact_audio, exact_video, read_track, segments
from chalicelib.media.commands import audio_command, chunk_command, seek_pads
from chalicelib.media.decide import PlanOptions, build_plan
from chalicelib.media.plan import Chunk, Plan, SourceIdentity, VideoPlan
from chalicelib.media.source import default_audio
from chalicelib.tools import Ffmpeg, MediaInfo
from tests.fixtures.media_factory import EDIT_START_S, PICTURE_LATE_S, PICTURE_SECONDS, SOUND_LATE_S, MediaFactory

OPTIONS = PlanOptions(ladder=(90,), segment_seconds=2, chunk_seconds=2)
EXACT = (
    "ntsc.mp4",
    "variable.mp4",
    "jitter.mp4",
    "rotated.mp4",
    "sound-late.mp4",
    "picture-late.mp4",
    "picture-much-later.mp4",
    "edited.mp4",
    "transport.ts",
    "fragmented.mp4",
    "remuxed.mkv",
    "remuxed.flv",
    "odd.webm",
    "old.avi",
    "interlaced.mpg",
    "slow.mp4",
    "fast.mp4",
)
# Decoders of AVI give the last picture a second turn that the file does not hold.
REPEATS_LAST = ("old.avi",)
AAC_FRAME_S = 1024 / 48_000


@dataclass(frozen=True)
class Bench:
    """The tools on a folder of clips."""

    factory: MediaFactory
    ffmpeg: Ffmpeg

    def plan(self, clip: str) -> Plan:
        path = self.factory.clip(clip)
        with path.open("rb") as file:
            source = MediaInfo().probe(file, path.stat().st_size)
        audio = default_audio(source)
        position = audio.position if audio else 0
        scan = self.ffmpeg.scan_packets(path, container=source.container, audio_position=position, deadline=soon())
        return build_plan(
            asset_id="as_test",
            identity=SourceIdentity("bucket", "key", "etag", path.stat().st_size),
            source=source,
            scan=scan,
            options=OPTIONS,
            ffmpeg_version=self.ffmpeg.version(),
        )

    def publish(self, plan: Plan, clip: str, folder: Path) -> bytes:
        """Encode every chunk as a worker does, and join the segments of the first rendition behind one init segment."""
        video = plan.video
        assert video is not None
        joined = io.BytesIO()
        inits: set[bytes] = set()
        numbers: list[int] = []
        for chunk in video.chunks:
            encoded = self.encode(plan, video, chunk, self.factory.clip(clip), folder / f"chunk-{chunk.index}")
            with encoded.open("rb") as file:
                track, fragments = read_track(file)
                if not inits:
                    joined.write(track.init)
                inits.add(track.init)
                exact = exact_video(
                    fragments,
                    track,
                    frame_rate=video.frame_rate,
                    start_frame=chunk.start_frame,
                    end_frame=chunk.end_frame,
                    gop_frames=video.gop_frames,
                )
                gops = video.segment_frames // video.gop_frames
                cut = segments(exact, track, first_segment=chunk.first_segment, fragments_per_segment=gops)
                for segment, data in cut:
                    numbers.append(segment.number)
                    joined.write(data)
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(inits) == 1, "the chunks do not share one init segment"
        return joined.getvalue()

    def encode(self, plan: Plan, video: VideoPlan, chunk: Chunk, source: Path, folder: Path) -> Path:
        """The first way of seeking must do: the others are for sources stranger than these."""
        folder.mkdir(parents=True)
        command = chunk_command(plan, chunk.index, str(source), seek_pads(plan.container)[0], lossless=True)
        self.ffmpeg.run(command.arguments, cwd=folder, deadline=soon())
        assert sorted(file.name for file in folder.iterdir()) == sorted(command.outputs)
        return folder / f"{video.renditions[0].name}.mp4"

    def hashes(self, *arguments: str) -> list[str]:
        """The hash of every picture."""
        listing = self.factory.run(*arguments, "-an", "-fps_mode", "passthrough", "-f", "framemd5", "-").decode()
        return [line.rsplit(",", 1)[1].strip() for line in listing.splitlines() if line and not line.startswith("#")]

    def hashes_of(self, media: bytes, folder: Path) -> list[str]:
        path = folder / "joined.mp4"
        path.write_bytes(media)
        return self.hashes("-i", str(path))

    def plain_pass(self, plan: Plan, clip: str) -> list[str]:
        """The pictures of the source on the plan's grid, in one pass that knows nothing of chunks."""
        video = plan.video
        assert video is not None
        size = video.renditions[0]
        filters = [
            f"setpts=PTS-round({float(plan.origin):.6f}/TB)",
            *(["bwdif=mode=send_frame:deint=interlaced"] if video.deinterlace else []),
            f"fps={video.frame_rate}:round=near:start_time=0",
            f"scale={size.width}:{size.height}:flags=lanczos:out_range=tv",
            "format=yuv420p",
        ]
        return self.hashes("-copyts", "-i", str(self.factory.clip(clip)), "-map", "0:v:0", "-vf", ",".join(filters))

    def sound(self, plan: Plan, clip: str, folder: Path) -> array[int]:
        """The published sound, 48,000 samples a second of the first channel."""
        rendition = plan.audio[0]
        command = audio_command(plan, rendition, str(self.factory.clip(clip)))
        self.ffmpeg.run(command.arguments, cwd=folder, deadline=soon())
        path = folder / f"{rendition.name}.mp4"
        with path.open("rb") as file:
            track, fragments = read_track(file)
            assert list(exact_audio(fragments, track))
        pcm = self.factory.run("-i", str(path), "-af", "pan=mono|c0=c0", "-f", "s16le", "-")
        return array("h", pcm)


def soon() -> float:
    return time.monotonic() + 60


def in_one_chunk(plan: Plan) -> Plan:
    assert plan.video is not None
    return replace(plan, video=replace(plan.video, chunks=(Chunk(0, 0, plan.video.total_frames, 1),)))


def onset_s(samples: Sequence[int]) -> float:
    """Where a tone begins."""
    return next(index for index, sample in enumerate(samples) if abs(sample) > 1000) / 48_000


@pytest.fixture(scope="module")
def bench(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips")), Ffmpeg(str(ffmpeg_path)))


@pytest.mark.parametrize("clip", EXACT)
def test_chunks_join_to_what_one_pass_makes(bench: Bench, clip: str, tmp_path: Path) -> None:
    """Three or more chunks, one chunk, and a plain pass over the source give the same pictures, hash by hash."""
    plan = bench.plan(clip)
    assert plan.video is not None
    assert len(plan.video.chunks) >= 3
    chunked = bench.hashes_of(bench.publish(plan, clip, tmp_path), tmp_path)
    whole = bench.hashes_of(bench.publish(in_one_chunk(plan), clip, tmp_path / "whole"), tmp_path)
    plain = bench.plain_pass(plan, clip)
    assert len(chunked) == plan.video.total_frames
    assert chunked == whole
    assert chunked == (plain[: len(chunked)] if clip in REPEATS_LAST else plain)


@pytest.mark.parametrize(
    ("clip", "sound_s", "picture_s"),
    [
        ("ntsc.mp4", 0, 0),
        ("sound-late.mp4", SOUND_LATE_S, 0),
        ("picture-late.mp4", 0, PICTURE_LATE_S),
        ("transport.ts", 0, 0),
    ],
)
def test_sound_and_picture_keep_their_distance(
    bench: Bench, clip: str, sound_s: float, picture_s: float, tmp_path: Path
) -> None:
    """The tone begins as long before or after the first picture as it does in the source."""
    plan = bench.plan(clip)
    assert plan.video is not None
    samples = bench.sound(plan, clip, tmp_path)
    pictures = bench.plain_pass(plan, clip)
    first_picture = next((n for n, (a, b) in enumerate(pairwise(pictures)) if a != b), 0)
    distance = onset_s(samples) - first_picture / float(plan.video.frame_rate)
    assert distance == pytest.approx(sound_s - picture_s, abs=1 / float(plan.video.frame_rate) + AAC_FRAME_S)
    assert len(samples) / 48_000 == pytest.approx(PICTURE_SECONDS + sound_s, abs=4 * AAC_FRAME_S)


@pytest.mark.parametrize(
    "clip",
    ["sound.m4a", "sound.mp3", "sound.aac", "sound.wav", "sound.flac", "sound.ogg", "cover.mp3", "cover.m4a"],
)
def test_sound_alone_is_published(bench: Bench, clip: str, tmp_path: Path) -> None:
    """Every audio container gives one whole track without a picture, as long as the source; covers are no pictures."""
    plan = bench.plan(clip)
    assert plan.video is None
    samples = bench.sound(plan, clip, tmp_path)
    assert len(samples) / 48_000 == pytest.approx(PICTURE_SECONDS, abs=4 * AAC_FRAME_S)
    assert float(plan.duration) == pytest.approx(PICTURE_SECONDS, abs=4 * AAC_FRAME_S)


def test_an_edit_list_hides_what_it_hides(bench: Bench) -> None:
    """The plan of an edited clip is as long as a player shows it."""
    plan = bench.plan("edited.mp4")
    assert plan.video is not None
    expected = PICTURE_SECONDS - EDIT_START_S
    assert float(plan.video.total_frames / plan.video.frame_rate) == pytest.approx(expected, abs=0.05)


def test_a_chunk_is_the_same_twice(bench: Bench, tmp_path: Path) -> None:
    """The same plan and index give the same bytes, quality encoding and stills included."""
    plan = bench.plan("plain.mp4")
    written = []
    for attempt in ("first", "second"):
        folder = tmp_path / attempt
        folder.mkdir()
        command = chunk_command(plan, 0, str(bench.factory.clip("plain.mp4")), Fraction(0))
        bench.ffmpeg.run(command.arguments, cwd=folder, deadline=soon())
        written.append({name: (folder / name).read_bytes() for name in command.outputs})
    assert written[0] == written[1]
