"""What is left of an urgent exit is sent again, further into the market (F12).

An exit that stands unfilled for `escalate_after_ms` is followed by a protected MARKET for its rest,
counted from the worse of the last price and the best quote. When that arrives the group takes the
quantity from the old order, so there is no moment in which both could fill.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.floor import escalates
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
        self._overdue: list[dict[str, ExchangeOrder]] = [{} for _ in books]
        self._sent: dict[str, ExchangeOrder] = {}
        self._changes: dict[str, int] = {}

    def fall_due(self, order: ExchangeOrder, ticking: int) -> None:
        """Look at an exit whose time without a fill may be over."""
        if not escalates(order) or self._waits_longer(order):
            return
        instrument = order.terms.instrument
        self._overdue[instrument][order.order_id] = order
        if instrument != ticking:
            self._look(instrument)

    def on_tick(self, instrument: int) -> None:
        """Look at the exits that are overdue at an instrument."""
        if self._overdue[instrument]:
            self._look(instrument)

    def _look(self, instrument: int) -> None:
        overdue = self._overdue[instrument]
        for order in list(overdue.values()):
            if not escalates(order) or self._waits_longer(order):
                del overdue[order.order_id]
            elif self._may_send(order, instrument):
                self._send(order, instrument)

    def _waits_longer(self, order: ExchangeOrder) -> bool:
        """Return whether an exit has filled meanwhile; its time then begins again."""
        due = order.moved_ts + self._after_ns
        if due <= self._reports.now:
            return False
        self._timers.add(due, Due.ESCALATION, order)
        return True

    def _may_send(self, order: ExchangeOrder, instrument: int) -> bool:
        sent = self._sent.get(order.order_id)
        if sent is not None and sent.state is not ExchangeOrderState.REJECTED:
            return False
        seen = self._changes.get(order.order_id)
        return self._believes(instrument) and seen != self._books[instrument].changes

    def _send(self, order: ExchangeOrder, instrument: int) -> None:
        book = self._books[instrument]
        best = book.best_opposite(order.is_buy) or book.ltp
        base = max(book.ltp, best) if order.is_buy else min(book.ltp, best)
        self._changes[order.order_id] = book.changes
        sent = self._replace(order, base)
        self._sent[order.order_id] = sent
        self._changes[sent.order_id] = book.changes
