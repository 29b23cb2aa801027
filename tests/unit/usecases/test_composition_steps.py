"""Plan, chunks and Assemble of a composition, and the record that is kept of them, with a puppet for a browser."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chalicelib.catalog.render import UNFINISHED, RenderChange, RenderStatus
from chalicelib.composition.capture import Frame
from chalicelib.errors import (
    ChunkInexact,
    InvalidConfig,
    LocationNotAllowed,
    ObjectMissing,
    PlanMismatch,
    PlanProtocolUnsupported,
    WorkSuperseded,
)
from chalicelib.tools import Ffmpeg
from chalicelib.usecases import assemble_composition as assembling
from chalicelib.usecases.composition import PlanRequest
from chalicelib.usecases.plan_composition import plan_composition
from tests.screening import BUCKET, Puppet, Screening, square
from tests.unit.catalog.samples import RENDER_ID, a_render

CONFIG = {"fps": 25, "format": "png-sequence", "chunkSize": 2}
PROGRAM = Path("no-ffmpeg-is-run")


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sequences of pictures need none; only its version is asked."""
    monkeypatch.setattr(Ffmpeg, "version", lambda _: "n8")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def puppet() -> Puppet:
    return Puppet()


@pytest.fixture
def screening(tmp_path: Path, puppet: Puppet) -> Screening:
    return Screening(tmp_path / "objects", {"index.html": b"<p>"}, PROGRAM, puppet)


def _status(screening: Screening) -> RenderStatus:
    return screening.table.get_render(RENDER_ID).status


def test_a_render_is_recorded_from_step_to_step(screening: Screening) -> None:
    """Planned facts, frames and the output's size reach the record under the id that the input carries."""
    screening.table.create_render(a_render(status=RenderStatus.QUEUED))
    screening.render_id = RENDER_ID
    planned = screening.plan("x", **CONFIG)
    render = screening.table.get_render(RENDER_ID)
    assert (render.status, render.plan_hash) == (RenderStatus.RENDERING, planned.digest)
    assert (render.chunk_count, render.total_frames, render.width) == (2, 4, 16)
    for index in range(planned.chunks):
        screening.render(planned, index)
    assert screening.table.get_progress(RENDER_ID, planned.digest).frames_done == 4
    data = screening.assemble(planned)
    render = screening.table.get_render(RENDER_ID)
    assert (render.status, render.output_size_bytes) == (RenderStatus.SUCCEEDED, len(data))


def test_a_render_that_has_ended_is_worked_on_no_more(screening: Screening) -> None:
    """After a cancel every step refuses, and stores nothing."""
    screening.table.create_render(a_render(status=RenderStatus.QUEUED))
    screening.render_id = RENDER_ID
    planned = screening.plan("x", **CONFIG)
    cancelled = RenderChange(status=RenderStatus.CANCELLED)
    screening.table.update_render(RENDER_ID, cancelled, expect=UNFINISHED, now_ms=screening.clock())
    before = list(screening.objects.written)
    with pytest.raises(WorkSuperseded):
        screening.render(planned, 0)
    with pytest.raises(WorkSuperseded):
        screening.assemble(planned)
    with pytest.raises(WorkSuperseded):
        screening.plan("x", **CONFIG)
    assert screening.objects.written == before
    assert _status(screening) is RenderStatus.CANCELLED


