"""A publication is read back from its own objects, a little at a time."""

from __future__ import annotations

import threading
from fractions import Fraction

import pytest

from chalicelib.errors import EncoderOutputMalformed, ObjectMissing
from chalicelib.media.cmaf import SEGMENT_TYPE
from chalicelib.usecases.published import Place, read_places, read_published
from tests.fakes import FakeObjects
from tests.unit.media.movie import avc_entry, gop, init_segment

FOLDER, TICKS, GOP = "media/as_1/ab/720p/", 10, 4
INIT = init_segment(avc_entry(), timescale=100)


def _published(*segments: bytes) -> FakeObjects:
    objects = FakeObjects()
    names = [f"{number:05d}.m4s" for number in range(1, len(segments) + 1)]
    playlist = "".join(f"#EXTINF:1,\n{name}\n" for name in names)
    objects.write("media", f"{FOLDER}index.m3u8", f"#EXTM3U\n{playlist}".encode(), content_type="")
    objects.write("media", f"{FOLDER}init.mp4", INIT, content_type="")
    for name, segment in zip(names, segments, strict=True):
        objects.write("media", f"{FOLDER}{name}", SEGMENT_TYPE + segment, content_type="")
    return objects


def _gops(*numbers: int) -> bytes:
    return b"".join(gop(number * GOP * TICKS, GOP, frame_ticks=TICKS) for number in numbers)


def test_a_track_is_read_back_from_its_playlist() -> None:
    """Each fragment with its place; the media of one is what lies behind its moof."""
    objects = _published(_gops(0, 1), _gops(2))
    track = read_published(FOLDER, objects, "media")
    assert (track.init, track.timescale, track.duration) == (INIT, 100, Fraction(12, 10))
    assert [each.samples.decode_time_ticks for each in track.fragments] == [0, 40, 80]
    second = track.fragments[1]
    assert list(read_places([second.whole], objects, "media")) == [_gops(1)]
    assert list(read_places([second.media, b"mine"], objects, "media")) == [b"m" * 47, b"mine"]


@pytest.mark.parametrize(
    ("start", "end", "found"), [("0", "0.4", [0]), ("0.39", "0.41", [0, 40]), ("0.8", "9", [80]), ("2", "3", [])]
)
def test_a_range_is_covered_by_fragments(start: str, end: str, found: list[int]) -> None:
    """By those that have something in it, and no other."""
    track = read_published(FOLDER, _published(_gops(0, 1), _gops(2)), "media")
    covering = track.covering(Fraction(start), Fraction(end))
    assert [each.samples.decode_time_ticks for each in covering] == found


@pytest.mark.parametrize("segments", [(_gops(0), _gops(2)), (_gops(1),), ()])
def test_a_track_with_a_gap_is_refused(segments: tuple[bytes, ...]) -> None:
    """A file made of it would be shorter than the stream, without a word."""
    with pytest.raises(EncoderOutputMalformed):
        read_published(FOLDER, _published(*segments), "media")


def test_a_publication_that_is_gone_is_missed() -> None:
    """By name."""
    with pytest.raises(ObjectMissing):
        read_published(FOLDER, FakeObjects(), "media")


def test_places_are_not_fetched_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, and only so many ahead of what was taken."""
    objects, lock, fetched = FakeObjects(), threading.Lock(), [0]

    def fetch(_bucket: str, _key: str, start: int, _end: int) -> bytes:
        with lock:
            fetched[0] += 1
        return bytes([start])

    monkeypatch.setattr(objects, "read_range", fetch)
    taken = read_places([Place("k", at, at + 1) for at in range(100)], objects, "media")
    for at, data in enumerate(taken):
        assert data == bytes([at])
        assert fetched[0] <= at + 1 + 17
