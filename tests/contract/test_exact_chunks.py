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

import pymediainfo
import pytest

from chalicelib.media.audio_commands import audio_command
from chalicelib.media.cmaf import exact_audio, exact_video, read_track, segments
from chalicelib.media.commands import chunk_command, seek_pads
from chalicelib.media.decide import PlanOptions, build_plan
from chalicelib.media.plan import Chunk, Plan, Rendition, SourceIdentity, VideoPlan
from chalicelib.media.source import Source, Transfer
from chalicelib.media.timing import TimeRange
from chalicelib.tools import Ffmpeg, MediaInfo
from tests.fixtures.media_factory import EDIT_START_S, PICTURE_LATE_S, PICTURE_SECONDS, MediaFactory

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
    "interlaced.mkv",
    "resized.ts",
    "ten-bit.mkv",
    "broadcast.mkv",
    "full-chroma.mp4",
    "pq.mp4",
    "hlg.mp4",
    "squeezed.mp4",
    "live.mkv",
    "lying.mkv",
    "slow.mp4",
    "fast.mp4",
)
SECONDS: dict[str, Fraction] = {
    "picture-late.mp4": PICTURE_SECONDS + Fraction(PICTURE_LATE_S),
    "picture-much-later.mp4": PICTURE_SECONDS + Fraction(31, 10),
    "edited.mp4": PICTURE_SECONDS - Fraction(EDIT_START_S),
    # Without an edit list the picture is late by its reordering.
    "fragmented.mp4": PICTURE_SECONDS + Fraction(2, 30),
    "slow.mp4": Fraction(20),
}
# Decoders of AVI give the last picture a second turn that the file does not hold.
REPEATS_LAST = ("old.avi",)
AAC_FRAME_S = 1024 / 48_000


@dataclass(frozen=True)
class Bench:
    """The tools on a folder of clips."""

    factory: MediaFactory
    ffmpeg: Ffmpeg

    def probe(self, clip: str) -> Source:
        path = self.factory.clip(clip)
        with path.open("rb") as file:
            return MediaInfo().probe(file, path.stat().st_size)

    def plan(self, clip: str, options: PlanOptions = OPTIONS, part: TimeRange | None = None) -> Plan:
        path, source = self.factory.clip(clip), self.probe(clip)
        scan = self.ffmpeg.scan_packets(path, container=source.container, deadline=soon())
        return build_plan(
            asset_id="as_test",
            identity=SourceIdentity("bucket", "key", "etag", path.stat().st_size),
            source=source,
            scan=scan,
            options=options,
            ffmpeg_version=self.ffmpeg.version(),
            clip=part,
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
            *([] if video.transfer is Transfer.SDR else [_to_sdr(size)]),
            f"scale={size.width}:{size.height}:flags=lanczos:out_range=tv",
            "format=yuv420p",
        ]
        source = ("-copyts", "-reinit_filter", "0", "-i", str(self.factory.clip(clip)))
        return self.hashes(*source, "-map", "0:v:0", "-vf", ",".join(filters))

    def sound(self, plan: Plan, clip: str, folder: Path, number: int = 0) -> array[int]:
        """The published sound, 48,000 samples a second of the first channel."""
        rendition = plan.audio[number]
        command = audio_command(plan, rendition, str(self.factory.clip(clip)))
        self.ffmpeg.run(command.arguments, cwd=folder, deadline=soon())
        path = folder / f"{rendition.name}.mp4"
        with path.open("rb") as file:
            track, fragments = read_track(file)
            assert list(exact_audio(fragments, track))
        return self.samples("-i", str(path))

    def plain_sound(self, clip: str, position: int) -> array[int]:
        """The sound of the source on its own clock from the container's start, as ffmpeg alone counts it."""
        steady = ("-af", "aresample=48000:async=1:first_pts=0")
        return self.samples("-i", str(self.factory.clip(clip)), "-map", f"0:a:{position}", *steady)

    def samples(self, *arguments: str) -> array[int]:
        return array("h", self.factory.run(*arguments, "-ac", "1", "-f", "s16le", "-"))


def _to_sdr(size: Rendition) -> str:
    standard = "out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709"
    return f"scale={size.width}:{size.height}:flags=lanczos:out_range=tv:{standard},format=yuv420p"


def soon() -> float:
    return time.monotonic() + 60


