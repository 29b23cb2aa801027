"""The plan of a composition: frames, chunks and identity."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.composition.capture import Picture
from chalicelib.composition.config import RenderConfig
from chalicelib.composition.formats import Format
from chalicelib.composition.plan import (
    CompositionPlan,
    FrameRange,
    MixedAudio,
    ProjectIdentity,
    ToolVersions,
    check_size,
    choose_frames,
    count_frames,
    cut_chunks,
    frame_to_sample,
    parse_plan,
    plan_bytes,
    plan_hash,
    plays_alone,
    seams_to_compare,
)
from chalicelib.errors import FormatNotSupported, InvalidConfig, PlanTooLarge

PLAN = CompositionPlan(
    schema=1,
    project=ProjectIdentity("source", "projects/p.tar.gz", "e", 10, "a" * 64),
    config=RenderConfig(frame_rate=Fraction(30000, 1001), variables={"b": 1, "a": [None, "é"]}),
    tools=ToolVersions("n8", "153.0"),
    runtime="page",
    width=320,
    height=180,
    total_frames=24,
    preroll=False,
    picture=Picture.PIXELS,
    chunks=(FrameRange(0, 12), FrameRange(12, 24)),
    audio=MixedAudio("s3://source/renders/x/audio/1.m4a", "b" * 64, 100),
)


def test_a_plan_survives_the_wire() -> None:
    """What is stored is read back the same, so its hash is too."""
    assert parse_plan(plan_bytes(PLAN)) == PLAN
    assert plan_hash(parse_plan(plan_bytes(PLAN))) == plan_hash(PLAN)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, project=replace(PLAN.project, sha256="c" * 64)),
        replace(PLAN, project=replace(PLAN.project, etag="f")),
        replace(PLAN, project=replace(PLAN.project, key="projects/q.tar.gz")),
        replace(PLAN, config=replace(PLAN.config, variables={"b": 2, "a": [None, "é"]})),
        replace(PLAN, config=replace(PLAN.config, crf=3)),
        replace(PLAN, tools=ToolVersions("n9", "153.0")),
        replace(PLAN, tools=ToolVersions("n8", "154.0")),
        replace(PLAN, schema=2),
        replace(PLAN, audio=None),
    ],
)
def test_whatever_may_change_the_bytes_changes_the_hash(other: CompositionPlan) -> None:
    """Project, Config, tools and schema: chunks of different plans can never be mixed."""
    assert plan_hash(other) != plan_hash(PLAN)


def test_the_order_of_variables_is_no_difference() -> None:
    """JSON objects have no order, so neither has the plan."""
    turned = replace(PLAN, config=replace(PLAN.config, variables={"a": [None, "é"], "b": 1}))
    assert plan_hash(turned) == plan_hash(PLAN)


@given(
    total=st.integers(1, 100_000),
    size=st.none() | st.integers(1, 3600),
    target=st.none() | st.integers(1, 3600),
    limit=st.integers(1, 256),
)
def test_chunks_tile(total: int, size: int | None, target: int | None, limit: int) -> None:
    """Whatever is asked for, the chunks hold every frame once, in order, and are no more than allowed."""
    chunks = cut_chunks(
        FrameRange(0, total), RenderConfig(chunk_frames=size, target_chunk_frames=target, max_parallel_chunks=limit)
    )
    assert 1 <= len(chunks) <= limit
    assert chunks[0].start_frame == 0
    assert chunks[-1].end_frame == total
    assert all(before.end_frame == after.start_frame for before, after in pairwise(chunks))
    assert all(chunk.frames > 0 for chunk in chunks)
    assert len({chunk.frames for chunk in chunks[:-1]}) <= 1


@pytest.mark.parametrize(
    ("total", "config", "sizes"),
    [
        (100, RenderConfig(), [10] * 10),
        (320, RenderConfig(), [20] * 16),
        (5, RenderConfig(), [5]),
        (100, RenderConfig(chunk_frames=40), [40, 40, 20]),
        (100, RenderConfig(chunk_frames=1, max_parallel_chunks=4), [25] * 4),
        (100, RenderConfig(target_chunk_frames=50), [50, 50]),
        (100, RenderConfig(target_chunk_frames=50, chunk_frames=25), [25] * 4),
        (12, RenderConfig(target_chunk_frames=4), [4] * 3),
        (1000, RenderConfig(max_parallel_chunks=1), [1000]),
    ],
)
def test_chunks_are_cut_as_the_contract_says(total: int, config: RenderConfig, sizes: list[int]) -> None:
    """chunkSize, or what maxParallelChunks needs but at least ten frames; targetChunkFrames is a ceiling."""
    assert [chunk.frames for chunk in cut_chunks(FrameRange(0, total), config)] == sizes


@pytest.mark.parametrize(
    ("duration", "rate", "frames"),
    [
        (Fraction(4, 5), Fraction(30), 24),
        (Fraction(4, 5), Fraction(30000, 1001), 24),
        (Fraction("4.00000000001"), Fraction(30), 120),
        (Fraction("4.01"), Fraction(30), 121),
        (Fraction(1, 1000), Fraction(24), 1),
    ],
)
def test_the_last_frame_is_begun(duration: Fraction, rate: Fraction, frames: int) -> None:
    """A composition is shown whole; what floating point adds to its length adds no frame."""
    assert count_frames(duration, rate) == frames


def test_a_composition_lasts_a_day_at_most() -> None:
    """Longer ones are refused under the contract's own name."""
    assert count_frames(Fraction(86_400), Fraction(30)) == 2_592_000
    with pytest.raises(PlanTooLarge):
        count_frames(Fraction(86_401), Fraction(30))


