"""Every error of the API as a problem document, Chalice's own included.

A view's errors become documents in `http.route`; what Chalice answers by itself ({Code, Message} for a wrong method, a
wrong content type, malformed JSON) is rewritten by the middleware that app.py registers.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import msgspec
from chalice.app import Request, Response

from chalicelib.catalog.problem import CONTENT_TYPE, problem
from chalicelib.errors import (
    InternalFault,
    InvalidRequest,
    MalformedRequest,
    MethodNotAllowed,
    RouteNotFound,
    ScopeMissing,
    SluiceError,
    Unauthorized,
    UnsupportedContentType,
)
from chalicelib.settings import AuthMode, access

REQUEST_ID_HEADER = "X-Request-Id"
COMPANION_ROOT = "/u/"

_BY_STATUS: dict[int, type[SluiceError]] = {
    400: MalformedRequest,
    401: Unauthorized,
    404: RouteNotFound,
    405: MethodNotAllowed,
    415: UnsupportedContentType,
}
_SAFE_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def request_id(request: Request) -> str:
    """API Gateway's id of the request, else the invocation's, else a new one."""
    candidates = (request.context.get("requestId"), getattr(request.lambda_context, "aws_request_id", None))
    for candidate in candidates:
        if isinstance(candidate, str) and _SAFE_ID.fullmatch(candidate):
            return candidate
    return str(uuid.uuid4())


def problem_response(error: SluiceError, request: Request, known_as: str) -> Response:
    """The document for `error`.

    Args:
        known_as: The request's id.
    """
    document = problem(error, instance=_instance(request), request_id=known_as)
    headers: dict[str, str | list[str]] = {"Content-Type": CONTENT_TYPE, REQUEST_ID_HEADER: known_as}
    if isinstance(error, (Unauthorized, ScopeMissing)):
        headers["WWW-Authenticate"] = _challenge(error, request)
    if error.retryable or "retry_after_s" in error.context:
        headers["Retry-After"] = str(error.context.get("retry_after_s", 2))
    return Response(body=msgspec.json.encode(document).decode(), status_code=error.status, headers=headers)


def _challenge(error: SluiceError, request: Request) -> str:
    """As RFC 6750, section 3, has it: no error where no credentials were sent."""
    if access().mode is AuthMode.IAM:
        return "AWS4-HMAC-SHA256"
    if isinstance(error, ScopeMissing):
        return f'Bearer error="insufficient_scope", scope="{error.context["scope"]}"'
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return 'Bearer error="invalid_token"' if scheme.lower() == "bearer" and given.strip() else "Bearer"


def brief_response(error: SluiceError, _request: Request, known_as: str) -> Response:
    """The error in Companion's form, which knows neither codes nor 422."""
    headers: dict[str, str | list[str]] = {"Content-Type": "application/json", REQUEST_ID_HEADER: known_as}
    status = MalformedRequest.status if isinstance(error, InvalidRequest) else error.status
    return Response(body=msgspec.json.encode({"error": error.message}).decode(), status_code=status, headers=headers)


def _instance(request: Request) -> str:
    """The path as documented: without the stage that API Gateway's own host puts in front."""
    path, stage = str(request.context.get("path", request.path)), request.context.get("stage")
    return path.removeprefix(f"/{stage}") if stage and path.startswith(f"/{stage}/") else path


def rewrite_chalice_errors(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: an answer of Chalice's own becomes a problem document, with the headers it had."""
    response = get_response(request)
    body = response.body
    if response.status_code < 400 or not isinstance(body, dict) or set(body) != {"Code", "Message"}:
        return response
    error = _BY_STATUS.get(response.status_code, InternalFault)(str(body["Message"]))
    refuse = brief_response if request.path.startswith(COMPANION_ROOT) else problem_response
    rewritten = refuse(error, request, request_id(request))
    # A method that no route takes has no CORS of its own; a page must still be able to read why it failed.
    rewritten.headers = {"Access-Control-Allow-Origin": "*", **response.headers, **rewritten.headers}
    return rewritten
