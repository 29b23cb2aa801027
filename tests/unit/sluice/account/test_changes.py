"""A plan is read before it is agreed to: what is lost must stand out."""

from __future__ import annotations

import pytest

from sluice.account.changes import change_of, endangered, summary


@pytest.mark.parametrize(
    ("found", "sign"),
    [
        ({"Action": "Add"}, "+"),
        ({"Action": "Remove"}, "-"),
        ({"Action": "Import"}, "="),
        ({"Action": "Modify", "Replacement": "False"}, "~"),
        ({"Action": "Modify", "Replacement": "Conditional"}, "?"),
        ({"Action": "Modify", "Replacement": "True"}, "!"),
    ],
)
def test_each_kind_of_change_has_its_sign(found: dict[str, str], sign: str) -> None:
    """A replacement does not look like a change in place."""
    assert change_of(found).sign == sign  # type: ignore[arg-type]


def test_the_gravest_comes_first_and_properties_are_named() -> None:
    """Replacements sort before all else; each property of a change is named once."""
    details = [{"Target": {"Attribute": "Properties", "Name": "KeySchema"}}] * 2
    replaced = change_of(
        {
            "Action": "Modify",
            "Replacement": "True",
            "LogicalResourceId": "Table",
            "ResourceType": "AWS::DynamoDB::Table",
            "Details": details,  # type: ignore[typeddict-item]
        }
    )
    made = change_of({"Action": "Add", "LogicalResourceId": "A", "ResourceType": "AWS::SQS::Queue"})

    assert sorted([made, replaced]) == [replaced, made]
    assert str(replaced).split() == ["!", "Table", "AWS::DynamoDB::Table", "KeySchema"]
    assert summary([made, replaced]) == "1 made, 1 REPLACED"
    assert summary([]) == "nothing changes"


def test_data_that_would_be_lost_sight_of_is_named() -> None:
    """Replacing or removing what holds data is told; changing it in place, or replacing anything else, is not."""
    table = {"LogicalResourceId": "Table", "ResourceType": "AWS::DynamoDB::Table"}
    queue = {"LogicalResourceId": "Queue", "ResourceType": "AWS::SQS::Queue"}
    replaced = {"Action": "Modify", "Replacement": "True"}
    found = [
        change_of(change)  # type: ignore[arg-type]
        for change in (
            {**table, **replaced},
            {**table, "Action": "Modify", "Replacement": "Conditional"},
            {**table, "Action": "Remove"},
            {**table, "Action": "Modify", "Replacement": "False"},
            {**queue, **replaced},
        )
    ]
    assert endangered(found, ["Table"]) == (
        "Table would be replaced by an empty one",
        "Table would perhaps be replaced by an empty one",
        "Table would no longer be in the stack",
    )
