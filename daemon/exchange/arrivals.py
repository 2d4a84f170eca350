"""When a request acts: its latency, its turn on its order, and the quote that it needs (F4, F6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState, Modification
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.floor import Floor
from daemon.exchange.modifications import (
    Modifications,
    changed_prices,
    end_after,
    fault_when_sent,
)
from daemon.exchange.order_roles import is_entry_market
from daemon.exchange.refusals import Asked, RefusalList
from daemon.exchange.reports import Reports
from daemon.exchange.requests import Request, RequestQueue
from daemon.exchange.timers import Due, Timers

_S = ExchangeOrderState


class Arrivals:
    """Send requests, let them act when they may, and end orders whose time is over."""

    def __init__(
        self,
        settings: ExchangeSettings,
        books: Sequence[DepthBook],
        floor: Floor,
        reports: Reports,
        timers: Timers,
        believes: Callable[[int], bool],
    ) -> None:
        self._settings = settings
        self._books = books
        self._floor = floor
        self._reports = reports
        self._timers = timers
        self._believes = believes
        self._requests = RequestQueue(len(books))
        self._modifications = Modifications(floor, reports, timers)
        self._ticking = -1

    def at_tick_of(self, instrument: int) -> None:
        """Set whose tick step 1 of an input comes before, -1 for no tick."""
        self._ticking = instrument

    # sending

    def send_new(self, order: ExchangeOrder) -> None:
        """Send a new order; without latency it acts now if the quote is believed."""
        now = self._reports.now
        request = self._requests.send(order, now, self._settings.enter_ns, is_new=True)
        if not order.terms.is_exit:
            due = now + self._settings.reject_after_ns
            self._timers.add(due, Due.EXPIRY, (order, "no_price"), order.number)
        self._dispatch(request)

    def send_change(
        self, order: ExchangeOrder, change: Modification, refusals: RefusalList
    ) -> None:
        """Send a modification, unless it is refused as it stands."""
        book = self._book(order)
        refused = fault_when_sent(order, change, book)
        if refused is None and not order.is_over:
            refused = refusals.first(Asked(changed_prices(order, change), book))
        if refused is not None:
            self._reports.add(order, "modify_refused", refused.reason, refused.numbers)
            return
        now = self._reports.now
        request = self._requests.send(order, now, self._settings.modify_ns, change=change)
        self._dispatch(request)

    def send_cancel(self, order: ExchangeOrder, reason: str) -> None:
        """Send a cancel."""
        now = self._reports.now
        request = self._requests.send(order, now, self._settings.cancel_ns, cancel_reason=reason)
        self._dispatch(request)

    def _dispatch(self, request: Request) -> None:
        if request.due > self._reports.now:
            self._timers.add(request.due, Due.REQUEST, request)
        elif request.order.terms.instrument == self._ticking or not self._try(
            request, may_take=True
        ):
            self._requests.wait(request)

    def waits_at(self, instrument: int) -> bool:
        """Return whether a request waits for a tick of an instrument."""
        return bool(self._requests.waiting_at(instrument))

    def instruments_waiting(self) -> list[int]:
        """Return the instruments at which a request waits for a tick."""
        return self._requests.instruments_waiting()

    # acting

    def fall_due(self, request: Request) -> None:
        """Let a request whose latency is over act, unless it must wait for a tick (step 1)."""
        if request.order.terms.instrument == self._ticking or not self._try(
            request, may_take=False
        ):
            self._requests.wait(request)

    def retry_except(self, ticking: int) -> None:
        """Let requests act that waited for one ahead of them, at other instruments (step 1)."""
        for instrument in self._requests.instruments_waiting():
            if instrument != ticking:
                for request in self._requests.waiting_at(instrument):
                    self._try(request, may_take=False)

    def act_at_tick(self, instrument: int) -> None:
        """Let everything that waits for a tick of an instrument act, in the order sent (F5c)."""
        for request in self._requests.waiting_at(instrument):
            self._try(request, may_take=True)

    def _try(self, request: Request, *, may_take: bool) -> bool:
        """Let a request act if it is its turn and it has the quote it needs."""
        order = request.order
        if request.is_over:
            return True
        if not self._requests.is_first(request):
            return False
        may_take = may_take and self._believes(order.terms.instrument)
        if not may_take and self._needs_quote(request):
            return False
        self._requests.done(request)
        self._act(request)
        return True

    def _needs_quote(self, request: Request) -> bool:
        if request.is_new:
            return not request.order.is_over
        if request.change is None:
            return False
        order = request.order
        return self._modifications.crosses(order, request.change, self._book(order))

    def _act(self, request: Request) -> None:
        order = request.order
        if request.is_new:
            if order.state is _S.NEW and self._floor.arrive(order):
                self._set_end(order)
        elif request.change is not None:
            book = self._book(order)
            self._modifications.apply(order, request.change, book, request.sent)
        elif order.is_over:
            reason = "already_filled" if order.state is _S.COMPLETE else "not_open"
            self._reports.add(order, "cancel_refused", reason)
        else:
            self._floor.cancel(order, request.cancel_reason)

    def _set_end(self, order: ExchangeOrder) -> None:
        if order.validity == "TTL" and not order.is_over:
            end_after(order, self._reports.now, self._timers)

    # ends

    def expire(self, end: tuple[ExchangeOrder, str], due: int) -> None:
        """End an order whose time is over at `due` (UTC ns), if it still has that end."""
        order, reason = end
        if order.is_over or not self._ends(order, reason, due):
            return
        if order.state is _S.NEW:
            self._requests.withdraw_new(order)
        if reason == "no_price":
            waited = self._reports.now - order.sent_ts
            order.move(_S.REJECTED, reason)
            self._reports.add(order, "rejected", reason, {"waited_ns": waited})
        else:
            self._floor.cancel(order, reason)

    def _ends(self, order: ExchangeOrder, reason: str, due: int) -> bool:
        """Return whether an order has that end still, and not a later one by a modification."""
        if reason == "no_price":
            return order.state is _S.NEW
        if reason == "ttl_over":
            return order.validity == "TTL" and order.ends_ts == due
        if reason == "unfilled_rest":
            lives_until = order.market_since + self._settings.reject_after_ns
            return is_entry_market(order) and lives_until == due
        return True

    def _book(self, order: ExchangeOrder) -> DepthBook:
        return self._books[order.terms.instrument]
