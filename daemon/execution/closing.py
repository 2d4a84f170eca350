"""From the decision to exit to the booked fill."""

from __future__ import annotations

from msgspec import structs

from daemon.domain.events import Charges, Fill
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.exchange.fills import FillEngine
from daemon.exchange.waiting import WaitingFill, WaitingFills
from daemon.execution.costs import Costs
from daemon.execution.excursions import Excursions
from daemon.execution.exit_orders import ExitOrders
from daemon.execution.exits.partial import is_part_of_stop, quantity_at_fill, rest_levels
from daemon.execution.exits.rule import Exit
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.market.book import Book, Quote
from daemon.market.moment import Moment
from daemon.settings.config import ExecutionConfig


class Closing:
    """Begin exits and book their fills."""

    def __init__(
        self,
        config: ExecutionConfig,
        at: Moment,
        recorder: Recorder,
        quotes: Quotes,
        fills: FillEngine,
        waiting: WaitingFills,
        holdings: Holdings,
        excursions: Excursions,
        costs: Costs,
        exits: ExitOrders,
    ) -> None:
        self._exits = exits
        self._latency_ns = config.latency_ns
        self._at = at
        self._recorder = recorder
        self._orders = recorder.ledger.orders
        self._quotes = quotes
        self._fills = fills
        self._waiting = waiting
        self._holdings = holdings
        self._excursions = excursions
        self._costs = costs

    def opened(self, position: Position, book: Book) -> None:
        """Let the exits of a position lie at the exchange, if they do."""
        self._exits.opened(position, book)

    def stop_moved(self, position: Position, book: Book) -> None:
        """Let the stop at the exchange follow, if it lies there."""
        if self._exits.handles(position):
            self._exits.touch(position, book)

    def begin(self, position: Position, book: Book, leaving: Exit) -> bool:
        """Begin an exit; return whether it filled at once, otherwise it waits."""
        order = self._orders[position.order_id]
        self._recorder.moved(order, leaving.state, leaving.reason, demand=leaving.demand)
        if self._exits.handles(position):
            return self._exits.leave(position, book)
        quote = self._quotes.fresh_quote(book)
        if self._latency_ns == 0 and quote is not None:
            self.fill(position, book, quote)
            return True
        self.wait(position, book, self._at.stamp)
        return False

    def wait(self, position: Position, book: Book, since: int) -> None:
        """Let an exit that began at `since` (UTC ns) wait for its tick."""
        if self._exits.handles(position):
            self._exits.send_at_next_tick(position, book)
            return
        waiting = WaitingFill(position.order_id, since + self._latency_ns, is_exit=True)
        self._waiting.add(book, waiting, self._at.now)

    def fill(self, position: Position, book: Book, quote: Quote) -> None:
        """Fill a pending exit on a quote."""
        pending = position.pending
        assert pending is not None, position
        quantity = (
            min(pending.quantity, position.quantity) if pending.partial else position.quantity
        )
        if is_part_of_stop(self._orders[position.order_id], position):
            quantity = quantity_at_fill(position, quote.ltp)
        self._fill(position, book, quote, quantity, stale=False)

    def force(self, position: Position, book: Book, quote: Quote) -> None:
        """Fill the whole of a pending exit on a quote too old to be believed."""
        self._fill(position, book, quote, position.quantity, stale=True)

    def _fill(
        self, position: Position, book: Book, quote: Quote, quantity: int, *, stale: bool
    ) -> None:
        assert position.pending is not None, position
        instrument = book.instrument
        assert instrument is not None
        order = self._orders[position.order_id]
        side = position.closing_side
        fill = self._fills.fill_order(
            order, quote, ts=self._at.now, side=side, quantity=quantity, stale=stale
        )
        charges = self._costs.of_order(
            instrument, side=side, quantity=quantity, price_paise=fill.price_paise
        )
        self.book_fill(position, book, fill, charges, position.pending.reason)

    def priced(self, position: Position, fill: Fill) -> Fill:
        """Return a fill of an exit with what it realizes, gross."""
        quantity = fill.quantity
        return structs.replace(
            fill,
            realized_paise=position.sign
            * (fill.price_paise * quantity - position.cost_share(quantity)),
            realized_bid_ask_paise=position.sign
            * (fill.bid_ask_paise - position.entry_bid_ask_paise)
            * quantity,
        )

    def book_fill(
        self, position: Position, book: Book, fill: Fill, charges: Charges, reason: str
    ) -> None:
        """Book the fill of a pending exit: the order is ACTIVE again, or CLOSED."""
        quantity = fill.quantity
        fill = structs.replace(self.priced(position, fill), charges=charges)
        if quantity == position.quantity:
            self.close(position, book, reason, fill)
        else:
            order = self._orders[position.order_id]
            levels = rest_levels(position) if is_part_of_stop(order, position) else None
            self._recorder.moved(order, OrderState.ACTIVE, reason, fill=fill, levels=levels)
        self._holdings.reduced(position, book.index, quantity)

    def close(self, position: Position, book: Book, reason: str, fill: Fill | None = None) -> None:
        """Record that a position is closed, by a fill unless everything had left before."""
        order = self._orders[position.order_id]
        excursion = self._excursions.of(position, book)
        self._recorder.moved(order, OrderState.CLOSED, reason, fill=fill, excursion=excursion)
        self._excursions.end(position, book)
