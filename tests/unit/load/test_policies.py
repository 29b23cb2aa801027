from __future__ import annotations

import pytest

from load.policies import Decision, Permission, Proof, of_function, permissions, prove, refused

READ = Permission("render", "Sources", "s3:GetObject")
ROLE = "sluice-local-RenderRole-0A1B"


def decided(*sids: str, role: str = ROLE, action: str = "s3:GetObject") -> Decision:
    return Decision(role, action, "arn:aws:s3:::source/uploads/one", sids)


@pytest.mark.parametrize(
    ("decisions", "proof"),
    [
        ([decided("Plans", "Sources"), decided("Sources")], Proof.NEEDED),
        ([decided("Plans", "Sources")], Proof.SHARED),
        ([decided("Plans")], Proof.UNSEEN),
        ([decided("Sources", role="sluice-local-PublishRole-0A1B")], Proof.UNSEEN),
        ([decided("Sources", action="s3:PutObject")], Proof.UNSEEN),
    ],
)
def test_an_action_is_needed_where_nothing_else_allows_a_request(decisions: list[Decision], proof: Proof) -> None:
    """A request that two statements allow proves neither, and one of another function or action nothing."""
    assert prove(READ, decisions) is proof


def test_what_lambda_does_itself_is_told_apart() -> None:
    """Nothing locally asks for a log stream in the function's name."""
    assert prove(Permission("render", "Logs", "logs:PutLogEvents"), []) is Proof.BY_LAMBDA


def test_a_request_that_no_statement_allows_was_refused() -> None:
    """Those of functions count, and those of other roles do not."""
    others = decided(role="sluice-local-StatesRole-0A1B")
    assert refused([decided(), others], ["render"]) == [decided()]


def test_what_was_taken_away_for_a_while_is_no_lack() -> None:
    """A call that was allowed at another time, or in another stack, is one that the policy has a statement for."""
    elsewhere = decided("Sources", role="sluice-trial-RenderRole-0A1B")
    assert refused([decided(), decided("Sources")], ["render"]) == []
    assert refused([decided(), elsewhere], ["render"]) == []


def test_each_action_of_each_statement_is_a_permission() -> None:
    """A statement of two actions is two permissions."""
    policy = {"Statement": [{"Sid": "Records", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"]}]}
    assert [each.action for each in permissions({"encode": policy})] == ["dynamodb:GetItem", "dynamodb:PutItem"]


def test_a_role_is_that_of_one_function() -> None:
    """Names that only begin alike are told apart."""
    assert of_function("api_handler", "sluice-local-APIHandlerRole-1")
    assert not of_function("render", "sluice-local-RenditionRole-1")
