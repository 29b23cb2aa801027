"""Probing real files through a reader that counts."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from chalicelib.errors import EncryptedSource, NotAVideo, SourceTruncated
from chalicelib.media.source import Container, Source
from chalicelib.tools import MediaInfo
from tests.fixtures.media_factory import MediaFactory


class Counted(io.BytesIO):
    """Counts what is read."""

    fetched = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.fetched += len(data)
        return data


@pytest.fixture(scope="module")
def factory(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> MediaFactory:
    return MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips"))


def probe(data: bytes) -> Source:
    return MediaInfo().probe(io.BytesIO(data), len(data))


@pytest.mark.parametrize(
    ("name", "container"),
    [
        ("plain.mp4", Container.MP4),
        ("fragmented.mp4", Container.MP4),
        ("remuxed.mkv", Container.MATROSKA),
        ("odd.webm", Container.MATROSKA),
        ("transport.ts", Container.MPEGTS),
        ("interlaced.mpg", Container.MPEGPS),
        ("old.avi", Container.AVI),
        ("remuxed.flv", Container.FLV),
        ("sound.m4a", Container.MP4),
        ("sound.mp3", Container.MP3),
        ("sound.aac", Container.AAC),
        ("sound.wav", Container.WAV),
        ("sound.flac", Container.FLAC),
        ("sound.ogg", Container.OGG),
    ],
)
def test_every_container_is_probed(factory: MediaFactory, name: str, container: Container) -> None:
    """Each container that we take is sniffed, found complete, and has its tracks."""
    data = factory.clip(name).read_bytes()
    source = probe(data)
    assert source.container is container
    assert source.size_bytes == len(data)
    assert (source.video is None) == name.startswith("sound")
    assert [track.position for track in source.audio] == [0]


def test_the_displayed_size_is_found(factory: MediaFactory) -> None:
    """Rotation and pixel aspect are read from real files."""
    rotated, wide = (probe(factory.clip(name).read_bytes()).video for name in ("rotated.mp4", "anamorphic.mp4"))
    assert rotated is not None
    assert (rotated.displayed_width, rotated.displayed_height) == (90, 160)
    assert wide is not None
    assert (wide.displayed_width, wide.displayed_height) == (1024, 576)


def test_interlacing_is_found(factory: MediaFactory) -> None:
    """The scan type decides on a deinterlacer."""
    video = probe(factory.clip("interlaced.mpg").read_bytes()).video
    assert video is not None
    assert video.interlaced


@pytest.mark.parametrize("name", ["plain.mp4", "fast-start.mp4", "remuxed.mkv", "old.avi"])
def test_half_a_file_is_truncated(factory: MediaFactory, name: str) -> None:
    """Wherever the index is."""
    data = factory.clip(name).read_bytes()
    with pytest.raises(SourceTruncated):
        probe(data[: len(data) // 2])


def test_common_encryption_is_found(factory: MediaFactory) -> None:
    """Before anything is decoded."""
    with pytest.raises(EncryptedSource):
        probe(factory.clip("encrypted.mp4").read_bytes())


def test_a_good_beginning_without_media_is_no_video() -> None:
    """Magic bytes alone do not make a video."""
    with pytest.raises(NotAVideo):
        probe(b"fLaC" + bytes(1000))


def test_little_of_a_large_file_is_read(factory: MediaFactory) -> None:
    """Media bytes are skipped: a file ten times as large costs the same."""
    data = factory.clip("fast-start.mp4").read_bytes()
    padding = 20_000_000
    large = Counted(data + (padding + 8).to_bytes(4, "big") + b"free" + bytes(padding))
    MediaInfo().probe(large, len(large.getvalue()))
    assert large.fetched < 1_500_000
