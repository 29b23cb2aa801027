"""Planning: one frozen document under its own hash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.catalog.asset import AssetStatus, ProgressState
from chalicelib.catalog.keys import plan_key
from chalicelib.errors import PlanMismatch, SourceChanged, WorkSuperseded
from chalicelib.usecases.plan import load_plan
from tests.unit.usecases.studio import Studio


def test_the_plan_is_stored_under_its_hash_and_noted_on_the_asset(studio: Studio) -> None:
    """Tasks are listed with the sound first, and the asset knows how many there are."""
    planned = studio.plan()
    assert (planned["ChunkCount"], planned["Items"], planned["MaxParallelChunks"]) == (4, [3, 0, 1, 2], 40)
    digest = str(planned["PlanHash"])
    plan = load_plan(studio.asset.id, digest, studio.objects, studio.settings)
    assert (plan.video_tasks, plan.task_count) == (3, 4)
    asset = studio.now
    assert (asset.state, asset.plan_hash, asset.task_count) == (ProgressState.ENCODING, digest, 4)


def test_planning_twice_gives_one_plan(studio: Studio) -> None:
    """A repeated Plan finds its own document; the source is fetched once."""
    first = studio.plan()
    reads = len(studio.objects.reads)
    assert studio.plan() == first
    assert len(studio.objects.reads) == reads
    assert len(list(studio.objects.list_keys("source", "renders/"))) == 1


def test_nothing_is_planned_for_an_asset_that_was_given_up(studio: Studio) -> None:
    """A deleted asset ends the work."""
    studio.end(AssetStatus.DELETED)
    with pytest.raises(WorkSuperseded):
        studio.plan()


def test_a_replaced_source_is_refused(studio: Studio) -> None:
    """Only the bytes that were ingested are planned."""
    studio.objects.write("source", studio.asset.source_key, b"other bytes", content_type="video/mp4")
    with pytest.raises(SourceChanged):
        studio.plan()


def test_a_plan_of_another_hash_is_refused(studio: Studio) -> None:
    """Neither a missing plan nor one whose bytes were changed is used."""
    digest = str(studio.plan()["PlanHash"])
    with pytest.raises(PlanMismatch):
        load_plan(studio.asset.id, "0" * 64, studio.objects, studio.settings)
    studio.objects.write("source", plan_key(studio.asset.id, digest), b"{}", content_type="application/json")
    with pytest.raises(PlanMismatch):
        load_plan(studio.asset.id, digest, studio.objects, studio.settings)


def test_no_scratch_is_left(studio: Studio, tmp_path: Path) -> None:
    """Only the cached source stays on the disk."""
    studio.plan()
    (cache,) = tmp_path.iterdir()
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize(("prune", "names"), [(True, ["270p", "180p"]), (False, ["360p", "270p", "180p"])])
def test_rungs_that_add_nothing_are_left_out(studio: Studio, prune: bool, names: list[str]) -> None:
    """The pictures decide, unless the setting keeps all; every codec loses the same rungs."""
    studio.settings = replace(studio.settings, ladder=(360, 270, 180), codecs=("h264", "av1"), prune_ladder=prune)
    studio.encoder.losses = {480: 3, 320: 9}
    plan = load_plan(studio.asset.id, str(studio.plan()["PlanHash"]), studio.objects, studio.settings)
    assert plan.video is not None
    assert [rendition.name for rendition in plan.video.renditions] == [*names, *(f"{name}-av1" for name in names)]