def test_a_cancel_reaches_the_browser(screening: Screening, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Plan or a chunk has a page open, the page's own waiting learns of it."""
    monkeypatch.setattr("chalicelib.usecases.render_progress._LOOK_EVERY_S", 0.0)
    plain = Puppet.open
    cancelled = RenderChange(status=RenderStatus.CANCELLED)

    @contextmanager
    def cancelling(puppet: Puppet, *given: Any, look: Callable[[], None], **options: Any) -> Iterator[Any]:
        look()
        screening.table.update_render(RENDER_ID, cancelled, expect=UNFINISHED, now_ms=screening.clock())
        with plain(puppet, *given, **options) as stage:
            look()
            yield stage

    screening.render_id = RENDER_ID
    screening.table.create_render(a_render(status=RenderStatus.QUEUED))
    planned = screening.plan("x", **CONFIG)
    monkeypatch.setattr(Puppet, "open", cancelling)
    with pytest.raises(WorkSuperseded):
        screening.render(planned, 0)
    screening.table.items.clear()
    screening.table.create_render(a_render(status=RenderStatus.QUEUED))
    with pytest.raises(WorkSuperseded):
        screening.plan("y", **CONFIG)


def test_nothing_is_recorded_for_nobody(screening: Screening) -> None:
    """A render by plain AWS calls leaves no trace in the table."""
    screening.make("x", **CONFIG)
    assert screening.table.items == {}


def test_the_output_has_every_frame(screening: Screening) -> None:
    """Chunks hold distinct pictures only; the sequence holds them all."""
    with tarfile.open(fileobj=io.BytesIO(screening.make("x", **CONFIG)), mode="r:gz") as tar:
        frames = [tar.extractfile(member).read() for member in tar]  # type: ignore[union-attr]
    assert frames == [square(shade) for shade in range(4)]


def test_pictures_that_repeat_are_stored_once(screening: Screening, monkeypatch: pytest.MonkeyPatch) -> None:
    """A still composition's chunk is one picture, and its sequence has it as often as it is shown."""

    def still(_: Puppet, start: int, end: int, *, preroll: bool) -> list[Frame]:  # noqa: ARG001
        return [Frame(index, square(1), repeated=index > start) for index in range(start, end)]

    monkeypatch.setattr(Puppet, "frames", still)
    planned = screening.plan("x", **CONFIG)
    for index in range(planned.chunks):
        uri = screening.render(planned, index)["ChunkS3Uri"]
        with tarfile.open(fileobj=io.BytesIO(screening.read(uri))) as tar:
            assert tar.getnames() == [f"frame_{index * 2 + 1:06d}.png"]
    with tarfile.open(fileobj=io.BytesIO(screening.assemble(planned)), mode="r:gz") as tar:
        assert tar.getnames() == [f"frame_{number:06d}.png" for number in range(1, 5)]
        assert {member.size for member in tar} == {len(square(1))}


@pytest.mark.parametrize("shown", [[0], [0, 1, 2], [1, 0], [0, 2]], ids=["few", "many", "turned", "gap"])
def test_frames_that_are_not_the_plans_make_no_chunk(
    screening: Screening, monkeypatch: pytest.MonkeyPatch, shown: list[int]
) -> None:
    """Too few, too many, out of turn: no receipt, so nothing of it is ever assembled."""
    planned = screening.plan("x", **CONFIG)

    def wrong(_: Puppet, *__: int, preroll: bool) -> list[Frame]:  # noqa: ARG001
        return [Frame(index, square(index), repeated=False) for index in shown]

    monkeypatch.setattr(Puppet, "frames", wrong)
    with pytest.raises(ChunkInexact):
        screening.render(planned, 0)
    with pytest.raises(ObjectMissing):
        screening.objects.read(BUCKET, f"renders/x/{planned.digest[:16]}/chunks/00000.tar.json")


def test_a_page_of_another_size_makes_no_chunk(screening: Screening, puppet: Puppet) -> None:
    """What is drawn must be what was planned."""
    planned = screening.plan("x", **CONFIG)
    puppet.facts = Puppet(frames=8).facts.__class__("page", 32, 16, puppet.facts.scale, puppet.facts.duration, ())
    with pytest.raises(ChunkInexact):
        screening.render(planned, 0)


def test_a_page_that_adds_up_state_is_played_from_its_beginning(
    screening: Screening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the picture at a seam differs by how it was reached, every later chunk asks for a preroll."""
    asked: list[tuple[int, bool]] = []

    def moody(_: Puppet, start: int, end: int, *, preroll: bool) -> list[Frame]:
        asked.append((start, preroll))
        return [Frame(index, square(index % 2 + preroll), repeated=False) for index in range(start, end)]

    monkeypatch.setattr(Puppet, "frames", moody)
    planned = screening.plan("x", **CONFIG)
    assert asked == [(2, False), (2, True)]
    screening.render(planned, 0)
    screening.render(planned, 1)
    assert asked[2:] == [(0, False), (2, True)]


def test_a_plan_for_one_chunk_opens_one_browser(screening: Screening, puppet: Puppet) -> None:
    """There is no seam to look at."""
    screening.plan("x", **{**CONFIG, "chunkSize": 10})
    assert puppet.opened == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"config": {"fps": 0}}, InvalidConfig),
        ({"protocol": "v3"}, PlanProtocolUnsupported),
        ({"project_uri": "s3://elsewhere/projects/p.tar.gz"}, LocationNotAllowed),
        ({"plan_prefix_uri": f"s3://{BUCKET}/media/x/"}, LocationNotAllowed),
        ({"output_uri": "s3://elsewhere/renders/x.mp4"}, LocationNotAllowed),
    ],
)
def test_a_wrong_request_costs_no_browser(
    screening: Screening, puppet: Puppet, changes: dict[str, object], error: type[Exception]
) -> None:
    """Whatever can be known from the request alone is refused before anything is fetched or started."""
    asked = {
        "project_uri": screening.project_uri,
        "plan_prefix_uri": f"s3://{BUCKET}/renders/x/",
        "config": CONFIG,
        "output_uri": None,
        **changes,
    }
    with pytest.raises(error):
        plan_composition(PlanRequest(**asked), **screening.rest())  # type: ignore[arg-type]
    assert puppet.opened == 0


def test_an_output_without_a_place_lies_beside_the_plan(screening: Screening) -> None:
    """An execution that names none does not fail in the end."""
    request = PlanRequest(screening.project_uri, f"s3://{BUCKET}/renders/x", CONFIG)
    answer = plan_composition(request, **screening.rest())
    assert answer["Assembly"]["OutputS3Uri"] == f"s3://{BUCKET}/renders/x/output.tar.gz"  # type: ignore[index]


def test_chunks_of_two_plans_do_not_meet(screening: Screening) -> None:
    """Two renders into one place, which differ in a variable, keep apart; and a chunk is never taken for another's."""
    first = screening.plan("x", **CONFIG)
    second = screening.plan("x", **CONFIG, variables={"a": 1})
    assert screening.render(first, 0)["ChunkS3Uri"] != screening.render(second, 0)["ChunkS3Uri"]
    same = f"s3://{BUCKET}/renders/same/"
    for planned in (first, second):
        for index in range(2):
            screening.render(planned, index, prefix_uri=same)
    assert screening.receipt_at(f"{same}chunks/00000.tar").plan_hash == second.digest
    with pytest.raises(Exception, match="not rendered"):
        screening.assemble(first, prefix_uri=same)


def test_an_output_that_no_disk_holds_is_refused(screening: Screening, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the sizes in the receipts, before a byte is fetched."""
    monkeypatch.setattr(assembling, "MAX_OUTPUT_BYTES", 100)
    with pytest.raises(Exception, match="an output may have 100 bytes"):
        screening.make("x", **CONFIG)


def test_without_a_hash_the_plans_name_is_believed_only_if_it_fits(screening: Screening) -> None:
    """Clients of the open contract assemble without one."""
    planned = screening.plan("x", **CONFIG)
    for index in range(planned.chunks):
        screening.render(planned, index)
    screening.assemble(planned, plan_hash=None)
    at = f"renders/x/plan/{'0' * 64}.json"
    screening.objects.write(BUCKET, at, screening.read(planned.answer["PlanS3Uri"]))
    with pytest.raises(PlanMismatch):
        screening.assemble(planned, plan_uri=f"s3://{BUCKET}/{at}", plan_hash=None)
