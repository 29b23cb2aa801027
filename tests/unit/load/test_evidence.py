from __future__ import annotations

from pathlib import Path
from typing import Any

from load.evidence import Call, chosen, idle, read_calls, refused_calls, write_calls
from load.policies import Decision

BUCKET = "arn:aws:s3:::source"
SOURCES: dict[str, Any] = {
    "Sid": "Sources",
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": f"{BUCKET}/uploads/*",
}
ALL: dict[str, Any] = {"Sid": "All", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{BUCKET}/*"]}
READ, WRITE = (Call("render", action, f"{BUCKET}/uploads/ID/source") for action in ("s3:GetObject", "s3:PutObject"))


def _decision(action: str, name: str, *sids: str, role: str = "sluice-local-RenderRole-1") -> Decision:
    return Decision(role, action, f"{BUCKET}/uploads/{name}/source", sids)


def test_one_call_is_kept_of_each_kind() -> None:
    """Ids are no difference; another set of statements is, and other roles and refused calls are no evidence."""
    one, two = "as_01m7ztw85fpet2m7tgzhfzf05e", "as_01m7ztxk1w4ar1rexmqbvwq4da"
    decisions = [_decision("s3:GetObject", one, "Sources"), _decision("s3:GetObject", two, "Sources")]
    decisions += [_decision("s3:GetObject", "b", "All", "Sources"), _decision("s3:PutObject", one)]
    decisions += [_decision("s3:GetObject", one, "Sources", role="sluice-local-StatesRole-1")]
    assert [call.resource for call in chosen(decisions, ["render"])] == [
        f"{BUCKET}/uploads/as_ID/source",
        f"{BUCKET}/uploads/b/source",
    ]


def test_what_is_idle_is_found() -> None:
    """An action that no call wants, and one that another statement allows too; each action is tried alone."""
    assert idle([SOURCES], [READ, WRITE]) == []
    assert idle([SOURCES], [READ]) == [("Sources", "s3:PutObject")]
    assert idle([SOURCES, ALL], [READ, WRITE]) == [("Sources", "s3:GetObject"), ("All", "s3:GetObject")]


def test_what_is_not_allowed_is_found() -> None:
    """A policy that has become too narrow for a recorded call."""
    assert refused_calls([ALL], [READ, WRITE]) == [WRITE]


def test_calls_are_read_as_they_were_written(tmp_path: Path) -> None:
    """One a line."""
    write_calls(tmp_path / "calls.jsonl", [READ, WRITE])
    assert read_calls(tmp_path / "calls.jsonl") == [READ, WRITE]
