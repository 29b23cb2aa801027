"""One project, from its folder to its video, against a deployment that renders at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluice import rendering
from sluice.api_client import ApiRefused, ApiUnreachable, Json
from sluice.failure import OperatorError
from sluice.rendering import DownloadFailed, Job, Told, begin_render, describe, job_of, render_project
from tests.unit.sluice.deployment import FakeDeployment, Storage, storage

SILENT = Told(lambda _: lambda _: None, lambda _: None)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    monkeypatch.setattr(rendering, "_POLL_S", 0)
    with storage() as served:
        yield served


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / "index.html").write_text("<p>hello")
    return folder


def test_a_project_becomes_a_video(kept: Storage, project: Path, tmp_path: Path) -> None:
    """The archive is stored with its checksum, the options are asked for, and the file is what the storage gave."""
    api = FakeDeployment(kept.url, ("planning", "rendering", "succeeded"))
    seen: list[str] = []
    sent: list[int] = []
    told = Told(lambda _: lambda count: sent.append(count), lambda render: seen.append(render["status"]))
    out = tmp_path / "new" / "card.mp4"
    render = render_project(api, Job(project, out, {"fps": 25}), told)
    assert (render["status"], seen) == ("succeeded", ["queued", "planning", "rendering", "succeeded"])
    assert out.read_bytes() == b"video"
    assert list(out.parent.iterdir()) == [out]
    ((path, body, checksum),) = kept.put
    assert (path, checksum) == (f"/{hashlib.sha256(body).hexdigest()}", "sum")
    assert sum(sent) == len(body)
    assert api.asked == [{"site_id": f"st_{path[1:]}", "fps": 25}]


def test_a_render_that_is_only_begun_is_not_looked_at(kept: Storage, project: Path) -> None:
    """The project is stored and the render asked for; nothing is fetched."""
    api = FakeDeployment(kept.url)
    render = begin_render(api, Job(project, None), SILENT.sending)
    assert (render["status"], len(kept.put), len(api.asked)) == ("queued", 1, 1)


def test_the_secret_of_a_webhook_outlives_the_wait(kept: Storage, project: Path, tmp_path: Path) -> None:
    """The first answer alone has it, so it is kept and described with the result; without a webhook there is none."""
    asked = {"webhook": "https://hooks.example.com/"}
    render = render_project(FakeDeployment(kept.url), Job(project, tmp_path / "a.mp4", asked), SILENT)
    assert (render["status"], render["webhook_secret"]) == ("succeeded", "whsec_1")
    assert "wh_1, secret whsec_1" in describe(render)
    other = render_project(FakeDeployment(kept.url), Job(project, tmp_path / "b.mp4"), SILENT)
    assert "webhook" not in describe(other)


def test_a_stored_project_is_not_sent_again(kept: Storage, project: Path) -> None:
    """Also when the first video was written into the project's folder."""
    api = FakeDeployment(kept.url)
    for _ in range(2):
        render_project(api, Job(project, project / "card.mp4"), SILENT)
    assert len(kept.put) == 1


def test_a_moment_without_an_answer_is_borne(
    kept: Storage, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A render that is under way is asked about again; an answer that will not change is not."""
    monkeypatch.setattr(rendering, "_FIRST_PAUSE_S", 0)
    api = FakeDeployment(kept.url)
    api.refusals = [ApiRefused("busy", status=503, code="table-unavailable"), ApiUnreachable("no answer")]
    assert render_project(api, Job(project, tmp_path / "a.mp4"), SILENT)["status"] == "succeeded"
    api.refusals = [ApiRefused("gone", status=404, code="render-not-found")]
    with pytest.raises(ApiRefused, match="gone"):
        render_project(api, Job(project, tmp_path / "a.mp4"), SILENT)


def test_a_failed_render_leaves_no_file(kept: Storage, project: Path, tmp_path: Path) -> None:
    """It comes back as it is, with its errors."""
    render = render_project(FakeDeployment(kept.url, ("failed",)), Job(project, tmp_path / "a.mp4"), SILENT)
    assert [error["code"] for error in render["errors"]] == ["invalid-project"]
    assert not (tmp_path / "a.mp4").exists()


def test_an_interrupt_cancels(kept: Storage, project: Path, tmp_path: Path) -> None:
    """Ctrl-C while it goes on stops the work, not only the waiting."""
    api = FakeDeployment(kept.url, ("rendering",))

    def interrupt(render: Json) -> None:
        if render["status"] == "rendering":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_project(api, Job(project, tmp_path / "a.mp4"), Told(SILENT.sending, interrupt))
    assert api.cancelled == ["rn_1"]


def test_whoever_stops_waiting_cancels(kept: Storage, project: Path, tmp_path: Path) -> None:
    """A batch asks its renders to end."""
    api = FakeDeployment(kept.url, ("rendering",))
    render = render_project(api, Job(project, tmp_path / "a.mp4"), SILENT, stopping=lambda: bool(api.asked))
    assert (render["status"], api.cancelled) == ("cancelled", ["rn_1"])


def test_half_a_video_is_none(kept: Storage, project: Path, tmp_path: Path) -> None:
    """A file that is shorter than the output is not left behind under its name."""
    api = FakeDeployment(kept.url)
    api.output_size = 6
    with pytest.raises(DownloadFailed, match="not whole"):
        render_project(api, Job(project, tmp_path / "a.mp4"), SILENT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card"]


@pytest.mark.parametrize(
    ("out", "options", "name", "format"),
    [
        (None, {}, "card.mp4", None),
        (None, {"format": "png-sequence"}, "card.tar.gz", "png-sequence"),
        ("x.webm", {}, "x.webm", "webm"),
        ("x.gif", {"format": "gif"}, "x.gif", "gif"),
        ("x.bin", {"format": "mov"}, "x.bin", "mov"),
    ],
)
def test_file_and_format_follow_from_each_other(out: str | None, options: Json, name: str, format: str | None) -> None:
    """Where one is given, it decides the other."""
    job = job_of(Path("some/card"), Path(out) if out else None, options)
    assert (str(job.out), job.options.get("format")) == (name, format)


@pytest.mark.parametrize(("out", "format"), [("x.webm", "mp4"), (None, "avi")])
def test_a_file_named_like_another_format_is_refused(out: str | None, format: str) -> None:
    """Before anything is sent."""
    with pytest.raises(OperatorError):
        job_of(Path("card"), Path(out) if out else None, {"format": format})
