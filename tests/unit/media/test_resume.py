"""What tries leave, and how the next go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.errors import ChunkInexact
from chalicelib.media.plan import plan_hash
from chalicelib.media.receipt import PartialReceipt, parse_partial_receipt, receipt_bytes
from chalicelib.media.resume import advanced, common, end_ticks, joined
from tests.publication import publish_plan, receipts_of, video_plan

PLAN = publish_plan(video_plan(1000))
TRACKS = receipts_of(PLAN)[0].tracks
NOTHING = PartialReceipt(plan_hash(PLAN), 0)


def first(count: int) -> list[object]:
    return [replace(track, segments=track.segments[:count]) for track in TRACKS]


def test_a_chunk_has_got_as_far_as_its_slowest_track() -> None:
    """A segment counts when every rendition has it."""
    uneven = [replace(TRACKS[0], segments=TRACKS[0].segments[:1]), *TRACKS[1:]]
    assert list(common(uneven)) == first(1)
    assert common([replace(TRACKS[0], segments=()), *TRACKS[1:]]) == common([]) == ()


def test_tries_add_up() -> None:
    """Each adds to what was there; those that add nothing are counted until one does."""
    idle = advanced(advanced(NOTHING, ()), [replace(TRACKS[0], segments=()), *TRACKS[1:]])
    assert (idle.segments, idle.idle_tries) == (0, 2)
    some = advanced(idle, [replace(track, segments=track.segments[:1]) for track in TRACKS])
    assert (some.segments, some.idle_tries) == (1, 0)
    all_of_it = advanced(some, [replace(track, segments=track.segments[1:]) for track in TRACKS])
    assert all_of_it.tracks == TRACKS
    assert parse_partial_receipt(receipt_bytes(all_of_it)) == all_of_it


def test_only_the_same_kind_of_track_goes_on() -> None:
    """Segments of one track share an init segment."""
    with pytest.raises(ChunkInexact):
        joined(TRACKS[:1], [replace(TRACKS[0], init_sha256="other")])
    with pytest.raises(ChunkInexact):
        joined(TRACKS[:1], TRACKS[1:2])


def test_the_end_of_a_track() -> None:
    """Where its last segment ends, in ticks."""
    assert end_ticks(TRACKS[0]) == 2 * 180 * 1001
