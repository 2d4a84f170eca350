"""What the exchange itself refuses when an order or a modification arrives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState
from daemon.domain.order_kind import STOP_KINDS
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.limit_price_protection import LimitPriceProtection
from daemon.exchange.queue import reaches
from daemon.exchange.refusals import ARRIVAL, Asked, RefusalList, Refused

Admits = Callable[[ExchangeOrder, DepthBook], Refused | None]
"""What the owner of an order asks about it when it arrives."""


def admit_all(order: ExchangeOrder, book: DepthBook) -> Refused | None:
    """Return None for every order."""
    return None


class ArrivalChecks:
    """Ask about the range of a MARKET, the limit price protection, and triggers already met."""

    def __init__(
        self, settings: ExchangeSettings, books: Sequence[DepthBook], admits: Admits
    ) -> None:
        self._admits = admits
        self._rules = RefusalList(ARRIVAL, settings)
        self._books = books
        self._has_lpp = settings.refusals.get("lpp", False)
        self._lpp: dict[int, LimitPriceProtection] = {}
        for instrument in range(len(books)):
            self.start_day(instrument)

    def start_day(self, instrument: int) -> None:
        """Begin a date: the reference of the limit price protection starts again."""
        if self._has_lpp:
            self._lpp[instrument] = LimitPriceProtection()

    @property
    def needs_every_tick(self) -> bool:
        """True if a reference is a mean over ticks, whether an order works or not."""
        return self._has_lpp

    def on_tick(self, instrument: int, ts: int) -> None:
        """Take the last tick of a book into its reference."""
        if self._has_lpp:
            self._lpp[instrument].add(self._books[instrument], ts)

    def first(self, order: ExchangeOrder, asked: Asked, now: int) -> Refused | None:
        """Return why an order, or what a modification makes of it, is refused at `now`."""
        if order.state is ExchangeOrderState.NEW:
            refused = self._admits(order, asked.book)
            if refused is not None:
                return refused
        kind = asked.terms.kind
        if kind in STOP_KINDS and not order.triggered:
            is_moved = asked.terms.trigger_paise != order.trigger_paise
            is_new = order.state is ExchangeOrderState.NEW
            return _trigger_met(asked) if is_new or is_moved else None
        if kind == "MARKET":
            is_new = order.state is ExchangeOrderState.NEW
            return self._rules.first(asked) if is_new else None
        return self.outside_protection(order, asked.limit_paise, now)

    def outside_protection(self, order: ExchangeOrder, limit: int, now: int) -> Refused | None:
        """Refuse a limit beyond the limit price protection, where that is switched on."""
        if not self._has_lpp:
            return None
        instrument = order.terms.instrument
        book = self._books[instrument]
        return self._lpp[instrument].refuse(book, order.is_buy, limit, now)


def _trigger_met(asked: Asked) -> Refused | None:
    trigger, ltp = asked.terms.trigger_paise, asked.book.ltp
    if not reaches(asked.terms.side == "BUY", ltp, trigger):
        return None
    return Refused("trigger_already_met", {"trigger_paise": trigger, "ltp_paise": ltp})
