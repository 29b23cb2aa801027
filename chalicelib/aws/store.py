"""One DynamoDB table as get, put-if-new, conditional update and index pages; what the records mean is in `assets.py`,
`uploads.py` and `tokens.py`. Names and values always travel as placeholders, never inside an expression's text.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from chalicelib.aws.clients import Clients, calling, error_code
from chalicelib.aws.records import encode_value
from chalicelib.errors import TableUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from chalicelib.aws.records import Item, Values

INDEX = "GSI1"

_FAILED = "ConditionalCheckFailed"
_WORTH_ANOTHER_TRY = {"None", _FAILED, "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_FILTERED_PAGE = 500
_CONFLICT_TRIES = 6
_CONFLICT_WAIT_S = 0.02


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one attribute. `values` holds the allowed ones for `in`, the limit for `at_most`."""

    operator: Literal["in", "absent", "at_most"]
    name: str
    values: tuple[AttributeValueTypeDef, ...] = ()


class Update:
    """One UpdateExpression and its condition: every group of alternatives must hold."""

    def __init__(self) -> None:
        self.sets: Values = {}
        self.removes: list[str] = []
        self.adds: Values = {}
        self.conditions: list[tuple[Condition, ...]] = []

    def set(self, name: str, value: object) -> None:
        self.sets[name] = encode_value(value)

    def remove(self, name: str) -> None:
        self.removes.append(name)

    def add(self, name: str, number: int) -> None:
        """Add to a counter that starts at nought."""
        self.adds[name] = {"N": str(number)}

    def add_to_set(self, name: str, number: int) -> None:
        """Put a number into a set that starts empty."""
        self.adds[name] = {"NS": [str(number)]}

    def require_in(self, name: str, allowed: Iterable[object]) -> None:
        self.conditions.append((Condition("in", name, tuple(encode_value(value) for value in allowed)),))

    def require_absent(self, name: str) -> None:
        self.conditions.append((Condition("absent", name),))

    def require_at_most(self, name: str, limit: int) -> None:
        self.conditions.append((Condition("at_most", name, ({"N": str(limit)},)),))

    def require_absent_or_zero(self, name: str) -> None:
        """The number `name` is not there yet, or nought."""
        self.conditions.append((Condition("absent", name), Condition("at_most", name, ({"N": "0"},))))

    def require_new_or_at_most(self, name: str, limit: int) -> None:
        """There is no such record yet, or its number `name` is at most `limit`."""
        at_most = Condition("at_most", name, ({"N": str(limit)},))
        self.conditions.append((Condition("absent", "pk"), at_most))

    def require_absent_or_at_most(self, name: str, limit: int) -> None:
        self.conditions.append((Condition("absent", name), Condition("at_most", name, ({"N": str(limit)},))))


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to be written together with another one, unless it is there."""

    pk: str
    sk: str
    values: Values


class _Rendered:
    """An update in DynamoDB's words."""

    def __init__(self, update: Update) -> None:
        self.names: dict[str, str] = {}
        self.values: Values = {}
        clauses = {
            "SET": [f"{self._name(name)} = {self._value(value)}" for name, value in update.sets.items()],
            "REMOVE": [self._name(name) for name in update.removes],
            "ADD": [f"{self._name(name)} {self._value(value)}" for name, value in update.adds.items()],
        }
        self.expression = " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses.items() if parts)
        groups = (" OR ".join(self._condition(each) for each in group) for group in update.conditions)
        self.condition = " AND ".join(f"({group})" for group in groups)

    def _condition(self, condition: Condition) -> str:
        name = self._name(condition.name)
        values = ", ".join(self._value(value) for value in condition.values)
        templates = {"in": f"{name} IN ({values})", "absent": f"attribute_not_exists({name})"}
        return templates.get(condition.operator, f"{name} <= {values}")

    def _name(self, name: str) -> str:
        self.names[f"#{name}"] = name
        return f"#{name}"

    def _value(self, value: AttributeValueTypeDef) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder


