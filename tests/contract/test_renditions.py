"""Static renditions of a real publication, by the very use cases and ffmpeg, against the stream they are made of."""

from __future__ import annotations

import time
from array import array
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pymediainfo
import pytest

from chalicelib.catalog import keys
from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.rendition import (
    RenditionStatus,
    RenditionType,
    RenditionWish,
    StaticRendition,
    rendition_id,
)
from chalicelib.errors import DeadlineNear, RenditionUnsuitable, WorkSuperseded
from chalicelib.media.boxes import stream_boxes
from chalicelib.tools import Program
from chalicelib.usecases.make_rendition import make_rendition
from tests.contract.test_clip_ranges import lag
from tests.contract.test_exact_chunks import onset_s
from tests.fixtures.media_factory import PICTURE_SECONDS, SOUND_LATE_S, MediaFactory
from tests.programs import layer_program
from tests.workshop import PATIENCE_S, Workshop

LADDER = (90, 64)
RATE, CLIP = Fraction(30), (Fraction("1.5"), Fraction("5.7"))


class Shop(Workshop):
    """A published clip, and files made of it."""

    def __init__(self, folder: Path, factory: MediaFactory, clip: str | Path) -> None:
        super().__init__(
            folder,
            clip if isinstance(clip, Path) else factory.clip(clip),
            factory.ffmpeg,
            ladder=LADDER,
            segment_seconds=2,
            chunk_seconds=4,
            prune_ladder=False,
        )
        self.tools = replace(self.tools, img2webp=Program(str(layer_program("img2webp"))))
        self.factory = factory
        self.digest = self.publish()
        record = self.table.items[f"asset#{self.asset.id}", "asset"]
        record["status"] = {"S": AssetStatus.READY.value}

    def order(self, wish: RenditionWish) -> StaticRendition:
        made = StaticRendition(
            id=rendition_id(self.asset.id, self.digest, wish),
            asset_id=self.asset.id,
            plan_hash=self.digest,
            wish=wish,
            status=RenditionStatus.PREPARING,
            created_at_ms=self.clock(),
            updated_at_ms=self.clock(),
        )
        self.table.create_rendition(made)
        return made

    def make(self, rendition: StaticRendition) -> Path:
        make_rendition(
            self.asset.id,
            rendition.id,
            rendition.created_at_ms,
            self.objects,
            self.table,
            self.tools,
            self.settings,
            deadline=time.monotonic() + PATIENCE_S,
            clock=self.clock,
        )
        return self.objects.path("media", rendition.key)

    def file(self, wish: RenditionWish) -> Path:
        rendition = self.order(wish)
        path = self.make(rendition)
        stored = self.table.get_rendition(self.asset.id, rendition.id)
        assert (stored.status, stored.size_bytes) == (RenditionStatus.READY, path.stat().st_size)
        return path

    def stream(self, name: str) -> Path:
        """The published segments of a track behind their init segment, as a player of HLS joins them."""
        folder = self.objects.path("media", keys.media_prefix(self.asset.id, self.digest)) / name
        joined = self.objects.folder / f"{name}.mp4"
        parts = [folder / keys.INIT_NAME, *sorted(folder.glob("*.m4s"))]
        joined.write_bytes(b"".join(part.read_bytes() for part in parts))
        return joined

    def pictures(self, path: Path) -> list[tuple[Fraction, str]]:
        """When each picture is shown, counted from the first, and its hash."""
        listing = self.factory.run(
            "-copyts", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-"
        )
        lines = listing.decode().splitlines()
        base = Fraction(next(line for line in lines if line.startswith("#tb 0:")).split()[-1])
        rows = [line.split(",") for line in lines if not line.startswith("#")]
        # Of fragments, ffmpeg tells times that are later by the reordering of frames; of the file it does not.
        return [((int(row[2]) - int(rows[0][2])) * base, row[-1].strip()) for row in rows]

    def samples(self, path: Path) -> array[int]:
        """48,000 samples a second from the file's zero on."""
        steady = ("-af", "aresample=48000:async=1:first_pts=0", "-ac", "1", "-f", "s16le", "-")
        return array("h", self.factory.run("-copyts", "-i", str(path), "-map", "0:a", *steady))


