"""Events of the state machines: each function has a few kinds, told apart by their `Action`."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, get_args

import msgspec

from chalicelib.errors import ActionUnknown

_ENVELOPES = ("Payload", "Input")
_MAX_ENVELOPES = 4


def parse_event(event: dict[str, Any], kinds: UnionType) -> Any:
    """The event as one of a union of tagged structs.

    Raises:
        ActionUnknown: If it is none of them; the message names their tags.
    """
    try:
        return msgspec.convert(event, type=kinds)
    except msgspec.ValidationError as error:
        actions = ", ".join(str(kind.__struct_config__.tag) for kind in get_args(kinds))
        raise ActionUnknown(f"the event is not one of {actions}: {error}", detail=str(error)) from error


def unwrapped(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event without its envelopes. What stands beside an envelope goes before what is inside, Action above all."""
    plain = dict(event)
    for _ in range(_MAX_ENVELOPES):
        name = next((name for name in _ENVELOPES if isinstance(plain.get(name), Mapping)), None)
        if name is None:
            break
        inner = plain.pop(name)
        plain = {**inner, **plain}
    return plain