class Store:
    """Every method raises TableUnavailable when DynamoDB does not answer or throttles."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._clients = clients
        self._table = table

    @property
    def _dynamodb(self) -> DynamoDBClient:
        return self._clients.dynamodb

    def _get(self, pk: str, sk: str) -> Item | None:
        """Read consistently."""
        with calling("dynamodb:GetItem", TableUnavailable):
            answer = self._dynamodb.get_item(TableName=self._table, Key=_key(pk, sk), ConsistentRead=True)
        return answer.get("Item")

    def _get_many(self, keys: list[tuple[str, str]]) -> list[Item]:
        """Read up to 100 items, in no order; those that are not there are left out."""
        wanted = {self._table: {"Keys": [_key(pk, sk) for pk, sk in keys]}}
        found: list[Item] = []
        while wanted and keys:
            with calling("dynamodb:BatchGetItem", TableUnavailable):
                answer = self._dynamodb.batch_get_item(RequestItems=wanted)  # type: ignore[arg-type]
            items = answer["Responses"].get(self._table, [])
            if not items and answer["UnprocessedKeys"]:
                raise TableUnavailable("dynamodb:BatchGetItem is throttled")
            found += items
            wanted = answer["UnprocessedKeys"]  # type: ignore[assignment]
        return found

    def _put_new(self, pk: str, sk: str, values: Values, also: Sequence[NewItem] = ()) -> bool:
        """Returns False, and writes nothing, if the record exists."""
        item = {**values, **_key(pk, sk)}
        if also:
            return self._write_together({"Put": self._new(item)}, also)
        with calling("dynamodb:PutItem", TableUnavailable):
            try:
                self._dynamodb.put_item(**self._new(item))  # type: ignore[arg-type]
            except ClientError as error:
                if error_code(error) == "ConditionalCheckFailedException":
                    return False
                raise
        return True

    def _new(self, item: Values) -> dict[str, object]:
        return {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}

    def _put(self, pk: str, sk: str, values: Values) -> None:
        with calling("dynamodb:PutItem", TableUnavailable):
            self._dynamodb.put_item(TableName=self._table, Item={**values, **_key(pk, sk)})

    def _update(self, pk: str, sk: str, update: Update, also: Sequence[NewItem] = ()) -> Item | None:
        """Returns the new item, or None, and writes nothing, if the condition did not hold."""
        request = self._request(pk, sk, update)
        if also:
            return self._get(pk, sk) if self._write_together({"Update": request}, also) else None
        for number in range(_CONFLICT_TRIES):
            with calling("dynamodb:UpdateItem", TableUnavailable):
                try:
                    return self._dynamodb.update_item(**request, ReturnValues="ALL_NEW")["Attributes"]  # type: ignore[arg-type]
                except ClientError as error:
                    code = error_code(error)
                    if code == "ConditionalCheckFailedException":
                        return None
                    if code != "TransactionConflictException" or number == _CONFLICT_TRIES - 1:
                        raise
            give_way(number)
        raise AssertionError("unreachable")

    def _update_both(self, *changes: tuple[str, str, Update]) -> bool:
        """All of these updates (pk, sk, what), or none. Returns False, and writes nothing, if a condition did not hold
        or others were writing the same.
        """
        writes = [{"Update": self._request(*change)} for change in changes]
        return not self._transact(writes)  # type: ignore[arg-type]

    def _request(self, pk: str, sk: str, update: Update) -> dict[str, object]:
        rendered = _Rendered(update)
        return {
            "TableName": self._table,
            "Key": _key(pk, sk),
            "UpdateExpression": rendered.expression,
            "ExpressionAttributeNames": rendered.names,
            **({"ExpressionAttributeValues": rendered.values} if rendered.values else {}),
            **({"ConditionExpression": rendered.condition} if rendered.condition else {}),
        }

    def _write_together(self, first: dict[str, object], also: Sequence[NewItem]) -> bool:
        """One write and some new items: all or nothing, but that items which are there already stay as they are.

        Returns:
            False, and nothing is written, if the condition of the first write did not hold.
        """
        left = list(also)
        for number in range(_CONFLICT_TRIES):
            puts: list[dict[str, object]] = [
                {"Put": self._new({**each.values, **_key(each.pk, each.sk)})} for each in left
            ]
            reasons = self._transact([first, *puts])
            if not reasons:
                return True
            if reasons[0] == _FAILED:
                return False
            if _FAILED in reasons:
                left = [each for each, reason in zip(left, reasons[1:], strict=True) if reason != _FAILED]
            else:
                give_way(number)
        raise TableUnavailable("a transaction met others at every try")

    def _transact(self, writes: list[dict[str, object]]) -> list[str]:
        """Returns nothing if it was done, else the reason of each write why nothing was ("None" for most)."""
        with calling("dynamodb:TransactWriteItems", TableUnavailable):
            try:
                self._dynamodb.transact_write_items(TransactItems=writes)  # type: ignore[arg-type]
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                reasons = [str(each.get("Code")) for each in error.response["CancellationReasons"]]
                if not {*reasons} <= _WORTH_ANOTHER_TRY:
                    raise
                return reasons
        return []

    def _delete(self, pk: str, sk: str) -> None:
        with calling("dynamodb:DeleteItem", TableUnavailable):
            self._dynamodb.delete_item(TableName=self._table, Key=_key(pk, sk))

    def _delete_if(self, pk: str, sk: str, name: str, value: object) -> None:
        """Nothing happens if there is none, or its attribute `name` is another."""
        with calling("dynamodb:DeleteItem", TableUnavailable):
            try:
                self._dynamodb.delete_item(
                    TableName=self._table,
                    Key=_key(pk, sk),
                    ConditionExpression="#name = :value",
                    ExpressionAttributeNames={"#name": name},
                    ExpressionAttributeValues={":value": encode_value(value)},
                )
            except ClientError as error:
                if error_code(error) != "ConditionalCheckFailedException":
                    raise

    def _children(self, pk: str, prefix: str) -> list[Item]:
        """The items of one partition whose sort key begins so, by sort key. Read consistently."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )
        with calling("dynamodb:Query", TableUnavailable):
            return [item for page in pages for item in page["Items"]]

    def _index_page(
        self, gsi1pk: str, *, before: str | None, limit: int, only: tuple[str, str] | None = None
    ) -> list[Item]:
        """At most `limit` items of one index partition, the latest first, with a sort key below `before`.

        Args:
            only: The name of an attribute and the text that it must be; the others are read, and left out.
        """
        condition = "gsi1pk = :pk AND gsi1sk < :before"
        values: Values = {":pk": {"S": gsi1pk}, ":before": {"S": before or "~"}}
        filtered: dict[str, Any] = {}
        if only is not None:
            values[":only"] = {"S": only[1]}
            filtered = {"FilterExpression": "#only = :only", "ExpressionAttributeNames": {"#only": only[0]}}
        with calling("dynamodb:Query", TableUnavailable):
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                PaginationConfig={"MaxItems": limit, "PageSize": _FILTERED_PAGE if only else limit},
                **filtered,
            )
            return [item for page in pages for item in page["Items"]]

    def _page_under(self, pk: str, *, prefix: str, before: str | None, limit: int) -> list[Item]:
        """At most `limit` items of one key, the latest first: sort keys with `prefix`, below `before` if given."""
        values: Values = {":pk": {"S": pk}, ":low": {"S": prefix}, ":high": {"S": before or f"{prefix}~"}}
        with calling("dynamodb:Query", TableUnavailable):
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                ConsistentRead=True,
                PaginationConfig={"MaxItems": limit + 1, "PageSize": limit + 1},
            )
            found: list[Item] = [item for page in pages for item in page["Items"]]
        return [item for item in found if item["sk"]["S"] != before][:limit]

    def _index_below(self, gsi1pk: str, attribute: str, limit_value: int) -> Iterator[Item]:
        """Every item of one index partition whose number `attribute` is below `limit_value`, the oldest first."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="gsi1pk = :pk",
            FilterExpression="#attribute < :limit",
            ExpressionAttributeNames={"#attribute": attribute},
            ExpressionAttributeValues={":pk": {"S": gsi1pk}, ":limit": {"N": str(limit_value)}},
        )
        with calling("dynamodb:Query", TableUnavailable):
            for page in pages:
                yield from page["Items"]


def give_way(number: int) -> None:
    """Wait a little, so that who writes the same may end; longer each time."""
    time.sleep(random.uniform(0, _CONFLICT_WAIT_S * 2**number))  # noqa: S311  jitter, not a secret


def _key(pk: str, sk: str) -> Values:
    return {"pk": {"S": pk}, "sk": {"S": sk}}