def test_sizes_that_a_format_cannot_hold_are_refused() -> None:
    """Odd sides where colour is stored for squares of four; a size that the composition was not brought to."""
    check_size(321, 181, RenderConfig(format=Format.GIF))
    check_size(320, 180, RenderConfig(width=320))
    with pytest.raises(FormatNotSupported):
        check_size(321, 180, RenderConfig())
    with pytest.raises(InvalidConfig, match="320x180"):
        check_size(320, 180, RenderConfig(width=320, height=320))


def test_seams_to_compare() -> None:
    """The first seam and the last near one; a frame of the first chunk where that is long; nothing to compare alone."""
    assert seams_to_compare(cut_chunks(FrameRange(0, 24), RenderConfig(chunk_frames=24))) == ()
    assert seams_to_compare(cut_chunks(FrameRange(0, 24), RenderConfig(chunk_frames=12))) == (12,)
    assert seams_to_compare(cut_chunks(FrameRange(0, 1600), RenderConfig())) == (100, 300)
    assert seams_to_compare(cut_chunks(FrameRange(0, 4000), RenderConfig(chunk_frames=2000))) == (300,)


def test_the_frame_to_sample() -> None:
    """It comes after the seams, because frames are made in ascending order."""
    assert frame_to_sample((), FrameRange(0, 210)) == 104
    assert frame_to_sample((100, 300), FrameRange(0, 1600)) == 950
    assert frame_to_sample((9,), FrameRange(0, 10)) is None
    assert frame_to_sample((), FrameRange(0, 1)) == 0


@pytest.mark.parametrize(
    ("config", "chosen"),
    [
        (RenderConfig(), FrameRange(0, 24)),
        (RenderConfig(frame_range=(3, 3)), FrameRange(3, 4)),
        (RenderConfig(frame_range=(3, None)), FrameRange(3, 24)),
        (RenderConfig(frame_range=(0, 23)), FrameRange(0, 24)),
        (RenderConfig(format=Format.PNG), FrameRange(0, 1)),
        (RenderConfig(format=Format.JPEG, frame=-1), FrameRange(23, 24)),
        (RenderConfig(format=Format.PNG, frame=-24), FrameRange(0, 1)),
    ],
)
def test_the_frames_that_are_asked_for(config: RenderConfig, chosen: FrameRange) -> None:
    """All, from the first to the last that are named, or the one of a still, also counted from the end."""
    assert choose_frames(24, config) == chosen


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (RenderConfig(frame_range=(24, None)), "Config.frameRange"),
        (RenderConfig(frame_range=(0, 24)), "Config.frameRange"),
        (RenderConfig(format=Format.PNG, frame=24), "Config.frame"),
        (RenderConfig(format=Format.PNG, frame=-25), "Config.frame"),
    ],
)
def test_a_frame_that_is_not_there_is_refused(config: RenderConfig, field: str) -> None:
    """With the field, and which frames there are."""
    with pytest.raises(InvalidConfig, match="24 frames, 0 to 23") as refused:
        choose_frames(24, config)
    assert refused.value.context["field"] == field


def test_a_range_is_cut_and_compared_where_it_begins() -> None:
    """Its first chunk jumps too; one alone that begins early is played, and one that begins late is compared."""
    chunks = cut_chunks(FrameRange(30, 60), RenderConfig(chunk_frames=20))
    assert chunks == (FrameRange(30, 50), FrameRange(50, 60))
    assert seams_to_compare(chunks) == (30, 50)
    assert not plays_alone(chunks)
    assert plays_alone((FrameRange(30, 31),))
    assert not plays_alone((FrameRange(0, 31),))
    late = (FrameRange(900, 901),)
    assert (plays_alone(late), seams_to_compare(late)) == (False, (300,))
    assert frame_to_sample((), FrameRange(900, 903)) == 901
