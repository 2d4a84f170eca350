"""From an intent to an open position, or to nothing."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from daemon.domain.events import Fill, Levels
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.order import Order, OrderState, StepTrail
from daemon.domain.order_kind import MARKET
from daemon.domain.plan_round import PlanOrigin
from daemon.exchange.fills import FillEngine
from daemon.exchange.waiting import WaitingFill, WaitingFills
from daemon.execution.admission import Admission
from daemon.execution.builder import OrderBuilder
from daemon.execution.costs import Costs
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.entry_terms import terms_of
from daemon.execution.excursions import Excursions
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.holdings import Holdings
from daemon.execution.protective import SpreadLimit, check_protective
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.relative_levels import levels_at
from daemon.market.agenda import Agenda, Phase
from daemon.market.book import Book, Quote
from daemon.market.moment import Moment
from daemon.risk.gates import Refusal
from daemon.settings.config import ExecutionConfig


class Entries:
    """Build, admit, submit and fill orders that open a position; cancel those that wait."""

    def __init__(
        self,
        config: ExecutionConfig,
        universe: Universe,
        agenda: Agenda,
        at: Moment,
        recorder: Recorder,
        quotes: Quotes,
        builder: OrderBuilder,
        admission: Admission,
        fills: FillEngine,
        waiting: WaitingFills,
        holdings: Holdings,
        excursions: Excursions,
        costs: Costs,
        runner: ExitRunner,
        orders: EntryOrders,
    ) -> None:
        self._orders = orders
        self._spread = SpreadLimit(config.max_spread_pct)
        self._latency_ns = config.latency_ns
        self._reject_after_ns = config.reject_after_ns
        self._universe = universe
        self._agenda = agenda
        self._at = at
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._quotes = quotes
        self._builder = builder
        self._admission = admission
        self._fills = fills
        self._waiting = waiting
        self._holdings = holdings
        self._excursions = excursions
        self._costs = costs
        self._runner = runner

    # to the market

    def process(self, intent: OrderIntent) -> str:
        """Make an order of a BUY or SELL and submit it unless a gate refuses; return its id."""
        return self._admit(self._recorder.created(self.build(intent)), intent)

    def process_leg(
        self,
        intent: OrderIntent,
        origin: PlanOrigin,
        trail: StepTrail | None,
        refused: Refusal | None,
    ) -> str:
        """Do the same for a leg of a plan, which may have been `refused` already."""
        order = self._recorder.created(self.build(intent, trail), origin)
        if refused is None:
            return self._admit(order, intent)
        self._recorder.rejected(order, refused)
        return order.order_id

    def refuse(self, intent: OrderIntent, refusal: Refusal) -> str:
        """Record an order that was refused before it was asked for by itself; return its id."""
        order = self._recorder.created(self.build(intent))
        self._recorder.rejected(order, refusal)
        return order.order_id

    def build(self, intent: OrderIntent, trail: StepTrail | None = None) -> Order:
        """Return the order that an intent asks for; nothing is recorded."""
        index = self._universe.index_of(intent.symbol)
        return self._builder.build_order(
            intent.symbol,
            intent.qty,
            "BUY" if intent.signal is Signal.BUY else "SELL",
            intent.sl_price,
            intent.tp_price,
            intent.time_stop_bars,
            intent.tag,
            intent.strategy_id,
            ts=self._at.now,
            instrument=None if index is None else self._universe[index],
            timeframe=intent.timeframe,
            product=intent.product,
            note=intent.reason,
            confidence=intent.confidence,
            exits=intent.exits,
            terms=terms_of(intent),
            step_trail=trail,
        )

    def _admit(self, order: Order, intent: OrderIntent) -> str:
        index = self._universe.index_of(intent.symbol)
        refusal = self._admission.first_refusal(order, intent, index)
        if refusal is None:
            return self.submit(order)
        self._recorder.rejected(order, refusal)
        return order.order_id

    def submit(self, order: Order) -> str:
        """Send a CREATED order to the market: it fills now if it can, else it waits."""
        self._recorder.moved(order, OrderState.SUBMITTED, "submitted")
        self._admission.note_submitted()
        if self._orders.takes(order):
            self._orders.enter(order)
            return order.order_id
        book = self._quotes.book_of(order.tradingsymbol)
        quote = self._quotes.fresh_quote(book)
        if self._latency_ns == 0 and quote is not None:
            self.fill(order, book, quote)
        else:
            self.wait(order, book)
        return order.order_id

    def wait(self, order: Order, book: Book) -> None:
        """Let a SUBMITTED order wait for its tick, up to its time limit."""
        since = order.submitted_ts
        limit = since + self._reject_after_ns
        self._agenda.add(limit, Phase.ENTRY_LIMIT, order.number, order.order_id)
        waiting = WaitingFill(order.order_id, since + self._latency_ns, is_exit=False)
        self._waiting.add(book, waiting, self._at.now)

    def resume(self, order: Order, book: Book) -> None:
        """Resume an entry that a ledger left waiting.

        What rested lost its place with the exchange that kept it: it is dropped at the first input.
        """
        if order.order_type == MARKET:
            self.wait(order, book)
            return
        self._waiting.hold(book, order.order_id)
        self._agenda.add(order.submitted_ts, Phase.ENTRY_LIMIT, order.number, order.order_id)

    def fill(self, order: Order, book: Book, quote: Quote) -> None:
        """Fill a SUBMITTED order on a quote, unless its levels would not protect it."""
        at, side = self._at, order.transaction_type
        fill = self._fills.fill_order(order, quote, ts=at.now, side=side, quantity=order.quantity)
        refusal = self._spread.refuse(quote.bid, quote.ask)
        refusal = refusal or check_protective(order, fill.price_paise, fill.ltp_paise)
        if refusal is not None:
            self._recorder.rejected(order, refusal)
            return
        instrument = book.instrument
        assert instrument is not None
        charges = self._costs.of_order(
            instrument, side=side, quantity=fill.quantity, price_paise=fill.price_paise
        )
        self.opened(order, book, structs.replace(fill, charges=charges))

    def opened(self, order: Order, book: Book, fill: Fill) -> None:
        """Book the first fill of a SUBMITTED order: its position is open and watched."""
        self._recorder.moved(order, OrderState.FILLED, "filled", fill=fill)
        self._recorder.moved(order, OrderState.ACTIVE, "active", levels=_levels(order, fill))
        position = self._ledger.positions[order.order_id]
        self._excursions.begin(position, book, ltp=fill.ltp_paise, input_no=self._at.input_no)
        self._holdings.opened(position, book.index)
        self._runner.open(position, book)

    # away from it

    def reject_unfilled(self, order_id: str) -> None:
        """Reject an entry whose time limit has passed, unless it was filled or cancelled."""
        order = self._ledger.orders.get(order_id)
        if order is None or order.state is not OrderState.SUBMITTED:
            return
        waited = self._at.now - order.submitted_ts
        self._drop(order)
        if order.order_type != MARKET:
            self._recorder.moved(order, OrderState.CANCELLED, "entry_dropped")
            return
        self._recorder.rejected(order, Refusal("no_price", {"waited_ns": waited}))

    def cancel(self, order: Order, reason: str) -> None:
        """Cancel a waiting entry; at the exchange that takes effect when it arrives there."""
        if self._orders.cancel(order, reason):
            return
        self._drop(order)
        self._recorder.moved(order, OrderState.CANCELLED, reason)

    def drop_of(self, strategy_id: str, reason: str) -> None:
        """Cancel what works of a strategy's entries at the exchange; its positions stay."""
        self._orders.drop_all(reason, strategy_id)

    def drop_all(self, reason: str) -> None:
        """Cancel all entries that wait or work, and keep what they bought."""
        self._orders.drop_all(reason)
        for order in self.all_waiting():
            if not self._orders.works(order.order_id):
                self.cancel(order, reason)

    def works(self, order: Order) -> bool:
        """Return whether an order's entry may still fill."""
        return order.state is OrderState.SUBMITTED or self._orders.works(order.order_id)

    def all_waiting(self) -> list[Order]:
        """Return the waiting entries, by number."""
        return self._by_number(self._waiting.entries)

    def waiting_of(self, index: int, strategy_id: str) -> list[Order]:
        """Return the strategy's waiting entries at an instrument, by number."""
        orders = self._by_number(self._waiting.entries_at(index))
        return [order for order in orders if order.strategy_id == strategy_id]

    def _by_number(self, order_ids: Iterable[str]) -> list[Order]:
        orders = self._ledger.orders
        return sorted((orders[order_id] for order_id in order_ids), key=_number)

    def _drop(self, order: Order) -> None:
        book = self._quotes.book_of(order.tradingsymbol)
        self._waiting.drop(book, order.order_id, self._at.now)


def _number(order: Order) -> int:
    return order.number


def _levels(order: Order, fill: Fill) -> Levels:
    stop, target = order.sl_paise, order.tp_paise
    if order.sl_rel is not None or order.tp_rel is not None:
        stop, target = levels_at(order, fill.price_paise * fill.quantity, fill.quantity)
    return Levels(
        stop_paise=stop,
        target_paise=target,
        anchor_paise=0 if stop is None else fill.price_paise,
        r_paise=0 if stop is None else abs(fill.price_paise - stop),
    )
