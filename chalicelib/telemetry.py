"""Log lines: one JSON object each on standard output, in the form of aws-lambda-powertools.

Modules log with `logging.getLogger(__name__)` and `extra={...}`; `log_context` adds fields to every line written inside
it, such as the asset's id. Neither ever holds a secret or a presigned URL.

Metrics are lines too, in CloudWatch's embedded metric format: `measure` writes one. They need no call, no permission.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

ROOT = "chalicelib"
NAMESPACE = "Sluice"


class _StandardOutput(logging.StreamHandler[TextIO]):
    """Writes to whatever is standard output at the time, as `logging.lastResort` does with standard error."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if record.levelno >= logging.ERROR:
            measure(counts={"Faults": 1})


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


def measure(
    *,
    counts: Mapping[str, float] | None = None,
    seconds: Mapping[str, float] | None = None,
    amounts: Mapping[str, float] | None = None,
) -> None:
    """Write one line of metrics by name, for the stack as a whole; the context's fields stand in it, to search for.

    Args:
        amounts: What has no unit that CloudWatch knows, such as USD.
    """
    from aws_lambda_powertools.metrics import EphemeralMetrics

    metrics = EphemeralMetrics(namespace=NAMESPACE, service=os.environ.get("SLUICE_STAGE", "sluice"))
    for unit, values in (("Count", counts), ("Seconds", seconds), ("None", amounts)):
        for name, value in (values or {}).items():
            metrics.add_metric(name=name, unit=unit, value=value)
    for name, value in _formatter().thread_safe_get_current_keys().items():
        metrics.add_metadata(name, value)
    metrics.flush_metrics()
