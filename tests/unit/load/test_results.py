from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from load.faults import Round
from load.publishes import Load
from load.results import percentile, write_faults, write_load

LOAD = Load(
    assets=2,
    seed=1,
    ready=2,
    errored={},
    ready_s=(1.0, 3.0),
    wall_s=4.0,
    repeated_object_events=5,
    repeated_messages=3,
    violations=(),
)
ROUND = Round("ffmpeg", 1, 4, 6, 5, {"encoder-killed": 1}, 12.5, ())


def test_a_load_run_passes_when_all_is_ready_and_nothing_wrong(tmp_path: Path) -> None:
    """One that is not ready fails it, and so does one sentence of the books."""
    assert LOAD.passed
    assert not replace(LOAD, ready=1).passed
    lost = replace(LOAD, violations=("as_1 is lost",))
    assert "- as_1 is lost" in write_load(lost, tmp_path)
    assert json.loads((tmp_path / "results.json").read_text())["passed"] is False
    assert "2.0" in (tmp_path / "plot.svg").read_text()


def test_a_kind_of_fault_is_one_row(tmp_path: Path) -> None:
    """Rounds are added up, and the slowest recovery is told."""
    report = write_faults([ROUND, replace(ROUND, seed=2, recovered_s=20.0)], tmp_path)
    assert "| ffmpeg | 2 | 8 | 12 | 10 | 2 encoder-killed | 20.0 | 0 |" in report
    assert [each["passed"] for each in json.loads((tmp_path / "results.json").read_text())["rounds"]] == [True, True]


def test_a_percentile_of_few_values_is_one_of_them() -> None:
    """None, or one, is no distribution."""
    assert (percentile((), 50), percentile((2.0,), 99), percentile((1.0, 3.0), 50)) == (0.0, 2.0, 2.0)
