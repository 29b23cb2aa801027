"""Mutated headers of every kind of container, given to the real tools for a bounded time.

Whatever the bytes: a plan or an error of our table comes out, in time, within the memory that is given, and no file is
opened but the one that was uploaded. A child process does the work, so that a case that never ends can be named.
SLUICE_FUZZ_SECONDS makes it longer; a case that fails is named by its seed.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import resource
import struct
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from chalicelib.errors import SluiceError
from chalicelib.media.audio_commands import COVER_STREAM, audio_command, cover_command, text_command
from chalicelib.media.commands import Command, chunk_command, seek_pads
from chalicelib.media.decide import PlanOptions, build_plan
from chalicelib.media.plan import Plan, SourceIdentity
from chalicelib.media.webvtt import read_cues, subtitles_vtt
from chalicelib.tools import Ffmpeg, MediaInfo, mediainfo
from tests.fixtures.media_factory import MediaFactory
from tests.mutations import mutated

CLIPS = (
    *("fast-start.mp4", "plain.mp4", "fragmented.mp4", "remuxed.mkv", "transport.ts", "old.avi", "remuxed.flv"),
    # With subtitles, and with a cover.
    *("many.mkv", "cover.mp3"),
)
SECONDS = float(os.environ.get("SLUICE_FUZZ_SECONDS", "21")) / len(CLIPS)
CASE_SECONDS = 10.0
PROBE_SECONDS = 1.5
GRACE_SECONDS = 5.0
MEMORY_BYTES = 1024**3
FILE_BYTES = 16 * 1024**2
_IN_ANY_USE = 0x00000001 | 0x00000020 | 0x00000100  # read, opened, created (inotify(7))


def ingest(path: Path, folder: Path, ffmpeg: Ffmpeg) -> str:
    """All that is done to an upload, up to one task of each kind; the code of the error, or "published"."""
    deadline = time.monotonic() + CASE_SECONDS
    try:
        with path.open("rb") as file:
            source = MediaInfo().probe(file, path.stat().st_size)
        scan = ffmpeg.scan_packets(path, container=source.container, deadline=deadline)
        if source.cover and not ffmpeg.can_decode(path, source.container, COVER_STREAM, deadline):
            source = replace(source, cover=False)
        plan = build_plan(
            asset_id="as_fuzz",
            identity=SourceIdentity("bucket", "key", "etag", path.stat().st_size),
            source=source,
            scan=scan,
            options=PlanOptions(ladder=(90,), segment_seconds=2, chunk_seconds=2),
            ffmpeg_version="test",
        )
        for command in commands_of(plan, str(path)):
            ffmpeg.run(command.arguments, cwd=folder, deadline=deadline, file_limit_bytes=FILE_BYTES)
        for rendition in plan.text:
            converted = (folder / f"{rendition.name}.vtt").read_text(encoding="utf-8", errors="replace")
            subtitles_vtt(read_cues(converted, plan.duration))
    except SluiceError as error:
        return error.code()
    return "published"


def commands_of(plan: Plan, path: str) -> Iterator[Command]:
    """The last chunk or, without pictures, the first sound; the text; the cover."""
    if plan.video:
        yield chunk_command(plan, len(plan.video.chunks) - 1, path, seek_pads(plan.container)[0])
    else:
        yield audio_command(plan, plan.audio[0], path)
    if plan.text:
        yield text_command(plan, path)
    if plan.cover:
        yield cover_command(plan, path)


def serve(cases: Connection, program: str, folder: str) -> None:
    """The child: one answer for each path that comes in, its outcome or what went wrong in our own code."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    mediainfo.PATIENCE_S = PROBE_SECONDS
    ffmpeg = Ffmpeg(program)
    while path := cases.recv():
        try:
            cases.send((ingest(Path(path), Path(folder), ffmpeg), ""))
        except Exception:  # noqa: BLE001 - any that is not of our table is what this test looks for
            cases.send(("", traceback.format_exc()))


