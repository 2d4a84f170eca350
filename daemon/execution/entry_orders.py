"""Entries at the paper exchange: sent, cancelled, filled in parts (exchange.md, F50 to F53)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from daemon.domain.events import Fill
from daemon.domain.exchange_order import OVER_STATES, ExchangeOrder, OrderTerms
from daemon.domain.order import ENTRY_FILL, Order, OrderState
from daemon.domain.order_kind import MARKET
from daemon.domain.position import Position
from daemon.exchange.reports import ExecutionReport
from daemon.exchange.waiting import WaitingFills
from daemon.execution.changes_in_flight import ChangesInFlight
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.exits.rule import StopMove
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.relative_levels import levels_at
from daemon.market.book import Book
from daemon.market.moment import Moment
from daemon.risk.gates import Refusal

_ANSWERS: Final = ("modified", "modify_refused")
"""What the exchange says of a modification."""


class Openings(Protocol):
    """Open positions; `Entries` does."""

    def opened(self, order: Order, book: Book, fill: Fill) -> None:
        """Book the first fill of an entry."""


class Growths(Protocol):
    """Enlarge exits; `ExitOrders` does."""

    def grown(self, position: Position, book: Book, quantity: int) -> None:
        """Note that an entry has filled further: its exits must be larger."""

    def entry_over(self, order_id: str, book: Book) -> None:
        """Close a trade whose exit had nothing left to wait for but its entry."""


class Watches(Protocol):
    """Watch positions; `ExitRunner` does."""

    def demand(self, position: Position, reason: str) -> None:
        """Ask for a full exit."""

    def refresh(self, position: Position) -> None:
        """Ask the rules for a position's levels again."""


