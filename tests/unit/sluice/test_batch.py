"""Many renders from one file, each for itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sluice import rendering, verbs_renders
from sluice.batch import BatchUnfit, Outcome, read_batch, run_batch
from sluice.cli import main
from tests.unit.sluice.deployment import FakeDeployment, Storage, storage


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    monkeypatch.setattr(rendering, "_POLL_S", 0)
    with storage() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs, with two projects."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _file(folder: Path, *lines: object) -> Path:
    path = folder / "batch.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def test_every_line_is_rendered(kept: Storage, folder: Path) -> None:
    """Each with its own options, into its own file; the outcomes come in the order of the lines."""
    file = _file(
        folder,
        {"dir": "one", "out": "a/1.webm", "variables": {"n": 1}},
        "",
        {"dir": "two", "fps": 60, "webhook": "https://a.test/"},
    )
    api = FakeDeployment(kept.url)
    announced: list[Outcome] = []
    outcomes = run_batch(api, read_batch(file), at_once=2, announce=announced.append)
    assert [(outcome.line, str(outcome.job.out), outcome.problem) for outcome in outcomes] == [
        (1, "a/1.webm", ""),
        (3, "two.mp4", ""),
    ]
    assert sorted(outcome.line for outcome in announced) == [1, 3]
    assert (folder / "a" / "1.webm").read_bytes() == (folder / "two.mp4").read_bytes() == b"video"
    asked = sorted((body.get("fps", 0), body.get("format"), body.get("variables")) for body in api.asked)
    assert asked == [(0, "webm", {"n": 1}), (60, None, None)]
    assert [outcome.as_json()["render"].get("webhook_secret") for outcome in outcomes] == [None, "whsec_1"]


def test_one_failure_leaves_the_others_alone(kept: Storage, folder: Path) -> None:
    """What is refused has its reason; the rest is rendered."""
    file = _file(folder, {"dir": "one", "fps": 0}, {"dir": "two"})
    first, second = run_batch(FakeDeployment(kept.url), read_batch(file), at_once=1, announce=lambda _: None)
    assert (first.problem, second.problem) == ("fps: no such rate (invalid-request)", "")
    assert (first.as_json()["ok"], second.as_json()["ok"]) == (False, True)


def test_an_interrupt_cancels_what_is_under_way_and_begins_no_more(kept: Storage, folder: Path) -> None:
    """Nothing goes on behind the person's back."""
    file = _file(folder, {"dir": "one", "out": "0.mp4", "fps": 0}, {"dir": "one"}, {"dir": "two"})
    api = FakeDeployment(kept.url, ("rendering",))

    def interrupt(outcome: Outcome) -> None:
        if outcome.line == 1:
            while not api.asked:
                pass
            raise KeyboardInterrupt

    outcomes = run_batch(api, read_batch(file), at_once=1, announce=interrupt)
    assert [outcome.problem for outcome in outcomes][1:] == ["cancelled", "not begun"]
    assert api.cancelled == ["rn_1"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "holds no job"),
        (['{"dir": '], "line 1: not JSON"),
        ([{"dir": "one"}, []], "line 2: expected an object"),
        ([{"dir": 3}], "line 1: expected an object"),
        ([{"dir": "three"}], "line 1: three is not a folder"),
        ([{"dir": "one", "fsp": 3}], "there is no option fsp"),
        ([{"dir": "one", "format": "avi"}], "there is no format avi"),
        ([{"dir": "one", "out": "x.mp4"}, {"dir": "two", "out": "./x.mp4"}], "line 2: line 1 writes the same file"),
    ],
)
def test_a_wrong_line_is_named_before_anything_begins(folder: Path, lines: list[object], said: str) -> None:
    """The file is read whole first."""
    with pytest.raises(BatchUnfit, match=said):
        read_batch(_file(folder, *lines))


def test_the_exit_code_tells_of_failures(kept: Storage, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 when every line was rendered, 1 when not, and the document says which."""
    api = FakeDeployment(kept.url)
    monkeypatch.setattr(verbs_renders, "open_api", lambda *_: api)
    good = CliRunner().invoke(main, ["render-batch", str(_file(folder, {"dir": "one"})), "--json"])
    assert (good.exit_code, [line["ok"] for line in json.loads(good.stdout)]) == (0, [True])
    bad = CliRunner().invoke(main, ["render-batch", str(_file(folder, {"dir": "one"}, {"dir": "two", "fps": 0}))])
    assert bad.exit_code == 1
    assert "1 of 2 rendered" in bad.stdout
    assert "line 2" in bad.stderr
