"""Renders are started once, cancelled once, and give what they made."""

from __future__ import annotations

from fractions import Fraction

import pytest

from chalicelib.aws.workflows import ExecutionStatus
from chalicelib.catalog.keys import project_key
from chalicelib.catalog.render import Render, RenderStatus
from chalicelib.errors import (
    InvalidConfig,
    RenderEnded,
    RenderNotFound,
    SiteNotFound,
    TableUnavailable,
    WorkflowUnavailable,
)
from chalicelib.usecases.render import NewRender, cancel_render, delete_render, open_render, output_url, start_render
from tests.fakes import settings
from tests.unit.catalog.samples import NOW_MS, RENDER_ID, SITE_SHA256, a_render
from tests.unit.usecases.desk import Desk


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.objects.write("source", project_key(SITE_SHA256), b"an archive", content_type="application/gzip")
    return made


def _open(desk: Desk, **config: object) -> Render:
    new = NewRender(SITE_SHA256, config, Fraction("0.5"))
    return open_render(new, desk.objects, desk.table, desk.workflows, desk.settings, now_ms=desk.clock())


def test_a_render_starts_its_own_execution(desk: Desk) -> None:
    """Named after it, with the input of the open contract, and everything of it under its own prefix."""
    render = _open(desk, format="png-sequence", fps=25)
    assert render == desk.table.get_render(render.id)
    assert (render.status, render.max_cost_usd) == (RenderStatus.QUEUED, Fraction("0.5"))
    assert desk.workflows.executions[str(render.execution_arn)].status is ExecutionStatus.RUNNING
    assert desk.workflows.inputs[render.id] == {
        "ProjectS3Uri": f"s3://source/projects/{SITE_SHA256}.tar.gz",
        "PlanOutputS3Prefix": f"s3://source/renders/{render.id}/",
        "OutputS3Uri": f"s3://source/renders/{render.id}/output.tar.gz",
        "Config": {"format": "png-sequence", "fps": 25},
        "RenderId": render.id,
        "Attempt": 1,
    }


def test_few_workers_get_fewer_chunks(desk: Desk) -> None:
    """A machine that renders two chunks at once has no use for sixteen browsers, unless somebody wants them."""
    desk.settings = settings(max_parallel_chunks=2)
    assert _open(desk, fps=25).config == {"fps": 25, "targetChunkFrames": 120}
    assert _open(desk, maxParallelChunks=16).config == {"maxParallelChunks": 16}
    assert _open(desk, chunkSize=10).config == {"chunkSize": 10}


