"""What the functions logged, in order of time, across log groups.

The emulator writes an invocation's lines when it ends, all with the time of its end; on AWS each has its own.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_POLL_S = 1.0
_GENERATED = re.compile(r"-[0-9A-Za-z]*[0-9A-Z][0-9A-Za-z]{7,}$")
_PLATFORM = ("START RequestId", "END RequestId", "REPORT RequestId")
# Shown as columns of their own, or of no interest to a reader.
_COLUMNS = frozenset(
    {"level", "timestamp", "message", "location", "service", "cold_start", "function_name", "function_memory_size"}
    | {"function_arn", "function_request_id", "xray_trace_id", "exception", "exception_name", "stack_trace"}
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of one function."""

    time_ms: int
    function: str
    message: str

    @property
    def is_platform(self) -> bool:
        return self.message.startswith(_PLATFORM)

    @property
    def is_metric(self) -> bool:
        """CloudWatch's embedded metric format, which is for machines."""
        return self.message.startswith('{"_aws":')


def _groups(logs: CloudWatchLogsClient, prefix: str) -> Iterator[str]:
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            yield group["logGroupName"]


def _function_of(group: str, prefix: str) -> str:
    """sluice-local-Render-5CF40A3A5E171 is Render; on AWS the groups have names of their own, such as job-changed."""
    return _GENERATED.sub("", group.removeprefix(prefix))


def read(logs: CloudWatchLogsClient, prefix: str, *, since_ms: int, wanted: str | None) -> list[LogLine]:
    """Lines from `since_ms` on that hold `wanted`, oldest first."""
    lines: list[LogLine] = []
    for group in _groups(logs, prefix):
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since_ms):
            for event in page["events"]:
                message = event.get("message", "").rstrip()
                if wanted is None or wanted in message:
                    lines.append(LogLine(event.get("timestamp", 0), _function_of(group, prefix), message))
    return sorted(lines, key=lambda line: line.time_ms)


def follow(
    logs: CloudWatchLogsClient, prefix: str, *, wanted: str | None, forever: bool, since_ms: int = 0
) -> Iterator[LogLine]:
    """Every line from `since_ms` on, then, when `forever`, each new one."""
    printed: set[tuple[int, str, str]] = set()
    while True:
        lines = read(logs, prefix, since_ms=since_ms, wanted=wanted)
        for line in lines:
            identity = (line.time_ms, line.function, line.message)
            if identity not in printed:
                yield line
            printed.add(identity)
        if not forever:
            return
        if lines:
            # The last second is read again, since lines of one moment may come in two answers.
            since_ms = max(since_ms, lines[-1].time_ms - 1000)
        printed = {identity for identity in printed if identity[0] >= since_ms}
        time.sleep(_POLL_S)


def format_line(line: LogLine) -> str:
    """For a person: time, function, level, message, then whatever else the line carries."""
    moment = datetime.fromtimestamp(line.time_ms / 1000, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
    head = f"{moment}  {line.function:<12}"
    try:
        document: Any = json.loads(line.message)
    except json.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        return f"{head}  {line.message}".replace("\r", "\n    ")
    extra = " ".join(
        f"{name}={value}" for name, value in document.items() if name not in _COLUMNS and value is not None
    )
    text = f"{head}  {document.get('level', ''):<7} {document.get('message', '')}  {extra}".rstrip()
    traceback = str(document.get("exception", "")).strip()
    return text + "".join(f"\n    {line}" for line in traceback.splitlines())


def print_lines(lines: Iterable[LogLine], *, as_json: bool) -> int:
    """Write to stdout until there are no more, or the reader is gone. Returns how many there were."""
    count = 0
    try:
        for line in lines:
            count += 1
            if as_json:
                document = {"time_ms": line.time_ms, "function": line.function, "message": line.message}
                print(json.dumps(document), flush=True)
            elif not (line.is_platform or line.is_metric):
                print(format_line(line), flush=True)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.stderr.close()
        return max(count, 1)
    return count