@dataclass
class Victim:
    """A child that ingests what it is given."""

    cases: Connection
    process: multiprocessing.process.BaseProcess

    def outcome(self, path: Path, seed: str) -> str:
        self.cases.send(str(path))
        assert self.cases.poll(PROBE_SECONDS + CASE_SECONDS + GRACE_SECONDS), f"{seed} did not end in time"
        try:
            outcome, fault = self.cases.recv()
        except EOFError:
            pytest.fail(f"{seed} ended the process: {self.process.exitcode}")
        assert not fault, f"{seed} met no error of our table:\n{fault}"
        return str(outcome)


@contextmanager
def victim(program: Path, folder: Path) -> Iterator[Victim]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, str(program), str(folder)))
    process.start()
    theirs.close()
    try:
        yield Victim(ours, process)
    finally:
        process.kill()
        process.join()
        ours.close()


class Guard:
    """Notes every use of a folder's files by anybody, without a tracer: inotify(7)."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._queue = libc.inotify_init1(os.O_NONBLOCK)
        assert self._queue >= 0
        assert libc.inotify_add_watch(self._queue, os.fsencode(folder), _IN_ANY_USE) >= 0

    def used(self) -> list[str]:
        """Names of the files that were used since the last call."""
        try:
            events = os.read(self._queue, 1 << 16)
        except BlockingIOError:
            return []
        names, position = [], 0
        while position < len(events):
            (length,) = struct.unpack_from("I", events, position + 12)
            names.append(events[position + 16 : position + 16 + length].rstrip(b"\0").decode())
            position += 16 + length
        return names

    def close(self) -> None:
        os.close(self._queue)


@pytest.fixture(scope="module")
def factory(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> MediaFactory:
    return MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips"))


@pytest.fixture
def canary(factory: MediaFactory, tmp_path: Path) -> Iterator[tuple[Path, Guard]]:
    """A good video beside the working folder, which nobody may touch, and who would tell."""
    outside = tmp_path / "outside"
    outside.mkdir()
    path = outside / "canary.mp4"
    path.write_bytes(factory.clip("plain.mp4").read_bytes())
    guard = Guard(outside)
    yield path, guard
    guard.close()


def test_the_guard_sees_what_is_read(canary: tuple[Path, Guard]) -> None:
    """Were a file outside opened, it would be known."""
    path, guard = canary
    assert guard.used() == []
    path.read_bytes()
    assert path.name in guard.used()


@pytest.mark.parametrize("clip", CLIPS)
def test_mutated_headers_give_a_plan_or_an_error_of_ours(
    clip: str, factory: MediaFactory, ffmpeg_path: Path, canary: tuple[Path, Guard], tmp_path: Path
) -> None:
    """For some seconds for each container; an unchanged file is published first, so that refusals mean something."""
    media = factory.clip(clip).read_bytes()
    others = [factory.clip(other).read_bytes() for other in CLIPS]
    outside, guard = canary
    work = tmp_path / "work"
    work.mkdir()
    outcomes: dict[str, int] = {}
    with victim(ffmpeg_path, work) as child:
        path = work / "source"
        path.write_bytes(media)
        assert child.outcome(path, f"{clip} itself") == "published"
        number, until = 0, time.monotonic() + SECONDS
        while time.monotonic() < until:
            seed = f"{clip} {number}"
            path.write_bytes(mutated(media, others[number % len(others)], path=str(outside), seed=seed))
            outcome = child.outcome(path, seed)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            assert guard.used() == [], f"{seed} reached another file"
            number += 1
    assert number > 0
    assert "internal-fault" not in outcomes
    rungs = [int(file.stem.removesuffix("p")) for file in work.glob("*p.mp4")]
    assert all(rung <= 90 for rung in rungs), "a lying size made a rung above the ladder"
    # One below it has a name of its own, and a copied table may double a track.
    made = {re.sub(r"^\d+p", "90p", re.sub(r"^text(-\d+)?\.", "text.", file.name)) for file in work.iterdir()}
    assert made <= {"source", "90p.mp4", "audio.mp4", "sprite.jpg", "poster.jpg", "text.vtt"}
    print(f"{clip}: {number} cases, {outcomes}")
