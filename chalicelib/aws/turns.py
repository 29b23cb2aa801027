"""Turns at the endpoints of webhooks: who holds one may send there. See `table.py` for the key.

One item for each endpoint, with a number for each turn: until when it is taken. A worker that dies leaves its turn to
whoever comes after that.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from chalicelib.aws.store import Store, Update

_SK = "turns"
_TRIES = 3
_KEPT_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Turn:
    """One of the numbered turns at an endpoint, for a while."""

    endpoint: str
    number: int
    until_ms: int


class TurnRecords(Store):
    def take_turn(self, endpoint: str, *, most: int, until_ms: int, now_ms: int) -> Turn | None:
        """One of `most` turns at an endpoint; None if others hold them all, or were quicker."""
        for _ in range(_TRIES):
            item = self._get(_pk(endpoint), _SK) or {}
            taken = {name for name, value in item.items() if "N" in value and int(value["N"]) > now_ms}
            free = [number for number in range(most) if _name(number) not in taken]
            if not free:
                return None
            number = random.choice(free)  # noqa: S311  so that two workers seldom want the same
            update = Update()
            update.require_absent_or_at_most(_name(number), now_ms)
            update.set(_name(number), until_ms)
            update.set("expires_at", until_ms // 1000 + _KEPT_S)
            if self._update(_pk(endpoint), _SK, update) is not None:
                return Turn(endpoint, number, until_ms)
        return None

    def leave_turn(self, turn: Turn) -> None:
        """Nothing happens if it was held for too long, and somebody else has it."""
        update = Update()
        update.require_in(_name(turn.number), (turn.until_ms,))
        update.remove(_name(turn.number))
        self._update(_pk(turn.endpoint), _SK, update)


def _pk(endpoint: str) -> str:
    return f"endpoint#{hashlib.sha256(endpoint.encode()).hexdigest()}"


def _name(number: int) -> str:
    return f"turn_{number}"
