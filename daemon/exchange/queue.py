"""Why and how much a resting order fills at a tick (F21, F22).

`ahead` is what must trade at our price before we do: the part of other people, known from what was
displayed when we joined, and our own earlier orders. Conflated ticks do not show who of the queue
left, so a displayed size below the part lowers it and nothing raises it.
"""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.exchange_order import ExchangeOrder
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.reports import FillRule


class Match(NamedTuple):
    """What a resting order fills (0 units: nothing), and the part of other people after it."""

    quantity: int
    rule: FillRule
    market_part: int | None


class QueueModel:
    """Decide fills of resting orders by the policy `queue`, `cross` or `touch`."""

    def __init__(self, settings: ExchangeSettings) -> None:
        self._policy = settings.resting
        self._by_last_quantity = settings.queue_evidence == "last_qty"
        self._is_simple = settings.is_simple

    def match(self, order: ExchangeOrder, book: DepthBook) -> Match:
        """Return what the last tick fills of a resting order: the first rule with a lot."""
        quantity, rule, market = self._crossed(order, book), "cross", order.market_part
        if not quantity and self._policy != "cross" and book.growth:
            quantity, rule, market = self._traded(order, book)
        is_blind = not book.has_volume and book.is_bare
        if not quantity and self._policy != "cross" and is_blind:
            quantity, rule = self._printed(order, book)
        displayed = book.displayed(order.is_buy, order.limit_paise)
        if displayed is not None:
            market = displayed if market is None else min(market, displayed)
        return Match(quantity, rule if quantity else "", market)  # type: ignore[arg-type]

    def _crossed(self, order: ExchangeOrder, book: DepthBook) -> int:
        """(a): the other side came to the price."""
        is_buy, price = order.is_buy, order.limit_paise
        best = book.best_opposite(is_buy)
        if not best or not reaches(is_buy, price, best):
            return 0
        if self._is_simple:
            return order.pending
        there = sum(
            book.available(is_buy, level)
            for level in book.opposite(is_buy)
            if reaches(is_buy, price, level[0])
        )
        return whole_lots(min(order.pending, there), book.lot)

    def _traded(self, order: ExchangeOrder, book: DepthBook) -> tuple[int, str, int | None]:
        """(b) and (c): somebody traded beyond the price, or at it."""
        price, market = order.limit_paise, order.market_part
        if book.ltp != price:
            if not reaches(order.is_buy, price, book.ltp):
                return 0, "", market
            return self._within_budget(order, book, order.pending), "through", market
        if self._policy == "touch":
            return self._within_budget(order, book, order.pending), "touch", market
        if market is None:
            return 0, "", None
        left = market - self._volume_at(book)
        quantity = self._within_budget(order, book, -left) if left < 0 else 0
        if quantity:
            left = -min(-left - quantity, book.lot - 1) if -left > quantity else 0
        return quantity, "at", max(left, 1 - book.lot)

    def _volume_at(self, book: DepthBook) -> int:
        volume = book.growth
        if self._by_last_quantity and book.ltq:
            volume = min(volume, book.ltq)
        return volume if self._is_simple else min(volume, book.budget)

    def _within_budget(self, order: ExchangeOrder, book: DepthBook, volume: int) -> int:
        if self._is_simple:
            return order.pending if volume >= book.lot else 0
        return whole_lots(min(order.pending, volume, book.budget), book.lot)

    def _printed(self, order: ExchangeOrder, book: DepthBook) -> tuple[int, str]:
        """Without volume and book the last price is all the evidence there is."""
        if book.ltp != order.limit_paise:
            is_through = reaches(order.is_buy, order.limit_paise, book.ltp)
            return (order.pending, "through") if is_through else (0, "")
        return (order.pending, "touch") if self._policy == "touch" else (0, "")


def reaches(is_buy: bool, limit: int, price: int) -> bool:
    """Return whether a price is within a limit."""
    return limit >= price if is_buy else limit <= price


def whole_lots(quantity: int, lot: int) -> int:
    """Return the largest multiple of a lot that is not above a quantity."""
    return quantity // lot * lot


def is_near_miss(order: ExchangeOrder, book: DepthBook) -> bool:
    """Return whether a tick that filled nothing came within one step of filling (F24)."""
    if book.ltp == order.limit_paise:
        return True
    best = book.best_opposite(order.is_buy)
    return bool(best) and abs(best - order.limit_paise) <= book.step