def test_a_worker_that_dies_leaves_no_render_without_its_webhook(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The webhook is written first: alone it hears of nothing, is in no list, and expires in the end."""

    def die(*_: object) -> bool:
        raise TableUnavailable("no answer")

    monkeypatch.setattr(desk.table, "create_render", die)
    new = NewRender(SITE_SHA256, webhook_url="https://hooks.example.com/")
    with pytest.raises(TableUnavailable):
        open_render(new, desk.objects, desk.table, desk.workflows, desk.settings, now_ms=desk.clock())
    ((_, kind),) = desk.table.items
    (left,) = desk.table.items.values()
    assert (kind, "gsi1pk" in left) == ("webhook", False)
    assert int(left["expires_at"]["N"]) == desk.clock() // 1000 + 37 * 24 * 3600
    assert desk.table.list_webhooks(limit=9, cursor=None).items == ()
    assert desk.workflows.executions == {}


def test_nothing_is_made_of_a_wrong_request(desk: Desk) -> None:
    """A wrong field, or a project that is not there, leaves no record behind."""
    with pytest.raises(InvalidConfig):
        _open(desk, width=15)
    desk.objects.stored.clear()
    with pytest.raises(SiteNotFound):
        _open(desk)
    assert desk.table.items == {}
    assert desk.workflows.executions == {}


def test_a_start_that_gets_no_answer_is_left_to_the_schedule(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The render is accepted: its record is there."""

    def refuse(*_: object) -> str:
        raise WorkflowUnavailable("no answer")

    monkeypatch.setattr(desk.workflows, "_start", refuse)
    render = _open(desk)
    assert desk.table.get_render(render.id) == render
    assert render.execution_arn is None


@pytest.mark.parametrize("ended", [True, False])
def test_a_deleted_render_leaves_nothing(desk: Desk, ended: bool) -> None:
    """Its execution is stopped, its objects and its record are gone; nobody else's are."""
    render, other = _open(desk), _open(desk, fps=25)
    for key in (render.output_key, other.output_key):
        desk.objects.write("source", key, b"a video", content_type="video/mp4")
    if ended:
        cancel_render(render.id, desk.table, desk.workflows, now_ms=desk.clock())
    delete_render(render.id, desk.objects, desk.table, desk.workflows, desk.settings, now_ms=desk.clock())
    assert desk.workflows.executions[str(render.execution_arn)].status is ExecutionStatus.ABORTED
    assert list(desk.objects.list_keys("source", "renders/")) == [other.output_key]
    with pytest.raises(RenderNotFound):
        desk.table.get_render(render.id)
    with pytest.raises(RenderNotFound):
        delete_render(render.id, desk.objects, desk.table, desk.workflows, desk.settings, now_ms=desk.clock())


def test_a_render_that_was_cancelled_first_does_not_run(desk: Desk) -> None:
    """Whoever starts it too late stops it again."""
    given = a_render(status=RenderStatus.CANCELLED, attempt=1, execution_arn=None)
    desk.table.create_render(given)
    assert start_render(given, desk.table, desk.workflows, desk.settings, now_ms=NOW_MS) == given
    arn = desk.workflows.render_execution_arn(RENDER_ID)
    assert desk.workflows.executions[arn].status is ExecutionStatus.ABORTED


def test_a_cancel_ends_the_execution(desk: Desk) -> None:
    """Also one whose ARN was not noted; a second cancel says the same."""
    render = _open(desk)
    del desk.table.items[f"render#{render.id}", "render"]["execution_arn"]
    for _ in range(2):
        cancelled = cancel_render(render.id, desk.table, desk.workflows, now_ms=NOW_MS + 1)
        assert (cancelled.status, cancelled.finished_at_ms) == (RenderStatus.CANCELLED, NOW_MS + 1)
    assert desk.workflows.executions[str(render.execution_arn)].status is ExecutionStatus.ABORTED


def test_a_cancel_ends_the_present_attempt(desk: Desk) -> None:
    """Each attempt has an execution of its own."""
    desk.table.create_render(a_render(attempt=3))
    arn = desk.workflows.start_render(f"{RENDER_ID}-3", {})
    cancel_render(RENDER_ID, desk.table, desk.workflows, now_ms=NOW_MS)
    assert desk.workflows.executions[arn].status is ExecutionStatus.ABORTED


@pytest.mark.parametrize("status", [RenderStatus.SUCCEEDED, RenderStatus.FAILED, RenderStatus.TIMED_OUT])
def test_what_has_ended_is_not_cancelled(desk: Desk, status: RenderStatus) -> None:
    """The record stays as it is."""
    desk.table.create_render(a_render(status=status))
    with pytest.raises(RenderEnded):
        cancel_render(RENDER_ID, desk.table, desk.workflows, now_ms=NOW_MS)
    assert desk.table.get_render(RENDER_ID) == a_render(status=status)


def test_an_unknown_render_is_not_cancelled(desk: Desk) -> None:
    """There is nothing to cancel."""
    with pytest.raises(RenderNotFound):
        cancel_render(RENDER_ID, desk.table, desk.workflows, now_ms=NOW_MS)


def test_an_output_has_a_url_while_it_lasts(desk: Desk) -> None:
    """From its end on, for as long as the bucket keeps it, under a name that says what it is."""
    week_ms = 7 * 24 * 3600 * 1000
    done = a_render(status=RenderStatus.SUCCEEDED, finished_at_ms=NOW_MS)
    url = output_url(done, desk.objects, desk.settings, now_ms=NOW_MS + week_ms - 1)
    assert url == f"https://source.s3.test/renders/{RENDER_ID}/output.mp4?expires=900&name={RENDER_ID}.mp4"
    assert output_url(done, desk.objects, desk.settings, now_ms=NOW_MS + week_ms) is None
    assert output_url(a_render(), desk.objects, desk.settings, now_ms=NOW_MS) is None
