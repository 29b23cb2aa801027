"""The early publication of real clips: what plays is the source itself, picture by picture and at its own times; what
is not standard input is refused; and no index, however broken, does anything else.
"""

from __future__ import annotations

import io
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.keys import asset_early_prefix
from chalicelib.errors import CopyUnsuitable, WorkSuperseded
from chalicelib.media.cmaf import read_track
from chalicelib.media.early import plan_copy
from chalicelib.media.mp4index import find_index, read_index
from chalicelib.media.plan import SourceIdentity
from chalicelib.usecases.early import copy_chunk, end_early, extend_early, start_early
from tests.fakes import FakeObjects, FakeTable, settings
from tests.fixtures.media_factory import MediaFactory
from tests.unit.catalog.samples import ASSET_ID, NOW_MS, an_asset

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30:duration=7")
LONG_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30:duration=13")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=7")
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "45", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "64k")
BOTH = (*PICTURE, *SOUND, *H264, *AAC)
MILLISECOND, AAC_FRAME = Fraction(1, 1000), Fraction(1024, 44_100)
STANDARD = {
    "b-frames.mp4": BOTH,
    "index-in-front.mp4": (*BOTH, "-movflags", "+faststart"),
    "quicktime.mov": BOTH,
    "no-edit-list.mp4": (*BOTH, "-use_editlist", "0"),
    "silent.mp4": (*PICTURE, *H264),
    "ntsc.mp4": ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30000/1001:duration=7", *SOUND, *H264, *AAC),
    "variable.mp4": (*BOTH, "-vf", "select='gt(random(1),0.3)'", "-fps_mode", "vfr"),
    "sound-late.mp4": (*PICTURE, "-itsoffset", "0.3", *SOUND, *H264, *AAC),
    "picture-late.mp4": ("-itsoffset", "0.3", *PICTURE, *SOUND, *H264, *AAC),
    "short-sound.mp4": (*PICTURE, "-f", "lavfi", "-i", "sine=sample_rate=44100:duration=3", *H264, *AAC),
}
REFUSED = {
    "deep.mp4": (*PICTURE, *SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p10le", *AAC),
    "chroma.mp4": (*PICTURE, "-c:v", "libx264", "-pix_fmt", "yuv444p"),
    "interlaced.mp4": (*PICTURE, "-vf", "scale=160:96,interlace", "-flags", "+ilme+ildct", *H264),
    "anamorphic.mp4": (*PICTURE, "-vf", "setsar=64/45", *H264),
    "hdr.mp4": (*PICTURE, *H264, "-vf", "setparams=color_trc=smpte2084"),
    "open-gop.mp4": (*LONG_PICTURE, *H264, "-x264-params", "open-gop=1:keyint=30"),
    "fragmented.mp4": (*BOTH, "-movflags", "frag_keyframe+empty_moov"),
    "rare-keyframes.mp4": (*LONG_PICTURE, *H264, "-g", "1000"),
    "hevc.mp4": (*PICTURE, "-c:v", "libx265", "-x265-params", "log-level=none", "-preset", "ultrafast"),
    "mp3.mp4": (*PICTURE, *SOUND, *H264, "-c:a", "mp3"),
}


@dataclass
class Bench:
    factory: MediaFactory

    def clip(self, name: str, *words: str) -> Path:
        path = self.factory.folder / name
        if not path.exists():
            self.factory.run(*words, str(path))
        return path


class Copy:
    """An asset whose source is the clip, and the steps on it."""

    def __init__(self, clip: Path) -> None:
        self.objects, self.table, self.settings = FakeObjects(), FakeTable(), settings(segment_seconds=2)
        asset = an_asset(attempt=1, hls_key=None)
        etag = self.objects.write("source", asset.source_key, clip.read_bytes(), content_type="video/mp4")
        self.asset = replace(asset, source_etag=etag, source_size_bytes=clip.stat().st_size)
        self.table.create_asset(self.asset)

    def start(self) -> dict[str, object]:
        return start_early(ASSET_ID, 1, self.objects, self.table, self.settings, clock=lambda: NOW_MS)

    def run(self) -> None:
        state = self.start()
        while items := state["Items"]:
            assert isinstance(items, list)
            for index in items:
                copy_chunk(ASSET_ID, str(state["PlanHash"]), index, self.objects, self.table, self.settings)
            state = extend_early(ASSET_ID, str(state["PlanHash"]), self.objects, self.table, self.settings)

    def become(self, status: AssetStatus) -> None:
        self.table.items[f"asset#{ASSET_ID}", "asset"]["status"] = {"S": status.value}

    def published(self, folder: Path) -> Path:
        """Lay what is in the media bucket out as files; the multivariant playlist."""
        key = self.table.get_asset(ASSET_ID).hls_key
        assert key is not None
        for (bucket, name), stored in self.objects.stored.items():
            if bucket == "media":
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(stored.data)
        return folder / key


@pytest.fixture(scope="module")
def bench(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips")))


def _frames(bench: Bench, source: Path, stream: str) -> list[tuple[Fraction, str]]:
    """(Seconds, hash) of every frame of a stream, in order of presentation."""
    words = ("-copyts", "-i", str(source), "-map", f"0:{stream}:0?", "-fps_mode", "passthrough", "-f", "framemd5", "-")
    lines = bench.factory.run(*words).decode().splitlines()
    base = next((Fraction(line.split()[-1]) for line in lines if line.startswith("#tb 0")), Fraction(1))
    rows = [re.split(r",\s*", line) for line in lines if not line.startswith("#")]
    return [(int(row[2]) * base, row[-1]) for row in rows]


@pytest.mark.parametrize("name", STANDARD)
def test_what_plays_early_is_the_source(name: str, bench: Bench, tmp_path: Path) -> None:
    """Every picture is there, bit by bit, at its own time after the common origin; the sound keeps its distance."""
    clip = bench.clip(name, *STANDARD[name])
    copy = Copy(clip)
    copy.run()
    early = copy.published(tmp_path)

    whole, copied = _frames(bench, clip, "v"), _frames(bench, early, "v")
    origin = min(_frames(bench, clip, stream)[0][0] for stream in "va")
    assert [digest for _, digest in copied] == [digest for _, digest in whole]
    # ffmpeg adds the largest negative offset to all times; players do not. So distances here, the first time below.
    late = copied[0][0] - whole[0][0]
    assert all(abs(a - b - late) < MILLISECOND for (a, _), (b, _) in zip(copied, whole, strict=True))
    assert abs(_first_shown(early.parent / "source") - (whole[0][0] - origin)) < MILLISECOND
    assert (early.parent / "source-audio").exists() is ("aac" in STANDARD[name])
    if "aac" in STANDARD[name]:
        heard, original = _frames(bench, early, "a"), _frames(bench, clip, "a")
        # An AAC frame that begins before the origin has no place in a segment.
        assert -MILLISECOND <= heard[0][0] - (original[0][0] - origin) <= AAC_FRAME
        assert abs(heard[-1][0] - (original[-1][0] - origin)) < 2 * AAC_FRAME


def _first_shown(folder: Path) -> Fraction:
    """When the first sample of a track is shown, by what its first fragment says."""
    track, fragments = read_track(io.BytesIO((folder / "init.mp4").read_bytes() + (folder / "00001.m4s").read_bytes()))
    first = next(fragments).facts
    return Fraction(first.decode_time_ticks + first.first_sample_delay_ticks, track.timescale)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_standard_input_is_left_to_the_ladder(name: str, bench: Bench) -> None:
    """Nothing is published, and nothing is raised."""
    copy = Copy(bench.clip(name, *REFUSED[name]))
    assert copy.start()["Items"] == []
    assert copy.table.get_asset(ASSET_ID).hls_key is None


@pytest.mark.parametrize("name", ["rotated.mp4", "edited.mp4", "picture-much-later.mp4", "sound.m4a", "old.avi"])
def test_what_only_looks_like_it_is_refused_too(name: str, bench: Bench) -> None:
    """A turned picture, one that an edit list hides, one that begins late, none at all, and no MP4."""
    copy = Copy(bench.factory.clip(name))
    assert copy.start()["Items"] == []
    assert copy.table.get_asset(ASSET_ID).hls_key is None


def test_the_playlist_grows(bench: Bench, tmp_path: Path) -> None:
    """The first chunk plays at once as an EVENT that begins at its start; the last one ends it."""
    copy = Copy(bench.clip("b-frames.mp4", *STANDARD["b-frames.mp4"]))
    state = copy.start()
    early = copy.published(tmp_path)
    growing = (early.parent / "source/index.m3u8").read_text()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in growing
    assert "#EXT-X-START:TIME-OFFSET=0" in growing
    assert "#EXT-X-ENDLIST" not in growing
    assert growing.count("#EXTINF") == 3
    copy.run()
    grown = (copy.published(tmp_path).parent / "source/index.m3u8").read_text()
    assert grown.endswith("#EXT-X-ENDLIST\n")
    assert grown.count("#EXTINF") > 3
    assert state["PlanHash"]


@pytest.mark.parametrize("status", [AssetStatus.PREPARING, AssetStatus.READY, AssetStatus.ERRORED])
@pytest.mark.parametrize("knows_the_plan", [True, False])
def test_a_copy_that_stops_half_way_ends(
    status: AssetStatus, knows_the_plan: bool, bench: Bench, tmp_path: Path
) -> None:
    """Players come to an end instead of waiting for more, whatever becomes of the asset; what plays is whole."""
    copy = Copy(bench.clip("b-frames.mp4", *STANDARD["b-frames.mp4"]))
    state = copy.start()
    early = copy.published(tmp_path)
    copy.become(status)
    digest = str(state["PlanHash"]) if knows_the_plan else None
    end_early(ASSET_ID, digest, copy.objects, copy.table, copy.settings)
    copy.published(tmp_path)
    ended = (early.parent / "source/index.m3u8").read_text()
    assert ended.endswith("#EXT-X-ENDLIST\n")
    assert ended.count("#EXTINF") == 3
    assert len(_frames(bench, early, "v")) == 135


def test_nothing_is_ended_that_was_not_begun(bench: Bench) -> None:
    """Of a source that is not standard input, and of one whose first chunk was never copied."""
    for name in ("silent.mp4", "chroma.mp4"):
        copy = Copy(bench.clip(name, *(STANDARD | REFUSED)[name]))
        end_early(ASSET_ID, None, copy.objects, copy.table, copy.settings)
        assert not list(copy.objects.list_keys("media", ""))


def test_what_is_copied_after_a_deletion_goes_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step writes on when the asset is deleted leaves nothing of it."""
    clip = bench.clip("b-frames.mp4", *STANDARD["b-frames.mp4"])
    for late in ("start", "copy", "extend", "end"):
        copy = Copy(clip)
        digest = "" if late == "start" else str(copy.start()["PlanHash"])
        write = copy.objects.write

        def delete_and_write(*arguments: Any, copy: Copy = copy, write: Any = write, **options: Any) -> str:
            copy.become(AssetStatus.DELETED)
            etag: str = write(*arguments, **options)
            return etag

        monkeypatch.setattr(copy.objects, "write", delete_and_write)
        services = (copy.objects, copy.table, copy.settings)
        steps: dict[str, Callable[[], object]] = {
            "start": copy.start,
            "copy": partial(copy_chunk, ASSET_ID, digest, 1, *services),
            "extend": partial(extend_early, ASSET_ID, digest, *services),
            "end": partial(end_early, ASSET_ID, digest, *services),
        }
        with pytest.raises(WorkSuperseded):
            steps[late]()
        assert {key for _, key in copy.objects.stored} == {copy.asset.source_key}, late


def test_a_step_that_is_repeated_changes_nothing(bench: Bench) -> None:
    """The same plan, index and source give the same bytes under the same keys."""
    copy = Copy(bench.clip("b-frames.mp4", *STANDARD["b-frames.mp4"]))
    copy.run()
    before = dict(copy.objects.stored)
    copy.run()
    copy_chunk(ASSET_ID, _hash(copy), 1, copy.objects, copy.table, copy.settings)
    assert copy.objects.stored == before


def _hash(copy: Copy) -> str:
    (key,) = [key for _, key in copy.objects.stored if "/plan/" in key]
    return key.rpartition("/")[2].removesuffix(".json")


def test_the_final_publication_is_never_replaced(bench: Bench) -> None:
    """An early publication that comes late leaves the asset as it is."""
    copy = Copy(bench.clip("b-frames.mp4", *STANDARD["b-frames.mp4"]))
    copy.table.items[f"asset#{ASSET_ID}", "asset"]["hls_key"] = {"S": "media/final"}
    copy.become(AssetStatus.READY)
    copy.run()
    assert copy.table.get_asset(ASSET_ID).hls_key == "media/final"
    assert list(copy.objects.list_keys("media", asset_early_prefix(ASSET_ID)))


def test_only_what_is_copied_is_read(bench: Bench) -> None:
    """The start reads the index and the first chunk, and no byte of the rest."""
    copy = Copy(bench.clip("index-in-front.mp4", *STANDARD["index-in-front.mp4"]))
    copy.start()
    reads = [(start, end) for key, start, end in copy.objects.reads if key == copy.asset.source_key]
    assert copy.asset.source_size_bytes is not None
    assert max(end for _, end in reads[1:]) < copy.asset.source_size_bytes


@pytest.mark.parametrize("seed", range(8))
def test_a_broken_index_is_refused_and_nothing_else(seed: int, bench: Bench) -> None:
    """Bytes changed, words made huge and tables cut short: a plan, or CopyUnsuitable, and soon."""
    clip = bench.clip("b-frames.mp4", *STANDARD["b-frames.mp4"])
    with clip.open("rb") as file:
        where = find_index(file)
        file.seek(where.start)
        moov = file.read(where.end - where.start)
    size = clip.stat().st_size
    identity = SourceIdentity("source", "key", "etag", size)
    chance = random.Random(seed)  # noqa: S311  a test's dice
    started = time.monotonic()
    for _ in range(150):
        broken = bytearray(moov)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(8, len(broken) - 8)
            broken[at : at + 4] = chance.choice(
                (b"\xff\xff\xff\xff", bytes(4), chance.randbytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\1")
            )
        if chance.random() < 0.2:
            del broken[chance.randrange(16, len(broken)) :]
        try:
            movie = read_index(bytes(broken), size)
            plan_copy(asset_id=ASSET_ID, identity=identity, index=where, movie=movie, segment_seconds=2)
        except CopyUnsuitable:
            continue
    assert time.monotonic() - started < 60
