"""Receipts become a presentation only if they add up to the plan."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.errors import AssemblyFailed
from chalicelib.media.plan import Plan, plan_hash
from chalicelib.media.presentation import Presentation, present
from chalicelib.media.receipt import ChunkReceipt, Segment, TrackReceipt, parse_receipt, receipt_bytes
from tests.publication import LADDER, NTSC, STEREO, publish_plan, receipts_of, video_plan

PLAN = publish_plan(video_plan(1000))
Damage = Callable[[list[ChunkReceipt]], object]


def presented(plan: Plan, receipts: list[ChunkReceipt]) -> Presentation:
    return present(plan, plan_hash(plan), receipts)


def test_receipts_in_any_order() -> None:
    """The order in which chunks finished leaves no trace."""
    receipts = receipts_of(PLAN)
    shuffled = random.Random(7).sample(receipts, len(receipts))  # noqa: S311 - a fixed shuffle, no secret
    assert presented(PLAN, shuffled) == presented(PLAN, receipts)


def test_receipts_survive_their_json() -> None:
    """What a worker stores is what Assemble reads."""
    receipts = receipts_of(PLAN)
    assert [parse_receipt(receipt_bytes(receipt)) for receipt in receipts] == receipts


def test_tracks_are_joined() -> None:
    """Tracks keep the plan's order, hold every segment of every chunk, and last as long as their frames."""
    result = presented(PLAN, receipts_of(PLAN))
    assert [track.name for track in result.video] == [rendition.name for rendition in LADDER]
    assert [track.name for track in result.audio] == [STEREO.name]
    for track in result.video:
        assert [segment.number for segment in track.segments] == list(range(1, 7))
        assert sum(segment.samples for segment in track.segments) == 1000
        assert Fraction(sum(s.duration_ticks for s in track.segments), track.timescale) == 1000 / NTSC
    assert result.target_duration_s == 6
    audio_end = Fraction(sum(s.duration_ticks for s in result.audio[0].segments), 48000)
    assert result.duration == audio_end > 1000 / NTSC


def test_audio_only() -> None:
    """A plan without video needs no video tasks."""
    plan = publish_plan(None, seconds=Fraction(20))
    result = presented(plan, receipts_of(plan))
    assert (result.video, len(result.audio)) == ((), 1)


def test_language_is_a_tag_or_unknown() -> None:
    """What the source calls its language never reaches a manifest unless it is a language tag."""
    for language, expected in (("pt-BR", "pt-BR"), ('en",URI="x', "und"), ("", "und"), ("en\n#EXT", "und")):
        plan = publish_plan(PLAN.video, (replace(STEREO, language=language),))
        assert presented(plan, receipts_of(plan)).audio[0].language == expected


def on_track(index: int, change: Callable[[TrackReceipt], TrackReceipt]) -> Damage:
    """Change the first track of one task's receipt."""

    def damage(receipts: list[ChunkReceipt]) -> None:
        tracks = receipts[index].tracks
        receipts[index] = replace(receipts[index], tracks=(change(tracks[0]), *tracks[1:]))

    return damage


def on_segment(index: int, change: Callable[[Segment], Segment]) -> Damage:
    """Change the last segment of the first track of one task's receipt."""
    return on_track(index, lambda track: replace(track, segments=(*track.segments[:-1], change(track.segments[-1]))))


def on_receipt(index: int, **changes: object) -> Damage:
    def damage(receipts: list[ChunkReceipt]) -> None:
        receipts[index] = replace(receipts[index], **changes)  # type: ignore[arg-type]

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda receipts: receipts.pop(1), "no receipt"),
        (lambda receipts: receipts.append(receipts[1]), "two receipts"),
        (lambda receipts: receipts.append(replace(receipts[1], index=4)), "does not have"),
        (on_receipt(1, plan_hash="f" * 64), "another plan"),
        (on_receipt(1, tiles=1), "tiles"),
        (on_receipt(1, tracks=()), "other renditions"),
        (on_receipt(3, tracks=()), "another track"),
        (on_track(1, lambda track: replace(track, track="999p")), "other renditions"),
        (on_track(1, lambda track: replace(track, track="480p")), "other renditions"),
        (on_track(3, lambda track: replace(track, track="720p")), "another track"),
        (on_track(3, lambda track: replace(track, segments=())), "no segments"),
        (on_track(1, lambda track: replace(track, init_sha256="3" * 64)), "init"),
        (on_track(1, lambda track: replace(track, codec="avc1.42c01e")), "init"),
        (on_track(1, lambda track: replace(track, segments=())), "number of frames"),
        (on_track(1, lambda track: replace(track, segments=track.segments[:-1])), "number of frames"),
        (on_track(1, lambda track: replace(track, segments=track.segments[::-1])), "another segment"),
        (on_segment(1, lambda segment: replace(segment, samples=segment.samples + 1)), "number of frames"),
        (on_segment(1, lambda segment: replace(segment, number=9)), "missing"),
        (on_segment(1, lambda segment: replace(segment, decode_time_ticks=0)), "where the one before it ends"),
        (on_segment(1, lambda segment: replace(segment, duration_ticks=0)), "where the one before it ends"),
        (on_segment(2, lambda segment: replace(segment, duration_ticks=segment.duration_ticks + 1)), "different times"),
        (on_segment(3, lambda segment: replace(segment, decode_time_ticks=1)), "where the one before it ends"),
        (on_segment(1, lambda segment: replace(segment, run=3)), "went on at different"),
        (on_segment(1, lambda segment: replace(segment, iframes=())), "I-frames"),
    ],
)
def test_any_gap_is_refused(damage: Damage, message: str) -> None:
    """A missing, doubled, foreign or shifted part fails the assembly with a message that names it."""
    receipts = receipts_of(PLAN)
    assert len(receipts) == 4
    damage(receipts)
    with pytest.raises(AssemblyFailed, match=message):
        presented(PLAN, receipts)


def test_first_chunk_may_not_start_late() -> None:
    """A track runs from tick 0, even if all its parts agree on another start."""
    plan = publish_plan(None, seconds=Fraction(4))
    (receipt,) = receipts_of(plan)
    (track,) = receipt.tracks
    late = replace(track, segments=(replace(track.segments[0], decode_time_ticks=1024),))
    with pytest.raises(AssemblyFailed):
        presented(plan, [replace(receipt, tracks=(late,))])
