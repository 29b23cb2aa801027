"""One task: final segments, then its receipt, and nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.catalog.asset import AssetStatus
from chalicelib.catalog.keys import receipt_key
from chalicelib.errors import ChunkInexact, DeadlineNear, PlanMismatch, TaskTooSlow, WorkSuperseded
from chalicelib.media.commands import SEEK_PADS
from chalicelib.media.receipt import PartialReceipt, Segment, TrackReceipt, parse_receipt
from chalicelib.usecases import watch as watching
from chalicelib.usecases.receipts import store_partial, stored_partial
from tests.unit.usecases.studio import Studio


@pytest.fixture
def digest(studio: Studio) -> str:
    return str(studio.plan()["PlanHash"])


def test_a_chunk_writes_its_segments_by_absolute_number(studio: Studio, digest: str) -> None:
    """The second chunk starts with the third segment, and leaves init segment and poster to the first."""
    studio.render(digest, 1)
    assert sorted(studio.published) == ["360p/00003.m4s", "360p/00004.m4s", "storyboard-00001.jpg"]
    studio.render(digest, 0)
    assert {"360p/init.mp4", "360p/00001.m4s", "poster.jpg", "storyboard-00000.jpg"} <= studio.published.keys()


def test_published_objects_may_be_cached_for_ever(studio: Studio, digest: str) -> None:
    """Their names hold the plan's hash, so their bytes never change."""
    studio.render(digest, 0)
    media = [stored for (bucket, _), stored in studio.objects.stored.items() if bucket == "media"]
    assert {stored.cache_control for stored in media} == {"public, max-age=31536000, immutable"}
    assert {stored.content_type for stored in media} == {"video/mp4", "image/jpeg"}


def test_sound_is_one_task(studio: Studio, digest: str) -> None:
    """The task after the last chunk is the whole audio track."""
    answer = studio.render(digest, 3)
    assert sorted(studio.published) == [
        "audio/00001.m4s",
        "audio/00002.m4s",
        "audio/00003.m4s",
        "audio/00004.m4s",
        "audio/init.mp4",
    ]
    assert answer["ChunkIndex"] == 3


def test_the_answer_is_small(studio: Studio, digest: str) -> None:
    """The answers of all chunks pass through the state machine: 200 bytes each."""
    answer = studio.render(digest, 0)
    assert answer.keys() == {"ChunkIndex", "Sha256", "FramesEncoded", "DurationMs"}
    assert answer["FramesEncoded"] == 120
    assert len(json.dumps(answer)) < 200


def test_a_task_that_has_a_receipt_is_done(studio: Studio, digest: str) -> None:
    """Asked again, it encodes nothing, answers the same, and is counted once; the bill counts both."""
    first = studio.render(digest, 0)
    again = studio.render(digest, 0)
    assert len(studio.encoder.runs) == 1
    assert again["Sha256"] == first["Sha256"]
    work = studio.table.get_progress(studio.asset.id, digest)
    assert work.tasks_done == 1
    assert work.lambda_mb_ms > 0


def test_the_receipt_comes_last(studio: Studio, digest: str) -> None:
    """It names every segment that was written, and nothing is written after it."""
    studio.render(digest, 0)
    *_, (bucket, key) = studio.objects.stored
    assert (bucket, key) == ("source", receipt_key(studio.asset.id, digest, 0))
    receipt = parse_receipt(studio.objects.read(bucket, key))
    assert [segment.number for segment in receipt.tracks[0].segments] == [1, 2]
    assert receipt.tiles > 0


def test_an_inexact_chunk_is_sought_from_further_back(studio: Studio, digest: str) -> None:
    """Each try seeks earlier; the first exact one counts."""
    studio.encoder.inexact = 2
    studio.render(digest, 1)
    assert len(studio.encoder.runs) == 3
    assert len({tuple(arguments) for arguments in studio.encoder.runs}) == 3


def test_a_chunk_that_proves_inexact_late_has_names_of_its_own(studio: Studio, digest: str) -> None:
    """What a try had stored before it failed is not what the receipt names, so that whoever is late spoils nothing."""
    studio.encoder.damaged = 1
    studio.render(digest, 1)
    (track, *_) = parse_receipt(studio.objects.read("source", receipt_key(studio.asset.id, digest, 1))).tracks
    assert [segment.name for segment in track.segments] == ["00003-00000-1.m4s", "00004-00000-1.m4s"]
    named = {f"{track.track}/{segment.name}" for segment in track.segments}
    assert named | {f"{track.track}/00003.m4s"} <= studio.published.keys()


