"""Log lines: one JSON object each on standard output, in the form of aws-lambda-powertools.

Modules log with `logging.getLogger(__name__)` and `extra={...}`; `log_context` adds fields to every line written inside
it, such as the asset's id. Neither ever holds a secret or a presigned URL.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

ROOT = "chalicelib"


class _StandardOutput(logging.StreamHandler[TextIO]):
    """Writes to whatever is standard output at the time, as `logging.lastResort` does with standard error."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout


@cache
def _formatter() -> LambdaPowertoolsFormatter:
    # Imported late: an import of this module must stay cheap, and the package takes its time.
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

    return LambdaPowertoolsFormatter(use_rfc3339=True, utc=True, service="sluice")


@cache
def configure_logging() -> None:
    """Send everything below `chalicelib` to standard output, once per process."""
    handler = _StandardOutput()
    handler.setFormatter(_formatter())
    logger = logging.getLogger(ROOT)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    # The root's handler, Lambda's or that of `chalice local`, would print each line a second time, as text.
    logger.propagate = False


@contextmanager
def log_context(fields: Mapping[str, str]) -> Iterator[None]:
    """Add fields to every line of this thread until the end of the block."""
    formatter = _formatter()
    before = dict(formatter.thread_safe_get_current_keys())
    formatter.thread_safe_append_keys(**fields)
    try:
        yield
    finally:
        formatter.thread_safe_clear_keys()
        formatter.thread_safe_append_keys(**before)
