"""Files that mean harm, or are merely broken, given to the real tools: refused as the customer's error, at once.

Where a reader that guesses would open a playlist, an image or a script, ours is forced to be the container's own.
"""

from __future__ import annotations

import struct
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from chalicelib.errors import EncoderFailed, PlaylistNotAllowed, UnsupportedMedia
from chalicelib.media.audio_commands import audio_command
from chalicelib.media.decide import PlanOptions, build_plan
from chalicelib.media.plan import SourceIdentity
from chalicelib.media.source import Container
from chalicelib.tools import Ffmpeg, MediaInfo
from tests.fixtures.media_factory import MediaFactory
from tests.publication import STEREO, publish_plan


@pytest.fixture(scope="module")
def factory(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> MediaFactory:
    return MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def ffmpeg(ffmpeg_path: Path) -> Ffmpeg:
    return Ffmpeg(str(ffmpeg_path))


def soon() -> float:
    return time.monotonic() + 30


def probe_and_plan(path: Path, ffmpeg: Ffmpeg) -> None:
    with path.open("rb") as file:
        source = MediaInfo().probe(file, path.stat().st_size)
    scan = ffmpeg.scan_packets(path, container=source.container, deadline=soon())
    build_plan(
        asset_id="as_test",
        identity=SourceIdentity("bucket", "key", "etag", path.stat().st_size),
        source=source,
        scan=scan,
        options=PlanOptions(),
        ffmpeg_version="test",
    )


def lists(target: Path) -> dict[str, str]:
    """Files that ask for another file."""
    return {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:{target}\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile {target}\n",
        "mpd": f'<?xml version="1.0"?><MPD><Period><BaseURL>file:{target}</BaseURL></Period></MPD>',
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 1234 RTP/AVP 96\n",
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}"/></svg>',
    }


@pytest.mark.parametrize("kind", list(lists(Path("x"))))
def test_lists_are_refused_by_the_sniffer(kind: str, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """The first gate names them."""
    path = tmp_path / "source.mp4"
    path.write_text(lists(tmp_path / "secret.txt")[kind])
    with pytest.raises(PlaylistNotAllowed):
        probe_and_plan(path, ffmpeg)


@pytest.mark.parametrize("kind", list(lists(Path("x"))))
@pytest.mark.parametrize("container", list(Container))
def test_lists_are_not_followed_by_ffmpeg(
    kind: str, container: Container, ffmpeg: Ffmpeg, factory: MediaFactory, tmp_path: Path
) -> None:
    """Were the first gate open, the forced demuxer would read the list as broken media, never what it lists."""
    path = tmp_path / "source.mp4"
    path.write_text(lists(factory.clip("plain.mp4"))[kind])
    with pytest.raises(UnsupportedMedia):
        ffmpeg.scan_packets(path, container=container, deadline=soon())
    plan = replace(publish_plan(None, (STEREO,), seconds=Fraction(9)), container=container)
    command = audio_command(plan, STEREO, str(path))
    with pytest.raises(EncoderFailed):
        ffmpeg.run(command.arguments, cwd=tmp_path, deadline=soon())
    output = tmp_path / command.outputs[0]
    assert not output.exists() or output.stat().st_size == 0


def test_garbage_behind_a_good_index_is_unsupported(factory: MediaFactory, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """The container is whole, but no decoder finds a picture in it."""
    data = bytearray(factory.clip("plain.mp4").read_bytes())
    start = data.index(b"mdat") + 4
    length = struct.unpack_from(">I", data, start - 8)[0] - 8
    data[start : start + length] = bytes(n * n % 251 for n in range(length))
    path = tmp_path / "source.mp4"
    path.write_bytes(data)
    with pytest.raises(UnsupportedMedia):
        probe_and_plan(path, ffmpeg)


def test_a_huge_hole_in_the_timestamps_is_unsupported(factory: MediaFactory, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """A few kilobytes cannot ask for days of work."""
    path = tmp_path / "source.mkv"
    factory.run(
        *("-i", str(factory.clip("plain.mp4")), "-map", "0:v", "-frames:v", "20", "-c", "copy"),
        *("-bsf:v", r"setts=ts=if(gt(N\,10)\,TS+100000/TB\,TS)"),
        str(path),
    )
    assert path.stat().st_size < 100_000
    with pytest.raises(UnsupportedMedia, match="hour"):
        probe_and_plan(path, ffmpeg)


def test_a_frame_that_would_fill_the_memory_is_unsupported(
    factory: MediaFactory, ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    """Above 40 megapixels nothing is decoded: the probe refuses, and so does ffmpeg itself."""
    path = tmp_path / "source.mp4"
    picture = ("-f", "lavfi", "-i", "color=black:size=8000x5008:rate=1:duration=1")
    factory.run(*picture, "-c:v", "mjpeg", "-q:v", "31", str(path))
    with pytest.raises(UnsupportedMedia, match="megapixels"):
        probe_and_plan(path, ffmpeg)
    with pytest.raises(UnsupportedMedia):
        ffmpeg.scan_packets(path, container=Container.MP4, deadline=soon())
