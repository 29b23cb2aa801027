"""The way into every function that is not the HTTP API.

Lambda imports a blueprint's handlers without app.py, so Chalice's middleware does not run for them; what must always
happen happens here: the log's context, one closing line, and an exception whose class name is the error's name on the
wire, because that is what Lambda reports and Step Functions matches. Nothing but this package catches Exception.
"""

from __future__ import annotations

import errno
import functools
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn, ParamSpec, TypeVar

from chalicelib.errors import DiskFull, InternalError, InternalFault, SluiceError
from chalicelib.handlers.events import unwrapped
from chalicelib.telemetry import configure_logging, log_context

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)

_LAMBDA_DISK = "/tmp"  # noqa: S108  Lambda's own, of one worker
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def lambda_entry(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate the function that Chalice registers: the decorator goes below Chalice's own.

    Args:
        name: Of the function, for the log.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def entered(*args: P.args, **kwargs: P.kwargs) -> R:
            configure_logging()
            _keep_to_one_disk()
            fields = {"handler": name, "request_id": _request_id(args), **_about(args)}
            with log_context(fields), _closing_line(name):
                return function(*args, **kwargs)

        return entered

    return decorate


def _keep_to_one_disk() -> None:
    """Where `tempfile` is first used on a full disk it looks for another that it can write to, or finds none and says
    nothing of room. Told where to write, it fails for want of room."""
    if tempfile.tempdir is None:
        tempfile.tempdir = os.environ.get("TMPDIR", _LAMBDA_DISK)


def asset_context(asset_id: str) -> AbstractContextManager[None]:
    """A context in which every log line names the asset."""
    return log_context({"asset_id": asset_id})


@contextmanager
def _closing_line(name: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    except SluiceError as error:
        log_error(error, f"{name} failed", _elapsed_ms(started))
        raise_on_wire(error)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            full = DiskFull("the worker's disk has no room left")
            log_error(full, f"{name} failed", _elapsed_ms(started))
            raise full from error
        logger.exception("%s failed", name, extra={"code": InternalFault.code(), "duration_ms": _elapsed_ms(started)})
        raise InternalFault(f"unexpected {type(error).__name__}") from error
    else:
        logger.info("%s done", name, extra={"duration_ms": _elapsed_ms(started)})


def log_error(error: SluiceError, message: str, duration_ms: int) -> None:
    """Our own faults with their traceback, everything else as one warning."""
    fields = {
        "code": error.code(),
        "status": error.status,
        "detail": error.message,
        "context": error.context,
        "duration_ms": duration_ms,
    }
    ours = isinstance(error, InternalError)
    logger.log(logging.ERROR if ours else logging.WARNING, message, extra=fields, exc_info=error if ours else None)


def raise_on_wire(error: SluiceError) -> NoReturn:
    """Raise the error under the one name that the state machines know it by."""
    if error.wire_code is None:
        raise error
    raise type(error.wire_code, (Exception,), {})(error.message) from error


def _request_id(args: tuple[object, ...]) -> str:
    """From Lambda's context: the second argument, or an attribute of a Chalice event."""
    context = args[1] if len(args) > 1 else getattr(args[0] if args else None, "context", None)
    return str(getattr(context, "aws_request_id", ""))


def _about(args: tuple[object, ...]) -> dict[str, str]:
    """What a state machine asks for says which asset or render it is about."""
    event = args[0] if args else None
    plain = unwrapped(event) if isinstance(event, dict) else {}
    told = {"asset_id": plain.get("AssetId"), "render_id": plain.get("RenderId")}
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _elapsed_ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
