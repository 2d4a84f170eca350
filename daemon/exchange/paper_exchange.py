"""The paper exchange: requests go in, execution reports come out (SEMANTICS, "The exchange").

It knows no strategy, no position and no stop rule, and keeps no clock: the caller says what time it
is, which tick came, and which quotes may be believed. The same calls give the same reports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import structs

from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState, Modification, OrderTerms
from daemon.domain.instrument import Instrument
from daemon.exchange.arrival_checks import Admits, admit_all
from daemon.exchange.arrivals import Arrivals
from daemon.exchange.depth_book import ContractDay, DepthBook, MarketTick
from daemon.exchange.escalation import Escalation
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.floor import Floor
from daemon.exchange.order_checks import first_fault, too_large
from daemon.exchange.order_rate import OrderRate
from daemon.exchange.quiet_rows import QuietRows
from daemon.exchange.refusals import SENDING, Asked, RefusalList, Refused
from daemon.exchange.reports import ExecutionReport, Reports
from daemon.exchange.slices import SLICE_EVERY_NS, slice_quantities
from daemon.exchange.timers import Due, Timers

_S = ExchangeOrderState
_NOT_TICKING = -1


class PaperExchange:
    """Take orders, modifications and cancels; show them every tick; report what happens.

    `believes` answers whether the current quote of an instrument may be traded against.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        settings: ExchangeSettings,
        believes: Callable[[int], bool],
        admits: Admits = admit_all,
    ) -> None:
        self._settings = settings
        self.books = [DepthBook(instrument) for instrument in instruments]
        self.orders: dict[str, ExchangeOrder] = {}
        self._parts: dict[str, int] = {}
        self._dropped: set[str] = set()
        self._closed: set[int] = set()
        self._unsent: dict[str, int] = {}
        self._reports = Reports()
        self._timers = Timers()
        self.floor = Floor(settings, self.books, self._reports, self._timers, self.orders, admits)
        self._arrivals = Arrivals(
            settings, self.books, self.floor, self._reports, self._timers, believes
        )
        self._escalation = Escalation(
            settings, self.books, self._reports, self._timers, believes, self._replace
        )
        self.quiet = QuietRows(settings, self.books, self.floor)
        self._refusals = RefusalList(SENDING, settings)
        self._rate = OrderRate()

    # requests

    def submit(
        self,
        order_id: str,
        terms: OrderTerms,
        now: int,
        *,
        open_units: int | None = None,
        replaces: str = "",
    ) -> list[ExecutionReport]:
        """Send a new order at `now` (UTC ns); above the freeze quantity it goes in slices.

        `open_units` is what is open of the trade that an exit belongs to; who sends exits of a
        trade that grows says so by `grow` instead. `replaces` is an order that is cancelled when
        this one arrives.
        """
        self._reports.at(now)
        if terms.group and open_units is not None:
            self.floor.group(terms.group).set_open(open_units)
        book = self.books[terms.instrument]
        refused = (
            first_fault(terms, book, now)
            or too_large(terms, book, autoslice=self._settings.autoslice)
            or self._refusal_when_sent(terms, book)
        )
        if refused is not None:
            self._reject(self._make(order_id, order_id, terms, now, replaces=replaces), refused)
        else:
            self._send_slices(order_id, terms, now, replaces)
        return self._reports.take()

    def grow(self, group: str, units: int) -> None:
        """Count units that a trade has gained: its exits may close as many more."""
        self.floor.group(group).grow(units)

    def modify(self, order_id: str, change: Modification, now: int) -> list[ExecutionReport]:
        """Send a modification at `now` (UTC ns). Raises KeyError for an order that never was."""
        self._reports.at(now)
        self._arrivals.send_change(self.orders[order_id], change, self._refusals)
        return self._reports.take()

    def cancel(self, order_id: str, reason: str, now: int) -> list[ExecutionReport]:
        """Send a cancel at `now` (UTC ns). Raises KeyError for an order that never was."""
        self._reports.at(now)
        self._arrivals.send_cancel(self.orders[order_id], reason)
        return self._reports.take()

    def drop_unsent(self, order_id: str) -> None:
        """Send no more slices of an order."""
        self._dropped.add(order_id)

    # inputs

    def advance(
        self, now: int, *, ticking: int = _NOT_TICKING, until: int | None = None
    ) -> list[ExecutionReport]:
        """Do what became due at or before `until`, else `now`: step 1 of every input.

        Requests for the instrument whose tick the input is wait for `on_tick`.
        """
        self._reports.at(now)
        self._arrivals.at_tick_of(ticking)
        self._retry_except(ticking)
        while (popped := self._timers.pop(now if until is None else until)) is not None:
            self._do(*popped)
            self._retry_except(ticking)
        self._arrivals.at_tick_of(_NOT_TICKING)  # what is sent from here on has seen its quote
        return self._reports.take()

    def on_tick(self, instrument: int, tick: MarketTick) -> list[ExecutionReport]:
        """Show a tick: resting orders, triggers, requests, escalations, in this order (F5)."""
        self._reports.at(tick.ts)
        book = self.books[instrument]
        book.take_tick(tick)
        self.floor.on_tick(instrument, tick.ts)
        self._arrivals.act_at_tick(instrument)
        self._escalation.on_tick(instrument)
        return self._reports.take()

    def forget_taken(self, instruments: Sequence[int] | None = None) -> None:
        """Forget what was taken, after a gap or a silence; None means everywhere."""
        for index in range(len(self.books)) if instruments is None else instruments:
            self.books[index].forget_taken()

    def show(self, instrument: int, tick: MarketTick) -> None:
        """Show the last tick of an instrument at which nothing works, before an order is sent."""
        self.books[instrument].show(tick)

    def start_day(self, instrument: int, day: ContractDay) -> None:
        """Begin a date of a contract, with its session and limits."""
        self._closed.discard(instrument)
        self.books[instrument].start_day(day)
        self.floor.checks.start_day(instrument)
        if day.closes:
            self._timers.add(day.closes, Due.DAY_OVER, instrument)

    def working_of(self, group: str) -> list[ExchangeOrder]:
        """Return the exits of a trade that are not over, in flight or at the exchange."""
        return [order for order in self.floor.group(group).members.values() if not order.is_over]

    def orders_of(self, root: str) -> list[ExchangeOrder]:
        """Return an order, or its slices and replacements, in the order in which they were sent."""
        if root in self.orders:
            return [self.orders[root], *self._parts_of(root)]
        return self._parts_of(root)

    def _parts_of(self, root: str) -> list[ExchangeOrder]:
        parts = (f"{root}/{number}" for number in range(1, self._parts.get(root, 0) + 1))
        return [self.orders[part] for part in parts if part in self.orders]

    def works(self, root: str) -> bool:
        """Return whether anything of an order is not over, or has still to be sent."""
        has_unsent = self._unsent.get(root, 0) > 0 and root not in self._dropped
        return has_unsent or any(not order.is_over for order in self.orders_of(root))

    def works_at(self, instrument: int) -> bool:
        """Return whether ticks of an instrument matter to the exchange."""
        is_idle = self.floor.is_idle(instrument) and not self.books[instrument].has_taken
        return not is_idle or self.needs_every_tick(instrument)

    def needs_every_tick(self, instrument: int) -> bool:
        """Return whether no tick of an instrument may be skipped (`quiet` counts those to skip)."""
        return self._arrivals.waits_at(instrument) or self.floor.needs_every_tick(instrument)

    def instruments_waiting(self) -> list[int]:
        """Return the instruments at which a request whose latency is over waits for a tick."""
        return self._arrivals.instruments_waiting()

    @property
    def next_due(self) -> int:
        """Return when something falls due at the earliest, UTC ns."""
        return self._timers.next_due

    # inside

    def _retry_except(self, ticking: int) -> None:
        """Do what waited for another order: its turn on it, or its end."""
        self._arrivals.retry_except(ticking)
        while self._escalation.retry_except(ticking):
            self._arrivals.retry_except(ticking)

    def _do(self, due: int, what: Due, item: object) -> None:
        if what is Due.DAY_OVER:
            self._end_day(item)  # type: ignore[arg-type]
        elif what is Due.EXPIRY:
            self._arrivals.expire(item, due)  # type: ignore[arg-type]
        elif what is Due.SLICE:
            self._send_later_slice(*item)  # type: ignore[misc]
        elif what is Due.ESCALATION:
            self._escalation.fall_due(item, due)  # type: ignore[arg-type]
        else:
            self._arrivals.fall_due(item)  # type: ignore[arg-type]

    def _end_day(self, instrument: int) -> None:
        """Close a contract; its orders end at the same moment, by number (`day_over`)."""
        self._closed.add(instrument)
        self.books[instrument].forget_taken()

    def _refusal_when_sent(self, terms: OrderTerms, book: DepthBook) -> Refused | None:
        refused = self._refusals.first(Asked(terms, book))
        is_counted = self._settings.refusals.get("order_rate", not self._settings.is_simple)
        if refused is None and terms.is_api and is_counted:
            refused = self._rate.refuse_or_count(self._reports.now)
        return refused

    def _make(
        self,
        order_id: str,
        root: str,
        terms: OrderTerms,
        now: int,
        *,
        protected_from_paise: int = 0,
        replaces: str = "",
    ) -> ExchangeOrder:
        order = ExchangeOrder(
            order_id=order_id,
            number=len(self.orders) + 1,
            root=root,
            terms=terms,
            kind=terms.kind,
            quantity=terms.quantity,
            limit_paise=terms.price_paise if terms.kind in ("LIMIT", "SL") else 0,
            trigger_paise=terms.trigger_paise,
            validity=terms.validity,
            sent_ts=now,
            market_since=now,
            protected_from_paise=protected_from_paise,
            replaces=replaces,
        )
        self.orders[order_id] = order
        closes = self.books[terms.instrument].day.closes
        if closes:
            self._timers.add(closes, Due.EXPIRY, (order, "day_over"), order.number)
        return order

    def _reject(self, order: ExchangeOrder, refused: Refused) -> None:
        order.move(_S.REJECTED, refused.reason)
        self._reports.add(order, "rejected", refused.reason, refused.numbers)

    def _send_slices(self, root: str, terms: OrderTerms, now: int, replaces: str) -> None:
        freeze = self.books[terms.instrument].day.freeze_quantity
        lot = self.books[terms.instrument].lot
        slices = slice_quantities(terms.quantity, freeze, lot)
        self._parts[root] = 0
        if len(slices) == 1:
            self._send(self._make(root, root, terms, now, replaces=replaces))
            return
        for at, quantity in enumerate(slices):
            part = structs.replace(terms, quantity=quantity)
            if at == 0:
                self._send_slice(root, part)
            else:
                self._unsent[root] = self._unsent.get(root, 0) + 1
                self._timers.add(now + at * SLICE_EVERY_NS, Due.SLICE, (root, part))

    def _send_later_slice(self, root: str, terms: OrderTerms) -> None:
        self._unsent[root] -= 1
        if terms.instrument not in self._closed and self._is_wanted(root, terms):
            self._send_slice(root, terms)

    def _is_wanted(self, root: str, terms: OrderTerms) -> bool:
        """Return whether anything is open for one more slice of an exit (F34)."""
        return not terms.group or self.floor.group(terms.group).room_for(root, terms.kind) > 0

    def _send_slice(self, root: str, terms: OrderTerms) -> None:
        if root in self._dropped:
            return
        self._send(self._make(self._next_id(root), root, terms, self._reports.now))

    def _send(self, order: ExchangeOrder) -> None:
        book = self.books[order.terms.instrument]
        if order.kind == "MARKET" and (order.protected_from_paise or book.ltp):
            base = order.protected_from_paise or book.ltp
            order.work_at(self.floor.protect(order, base))
        self._reports.add(order, "accepted")
        if order.terms.group:
            self.floor.group(order.terms.group).note(order)
        self._arrivals.send_new(order)

    def _replace(self, order: ExchangeOrder, base_paise: int) -> ExchangeOrder:
        terms = structs.replace(
            order.terms,
            kind="MARKET",
            quantity=order.pending,
            price_paise=0,
            trigger_paise=0,
            validity="DAY",
        )
        new = self._make(
            self._next_id(order.root), order.root, terms, self._reports.now,
            protected_from_paise=base_paise, replaces=order.order_id,
        )  # fmt: skip
        self._send(new)
        return new

    def _next_id(self, root: str) -> str:
        self._parts[root] += 1
        return f"{root}/{self._parts[root]}"