def test_a_chunk_that_proves_inexact_at_once_keeps_its_names(studio: Studio, digest: str) -> None:
    """Most do, where seeking lands late: nothing was stored, and names that follow from numbers are for templates."""
    studio.encoder.inexact = 1
    studio.render(digest, 3)
    (track, *_) = parse_receipt(studio.objects.read("source", receipt_key(studio.asset.id, digest, 3))).tracks
    assert not any(segment.has_own_name for segment in track.segments)


def test_a_chunk_that_stays_inexact_fails(studio: Studio, digest: str) -> None:
    """It leaves no receipt, so nothing of it is published; the first chunk, which does not seek, is tried once only."""
    studio.encoder.inexact = 99
    with pytest.raises(ChunkInexact):
        studio.render(digest, 1)
    assert len(studio.encoder.runs) == len(SEEK_PADS)
    with pytest.raises(ChunkInexact):
        studio.render(digest, 0)
    assert len(studio.encoder.runs) == len(SEEK_PADS) + 1
    assert not any(key == receipt_key(studio.asset.id, digest, n) for _, key in studio.objects.stored for n in (0, 1))


@pytest.mark.parametrize("index", [-1, 4])
def test_the_plan_must_have_the_task(studio: Studio, digest: str, index: int) -> None:
    """A task outside the plan is a mismatch."""
    with pytest.raises(PlanMismatch):
        studio.render(digest, index)


def test_no_chunk_is_rendered_under_another_plan(studio: Studio, digest: str) -> None:
    """The hash in the event must be that of a stored plan."""
    with pytest.raises(PlanMismatch):
        studio.render(digest[::-1], 0)


@pytest.mark.parametrize("status", [AssetStatus.DELETED, AssetStatus.CANCELLED])
def test_a_chunk_that_outlives_its_asset_is_withdrawn(
    studio: Studio, digest: str, monkeypatch: pytest.MonkeyPatch, status: AssetStatus
) -> None:
    """Deleted or cancelled while it is encoded, it leaves neither segments nor receipt."""
    encode = studio.encoder.run

    def run(*args: Any, **options: Any) -> None:
        encode(*args, **options)
        studio.end(status)

    monkeypatch.setattr(studio.encoder, "run", run)
    with pytest.raises(WorkSuperseded):
        studio.render(digest, 0)
    assert [bucket for bucket, _ in studio.objects.stored] == ["source"]


def test_no_chunk_is_rendered_for_an_asset_that_was_given_up(studio: Studio, digest: str) -> None:
    """A cancelled asset ends the work of its chunks."""
    studio.end(AssetStatus.CANCELLED)
    with pytest.raises(WorkSuperseded):
        studio.render(digest, 0)
    assert studio.encoder.runs == []


