"""What is left of an urgent exit is sent again, further into the market (F12).

An exit that stands unfilled for `escalate_after_ms` is followed by a protected MARKET for its
rest, counted from the worse of the last price and the best quote. When that arrives the old order
is cancelled, so there is no moment in which both could fill. It goes out at the first input of any
kind at which the quote is believed, and at most once for each tick that changed ltp or book.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.domain.exchange_order import ExchangeOrder
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.order_roles import escalates
from daemon.exchange.reports import Reports
from daemon.exchange.timers import Due, Timers


class Escalation:
    """Watch exits that do not fill."""

    def __init__(
        self,
        settings: ExchangeSettings,
        books: Sequence[DepthBook],
        reports: Reports,
        timers: Timers,
        believes: Callable[[int], bool],
        replace: Callable[[ExchangeOrder, int], ExchangeOrder],
    ) -> None:
        self._after_ns = settings.escalate_after_ns
        self._books = books
        self._reports = reports
        self._timers = timers
        self._believes = believes
        self._replace = replace
        self._overdue: dict[str, ExchangeOrder] = {}
        self._sent: dict[str, ExchangeOrder] = {}
        """What an order was sent again as, the last time."""
        self._seen: dict[str, int] = {}
        """The changes of the book when an order was last sent again, or sent as a replacement."""

    def fall_due(self, order: ExchangeOrder, due: int) -> None:
        """Note that an order has stood for its time at `due` (UTC ns), unless it moved since."""
        if order.moved_ts + self._after_ns > due:
            self._watch(order)
        else:
            self._overdue[order.order_id] = order

    def retry_except(self, ticking: int) -> bool:
        """Send again what is overdue, but at the instrument of the tick; whether anything was."""
        if not self._overdue:
            return False
        overdue = sorted(self._overdue.values(), key=_since)
        sent = [self._retry(order) for order in overdue if order.terms.instrument != ticking]
        return any(sent)

    def on_tick(self, instrument: int) -> None:
        """Send again what is overdue at the instrument of a tick, by number."""
        if self._overdue:
            for order in sorted(self._overdue.values(), key=_number):
                if order.terms.instrument == instrument:
                    self._retry(order)

    def _retry(self, order: ExchangeOrder) -> bool:
        if not escalates(order):
            del self._overdue[order.order_id]
        elif order.moved_ts + self._after_ns > self._reports.now:
            del self._overdue[order.order_id]
            self._watch(order)
        elif self._may_send(order):
            book = self._books[order.terms.instrument]
            new = self._sent[order.order_id] = self._replace(order, _base(book, order))
            self._seen[order.order_id] = self._seen[new.order_id] = book.changes
            return True
        return False

    def _watch(self, order: ExchangeOrder) -> None:
        """Look at an order when it has stood for its time."""
        due = order.moved_ts + self._after_ns
        self._timers.add(due, Due.ESCALATION, order, order.number)

    def _may_send(self, order: ExchangeOrder) -> bool:
        sent, instrument = self._sent.get(order.order_id), order.terms.instrument
        if sent is not None and not sent.is_over:
            return False
        is_new = self._books[instrument].changes > self._seen.get(order.order_id, -1)
        return is_new and self._believes(instrument)


def _base(book: DepthBook, order: ExchangeOrder) -> int:
    best = book.best_opposite(order.is_buy) or book.ltp
    return max(book.ltp, best) if order.is_buy else min(book.ltp, best)


def _since(order: ExchangeOrder) -> tuple[int, int]:
    return order.moved_ts, order.number


def _number(order: ExchangeOrder) -> int:
    return order.number
