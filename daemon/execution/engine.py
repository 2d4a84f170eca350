"""ExecutionEngineV3: the parts that run an order's whole life, put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NotRequired, TypedDict, Unpack

from daemon.domain.carry_over import CarryOver
from daemon.domain.inputs import Settlement
from daemon.domain.instrument import Universe
from daemon.domain.intent import EntryChange, OrderIntent, Signal, check_change, check_intent
from daemon.domain.ledger import Ledger
from daemon.domain.order import Order
from daemon.domain.strategy_actions import Asked, Wanted
from daemon.exchange.fills import FillEngine
from daemon.exchange.waiting import WaitingFills
from daemon.execution.account_desk import AccountDesk
from daemon.execution.admission import Admission, LimitsOf, no_limits
from daemon.execution.builder import OrderBuilder
from daemon.execution.carry import Delivery
from daemon.execution.closing import Closing
from daemon.execution.context import BarCounter, CountedBars, Rules
from daemon.execution.costs import Costs
from daemon.execution.demands import Demands
from daemon.execution.desk import Desk
from daemon.execution.entries import Entries
from daemon.execution.entry_changes import CANCEL_ASKED, EntryChanges
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exchange_orders import exchange_orders
from daemon.execution.excursions import Excursions
from daemon.execution.exits.at_exchange import AtExchange
from daemon.execution.exits.rule import ExitRule
from daemon.execution.exits.rules import exit_rules
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.holdings import Holdings
from daemon.execution.lifecycle import TradeLifecycleManager
from daemon.execution.margin_desk import MarginDesk, MarginTerms
from daemon.execution.plan_desk import PlanDesk, PlanHands
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.resume import Resume
from daemon.execution.session_end import SessionEnd
from daemon.execution.strategy_orders import StrategyOrders
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.execution.views import Row, Views
from daemon.execution.working_entries import WorkingEntries
from daemon.market.agenda import Agenda
from daemon.market.book import Book
from daemon.market.moment import Moment
from daemon.market.schedule import Schedule
from daemon.market.timestamp_end import TimestampEnd
from daemon.settings.config import ExecutionConfig, RiskConfig


class EngineParts(TypedDict):
    """The parts of an engine besides its configuration; it makes absent ones."""

    universe: Universe
    rules: Rules
    risk: NotRequired[RiskConfig | None]
    ledger: NotRequired[Ledger | None]
    agenda: NotRequired[Agenda]
    schedule: NotRequired[Schedule]
    carry: NotRequired[CarryOver | None]
    bars: NotRequired[BarCounter]
    limits_of: NotRequired[LimitsOf]
    margin: NotRequired[MarginTerms | None]


class ExecutionEngineV3:
    """Run an order's whole life: entry, stop, target, trail, time, close.

    The caller sets the time (`at`); every decision is an event that the recorder applies. `exits`
    are the exit rules in order; `squares_off` False leaves the end of the day to the caller.
    """

    def __init__(
        self,
        config: ExecutionConfig,
        *,
        name: str = "v3",
        exits: Sequence[ExitRule] | None = None,
        squares_off: bool = True,
        **parts: Unpack[EngineParts],
    ) -> None:
        universe, rules = parts["universe"], parts["rules"]
        ledger = parts.get("ledger") or Ledger()
        carry = parts.get("carry") or CarryOver()
        agenda = parts.get("agenda") or Agenda()
        bars = parts.get("bars") or CountedBars()
        self.name = name
        self.config = config
        self.universe = universe
        self.rules = rules
        self.ledger = ledger
        self.bars = bars
        self._squares_off = squares_off
        self.at = at = Moment()
        self.timestamp_end = end = TimestampEnd(agenda, at)
        self.recorder = recorder = Recorder(ledger, at)
        schedule = parts.get("schedule") or Schedule(rules, universe)
        self.quotes = quotes = Quotes(config, universe, schedule, at)
        self.books = quotes.books
        fills, builder = FillEngine(config), OrderBuilder(config, ledger)
        costs = Costs(rules, universe, at, charged=config.charges)
        held, delivery = AtExchange(), Delivery(config, universe, schedule)
        exits = exit_rules(costs, held) if exits is None else exits
        self._waiting = waiting = WaitingFills(quotes.books, agenda)
        self.holdings = holdings = Holdings(len(quotes.books))
        excursions = Excursions(quotes, carry.excursions)
        self.exchange = desk = ExchangeDesk(config, universe, rules, agenda, at, ledger, quotes)
        held_apart = UntradedHoldings(desk, ledger, quotes)
        self.admission = admission = Admission(
            config, parts.get("risk") or RiskConfig(), rules, universe, ledger, at, quotes, waiting,
            builder, carry, parts.get("limits_of") or no_limits, delivery, held_apart,
            manages_exits=bool(exits),
        )  # fmt: skip
        entry_orders, exit_orders, others = exchange_orders(
            desk, config, costs, recorder, quotes, waiting, holdings, held, admission
        )
        self._exit_orders = exit_orders
        self._closing = closing = Closing(
            config, at, recorder, quotes, fills, waiting, holdings, excursions, costs, exit_orders
        )
        self.runner = runner = ExitRunner(exits, bars, agenda, recorder, closing, quotes, desk.step)
        self.entries = entries = Entries(
            config, universe, agenda, at, recorder, quotes, builder, admission, fills, waiting,
            holdings, excursions, costs, runner, entry_orders,
        )  # fmt: skip
        working = admission.count(WorkingEntries(desk, entry_orders, waiting, ledger))
        entry_orders.attach(entries, exit_orders, runner)
        exit_orders.attach(closing, runner)
        self._changes = EntryChanges(desk, entry_orders, entries, recorder, admission, working)
        self.asked = own = StrategyOrders(
            desk, recorder, quotes, entries, admission, entry_orders, self._changes, runner,
            closing, end,
        )  # fmt: skip
        self._demands = demands = Demands(
            universe, ledger, quotes, holdings, admission, entries, runner, at, delivery,
            others.closes,
        )  # fmt: skip
        self._session_end = session_end = SessionEnd(
            universe, at, recorder, quotes, waiting, costs, closing, runner, carry, delivery,
            squares_off=squares_off,
        )  # fmt: skip
        ends = others.ends(recorder, costs, fills, delivery, session_end.settlements, squares_off)
        self.account = AccountDesk(
            config, desk, recorder, quotes, admission, demands, own.watches, others, ends
        )
        if (terms := parts.get("margin")) is not None:
            margin = MarginDesk(
                terms, desk, working, rules, ledger, quotes, schedule, costs, held_apart, carry
            )
            self.account.attach(margin)
        hands = entries, own.gate, demands, admission, runner, excursions, costs, agenda, end
        self.plan_desk = PlanDesk(PlanHands(recorder, quotes, *hands, config.square_off_ns), at)
        self.desk = Desk(universe, ledger, at, quotes, holdings, waiting, self.account, own.updates)
        self._views = Views(name, ledger, at, quotes, excursions, bars)
        self._resume = Resume(
            ledger, at, quotes, holdings, excursions, admission, entries, closing, runner,
            session_end, self.account, carry.until,
        )  # fmt: skip
        self._resume.restore(carry)
        own.baskets.restore(carry)

    @property
    def lifecycle(self) -> TradeLifecycleManager:
        """Return the only way to change orders, with the events not taken yet."""
        return self.recorder.lifecycle

    # intents and commands

    def process_signal(self, intent: OrderIntent) -> str | None:
        """Take an intent; return the id of its order, None for HOLD and EXIT.

        Raises BadIntent, having changed nothing, if a field has a wrong type.
        """
        check_intent(intent)
        order_id = self.take_checked(intent)
        self.account.refresh()
        return order_id

    def take_checked(self, wanted: Wanted) -> str | None:
        """Take an intent that has passed `check_intent`, or another action of a strategy."""
        match wanted:
            case Asked():
                self.asked.take(wanted)
            case OrderIntent(signal=Signal.EXIT):
                self._demands.exit_strategy(wanted.strategy_id, wanted.symbol)
            case OrderIntent(signal=Signal.BUY | Signal.SELL):
                return self.entries.process(wanted)
        return None

    def submit_order(self, order: Order) -> str:
        """Send a CREATED order to the market: it fills now if it can, else it waits."""
        return self.entries.submit(order)

    def modify_order(self, order_id: str, change: EntryChange) -> str:
        """Modify the entry of an order while it works; return why not, empty if that was sent.

        What the exchange says is an event. Raises BadIntent if a field has a wrong type.
        """
        check_change(change)
        return self._changes.modify(order_id, change)

    def cancel_order(self, order_id: str, reason: str = CANCEL_ASKED) -> str:
        """Cancel what works of an order's entry; return why not, empty if that was sent."""
        return self._changes.cancel(order_id, reason)

    def change_entry(self, change: EntryChange) -> str:
        """Modify or cancel a strategy's latest order with a tag; return why not, else nothing.

        Raises BadIntent if a field has a wrong type.
        """
        check_change(change)
        return self._changes.take(change)

    def exit_order(self, order_id: str, reason: str) -> None:
        """Cancel one waiting entry or close one position."""
        self._demands.exit_order(order_id, reason)

    def kill(self) -> None:
        """Cancel and close everything and open nothing more: the kill switch."""
        self._demands.kill()
        self.account.gtts.disable_all("kill_switch")

    def square_off_now(self) -> None:
        """Close what can fill now because a person stops the daemon; the rest stays."""
        self._demands.square_off_now()

    # the tick

    def update_positions(self, book: Book) -> None:
        """Do steps 2 and 3 for the tick that the book has just taken: waiting fills, exits."""
        self.exchange.step.begin()
        if book.skipper is not None:
            self.exchange.on_tick(book)
        for waiting in self._waiting.take_due(book, self.at.now):
            quote = book.quote()
            assert quote is not None
            if waiting.is_exit:
                position = self.ledger.positions[waiting.order_id]
                self._closing.fill(position, book, quote)
                self.runner.filled(position)
            else:
                self.entries.fill(self.ledger.orders[waiting.order_id], book, quote)
        for waiter in self.runner.on_tick(book):
            self.account.waiters.fire(waiter, book)
        self.exchange.step.end()
        book.arm()
        self.account.refresh()

    # what falls due

    def start_day(self, date: dt.date) -> None:
        """Turn to the ticks of a date."""
        self.at.begin_date(date)
        self._exit_orders.start_day()
        self.runner.begin_date()
        self.account.start_day(date)

    def arrive(self, index: int) -> None:
        """Expect the next tick of an instrument: the latency of an order there is over."""
        self._waiting.arrive(index, self.at.now)

    def on_candle_close(self, symbol: str, timeframe: str) -> None:
        """Count a bar of `symbol` that the caller has closed, where the caller counts bars."""
        if self.bars.close(symbol, timeframe):
            self.runner.bar_closed(symbol, timeframe, self.at.now)
            self.runner.on_close(symbol, timeframe, None)

    def square_off(self, indices: frozenset[int]) -> None:
        """Cancel waiting intraday entries of these instruments, close their positions."""
        if self._squares_off:
            self._demands.square_off(indices)

    def end_session(self, indices: frozenset[int], date: str) -> None:
        """Close what square-off could not, settle what expires, archive what is over."""
        self._session_end.end(indices, date)
        self.account.end_session(indices, date)

    def settle(self, settlement: Settlement) -> None:
        """Take the official close of an underlying and settle what waits for it."""
        self._session_end.settle(settlement)
        self.account.settle()

    # for people and for the next start

    def settlements_pending(self) -> list[str]:
        """Return the expired positions whose official close is not known: order ids, or names."""
        return sorted([*self._session_end.settling, *self.account.settlements_pending()])

    def get_positions(self) -> list[Row]:
        """Return the open positions in rupees, by number."""
        return self._views.positions()

    def get_metrics(self) -> Row:
        """Return counts and P&L in rupees: total_orders, active_positions, realized_pnl, ..."""
        return self._views.metrics()

    def unrealized_paise(self) -> int:
        """Return what closing everything at the last prices would add, gross."""
        return self._views.unrealized_paise()

    def marks(self) -> dict[str, int]:
        """Return the last ltp (paise) of every symbol with an open position."""
        return self._views.marks()

    def lasting(self) -> CarryOver:
        """Return the part of `carry` that only changes with a decision; look at no position."""
        return self._resume.lasting()

    def carry(self) -> CarryOver:
        """Return what an engine on another day must know beyond the ledger."""
        return self._resume.carry()


def execution_engine_v2(config: ExecutionConfig, **parts: Unpack[EngineParts]) -> ExecutionEngineV3:
    """Return the plain engine: it opens and closes at the market and has no exit rules (D13)."""
    return ExecutionEngineV3(config, name="v2", exits=(), **parts)
