"""What is left of an urgent exit is sent again, further into the market (F12).

An exit that stands unfilled for `escalate_after_ms` is followed by a protected MARKET for its
rest, counted from the worse of the last price and the best quote, at a tick that changed ltp or
book. When it arrives the old order is cancelled, so there is no moment in which both could fill.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.domain.exchange_order import ExchangeOrder
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.floor import escalates
from daemon.exchange.reports import Reports


class Escalation:
    """Watch exits that do not fill; `urgent` are those of each instrument."""

    def __init__(
        self,
        settings: ExchangeSettings,
        books: Sequence[DepthBook],
        urgent: Sequence[dict[str, ExchangeOrder]],
        reports: Reports,
        believes: Callable[[int], bool],
        replace: Callable[[ExchangeOrder, int], ExchangeOrder],
    ) -> None:
        self._is_on = settings.escalate == "market"
        self._after_ns = settings.escalate_after_ns
        self._books = books
        self._urgent = urgent
        self._reports = reports
        self._believes = believes
        self._replace = replace
        self._sent: dict[str, ExchangeOrder] = {}

    def on_tick(self, instrument: int) -> None:
        """Send again what is overdue at an instrument, by number."""
        urgent = self._urgent[instrument]
        if not urgent:
            return
        may_send = self._is_on and self._books[instrument].changed and self._believes(instrument)
        for order in sorted(urgent.values(), key=_number):
            if not escalates(order):
                del urgent[order.order_id]
            elif may_send and self._is_overdue(order):
                self._sent[order.order_id] = self._replace(
                    order, _base(self._books[instrument], order)
                )

    def _is_overdue(self, order: ExchangeOrder) -> bool:
        sent = self._sent.get(order.order_id)
        is_free = sent is None or sent.is_over
        return is_free and self._reports.now - order.moved_ts >= self._after_ns


def _base(book: DepthBook, order: ExchangeOrder) -> int:
    best = book.best_opposite(order.is_buy) or book.ltp
    return max(book.ltp, best) if order.is_buy else min(book.ltp, best)


def _number(order: ExchangeOrder) -> int:
    return order.number