@pytest.fixture(scope="module")
def factory(ffmpeg_path: Path, tmp_path_factory: pytest.TempPathFactory) -> MediaFactory:
    return MediaFactory(ffmpeg_path, tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def shop(factory: MediaFactory, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"), factory, "sound-late.mp4")


def _boxes(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [box.kind for box in stream_boxes(file)]


@pytest.mark.parametrize("rung", ["90p", "64p"])
def test_an_mp4_is_the_stream_in_one_file(shop: Shop, rung: str) -> None:
    """Every picture of the rung at its time and every sound of the track, bit by bit; index first, no edit list."""
    path = shop.file(RenditionWish(RenditionType.MP4, rung))
    assert _boxes(path) == [b"ftyp", b"moov", b"mdat"]
    assert b"elst" not in path.read_bytes()[:20_000]
    assert shop.pictures(path) == shop.pictures(shop.stream(rung))
    assert len(shop.pictures(path)) == PICTURE_SECONDS * RATE
    assert shop.samples(path) == shop.samples(shop.stream("audio"))
    found = pymediainfo.MediaInfo.parse(path).general_tracks[0]
    assert found.duration == pytest.approx((PICTURE_SECONDS + SOUND_LATE_S) * 1000, abs=60)


def test_an_m4a_is_the_sound_of_the_stream(shop: Shop) -> None:
    """The default track and nothing else, bit by bit."""
    path = shop.file(RenditionWish(RenditionType.M4A))
    assert path.read_bytes()[8:12] == b"M4A "
    assert shop.samples(path) == shop.samples(shop.stream("audio"))
    listing = shop.factory.run("-i", str(path), "-c", "copy", "-f", "framecrc", "-").decode()
    assert {line[0] for line in listing.splitlines() if not line.startswith("#")} == {"0"}


def test_a_clip_is_exact_to_the_frame(shop: Shop) -> None:
    """It has the frames of its range; those of GOPs that are whole are the stream's own, bit by bit."""
    path = shop.file(RenditionWish(RenditionType.MP4, "90p", *CLIP))
    clip, stream = shop.pictures(path), shop.pictures(shop.stream("90p"))
    first, end = (int(second * RATE) for second in CLIP)
    assert len(clip) == end - first
    assert [time for time, _ in clip] == [number / RATE for number in range(len(clip))]
    whole = slice(60 - first, 120 + 60 - first - 60)
    assert [each for _, each in clip[whole]] == [each for _, each in stream[60:120]]


def test_the_edges_of_a_clip_look_like_the_stream(shop: Shop) -> None:
    """Encoded once more, each of their pictures is near to the one it was made of, and to no other."""
    path = shop.file(RenditionWish(RenditionType.MP4, "90p", *CLIP))
    first, end = (int(second * RATE) for second in CLIP)
    graph = (
        f"[1:v]trim=start_frame={first}:end_frame={end},setpts=PTS-STARTPTS[stream];"
        "[0:v]setpts=PTS-STARTPTS[clip];[clip][stream]psnr=stats_file=-"
    )
    inputs = ("-i", str(path), "-i", str(shop.stream("90p")))
    lines = shop.factory.run(*inputs, "-lavfi", graph, "-f", "null", "-").decode().splitlines()
    likeness_db = [float(line.split("psnr_avg:")[1].split()[0]) for line in lines]
    assert len(likeness_db) == end - first
    assert min(likeness_db) > 30
    assert likeness_db.count(float("inf")) >= 60


@pytest.mark.parametrize(("start", "end"), [("0", "1"), ("2", "4"), ("6.5", None), ("2.1", "2.2"), ("0.033", "6.9")])
def test_clips_may_be_cut_anywhere(shop: Shop, start: str, end: str | None) -> None:
    """Within one GOP, on GOPs, through many, or to the end: as many frames as the range has."""
    wish = RenditionWish(RenditionType.MP4, "64p", Fraction(start), Fraction(end) if end else None)
    frames = round(Fraction(end or PICTURE_SECONDS) * RATE) - round(Fraction(start) * RATE)
    pictures = shop.pictures(shop.file(wish))
    assert len(pictures) == frames
    assert pictures[0][0] == 0


def test_the_sound_of_a_clip_stays_with_its_picture(shop: Shop) -> None:
    """The tone, which begins SOUND_LATE_S after the picture, begins as much nearer as the clip begins later."""
    late = shop.samples(shop.file(RenditionWish(RenditionType.MP4, "90p", Fraction("0.25"), Fraction(3))))
    assert onset_s(late) == pytest.approx(SOUND_LATE_S - round(0.25 * 30) / 30, abs=0.01)
    assert len(late) / 48_000 == pytest.approx(3 - 8 / 30, abs=0.03)
    cut = shop.samples(shop.file(RenditionWish(RenditionType.M4A, start=Fraction("2.025"), end=Fraction("4.5"))))
    stream = shop.samples(shop.stream("audio"))[round(2.025 * 48_000) :]
    assert len(cut) / 48_000 == pytest.approx(2.475, abs=0.03)
    assert lag(cut[9600:10_600], stream[9550:10_650]) == 50


def test_a_clip_behind_the_sound_has_none(factory: MediaFactory, tmp_path: Path) -> None:
    """Where only the picture goes on, only the picture is there; and of sound alone nothing is."""
    source = tmp_path / "short-sound.mp4"
    factory.run("-i", str(factory.clip("plain.mp4")), "-af", "atrim=end=3", "-c:v", "copy", "-c:a", "aac", str(source))
    shop = Shop(tmp_path / "shop", factory, source)
    part = (Fraction("3.5"), Fraction(6))
    assert len(shop.pictures(shop.file(RenditionWish(RenditionType.MP4, "90p", *part)))) == 75
    with pytest.raises(RenditionUnsuitable):
        shop.make(shop.order(RenditionWish(RenditionType.M4A, None, *part)))


def test_no_file_is_half_stored(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """When time runs out, the work ends by itself, as an error that is retried."""
    monkeypatch.setattr("tests.contract.test_renditions.PATIENCE_S", 0)
    rendition = shop.order(RenditionWish(RenditionType.M4A))
    shop.table.delete_rendition(shop.asset.id, rendition.id)
    shop.clock.sleep(1)
    rendition = shop.order(RenditionWish(RenditionType.M4A))
    with pytest.raises(DeadlineNear):
        shop.make(rendition)
    assert not shop.objects.path("media", rendition.key).exists()


@pytest.mark.parametrize("kind", [RenditionType.GIF, RenditionType.AVIF])
def test_a_preview_has_the_pictures_of_its_range(shop: Shop, kind: RenditionType) -> None:
    """So many a second, in the width asked for, for ever."""
    wish = RenditionWish(kind, "90p", Fraction("1.5"), Fraction("3.5"), width=80, fps=10)
    path = shop.file(wish)
    if kind is RenditionType.AVIF:
        # This ffmpeg makes AV1 and decodes none.
        packets = shop.factory.run("-i", str(path), "-map", "0", "-c", "copy", "-f", "framecrc", "-").decode()
        assert path.read_bytes()[8:12] == b"avis"
        assert "#dimensions 0: 80x" in packets
        assert sum(line.startswith("1,") for line in packets.splitlines()) == 20
        return
    pictures = shop.pictures(path)
    assert [time for time, _ in pictures] == [Fraction(number, 10) for number in range(20)]
    assert len({picture for _, picture in pictures}) == 20
    assert b"NETSCAPE2.0" in path.read_bytes()


def test_making_it_twice_changes_nothing(shop: Shop) -> None:
    """The same bytes under the same key; the second run finds it ready."""
    for wish in (
        RenditionWish(RenditionType.MP4, "64p", Fraction(1), Fraction(3)),
        RenditionWish(RenditionType.GIF, "64p", Fraction(1), Fraction(2), width=64, fps=5),
        RenditionWish(RenditionType.WEBP, "64p", Fraction(1), Fraction(2), width=64, fps=5),
    ):
        first = shop.file(wish).read_bytes()
        rendition = shop.table.list_renditions(shop.asset.id)[-1]
        found = next(each for each in shop.table.list_renditions(shop.asset.id) if each.wish == wish)
        shop.table.delete_rendition(shop.asset.id, found.id)
        assert shop.file(wish).read_bytes() == first
        assert rendition.status is RenditionStatus.READY


def test_nothing_is_left_for_a_record_that_is_gone(shop: Shop) -> None:
    """Neither when it went before the work, nor when it went during it."""
    gone = shop.order(RenditionWish(RenditionType.M4A, start=Fraction(1)))
    shop.table.delete_rendition(shop.asset.id, gone.id)
    with pytest.raises(WorkSuperseded):
        shop.make(gone)
    made_anew = replace(gone, created_at_ms=gone.created_at_ms + 1)
    shop.table.create_rendition(made_anew)
    with pytest.raises(WorkSuperseded):
        shop.make(gone)
    assert not shop.objects.path("media", gone.key).exists()
    assert shop.make(made_anew).exists()


def test_an_asset_that_is_deleted_meanwhile_keeps_nothing(
    factory: MediaFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the file, which came last, nor anything beside it; deleting the rendition alone takes the file alone."""
    shop = Shop(tmp_path, factory, "plain.mp4")
    write = shop.objects.write_stream

    def forget(rendition: StaticRendition) -> None:
        shop.table.delete_rendition(rendition.asset_id, rendition.id)

    def delete_asset(_: StaticRendition) -> None:
        shop.table.items[f"asset#{shop.asset.id}", "asset"]["status"] = {"S": AssetStatus.DELETED.value}

    for number, delete in enumerate((forget, delete_asset)):
        rendition = shop.order(RenditionWish(RenditionType.M4A, start=Fraction(3 + number)))

        def write_late(*place: Any, delete: Any = delete, rendition: Any = rendition, **options: Any) -> None:
            delete(rendition)
            write(*place, **options)

        monkeypatch.setattr(shop.objects, "write_stream", write_late)
        with pytest.raises(WorkSuperseded):
            shop.make(rendition)
        assert not shop.objects.path("media", rendition.key).exists()
        assert bool(list(shop.objects.list_keys("media", "media/"))) is (delete is forget)