def test_a_running_encoder_is_asked_whether_it_is_wanted(
    studio: Studio, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it asks while it runs raises once the asset is cancelled, which ends it."""
    asked: list[str] = []

    def run(*_: Any, watch: Callable[[], None], **__: Any) -> None:
        watch()
        asked.append("and went on")
        studio.end(AssetStatus.CANCELLED)
        monkeypatch.setattr(watching, "LOOK_EVERY_S", 0)
        watch()
        asked.append("and went on")

    monkeypatch.setattr(studio.encoder, "run", run)
    with pytest.raises(WorkSuperseded):
        studio.render(digest, 0)
    assert asked == ["and went on"]


def test_a_chunk_whose_time_runs_out_goes_on(studio: Studio, digest: str) -> None:
    """The second try encodes only what is missing, under a name of its own, and then the stills of all."""
    studio.encoder.time_for = [4]
    with pytest.raises(DeadlineNear):
        studio.render(digest, 1)
    assert studio.published.keys() == {"360p/00003.m4s"}
    studio.render(digest, 1)
    assert studio.published.keys() == {"360p/00003.m4s", "360p/00004-00004.m4s", "storyboard-00001.jpg"}
    assert ["start_pts=180" in " ".join(arguments) for arguments in studio.encoder.runs] == [False, True, False]
    receipt = parse_receipt(studio.objects.read("source", receipt_key(studio.asset.id, digest, 1)))
    assert [(one.number, one.run) for one in receipt.tracks[0].segments] == [(3, 0), (4, 4)]
    assert receipt.tiles > 0


def test_stills_may_need_a_try_of_their_own(studio: Studio, digest: str) -> None:
    """When every segment is stored, the next try makes the stills and encodes nothing."""
    studio.encoder.time_for = [6]
    with pytest.raises(DeadlineNear):
        studio.render(digest, 0)
    studio.render(digest, 0)
    assert {"360p/00001.m4s", "360p/00002.m4s", "poster.jpg", "storyboard-00000.jpg"} <= studio.published.keys()
    assert not any(word.endswith(".mp4") for word in studio.encoder.runs[-1])


def test_sound_whose_time_runs_out_goes_on(studio: Studio, digest: str) -> None:
    """From the first packet that is missing."""
    studio.encoder.time_for = [1, 2]
    for _ in range(2):
        with pytest.raises(DeadlineNear):
            studio.render(digest, 3)
    studio.render(digest, 3)
    receipt = parse_receipt(studio.objects.read("source", receipt_key(studio.asset.id, digest, 3)))
    assert [(one.number, one.run) for one in receipt.tracks[0].segments] == [(1, 0), (2, 2), (3, 2), (4, 4)]


def test_a_task_that_gets_nowhere_ends(studio: Studio, digest: str) -> None:
    """One try may add nothing, because a machine was slow; the second in a row is the last. One that adds resets."""
    studio.encoder.time_for = [0, 3, 2, 1]
    for _ in range(3):
        with pytest.raises(DeadlineNear):
            studio.render(digest, 0)
    with pytest.raises(TaskTooSlow):
        studio.render(digest, 0)


def test_another_try_that_got_further_is_not_forgotten(studio: Studio, digest: str) -> None:
    """What a slower duplicate has to say comes late and is less."""
    further = PartialReceipt(digest, 3, (TrackReceipt("audio", "mp4a.40.2", 48_000, "0" * 64, ()),))
    segment = Segment(1, 9, 288_000, 0, 1, (), "0" * 64)
    further = replace(further, tracks=(replace(further.tracks[0], segments=(segment, segment)),))
    store_partial(studio.asset.id, further, studio.objects, studio.settings)
    store_partial(studio.asset.id, PartialReceipt(digest, 3), studio.objects, studio.settings)
    assert stored_partial(studio.asset.id, digest, 3, studio.objects, studio.settings) == further


def test_a_chunk_that_runs_out_of_time_and_asset_is_withdrawn(studio: Studio, digest: str) -> None:
    """Neither segments nor a partial receipt are left of an asset that was deleted meanwhile."""
    studio.encoder.time_for = [4]
    get = studio.table.get_asset
    seen: list[str] = []

    def after_the_first(asset_id: str) -> Any:
        if seen:
            studio.end(AssetStatus.DELETED)
        seen.append(asset_id)
        return get(asset_id)

    studio.table.get_asset = after_the_first  # type: ignore[method-assign]
    with pytest.raises(WorkSuperseded):
        studio.render(digest, 0)
    assert {key.split("/")[0] for _, key in studio.objects.stored} == {"uploads"}


def test_text_is_one_task(studio: Studio) -> None:
    """The last task makes every subtitle file; one without a cue is not written."""
    studio.encoder.text = ("subrip", "ass")
    digest = str(studio.plan()["PlanHash"])
    answer = studio.render(digest, 4)
    assert (answer["ChunkIndex"], answer["FramesEncoded"]) == (4, 0)
    assert studio.published.keys() == {"text/subtitles.vtt"}
    assert b"00:00:01.000 --> 00:00:02.000\nHello" in studio.published["text/subtitles.vtt"]
    receipt = parse_receipt(studio.objects.read("source", receipt_key(studio.asset.id, digest, 4)))
    assert [(text.track, text.cues) for text in receipt.texts] == [("text", 1), ("text-2", 0)]


@pytest.mark.parametrize("decodes", [True, False])
def test_the_cover_of_a_sound_is_its_poster(studio: Studio, decodes: bool) -> None:
    """Made beside the default sound, if it is a picture at all."""
    studio.encoder.has_video, studio.encoder.decodes_cover = False, decodes
    studio.probe.source = replace(studio.probe.source, cover=True)
    digest = str(studio.plan()["PlanHash"])
    studio.render(digest, 0)
    assert ("poster.jpg" in studio.published) is decodes
