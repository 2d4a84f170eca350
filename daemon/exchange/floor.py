"""Where orders work: they arrive, take, rest, are triggered, fill and end (F5, F11 to F34).

The floor moves orders and reports it. It knows neither requests nor latency: who calls it has
decided that the moment has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.domain.events import QueuePlace
from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState
from daemon.domain.order_kind import STOP_KINDS
from daemon.exchange.arrival_checks import Admits, ArrivalChecks
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.groups import Cut, ExitGroup
from daemon.exchange.order_roles import escalates, is_entry_market
from daemon.exchange.protection import protection_price
from daemon.exchange.queue import Match, QueueModel, is_near_miss, reaches
from daemon.exchange.refusals import Asked, Refused
from daemon.exchange.reports import FillRule, Reports
from daemon.exchange.resting import RestingOrders
from daemon.exchange.stops import PendingStops
from daemon.exchange.timers import Due, Timers
from daemon.exchange.walk import Take, Taker, continues_unseen, take_crossing

_S = ExchangeOrderState


class Floor:
    """The working orders of all instruments."""

    def __init__(
        self,
        settings: ExchangeSettings,
        books: Sequence[DepthBook],
        reports: Reports,
        timers: Timers,
        orders: Mapping[str, ExchangeOrder],
        admits: Admits,
    ) -> None:
        self._settings = settings
        self._books = books
        self._orders = orders
        self._reports = reports
        self._timers = timers
        self._taker = Taker(settings)
        self._queue = QueueModel(settings)
        self.checks = ArrivalChecks(settings, books, admits)
        self.resting = [RestingOrders() for _ in books]
        self.stops = PendingStops(len(books))
        self._groups: dict[str, ExitGroup] = {}
        self._arrivals = 0

    # who is there

    def group(self, name: str) -> ExitGroup:
        """Return the exits of a trade at the exchange."""
        found = self._groups.get(name)
        if found is None:
            found = self._groups[name] = ExitGroup()
        return found

    def is_idle(self, instrument: int) -> bool:
        """Return whether no order works at an instrument."""
        return not self.resting[instrument] and not self.stops.any_at(instrument)

    def needs_every_tick(self, instrument: int) -> bool:
        """Return whether orders that work at an instrument must see each tick of it."""
        resting = self.resting[instrument]
        return resting.is_taking or resting.has_urgent or self.checks.needs_every_tick

    def first_take(self, order: ExchangeOrder) -> int:
        """Return at what price an order would fill first if it took now, 0 if it would not."""
        book = self._book(order)
        if order.kind in STOP_KINDS and not order.triggered:
            return 0
        takes = self._taker.find(book, order.terms.side, order.limit_paise, order.pending)
        return takes[0].price if takes else 0

    # arrival

    def arrive(self, order: ExchangeOrder) -> bool:
        """Let a NEW order arrive; return False if the exchange refused it."""
        book = self._book(order)
        if not self._has_quantity(order):
            self._reject(order, Refused("not_open", {}))
            return False
        if not order.limit_paise and order.kind == "MARKET":
            order.work_at(self.protect(order, order.protected_from_paise or book.ltp))
        refused = self._refusal(order, book)
        if refused is not None:
            self._reject(order, refused)
            return False
        self._cancel_replaced(order)
        if order.kind in STOP_KINDS:
            self._await_trigger(order)
        else:
            order.move(_S.OPEN, "open")
            self._reports.add(order, "open")
            if order.terms.group and order.kind == "MARKET":
                self._cut(self.group(order.terms.group).cuts_for(order), "replaced")
            self.act(order)
        return True

    def act(self, order: ExchangeOrder) -> None:
        """Let an OPEN order that has just got its place take what it can and rest with the rest."""
        self.take_place(order)
        book = self._book(order)
        self._take(order, book)
        if order.state is _S.OPEN:
            self._place(order, book)
        if order.state is _S.OPEN:
            self._set_timers(order)

    def take_place(self, order: ExchangeOrder) -> None:
        """Give an order the last place among all arrivals."""
        self._arrivals += 1
        order.take_place(self._arrivals, self._reports.now)

    def reaches_other_side(self, order: ExchangeOrder, limit: int) -> bool:
        """Return whether a limit reaches what is displayed, taken already or not."""
        book = self._book(order)
        if self._settings.is_simple:
            return bool(self._taker.find(book, order.terms.side, limit, book.lot))
        best = book.best_opposite(order.is_buy) or (book.ltp if book.is_bare else 0)
        return bool(best) and reaches(order.is_buy, limit, best)

    def protect(self, order: ExchangeOrder, base_paise: int, percent: float | None = None) -> int:
        """Return the protection of a MARKET; 0 in the simple modes, where it fills whole.

        `percent` replaces its own. An API order without one, where that is not refused, is
        protected by the slabs as every other.
        """
        if self._settings.is_simple:
            return 0
        percent = order.terms.market_protection if percent is None else percent
        if order.terms.is_api and not percent:
            percent = None
        return protection_price(self._book(order), order.is_buy, percent, base_paise)

    def _refusal(self, order: ExchangeOrder, book: DepthBook) -> Refused | None:
        asked = Asked(order.terms, book, order.limit_paise)
        return self.checks.first(order, asked, self._reports.now)

    def _has_quantity(self, order: ExchangeOrder) -> bool:
        """Leave an order that arrives at most what there is for it; False if that is nothing."""
        old = self._orders.get(order.replaces)
        if old is not None:
            is_late = old.is_over or (old.triggered and order.kind in STOP_KINDS)
            order.take_pending(0 if is_late else old.pending)
        if order.terms.group:
            order.keep_pending(self.group(order.terms.group).room_for(order.root, order.kind, old))
        return order.pending > 0

    def _cancel_replaced(self, order: ExchangeOrder) -> None:
        old = self._orders.get(order.replaces)
        if old is not None:
            self.cancel(old, "replaced")

    def _await_trigger(self, order: ExchangeOrder) -> None:
        self.take_place(order)
        order.move(_S.TRIGGER_PENDING, "trigger_pending")
        self.stops.watch(order)
        self._reports.add(order, "trigger_pending")

    # a tick

    def on_tick(self, instrument: int, ts: int) -> None:
        """Let what works at an instrument see its book's last tick: (a) and (b) of F5."""
        book = self._books[instrument]
        self.checks.on_tick(instrument, ts)
        resting = self.resting[instrument]
        # a tick that changes nothing leaves every order where its last look left it
        if resting and (book.stirred or self._settings.is_simple):
            for order in resting.near(book):
                if order.state is _S.OPEN:
                    self._look_again(order, book)
        if self.stops.any_at(instrument) and not book.old_row:
            for arrival in self.stops.fire(instrument, book.ltp):
                stop = self.stops.take(arrival)
                if stop is not None:
                    self._fire(stop, book)

    def _look_again(self, order: ExchangeOrder, book: DepthBook) -> None:
        if order.taking:
            self.resting[order.terms.instrument].side_of(order).remove(order)
            order.stand(taking=False)
            self._take(order, book)
            if order.state is _S.OPEN:
                self._place(order, book)
        elif not book.old_row:
            match = self._queue.match(order, book)
            if match.quantity:
                self._fill_resting(order, book, match)
            else:
                order.see_queue(match.market_part)
                if (book.growth or book.best_changed) and is_near_miss(order, book):
                    order.miss()

    def _fire(self, order: ExchangeOrder, book: DepthBook) -> None:
        if order.kind == "SL":
            refused = self.checks.outside_protection(order, order.limit_paise, self._reports.now)
            if refused is not None:
                self._reject(order, refused)
                return
        else:
            order.work_at(self.protect(order, book.ltp))
        order.trigger(self._reports.now)
        self._reports.add(order, "triggered", numbers={"ltp_paise": book.ltp})
        self.act(order)

    # fills

    def _take(self, order: ExchangeOrder, book: DepthBook) -> None:
        side = order.terms.side
        takes = self._taker.find(book, side, order.limit_paise, order.pending)
        for take in takes:
            if not self._settings.is_simple:
                book.take(order.is_buy, take.level, take.quantity)
            self._fill(order, take.quantity, take.price, "take", _taken(book, take), take.level)

    def _fill_resting(self, order: ExchangeOrder, book: DepthBook, match: Match) -> None:
        ahead = self.resting[order.terms.instrument].ahead_of(order)
        before = order.market_part
        order.see_queue(match.market_part)
        evidence = QueuePlace(
            market_before=before,
            market_after=match.market_part,
            ahead_before=ahead,
            ahead_after=self.resting[order.terms.instrument].ahead_of(order),
            growth=book.growth,
            ltq=book.ltq,
            displayed=book.displayed(order.is_buy, order.limit_paise),
        )
        if self._settings.is_simple:
            pass  # other orders find what this one found
        elif match.rule == "cross":
            take_crossing(book, order, match.quantity)
        else:
            book.spend(match.quantity)
        self._fill(order, match.quantity, order.limit_paise, match.rule, evidence)
        if order.state is _S.COMPLETE:
            self.resting[order.terms.instrument].side_of(order).remove(order)

    def _fill(
        self,
        order: ExchangeOrder,
        quantity: int,
        price: int,
        rule: FillRule,
        evidence: QueuePlace,
        level: int = 0,
    ) -> None:
        order.fill(quantity, self._reports.now, rule)
        self._reports.fill(order, quantity, price, rule, evidence, level)
        if not order.terms.group:
            return
        group = self.group(order.terms.group)
        group.reduce(quantity)
        if order.is_over:
            group.leave(order)
        self._cut(group.cuts_after_fill(), "exit_group")

    # the rest

    def _place(self, order: ExchangeOrder, book: DepthBook) -> None:
        if order.validity == "IOC":
            self.cancel(order, "ioc_rest")
            return
        is_depth = not self._settings.is_simple
        limit = order.limit_paise
        taking = is_depth and continues_unseen(book, order.is_buy, limit)
        if not taking and is_entry_market(order) and self._settings.market_rest == "cancel":
            self.cancel(order, "unfilled_rest")
            return
        market = None if taking else book.displayed(order.is_buy, limit)
        order.stand(taking=taking, market_part=market)
        self.resting[order.terms.instrument].side_of(order).add(order)

    def _set_timers(self, order: ExchangeOrder) -> None:
        if is_entry_market(order) and not order.terms.is_api:
            due = order.market_since + self._settings.reject_after_ns
            self._timers.add(due, Due.EXPIRY, (order, "unfilled_rest"), order.number)
        elif escalates(order) and self._settings.escalate == "market":
            due = order.moved_ts + self._settings.escalate_after_ns
            self._timers.add(due, Due.ESCALATION, order, order.number)

    # ends

    def cancel(self, order: ExchangeOrder, reason: str) -> None:
        """Cancel what is pending of an order that is not over."""
        self.withdraw(order)
        order.move(_S.CANCELLED, reason)
        self._reports.add(order, "cancelled", reason)
        self._leave_group(order)

    def _reject(self, order: ExchangeOrder, refused: Refused) -> None:
        order.move(_S.REJECTED, refused.reason)
        self._reports.add(order, "rejected", refused.reason, refused.numbers or None)
        self._leave_group(order)

    def withdraw(self, order: ExchangeOrder) -> None:
        """Take an order out of its place; what becomes of it is the caller's."""
        if order.state is _S.TRIGGER_PENDING:
            self.stops.forget(order)
        elif order.state is _S.OPEN:
            self.resting[order.terms.instrument].side_of(order).remove(order)
            order.stand(taking=False, market_part=order.market_part)

    def reduce(self, order: ExchangeOrder, pending: int, reason: str) -> None:
        """Leave an order at most `pending` units; it keeps its place."""
        if pending <= 0:
            self.cancel(order, reason)
            return
        order.keep_pending(pending)
        order.move(order.state, reason)
        self._reports.add(order, "modified", reason)

    def _leave_group(self, order: ExchangeOrder) -> None:
        if order.terms.group:
            self.group(order.terms.group).leave(order)

    def _cut(self, cuts: list[Cut], reason: str) -> None:
        for cut in cuts:
            self.reduce(cut.order, cut.pending, reason)

    def _book(self, order: ExchangeOrder) -> DepthBook:
        return self._books[order.terms.instrument]


def _taken(book: DepthBook, take: Take) -> QueuePlace:
    return QueuePlace(growth=book.growth, ltq=book.ltq, displayed=take.displayed)