class EntryOrders:
    """The entries of trades at the exchange."""

    def __init__(
        self,
        desk: ExchangeDesk,
        at: Moment,
        recorder: Recorder,
        quotes: Quotes,
        fills: ExchangeFills,
        waiting: WaitingFills,
        holdings: Holdings,
    ) -> None:
        self._desk = desk
        self._at = at
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._quotes = quotes
        self._fills = fills
        self._waiting = waiting
        self._holdings = holdings
        self._roots: dict[str, str] = {}
        """Ids at the exchange of the entries that are not over, by order id of their trade."""
        self.in_flight = ChangesInFlight()
        self._cancelled: set[str] = set()
        """Order ids of the entries whose cancel was sent."""
        self._leaving: dict[str, str] = {}
        """Why a trade must leave as soon as its entry fills, by order id."""
        self._grown: dict[str, Position] = {}
        """Positions that the step in work has enlarged."""

    def attach(self, openings: Openings, growths: Growths, watches: Watches) -> None:
        """Set who hears what reports mean."""
        self._openings = openings
        self._growths = growths
        self._watches = watches

    # out

    def takes(self, order: Order) -> bool:
        """Return whether an entry goes to the exchange: all do but a MARKET of a simple mode."""
        return self._desk.is_depth or order.order_type != MARKET

    def enter(self, order: Order) -> None:
        """Send the entry of a SUBMITTED trade."""
        book = self._quotes.book_of(order.tradingsymbol)
        self._waiting.hold(book, order.order_id)
        terms = OrderTerms(
            instrument=book.index,
            side=order.transaction_type,
            quantity=order.quantity,
            kind=order.order_type,
            price_paise=order.price_paise,
            trigger_paise=order.trigger_paise,
            validity=order.validity,
            ttl_minutes=order.validity_ttl,
            market_protection=order.market_protection,
            product=order.product,
            tag=order.tag,
        )
        root = self._desk.next_id(order.order_id)
        self._roots[order.order_id] = root
        self._desk.send_as(root, order.order_id, terms, book)

    def root_of(self, order_id: str) -> str | None:
        """Return the id at the exchange of an entry that is not over, None without one."""
        return self._roots.get(order_id)

    def working(self) -> Mapping[str, str]:
        """Return the ids at the exchange of the entries that are not over, by order id."""
        return self._roots

    def cancel(self, order: Order, reason: str) -> bool:
        """Cancel what still works of an entry; return whether anything does.

        What fills before the cancel arrives leaves at once, for the same reason.
        """
        if order.order_id not in self._roots:
            return False
        self._leaving[order.order_id] = reason
        self.drop_rest(order.order_id, reason)
        return True

    def works(self, order_id: str) -> bool:
        """Return whether an entry may still fill."""
        return order_id in self._roots

    def drop_rest(self, order_id: str, reason: str) -> bool:
        """Cancel what still works of an entry and keep what it bought; return whether it works."""
        root = self._roots.get(order_id)
        if root is None:
            return False
        if order_id not in self._cancelled:
            self._cancelled.add(order_id)
            self._desk.cancel(root, reason)
        return True

    def drop_all(self, reason: str, strategy_id: str | None = None) -> None:
        """Cancel what works of entries, all or a strategy's, and keep what they bought."""
        for order_id in list(self._roots):
            if strategy_id is None or self._ledger.orders[order_id].strategy_id == strategy_id:
                self.drop_rest(order_id, reason)

    # in

    def take(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        """Turn a report into events of its trade."""
        if report.kind in _ANSWERS:
            self.in_flight.answered(report.order_id)
        if report.state in OVER_STATES:
            self.in_flight.forget(report.order_id)
        if report.kind == "filled":
            self._filled(order, exchange_order, report, book)
        else:
            self._recorder.exchange_moved(order, exchange_order, report)
        if report.state in OVER_STATES and not self._desk.exchange.works(exchange_order.root):
            self._over(order, report, book)
        reason = self._leaving.get(order.order_id)
        position = self._ledger.positions.get(order.order_id)
        if reason and position is not None:
            del self._leaving[order.order_id]
            self._watches.demand(position, reason)

    def end_step(self) -> None:
        """Set the levels of what grew, once for all fills of a step (F50)."""
        grown, self._grown = self._grown, {}
        for order_id, position in grown.items():
            if order_id in self._ledger.positions and position.pending is None:
                self._make_levels_again(self._ledger.orders[order_id], position)
                self._watches.refresh(position)

    def _make_levels_again(self, order: Order, position: Position) -> None:
        """Let relative levels follow the entry, unless the stop has moved or an exit began."""
        is_relative = order.sl_rel is not None or order.tp_rel is not None
        if not is_relative or position.stop_moved_by or position.exit_fills:
            return
        cost = position.opened_cost_paise
        made = levels_at(order, cost, position.opened_quantity)
        if made != (position.stop_paise, position.target_paise):
            ltp = self._quotes.book_of(order.tradingsymbol).ltp
            move = StopMove(made.stop_paise or 0, 0, ltp, ENTRY_FILL)
            self._recorder.stop_moved(position, move, target=made.target_paise or 0)

    def _filled(
        self, order: Order, exchange_order: ExchangeOrder, report: ExecutionReport, book: Book
    ) -> None:
        fill = self._fills.of(order, exchange_order, report, book)
        if order.state is OrderState.SUBMITTED:
            self._recorder.exchange_moved(order, exchange_order, report)
            self._waiting.drop(book, order.order_id, self._at.now)
            self._openings.opened(order, book, fill)
            return
        self._recorder.exchange_moved(order, exchange_order, report, fill=fill)
        position = self._ledger.positions[order.order_id]
        self._holdings.enlarged(position, book.index, fill.quantity)
        self._growths.grown(position, book, fill.quantity)
        if position.pending is None:
            self._grown[order.order_id] = position

    def _over(self, order: Order, report: ExecutionReport, book: Book) -> None:
        self._roots.pop(order.order_id, None)
        self._cancelled.discard(order.order_id)
        if order.state is not OrderState.SUBMITTED:
            self._growths.entry_over(order.order_id, book)
            return
        self._leaving.pop(order.order_id, None)
        self._waiting.drop(book, order.order_id, self._at.now)
        if report.kind == "rejected":
            self._recorder.rejected(order, Refusal(report.reason, dict(report.numbers or {})))
        elif report.reason == "unfilled_rest":
            waited = self._at.now - order.submitted_ts
            self._recorder.rejected(order, Refusal("no_price", {"waited_ns": waited}))
        else:
            self._recorder.moved(order, OrderState.CANCELLED, report.reason)
