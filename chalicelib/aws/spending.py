"""The bill of a calendar month: what the bills of assets and renders have come to, posted once. See `table.py`.

A bill says what of it is posted already. Posting is one transaction: the month grows by the rest, and the bill says so,
under the condition that nobody else did it meanwhile. So a worker that dies between its own addition and the posting
neither loses nor doubles anything: whoever next adds to that bill posts the rest with his own. What is posted goes to
the month of its posting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.aws.store import Store, Update, give_way
from chalicelib.catalog.spend import month_of

if TYPE_CHECKING:
    from chalicelib.aws.records import Item

AMOUNTS = ("lambda_mb_ms", "transitions", "mediaconvert_microusd")
POST_EVERY_MS = 20_000
"""How long a step under way may leave what it adds unposted: a transaction costs four times an addition."""

_TRIES = 6


class SpendRecords(Store):
    def _post(self, pk: str, item: Item, *, now_ms: int, soon: bool) -> None:
        """Post what of a bill is not in its month yet. After too many conflicts it is left to the next addition.

        Args:
            item: The bill.
            soon: Whether POST_EVERY_MS is to be waited for.
        """
        if not soon and now_ms - number(item, "posted_at_ms") < POST_EVERY_MS:
            return
        bill: Item | None = item
        for attempt in range(_TRIES):
            if bill is None or self._posted(pk, bill, now_ms):
                return
            give_way(attempt)
            bill = self._get(pk, "work")

    def _posted(self, pk: str, bill: Item, now_ms: int) -> bool:
        """Returns False, and writes nothing, if the bill was posted by somebody else meanwhile."""
        month, noted = Update(), Update()
        for name in AMOUNTS:
            posted, so_far = number(bill, _posted_name(name)), number(bill, name)
            month.add(name, so_far - posted)
            noted.set(_posted_name(name), so_far)
            if posted:
                noted.require_in(_posted_name(name), (posted,))
            else:
                noted.require_absent_or_zero(_posted_name(name))
        if all(value == {"N": "0"} for value in month.adds.values()):
            return True
        month.set("updated_at_ms", now_ms)
        noted.set("posted_at_ms", now_ms)
        return self._update_both((pk, "work", noted), (_month_pk(month_of(now_ms)), "spend", month))

    def _spend_item(self, month: str) -> Item | None:
        return self._get(_month_pk(month), "spend")


def number(item: Item, name: str) -> int:
    """An attribute that is nought where it is not there."""
    return int(item.get(name, {"N": "0"})["N"])


def _posted_name(amount: str) -> str:
    return f"posted_{amount}"


def _month_pk(month: str) -> str:
    return f"spend#{month}"
