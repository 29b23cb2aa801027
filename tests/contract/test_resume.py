"""Tasks whose time runs out, on the real encoder: each try goes on where the one before ended, and nothing is lost."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import m3u8
import pytest
from mpegdash.parser import MPEGDASHParser

from chalicelib.catalog.keys import media_prefix, partial_key, receipt_key
from chalicelib.errors import DeadlineNear, TaskTooSlow
from chalicelib.media import commands
from chalicelib.media.encoders import encoder_options
from chalicelib.media.receipt import ChunkReceipt, parse_receipt
from tests.fixtures.media_factory import MediaFactory
from tests.interruption import Interruption, tries
from tests.workshop import Workshop

SECONDS, RATE = 13, 10
NEAR_TICKS = 8 * 1024
PICTURE = f"testsrc2=size=320x180:rate={RATE}:duration={SECONDS},noise=alls=40:allf=t"
SOUND = f"aevalsrc='0.4*sin(2*PI*(300+60*t)*t)|0.3*sin(2*PI*220*t)*sin(3*t)':s=44100:d={SECONDS}"


@pytest.fixture
def source(ffmpeg_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Noise, whose segments are larger than what a pipe holds, and sound that never repeats, at another rate."""
    scratch = tmp_path / "worker"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    inputs = ("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", SOUND)
    path = tmp_path / "source.mp4"
    codecs = ("-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k")
    MediaFactory(ffmpeg_path, tmp_path).run(*inputs, *codecs, str(path))
    return path


def workshop_for(source: Path, folder: Path, ffmpeg: Path, **changes: Any) -> Workshop:
    return Workshop(folder, source, ffmpeg, **{"ladder": (180, 90), "segment_seconds": 2, **changes})


def receipt_of(workshop: Workshop, digest: str, index: int) -> ChunkReceipt:
    key = receipt_key(workshop.asset.id, digest, index)
    return parse_receipt(workshop.objects.read(workshop.settings.source_bucket, key))


def media(workshop: Workshop, digest: str) -> Path:
    return workshop.objects.path(workshop.settings.media_bucket, media_prefix(workshop.asset.id, digest))


def decoded(ffmpeg: Path, playlist: Path, *output: str) -> bytes:
    arguments = ("-v", "error", "-copyts", "-i", playlist.name, *output, "-")
    return subprocess.run([str(ffmpeg), *arguments], cwd=playlist.parent, check=True, capture_output=True).stdout


