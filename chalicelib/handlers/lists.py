"""The query parameters of every list: status, limit and cursor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from chalice.app import Request

from chalicelib.catalog.ids import is_id
from chalicelib.handlers.requests import LIMIT_DEFAULT, LIMIT_MAX, invalid, query, query_number

S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class ListQuery(Generic[S]):
    """`filters` are the parameters to repeat for the next page."""

    status: S | None
    limit: int
    cursor: str | None
    filters: dict[str, str]


def list_query(request: Request, statuses: type[S], id_prefix: str) -> ListQuery[S]:
    """Raises InvalidRequest for a status that is none of `statuses`, or a cursor that is no id of the prefix."""
    limit = query_number(request, "limit", default=LIMIT_DEFAULT, most=LIMIT_MAX)
    asked, cursor = query(request, "status"), query(request, "cursor")
    if asked is not None and asked not in set(statuses):
        wanted = f"one of {', '.join(statuses)}" if len(statuses) else "no such filter"
        raise invalid("query", "/status", f"Expected {wanted}")
    if cursor is not None and not is_id(cursor, id_prefix):
        raise invalid("query", "/cursor", "Expected the next_cursor of the page before")
    filters = {"limit": str(limit), **({"status": asked} if asked else {})}
    return ListQuery(statuses(asked) if asked else None, limit, cursor, filters)
