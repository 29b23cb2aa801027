"""Events of the state machines: each function has a few kinds, told apart by their `Action`."""

from __future__ import annotations

from types import UnionType
from typing import Any, get_args

import msgspec

from chalicelib.errors import ActionUnknown


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
