"""A worker stores segments while the encoder runs, and keeps no media on its disk: shown on the real encoder."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from chalicelib.catalog.keys import receipt_key
from chalicelib.errors import ChunkInexact, EncoderFailed, EncoderKilled
from chalicelib.tools import Ffmpeg
from chalicelib.tools import program as module
from chalicelib.tools.pipes import read_while_running
from chalicelib.usecases.workbench import SMALL_FILE_LIMIT_BYTES
from tests.fixtures.media_factory import MediaFactory
from tests.workshop import Workshop

ENDLESS = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=3600", "-preset", "ultrafast", "-g", "25")
FRAGMENTED = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4")


@pytest.fixture
def workshop(ffmpeg_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A noisy clip, whose segments are larger than what a pipe holds."""
    scratch = tmp_path / "worker"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    source = tmp_path / "source.mp4"
    picture = "testsrc2=size=640x360:rate=25:duration=12,noise=alls=40:allf=t"
    factory = MediaFactory(ffmpeg_path, tmp_path)
    factory.run("-f", "lavfi", "-i", picture, "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(source))
    return Workshop(tmp_path / "objects", source, ffmpeg_path, ladder=(360,), segment_seconds=2)


def soon() -> float:
    return time.monotonic() + 60


def test_segments_are_stored_while_the_encoder_runs(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the last of a chunk are there before it has ended; only stills were ever files on the worker."""
    encode, written = workshop.tools.ffmpeg.run, workshop.objects.written
    seen: dict[str, Any] = {"files": set()}
    store = workshop.objects.write

    def run(*args: Any, **options: Any) -> None:
        encode(*args, **options)
        seen["while running"] = [key.rsplit("/", 1)[1] for key in written if key.endswith(".m4s")]

    def write(*args: Any, **options: Any) -> str:
        folders = Path(tempfile.gettempdir()).glob("sluice-work-*")
        seen["files"] |= {file.name for folder in folders for file in folder.iterdir() if file.is_file()}
        return store(*args, **options)

    planned = workshop.plan()
    monkeypatch.setattr(workshop.tools.ffmpeg, "run", run)
    monkeypatch.setattr(workshop.objects, "write", write)
    workshop.render(planned.digest, 0)
    assert seen["while running"][:4] == ["00001.m4s", "00002.m4s", "00003.m4s", "00004.m4s"]
    assert seen["files"] <= {"source", "sprite.jpg", "poster.jpg"}
    assert written[-1] == receipt_key(workshop.asset.id, planned.digest, 0)


def test_a_task_twice_gives_the_same_bytes(workshop: Workshop) -> None:
    """Also through pipes: a retried chunk replaces every object by itself."""
    digest = workshop.plan().digest
    stored = []
    for _ in range(2):
        workshop.render(digest, 0)
        media = workshop.objects.folder / "media"
        stored.append({path.name: path.read_bytes() for path in media.rglob("*") if path.is_file()})
        workshop.objects.delete(workshop.settings.source_bucket, receipt_key(workshop.asset.id, digest, 0))
    assert stored[0] == stored[1]


@pytest.mark.parametrize(
    ("clip", "files", "published"),
    [
        ("many.mkv", {"text.vtt", "text-2.vtt"}, {"audio/init.mp4", "audio-2/init.mp4", "text/subtitles.vtt"}),
        ("cover.mp3", {"poster.jpg"}, {"audio/init.mp4", "poster.jpg"}),
    ],
)
def test_sound_leaves_through_pipes_and_the_rest_is_small(
    clip: str,
    files: set[str],
    published: set[str],
    ffmpeg_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the tasks without a picture, only subtitles and a cover are files of the worker; every run is limited."""
    (tmp_path / "worker").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "worker"))
    source = MediaFactory(ffmpeg_path, tmp_path).clip(clip)
    workshop = Workshop(tmp_path / "objects", source, ffmpeg_path, ladder=(90,), segment_seconds=2)
    planned = workshop.plan()
    encode = workshop.tools.ffmpeg.run
    left: set[str] = set()
    limits = set()

    def run(*args: Any, cwd: Path, **options: Any) -> None:
        encode(*args, cwd=cwd, **options)
        left.update(file.name for file in cwd.iterdir() if file.is_file())
        limits.add(options["file_limit_bytes"])

    monkeypatch.setattr(workshop.tools.ffmpeg, "run", run)
    for index in planned.tasks:
        workshop.render(planned.digest, index)
    assert left - {"source", "sprite.jpg"} - ({"poster.jpg"} - files) == files
    assert limits == {SMALL_FILE_LIMIT_BYTES}
    workshop.assemble(planned.digest)
    stored = {"/".join(key.rsplit("/", 2)[-2:]) for key in workshop.objects.written}
    assert {name for name in published if not any(key.endswith(name) for key in stored)} == set()


def refuse(stream: BinaryIO) -> bytes:
    raise ChunkInexact("not what was planned", found=len(stream.read(8)))


def encoding(ffmpeg: Ffmpeg, folder: Path, *names: str, **options: Any) -> Callable[[], object]:
    outputs = [word for name in names for word in (*FRAGMENTED, name)]
    arguments = ("-v", "error", "-nostdin", "-y", *ENDLESS, *outputs)
    return lambda: ffmpeg.run(arguments, cwd=folder, deadline=soon(), **options)


def test_an_inexact_chunk_ends_the_encoder(ffmpeg_path: Path, tmp_path: Path) -> None:
    """The first fragment that differs from the plan stops an hour of encoding, whatever its other outputs do."""
    started = time.monotonic()
    readers = {"a.mp4": refuse, "b.mp4": lambda stream: stream.read()}
    with pytest.raises(ChunkInexact):
        read_while_running(encoding(Ffmpeg(str(ffmpeg_path)), tmp_path, *readers), tmp_path, readers)
    assert time.monotonic() - started < 30


def test_files_of_the_encoder_are_bounded(ffmpeg_path: Path, tmp_path: Path) -> None:
    """An output that is no pipe ends the run at the limit."""
    with pytest.raises((EncoderFailed, EncoderKilled)):
        encoding(Ffmpeg(str(ffmpeg_path)), tmp_path, "a.mp4", file_limit_bytes=1_000_000)()
    assert (tmp_path / "a.mp4").stat().st_size <= 1_000_000


def test_memory_of_the_encoder_is_bounded(ffmpeg_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What wants more memory than the worker gives fails as the encoder's own error, and at once."""
    limits = tuple((kind, 48 * 1024**2 if kind == resource.RLIMIT_DATA else most) for kind, most in module._LIMITS)
    monkeypatch.setattr(module, "_LIMITS", limits)
    large = ("-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=25:duration=3600")
    with pytest.raises((EncoderFailed, EncoderKilled)):
        Ffmpeg(str(ffmpeg_path)).run(
            ("-v", "error", "-nostdin", "-y", *large, *FRAGMENTED, "a.mp4"), cwd=tmp_path, deadline=soon()
        )
