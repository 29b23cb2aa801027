"""The frame around every route: authentication, the log's context and closing line, errors as problem documents.

A view gets a `Call` and returns a `Response` or something to encode as JSON. Its module registers it on `api`, the
one blueprint, which app.py mounts.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from chalice.app import Blueprint, Request, Response

from chalicelib.catalog.api_key import NOBODY, Caller, Scope
from chalicelib.errors import InternalFault, ScopeMissing, SluiceError
from chalicelib.handlers import wiring
from chalicelib.handlers.auth import KeyRing
from chalicelib.handlers.cors import origin_headers
from chalicelib.handlers.entry import log_error
from chalicelib.handlers.identity import authorizer_of, vouched_for
from chalicelib.handlers.problems import COMPANION_ROOT, REQUEST_ID_HEADER, problem_response, request_id
from chalicelib.handlers.scopes import scope_of
from chalicelib.settings import AuthMode, access, cors_origins
from chalicelib.telemetry import configure_logging, log_context

api = Blueprint(__name__)
keyring = KeyRing()
ACCESS = access()

logger = logging.getLogger(__name__)

JSON = ("application/json",)
# Path parameters that no log may hold.
_SECRET = frozenset({"token"})

Refuse = Callable[[SluiceError, Request, str], Response]


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a known caller. `caller` is the id of the API key, or whom API Gateway vouches for; empty on open
    routes."""

    request: Request
    caller: str

    @property
    def services(self) -> wiring.Services:
        return wiring.services()


def route(
    method: str,
    path: str,
    *,
    status: int = 200,
    public: bool = False,
    content_types: tuple[str, ...] = JSON,
    refuse: Refuse = problem_response,
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Register a view.

    Args:
        status: Of a successful answer, unless the view returns a Response.
        public: Whether it answers everybody. Other routes ask for what `scopes.py` says.
        content_types: That its body may have.
        refuse: Makes the answer to an error.
    """

    scope = scope_of(method, path)
    asked = None if public else scope

    def register(view: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(view)
        def answer(**path_parameters: str) -> Response:
            request = api.current_request
            return _answer(request, lambda: _run(view, request, path_parameters, status, asked), refuse)

        authorizer = None if public else authorizer_of(ACCESS, scope)
        options = {"authorizer": authorizer} if authorizer else {}
        methods = [method, "HEAD"] if method == "GET" and is_safe(path) else [method]
        api.route(path, methods=methods, content_types=list(content_types), name=view.__name__, **options)(answer)
        return view

    return register


def is_safe(path: str) -> bool:
    """Whether a GET of the path may be sent as HEAD (RFC 9110, section 9.2.1): not where it opens an upload."""
    return path != "/presign" and not path.startswith(COMPANION_ROOT)


def json_response(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        body=msgspec.json.encode(body).decode(),
        status_code=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})},
    )


def api_url(request: Request) -> str:
    """Where the caller reached this API, for routes without path parameters: origin, and API Gateway's stage if any."""
    headers, path = request.headers, str(request.context.get("path", request.path))
    proxy = headers.get("x-forwarded-host")
    prefix = "" if proxy else path.removesuffix(request.path)
    return f"{headers.get('x-forwarded-proto', 'http')}://{proxy or headers.get('host', '')}{prefix}"


def _run(
    view: Callable[..., object], request: Request, path_parameters: dict[str, str], status: int, scope: Scope | None
) -> Response:
    caller = NOBODY if scope is None else _admitted(request, scope)
    result = view(Call(request, caller.id), **path_parameters)
    return result if isinstance(result, Response) else json_response(result, status=status)


def _admitted(request: Request, scope: Scope) -> Caller:
    """The caller, if they may do this, now.

    Raises:
        Unauthorized, RateLimited, ScopeMissing: In this order.
    """
    services = wiring.services()
    table, now_ms = services.table, services.clock()
    if ACCESS.mode is AuthMode.KEYS:
        caller = keyring.authenticate(request.headers.get("authorization"), table, now_ms)
    else:
        caller = vouched_for(request, ACCESS)
    keyring.admit(caller, table, now_ms, else_at_most=services.settings.requests_per_minute)
    if scope not in caller.scopes:
        raise ScopeMissing(f"this takes the scope {scope}", scope=scope)
    return caller


def _answer(request: Request, run: Callable[[], Response], refuse: Refuse) -> Response:
    configure_logging()
    known_as = request_id(request)
    started = time.perf_counter()
    named = {name: value for name, value in (request.uri_params or {}).items() if name not in _SECRET}
    fields = {"handler": "api", "request_id": known_as, **named}
    with log_context(fields):
        line = f"{request.method} {request.path}"
        try:
            response = run()
            logger.info(line, extra={"status": response.status_code, "duration_ms": _elapsed_ms(started)})
        except SluiceError as error:
            log_error(error, line, _elapsed_ms(started))
            response = refuse(error, request, known_as)
        except Exception as error:
            fault = InternalFault(f"something unexpected happened ({type(error).__name__})")
            outcome = {"code": fault.code(), "status": fault.status, "duration_ms": _elapsed_ms(started)}
            logger.exception(line, extra=outcome)
            response = refuse(fault, request, known_as)
    if request.method == "HEAD":
        response.body = ""
    response.headers[REQUEST_ID_HEADER] = known_as
    response.headers.update(origin_headers(cors_origins(), request.headers.get("origin")))
    return response


def _elapsed_ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
