"""What is told of a change, and under which id."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.catalog.asset import AssetChange, AssetStatus, ProgressState
from chalicelib.catalog.events import (
    EventType,
    asset_events,
    event,
    may_tell,
    render_events,
    rendition_events,
    rfc3339,
    upload_events,
)
from chalicelib.catalog.ids import EVENT_PREFIX, is_id
from chalicelib.catalog.render import RenderError, RenderStatus
from chalicelib.catalog.rendition import RenditionStatus
from chalicelib.catalog.upload import UploadStatus
from tests.unit.catalog.samples import NOW_MS, a_render, a_rendition, an_asset, an_upload

S = AssetStatus


def _told(before: object, after: object) -> list[str]:
    return [each.type for each in asset_events(before, after, at_ms=NOW_MS)]  # type: ignore[arg-type]


def test_an_event_told_twice_is_one_event() -> None:
    """Its id depends on what it tells and on nothing else, not even on the time."""
    asset = an_asset()
    first = event(EventType.ASSET_READY, asset, at_ms=1, attempt=2)
    assert first.id == event(EventType.ASSET_READY, replace(asset, filename="x"), at_ms=2, attempt=2).id
    assert is_id(first.id, EVENT_PREFIX)
    others = [
        event(EventType.ASSET_READY, asset, at_ms=1, attempt=3),
        event(EventType.ASSET_ERRORED, asset, at_ms=1, attempt=2),
        event(EventType.ASSET_READY, an_upload(), at_ms=1, attempt=2),
        event(EventType.ASSET_READY, asset, at_ms=1, attempt=2, revision="tr_1"),
    ]
    assert len({first.id, *(other.id for other in others)}) == 5


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (S.READY, "asset.ready"),
        (S.ERRORED, "asset.errored"),
        (S.DELETED, "asset.deleted"),
        (S.CANCELLED, "asset.updated"),
    ],
)
def test_each_end_of_an_asset_is_told(status: AssetStatus, kind: str) -> None:
    """Once, and not again while nothing more changes."""
    asset = an_asset()
    ended = replace(asset, status=status)
    assert _told(asset, ended) == [kind]
    assert _told(ended, replace(ended, updated_at_ms=NOW_MS + 1)) == []


def test_a_new_asset_is_created() -> None:
    """And that is all that is told of it."""
    assert _told(None, an_asset(status=S.WAITING)) == ["asset.created"]


def test_playable_is_told_when_something_plays_first() -> None:
    """Not again when the final publication takes the early one's place, and before the end if both come together."""
    silent = an_asset(hls_key=None)
    early = replace(silent, hls_key="early")
    assert _told(silent, early) == ["asset.playable"]
    assert _told(early, replace(early, hls_key="final")) == []
    assert _told(silent, replace(early, status=S.READY)) == ["asset.playable", "asset.ready"]
    assert _told(silent, replace(early, status=S.DELETED)) == ["asset.deleted"]


def test_an_update_says_what_was_before() -> None:
    """Two of them in one attempt are two events."""
    waiting = an_asset(status=S.WAITING, hls_key=None)
    taken_in = replace(waiting, status=S.PREPARING)
    (update,) = asset_events(waiting, taken_in, at_ms=NOW_MS)
    assert (update.type, update.detail) == ("asset.updated", {"previous_status": "waiting"})
    (change,) = asset_events(taken_in, replace(taken_in, meta={"new": 1}), at_ms=NOW_MS + 1)
    assert change.type == "asset.updated"
    assert change.id != update.id


def test_progress_tells_nothing() -> None:
    """What happens all the time costs no read and no event."""
    assert not may_tell(AssetChange(state=ProgressState.ENCODING, plan_hash="ab", execution_arn=None))
    assert may_tell(AssetChange(status=S.READY))
    assert may_tell(AssetChange(hls_key="k"))
    assert may_tell(AssetChange(meta={}))


def test_each_end_of_an_upload_is_told() -> None:
    """A waiting one has no event."""
    told = {status: [each.type for each in upload_events(an_upload(status=status), at_ms=1)] for status in UploadStatus}
    assert told.pop(UploadStatus.WAITING) == []
    assert told == {status: [f"upload.{status}"] for status in told}


def test_each_end_of_a_static_rendition_is_told() -> None:
    """One that was deleted and asked for again is another one, under the same id."""
    ready = a_rendition(status=RenditionStatus.READY)
    (told,) = rendition_events(ready, at_ms=NOW_MS)
    (errored,) = rendition_events(replace(ready, status=RenditionStatus.ERRORED), at_ms=NOW_MS)
    (again,) = rendition_events(replace(ready, created_at_ms=ready.created_at_ms + 1), at_ms=NOW_MS)
    assert [told.type, errored.type, again.type] == ["rendition.ready", "rendition.errored", "rendition.ready"]
    assert len({told.id, errored.id, again.id}) == 3
    assert rendition_events(replace(ready, status=RenditionStatus.PREPARING), at_ms=NOW_MS) == ()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (RenderStatus.PLANNING, EventType.RENDER_STARTED),
        (RenderStatus.SUCCEEDED, EventType.RENDER_SUCCEEDED),
        (RenderStatus.FAILED, EventType.RENDER_FAILED),
        (RenderStatus.TIMED_OUT, EventType.RENDER_FAILED),
        (RenderStatus.CANCELLED, EventType.RENDER_CANCELLED),
    ],
)
def test_a_render_tells_its_start_and_its_end(status: RenderStatus, kind: EventType) -> None:
    """Each attempt tells them once; what lies between is not told."""
    render = a_render(status=status)
    (told,) = render_events(render, at_ms=NOW_MS)
    assert (told.type, told.subject) == (kind, render)
    assert told.id == render_events(render, at_ms=NOW_MS + 1)[0].id
    assert told.id != render_events(replace(render, attempt=render.attempt + 1), at_ms=NOW_MS)[0].id
    assert render_events(a_render(status=RenderStatus.RENDERING), at_ms=NOW_MS) == ()


def test_a_render_that_its_cost_ends_says_so() -> None:
    """Beside its failure; no other failure tells it."""
    over = a_render(status=RenderStatus.FAILED, errors=(RenderError("cost-limit-reached", "enough"),))
    assert [each.type for each in render_events(over, at_ms=1)] == ["render.failed", "cost.threshold_reached"]
    assert [each.type for each in render_events(a_render(status=RenderStatus.FAILED), at_ms=1)] == ["render.failed"]


def test_times_are_of_utc() -> None:
    """With milliseconds, so that they sort as text."""
    assert rfc3339(NOW_MS + 7) == "2027-01-15T08:00:00.007Z"