def test_a_chunk_goes_on_where_it_ended(
    source: Path, ffmpeg_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try adds segments; frames, stills and manifests are those of a task that was never interrupted.

    The renditions are lossless, so every frame can be compared.
    """
    monkeypatch.setattr(commands, "encoder_options", partial(lossless, encoder_options))
    whole = workshop_for(source, tmp_path / "whole", ffmpeg_path)
    digest = whole.publish()
    workshop = workshop_for(source, tmp_path / "objects", ffmpeg_path)
    assert workshop.plan().digest == digest
    with monkeypatch.context() as patch:
        # Of both renditions together: one or two segments of each.
        Interruption(workshop, patch, segments=4)
        assert tries(workshop, digest, 0) >= 3
    for index in workshop.plan().tasks:
        workshop.render(digest, index)
    workshop.assemble(digest)
    receipts = [receipt_of(workshop, digest, index) for index in (0, 1)]
    assert {segment.run for track in receipts[0].tracks for segment in track.segments} > {0}
    ours, theirs = media(workshop, digest), media(whole, digest)
    for name in ("180p", "90p"):
        playlists = [folder / name / "index.m3u8" for folder in (ours, theirs)]
        frames, uncut = (decoded(ffmpeg_path, path, "-fps_mode", "passthrough", "-f", "framemd5") for path in playlists)
        assert frames == uncut
        assert frames.count(b"\n0,") == SECONDS * RATE
        for playlist in ("index.m3u8", "iframes.m3u8"):
            assert {part.uri for part in m3u8.load(str(ours / name / playlist)).segments} == names(receipts, name)
    for still in ("storyboard-00000.jpg", "poster.jpg"):
        assert (ours / still).read_bytes() == (theirs / still).read_bytes()
    listed = MPEGDASHParser.parse(str(ours / "manifest.mpd")).periods[0].adaptation_sets[0]
    folders = [item.base_urls[0].base_url_value for item in listed.representations]
    urls = {address.media for address in listed.segment_lists[0].segment_urls}
    assert folders == ["180p/", "90p/"]
    assert all((ours / folder / url).is_file() for folder in folders for url in urls)
    assert urls == names(receipts, "180p")


def lossless(encoder: Any, *arguments: Any, **_: Any) -> dict[str, Any]:
    options: dict[str, Any] = encoder(*arguments, lossless=True)
    return options


def names(receipts: list[ChunkReceipt], track: str) -> set[str]:
    found = (item for receipt in receipts for item in receipt.tracks if item.track == track)
    return {segment.name for item in found for segment in item.segments}


def test_an_earlier_try_cannot_disturb(
    source: Path, ffmpeg_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try that was given up, and writes on to its end, leaves every segment of the receipt as the receipt has it."""
    workshop = workshop_for(source, tmp_path / "objects", ffmpeg_path)
    digest = workshop.plan().digest
    with monkeypatch.context() as patch:
        Interruption(workshop, patch, segments=4)
        tries(workshop, digest, 0)
    receipt = receipt_of(workshop, digest, 0)
    for key in (partial_key(workshop.asset.id, digest, 0), receipt_key(workshop.asset.id, digest, 0)):
        workshop.objects.delete(workshop.settings.source_bucket, key)
    workshop.render(digest, 0)
    for track in receipt.tracks:
        for segment in track.segments:
            data = (media(workshop, digest) / track.track / segment.name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == segment.sha256


def test_sound_goes_on_where_it_ended(
    source: Path, ffmpeg_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many samples, at the same times, and the same sound across each joint."""
    whole = workshop_for(source, tmp_path / "whole", ffmpeg_path)
    digest = whole.publish()
    workshop = workshop_for(source, tmp_path / "objects", ffmpeg_path)
    index = workshop.plan().tasks[0]
    with monkeypatch.context() as patch:
        Interruption(workshop, patch, segments=2)
        assert tries(workshop, digest, index) >= 3
    for other in workshop.plan().tasks:
        workshop.render(digest, other)
    workshop.assemble(digest)
    (track,), (uncut,) = (receipt_of(place, digest, index).tracks for place in (workshop, whole))
    assert [(one.decode_time_ticks, one.duration_ticks) for one in track.segments] == [
        (one.decode_time_ticks, one.duration_ticks) for one in uncut.segments
    ]
    assert track.segments[0].sha256 == uncut.segments[0].sha256
    assert {segment.run for segment in track.segments} > {0}
    playlists = [media(place, digest) / track.track / "index.m3u8" for place in (workshop, whole)]
    ours, theirs = (memoryview(decoded(ffmpeg_path, path, "-f", "s16le")).cast("h") for path in playlists)
    assert len(ours) == len(theirs)
    joints = [segment.decode_time_ticks for segment in track.segments if segment.run == segment.number]
    assert len(joints) >= 2
    for joint in joints:
        near = slice(2 * (joint - NEAR_TICKS), 2 * (joint + NEAR_TICKS))
        differences = [abs(one - other) for one, other in zip(ours[near], theirs[near], strict=True)]
        # Two encoders' roundings of a sound that reaches 20,000; a sample in the wrong place differs by thousands.
        assert max(differences) < 1000


def test_what_never_gets_anywhere_is_given_up(source: Path, ffmpeg_path: Path, tmp_path: Path) -> None:
    """No time for a single segment is tried once more, and ends then under a name of its own."""
    workshop = workshop_for(source, tmp_path / "objects", ffmpeg_path)
    planned = workshop.plan()
    for index in planned.tasks:
        with pytest.raises(DeadlineNear):
            workshop.render(planned.digest, index, patience_s=0)
        with pytest.raises(TaskTooSlow):
            workshop.render(planned.digest, index, patience_s=0)
