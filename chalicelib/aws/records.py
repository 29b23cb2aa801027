"""Frozen dataclasses as DynamoDB attributes.

Text, whole numbers, enums and fractions are stored as themselves, so that conditions can speak of them; anything
nested is one JSON string. None is the absence of the attribute.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]
    Values = dict[str, AttributeValueTypeDef]

T = TypeVar("T")

_SCALARS = (str, int, Fraction, StrEnum)


def encode_record(record: object) -> Values:
    """Every field of a dataclass that is neither None nor UNSET."""
    values: Values = {}
    for field in dataclasses.fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if value is not None and value is not msgspec.UNSET:
            values[field.name] = encode_value(value)
    return values


def removed_fields(record: object) -> list[str]:
    """The fields that an update writes as None."""
    return [field.name for field in dataclasses.fields(record) if getattr(record, field.name) is None]  # type: ignore[arg-type]


def encode_value(value: object) -> AttributeValueTypeDef:
    if isinstance(value, bool):
        raise TypeError("records hold no booleans")
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, Fraction):
        return {"S": _fraction_text(value)}
    if isinstance(value, str):
        return {"S": str(value)}
    return {"S": msgspec.json.encode(value, enc_hook=_encode_hook).decode()}


def decode_record(item: Item, kind: type[T]) -> T:
    """Read a dataclass back; attributes that are not its fields are ignored.

    Raises:
        msgspec.ValidationError: If the item is not such a record.
    """
    raw: dict[str, Any] = {}
    for name, hint in _fields(kind).items():  # type: ignore[arg-type]
        if name not in item:
            continue
        attribute = item[name]
        if "N" in attribute:
            raw[name] = int(attribute["N"])
        elif _is_scalar(hint):
            raw[name] = attribute["S"]
        else:
            raw[name] = msgspec.json.decode(attribute["S"])
    return msgspec.convert(_with_nulls(raw, kind), type=kind, dec_hook=_decode_hook)


def _with_nulls(raw: dict[str, Any], kind: type) -> dict[str, Any]:
    """A required field that may be None was stored as nothing."""
    for field in dataclasses.fields(kind):
        if (
            field.name not in raw
            and field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        ):
            raw[field.name] = None
    return raw


@cache
def _fields(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _is_scalar(hint: Any) -> bool:
    kinds = [kind for kind in getattr(hint, "__args__", (hint,)) if kind is not type(None)]
    return all(isinstance(kind, type) and issubclass(kind, _SCALARS) for kind in kinds) and not hasattr(
        hint, "__origin__"
    )


def _fraction_text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _encode_hook(value: object) -> str:
    if isinstance(value, Fraction):
        return _fraction_text(value)
    raise TypeError(f"a record cannot hold {type(value).__name__}")


def _decode_hook(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    raise TypeError(f"a record cannot hold {kind.__name__}")
