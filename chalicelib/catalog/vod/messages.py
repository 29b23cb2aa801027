"""What Video on Demand on AWS (SO0021) sends: SNS at ingest, complete and error, SQS when a video is complete.

Bodies are JSON with an indent of two, as there. Subjects are theirs too, but for a leading space in that of errors,
which SNS does not take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

_BULKY = frozenset(
    {
        *("srcMediainfo", "encodingJob", "encodingOutput"),
        *("jobTemplate_2160p", "jobTemplate_1080p", "jobTemplate_720p"),
    }
)
_OF_ERROR = ("guid", "workflowStatus", "workflowErrorAt", "errorMessage", "errorDetails")


@dataclass(frozen=True, slots=True)
class VodMessage:
    """`subject` is the first line of a mail; empty for SQS."""

    body: str
    subject: str = ""


def ingest_message(record: Mapping[str, Any]) -> VodMessage:
    """Args: `record` as `vod_record` makes it, here and below."""
    body = {"status": "Ingest", "guid": record["guid"], "srcVideo": record["srcVideo"]}
    return VodMessage(_json(body), f"Workflow Status:: Ingest:: {record['guid']}")


def complete_message(record: Mapping[str, Any]) -> VodMessage:
    """The whole record but for its bulky attributes, which SNS has no room for."""
    body = {name: value for name, value in record.items() if name not in _BULKY}
    return VodMessage(_json(body), f"Workflow Status:: Complete:: {record['guid']}")


def error_message(record: Mapping[str, Any]) -> VodMessage:
    body = {name: record[name] for name in _OF_ERROR if name in record}
    return VodMessage(_json(body), f"workflow Status:: Error: {record['guid']}")


def record_message(record: Mapping[str, Any]) -> VodMessage:
    """For SQS: the whole record."""
    return VodMessage(_json(dict(record)))


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
