"""Which request a problem document speaks of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from chalice.app import Request

from chalicelib.errors import TableUnavailable, Unauthorized
from chalicelib.handlers.problems import problem_response, request_id


def _request(**context: str) -> Request:
    event: dict[str, Any] = {
        "multiValueQueryStringParameters": None,
        "headers": {},
        "pathParameters": None,
        "requestContext": {"httpMethod": "GET", "resourcePath": "/v1/assets/{asset_id}", **context},
        "body": None,
        "stageVariables": None,
    }
    return Request(event, SimpleNamespace(aws_request_id="lambda-1"))


@pytest.mark.parametrize(
    ("context", "instance"),
    [
        ({"path": "/v1/assets/as_1"}, "/v1/assets/as_1"),
        ({"path": "/api/v1/assets/as_1", "stage": "api"}, "/v1/assets/as_1"),
        ({"path": "/v1/assets/as_1", "stage": "v"}, "/v1/assets/as_1"),
        ({}, "/v1/assets/{asset_id}"),
    ],
)
def test_the_instance_is_the_documented_path(context: dict[str, str], instance: str) -> None:
    """The stage of API Gateway's own host is no part of it."""
    answer = problem_response(TableUnavailable("busy"), _request(**context), "r-1")
    assert f'"instance":"{instance}"' in answer.body


def test_what_may_be_tried_again_says_when() -> None:
    """A transient error has Retry-After, a missing key says how to authenticate, and each has its request's id."""
    busy = problem_response(TableUnavailable("busy"), _request(), "r-1").headers
    assert (busy["Retry-After"], busy["X-Request-Id"]) == ("2", "r-1")
    assert problem_response(Unauthorized("who"), _request(), "r-1").headers["WWW-Authenticate"] == "Bearer"


def test_a_request_is_known_by_the_gateways_id() -> None:
    """API Gateway's id comes first, then the invocation's; an id that is no id is not repeated."""
    assert request_id(_request(requestId="gateway-1")) == "gateway-1"
    assert request_id(_request()) == "lambda-1"
    assert request_id(_request(requestId="a\r\nSet-Cookie: b")) == "lambda-1"
