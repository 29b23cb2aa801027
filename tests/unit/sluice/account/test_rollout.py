"""Which stages and parameters a deploy takes."""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from typing import Any

import pytest

from sluice.account.changes import Change
from sluice.account.data import Retained
from sluice.account.rollout import Target, _guard_data, parameters_for
from sluice.failure import OperatorError
from sluice.report import Report
from sluice.verbs_deploy import parameters_of
from tests.unit.sluice.account.stubbed import Script

_TEMPLATE: dict[str, Any] = {"Parameters": {"FunctionRuntime": {}, "Quality": {}}}


def test_the_runtime_is_the_one_the_package_was_made_for() -> None:
    """Native wheels are those of this Python; on this machine the functions run as a custom runtime."""
    here = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert parameters_for({}, _TEMPLATE, is_local=False) == {"FunctionRuntime": here}
    assert parameters_for({"Quality": "high"}, _TEMPLATE, is_local=True) == {
        "FunctionRuntime": "provided.al2023",
        "Quality": "high",
    }


def test_an_unknown_parameter_is_refused_with_those_there_are() -> None:
    """A misspelt name never deploys in silence."""
    with pytest.raises(OperatorError, match="no parameter Qualty; there are: FunctionRuntime, Quality"):
        parameters_for({"Qualty": "high"}, _TEMPLATE, is_local=False)


@pytest.mark.parametrize("stage", ["local", "Prod", "a_b", "", "x" * 21, "1st"])
def test_a_stage_must_make_a_bucket_name(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """What would be refused halfway through a deploy is refused at its start."""
    with pytest.raises(OperatorError, match="can not be a stage"):
        Target(Script(monkeypatch).account, stage)


def test_parameters_are_read_as_name_and_value() -> None:
    """The value may hold equals signs; a word without one is refused."""
    assert parameters_of(["A=b=c", "D="]) == {"A": "b=c", "D": ""}
    with pytest.raises(OperatorError, match="Name=value"):
        parameters_of(["A"])


@pytest.mark.parametrize(("replaced", "refused"), [(True, True), (False, False)])
def test_a_plan_that_loses_sight_of_data_is_refused(replaced: bool, refused: bool) -> None:
    """Without --replace-data; what becomes of the data is said either way."""
    table = Retained("Table", "AWS::DynamoDB::Table", "sluice-dev")
    change = Change(0, "Table", "!" if replaced else "~", "AWS::DynamoDB::Table", ("KeySchema",))
    said = io.StringIO()
    with pytest.raises(OperatorError, match="give --replace-data") if refused else nullcontext():
        _guard_data([change], (table,), Report(said), replace_data=False)
    _guard_data([change], (table,), Report(said), replace_data=True)
    assert said.getvalue().count("DATA: Table would be replaced") == 2 * refused