def in_one_chunk(plan: Plan) -> Plan:
    assert plan.video is not None
    return replace(plan, video=replace(plan.video, chunks=(Chunk(0, 0, plan.video.total_frames, 1),)))


def onset_s(samples: Sequence[int]) -> float:
    """Where a tone begins."""
    return next(index for index, sample in enumerate(samples) if abs(sample) > 200) / 48_000


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
    # From the origin on: a sound that begins before the picture lengthens the first picture.
    seconds = SECONDS.get(clip, Fraction(PICTURE_SECONDS))
    assert abs(plan.video.total_frames / plan.video.frame_rate - seconds) <= 1 / plan.video.frame_rate
    assert chunked == whole
    assert chunked == (plain[: len(chunked)] if clip in REPEATS_LAST else plain)


@pytest.mark.parametrize(
    "clip",
    ["ntsc.mp4", "sound-late.mp4", "picture-late.mp4", "edited.mp4", "transport.ts", "remuxed.mkv", "odd.webm"],
)
def test_sound_keeps_its_time(bench: Bench, clip: str, tmp_path: Path) -> None:
    """The tone begins and ends within 10 ms of where it does in the source."""
    plan = bench.plan(clip)
    published, plain = bench.sound(plan, clip, tmp_path), bench.plain_sound(clip, 0)
    assert onset_s(published) == pytest.approx(onset_s(plain), abs=0.01)
    end, plain_end = (len(samples) / 48_000 - onset_s(samples[::-1]) for samples in (published, plain))
    assert end == pytest.approx(plain_end, abs=0.01)


def test_a_late_picture_stays_late(bench: Bench, tmp_path: Path) -> None:
    """The first picture that moves is on the frame of the grid that is nearest to its time in the source."""
    plan = bench.plan("picture-late.mp4")
    assert plan.video is not None
    pictures = bench.hashes_of(bench.publish(plan, "picture-late.mp4", tmp_path), tmp_path)
    first = next(number for number, (a, b) in enumerate(pairwise(pictures)) if a != b)
    assert abs(first / plan.video.frame_rate - Fraction(PICTURE_LATE_S)) <= Fraction(1, 2) / plan.video.frame_rate


@pytest.mark.parametrize(
    ("clip", "fact", "value"),
    [
        ("interlaced.mkv", "interlaced", True),
        ("ten-bit.mkv", "bit_depth", 10),
        ("broadcast.mkv", "chroma", "4:2:2"),
        ("full-chroma.mp4", "chroma", "4:4:4"),
        ("pq.mp4", "transfer", Transfer.PQ),
        ("hlg.mp4", "transfer", Transfer.HLG),
        ("squeezed.mp4", "displayed_width", 213),
    ],
)
def test_the_clips_are_what_they_say(bench: Bench, clip: str, fact: str, value: object) -> None:
    """A clip that lost its property would prove nothing."""
    video = bench.probe(clip).video
    assert getattr(video, fact) == value


def test_a_claimed_duration_counts_for_nothing(bench: Bench) -> None:
    """None, and ten times too long, make the same plan."""
    assert bench.probe("live.mkv").duration in (None, 0)
    lie = bench.probe("lying.mkv").duration
    assert lie is not None
    assert lie > 60
    assert bench.plan("live.mkv").duration == bench.plan("lying.mkv").duration


@pytest.mark.parametrize("clip", ["pq.mp4", "hlg.mp4"])
def test_hdr_is_published_as_sdr(bench: Bench, clip: str, tmp_path: Path) -> None:
    """Eight bits of 4:2:0 under the marks of BT.709, so that no player maps them down again."""
    plan = bench.plan(clip)
    command = chunk_command(plan, 0, str(bench.factory.clip(clip)))
    bench.ffmpeg.run(command.arguments, cwd=tmp_path, deadline=soon())
    with (tmp_path / command.outputs[0]).open("rb") as file:
        tracks = pymediainfo.MediaInfo.parse(file).to_data()["tracks"]
    video = next(track for track in tracks if track["track_type"] == "Video")
    assert (video["bit_depth"], video["chroma_subsampling"]) == (8, "4:2:0")
    marks = ("color_primaries", "transfer_characteristics", "matrix_coefficients")
    assert {video[mark] for mark in marks} == {"BT.709"}


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
