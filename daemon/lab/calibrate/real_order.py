"""A real order, as a broker's file tells of it."""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from daemon.domain.dates import parse_ts
from daemon.domain.order import Side

RealKind = Literal["MARKET", "LIMIT", "SL", "SL-M", ""]


_SECOND: Final = re.compile(r"(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d", re.ASCII)
QUANTITY_MAX: Final = 1_000_000_000
"""Units; more is no quantity of an order."""


class RealOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one real order. Times in UTC ns; prices in paise, 0 where not known.

    `where` is the file and line that it was read from. `price_paise` is the average of what was
    filled. `filled_ts` and, unless `sent_is_exact`, `sent_ts` are the beginnings of whole seconds.
    """

    where: str
    order_id: str
    symbol: str
    side: Side
    quantity: int
    """Units that were filled."""
    price_paise: float
    filled_ts: int
    """The second of its first fill, 0 if it never filled."""
    kind: RealKind = ""
    """"" where the file does not say."""
    sent_ts: int = 0
    """When it was sent, 0 where the file does not say."""
    sent_is_exact: bool = False
    ordered: int = 0
    """Units that were asked for, 0 where the file does not say."""
    limit_paise: int = 0
    over_ts: int = 0
    """When it ended without being whole, 0 if it did not."""
    is_modified: bool = False
    spread_s: int = 0
    """Seconds from its first fill to its last."""
    expiry: str = ""
    """ISO date, empty where the file does not say."""

    @property
    def sign(self) -> int:
        """Return +1 for a buy, -1 for a sell."""
        return 1 if self.side == "BUY" else -1

    @property
    def moment_ts(self) -> int:
        """Return the time that it is placed at: sent, where that is known, else filled."""
        return self.sent_ts or self.filled_ts


class Omission(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that were not measured: where the first of them stands, and why."""

    where: str
    why: str
    orders: int = 1


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The orders of a broker's files, and what was left out of them."""

    orders: list[RealOrder]
    omissions: list[Omission] = []


def second_of(text: str) -> int:
    """Return a broker's time, YYYY-MM-DD and HH:MM:SS after a T or a space, as UTC ns.

    Raises ValueError for anything else.
    """
    if not _SECOND.fullmatch(text):
        raise ValueError(f"expected a date and a time to the second, was {text!r}")
    return parse_ts(text)


def fault(path: object, line: int, text: str) -> str:
    """Return a message about a line of a file."""
    return f"{path}:{line}: {text}"
