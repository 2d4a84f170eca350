"""The orders that work at one instrument, each side in the order in which it fills (F5a).

A far order costs nothing per tick: the sides are sorted, and only the orders from the best to the
last that a tick can concern are looked at.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from daemon.domain.exchange_order import ExchangeOrder
from daemon.exchange.depth_book import LEVELS, DepthBook
from daemon.exchange.order_roles import is_urgent

_Entry = tuple[int, int, ExchangeOrder]
"""(limit, negative for a buy; arrival; the order): sorts by better price, then by arrival."""


class RestingSide:
    """Open orders of one side of an instrument, the best price first, then the earlier arrival."""

    __slots__ = ("_entries", "_is_buy", "look_at_all", "taking", "urgent")

    def __init__(self, *, is_buy: bool) -> None:
        self._entries: list[_Entry] = []
        self._is_buy = is_buy
        self.taking = 0
        self.urgent = 0
        self.look_at_all = False

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, order: ExchangeOrder) -> None:
        """Let an order work at its limit."""
        insort(self._entries, self._entry(order))
        self.taking += order.taking
        self.urgent += is_urgent(order)

    def remove(self, order: ExchangeOrder) -> None:
        """Take out an order that is over or about to lose its place."""
        at = bisect_left(self._entries, self._entry(order))
        if at < len(self._entries) and self._entries[at][2] is order:
            del self._entries[at]
            self.taking -= order.taking
            self.urgent -= is_urgent(order)

    def near(self, book: DepthBook) -> list[_Entry]:
        """Return the orders that the last tick may concern, in order.

        These are all within one step of the other side, at the last price or beyond it, or among
        the displayed levels of their own side. What lies further away neither fills nor learns
        anything of its queue, unless its side is shown whole.
        """
        entries = self._entries
        own = book.own(self._is_buy)
        if not entries or self.taking or self.look_at_all or (book.sized and len(own) < LEVELS):
            return entries[:]
        best = book.best_opposite(self._is_buy)
        sign = -1 if self._is_buy else 1
        reach = sign * book.ltp
        if best:
            reach = max(reach, sign * best + book.step)
        if own:
            reach = max(reach, sign * own[-1][0])
        return self.within(reach)

    def within(self, reach: int) -> list[_Entry]:
        """Return the orders whose limit, negative for a buy, is at most `reach`, in order."""
        entries = self._entries
        if not entries or entries[0][0] > reach:
            return []
        return entries[: bisect_left(entries, (reach + 1,))]

    def ahead_of(self, order: ExchangeOrder) -> int:
        """Return the rests of our own earlier orders at an order's price."""
        key = self._entry(order)
        first = bisect_left(self._entries, (key[0],))
        return sum(
            order.pending
            for limit, arrival, order in self._entries[first:]
            if (limit, arrival) < key[:2] and not order.taking
        )

    def _entry(self, order: ExchangeOrder) -> _Entry:
        limit = order.limit_paise
        return (-limit if self._is_buy else limit, order.arrival, order)


class RestingOrders:
    """Both sides of one instrument."""

    __slots__ = ("buys", "sells")

    def __init__(self) -> None:
        self.buys = RestingSide(is_buy=True)
        self.sells = RestingSide(is_buy=False)

    def __bool__(self) -> bool:
        return bool(self.buys) or bool(self.sells)

    @property
    def is_taking(self) -> bool:
        """True while an order still takes from a book that continues unseen."""
        return self.buys.taking > 0 or self.sells.taking > 0

    @property
    def has_urgent(self) -> bool:
        """True while an exit must leave, and is sent again if it does not."""
        return self.buys.urgent > 0 or self.sells.urgent > 0

    def side_of(self, order: ExchangeOrder) -> RestingSide:
        """Return the side that an order stands on."""
        return self.buys if order.is_buy else self.sells

    def ahead_of(self, order: ExchangeOrder) -> int | None:
        """Return the units that must trade at an order's price before it does, None if unknown."""
        if order.market_part is None:
            return None
        return max(order.market_part, 0) + self.side_of(order).ahead_of(order)

    def near(self, book: DepthBook) -> list[ExchangeOrder]:
        """Return what the last tick may concern: of the two heads the earlier arrival is next."""
        buys, sells = self.buys.near(book), self.sells.near(book)
        if not buys or not sells:
            return [entry[2] for entry in buys or sells]
        merged: list[ExchangeOrder] = []
        buy = sell = 0
        while buy < len(buys) and sell < len(sells):
            if buys[buy][1] < sells[sell][1]:
                merged.append(buys[buy][2])
                buy += 1
            else:
                merged.append(sells[sell][2])
                sell += 1
        merged.extend(entry[2] for entry in buys[buy:] or sells[sell:])
        return merged
