"""Admission of new orders: switches, limits and the gates (risk/gates.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil

from msgspec import structs

from daemon.domain.carry_over import CarryOver
from daemon.domain.dates import MINUTE_NS, ist_date, ist_day, parse_timeframe
from daemon.domain.instrument import Universe
from daemon.domain.intent import ExitOverrides, OrderIntent, StrategyLimits
from daemon.domain.ledger import Ledger, StrategyTally
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.order import Order
from daemon.exchange.waiting import WaitingFills
from daemon.execution.builder import OrderBuilder
from daemon.execution.carry import NO_DELIVERY, Delivery
from daemon.execution.context import Rules
from daemon.execution.exposure import Exposure
from daemon.execution.margin_desk import MarginDesk
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.execution.working_entries import WorkingEntries
from daemon.market.moment import Moment
from daemon.risk.gates import (
    ADDED_UNITS,
    BEFORE_LEVELS,
    NO_LIMITS,
    Refusal,
    Situation,
    after_levels,
    first_refusal,
)
from daemon.settings.config import ExecutionConfig, RiskConfig

LimitsOf = Callable[[str], StrategyLimits | None]
"""A strategy's own limits, None without any."""


def no_limits(strategy_id: str) -> StrategyLimits | None:
    """Return None for every strategy."""
    return None


class Admission:
    """Keep the switches that a person or a configuration change sets; ask the gates.

    `killed` after the kill switch. `strategies_off` were switched off by a person, for the day;
    `config_off` by a change of the configuration, which a new start reads again.
    """

    def __init__(
        self,
        config: ExecutionConfig,
        risk: RiskConfig,
        rules: Rules,
        universe: Universe,
        ledger: Ledger,
        at: Moment,
        quotes: Quotes,
        waiting: WaitingFills,
        builder: OrderBuilder,
        carry: CarryOver,
        limits_of: LimitsOf,
        delivery: Delivery,
        untraded: UntradedHoldings,
        *,
        manages_exits: bool,
    ) -> None:
        self.risk = risk
        self._after_levels = after_levels(risk)
        self.killed = carry.killed
        self.strategies_off = set(carry.strategies_off)
        self.config_off: set[str] = set()
        self.margin: MarginDesk | None = None
        self._limits_of = limits_of
        self._closes_of: Mapping[str, frozenset[int]] | None = None
        self._delivery = delivery
        self._square_off_ns = config.square_off_ns
        self._slices = config.fill_mode == "depth" and config.autoslice
        self._rules = rules
        self._universe = universe
        self._ledger = ledger
        self._at = at
        self._quotes = quotes
        self._waiting = waiting
        self.untraded = untraded
        self._exposure = Exposure(universe, ledger, quotes, untraded)
        self._minute = self._orders_in_minute = 0
        self._builder = builder
        self._manages_exits = manages_exits

    def count(self, entries: WorkingEntries) -> WorkingEntries:
        """Count these entries for the limits; return them."""
        self._exposure.attach(entries)
        return entries

    def attach(self, margin: MarginDesk) -> None:
        """Ask for the margin of entries too, last of all."""
        self.margin = margin

    # switches

    def kill(self) -> None:
        """Admit no further order."""
        self.killed = True

    def switch(self, strategy_id: str, *, on: bool, by_config: bool) -> None:
        """Switch a strategy on or off; the latest command counts, whatever its source."""
        if on:
            self.strategies_off.discard(strategy_id)
            self.config_off.discard(strategy_id)
        else:
            (self.config_off if by_config else self.strategies_off).add(strategy_id)

    def change_risk(self, risk: RiskConfig) -> None:
        """Replace the limits, from the next intent on."""
        self.risk = risk
        self._after_levels = after_levels(risk)

    # the gates

    def first_refusal(self, order: Order, intent: OrderIntent, index: int | None) -> Refusal | None:
        """Return the first reason to refuse an order, None to admit it."""
        return self._gates(order, intent, index) or self.check_margin(order, index)

    def batch_refusal(
        self, order: Order, intent: OrderIntent, before: Sequence[Order]
    ) -> Refusal | None:
        """Return the first reason to refuse an order of a batch, whatever its margin.

        Those `before` it, of the same strategy, count as if they waited.
        """
        return self._gates(order, intent, self._universe.index_of(intent.symbol), before)

    def _gates(
        self,
        order: Order,
        intent: OrderIntent,
        index: int | None,
        before: Sequence[Order] = (),
    ) -> Refusal | None:
        at = self.situation(order, index, before)
        return (
            first_refusal(BEFORE_LEVELS, at)
            or _check_timeframe(order)
            or self._check_basis(order, index)
            or self._builder.check_levels(order, intent)
            or self._check_managed(intent)
            or first_refusal(self._after_levels, at)
        )

    def refuse_added(
        self, order: Order, index: int, added: int, *, limit_paise: int, more_premium: int
    ) -> Refusal | None:
        """Return why units, or a higher limit, may not be added to an entry that works.

        The risk state and the limits are asked about units, the margin about both.
        """
        if added > 0:
            at = self.situation(structs.replace(order, quantity=added), index)
            if (refusal := first_refusal(ADDED_UNITS, at)) is not None:
                return refusal
        if self.margin is None or (added <= 0 and more_premium <= 0):
            return None
        return self.margin.refusal(
            order, index, units=max(added, 0), limit_paise=limit_paise, more_premium=more_premium
        )

    def note_submitted(self) -> None:
        """Count an entry that was sent, in its minute of the clock."""
        minute = self._at.now // MINUTE_NS
        if minute != self._minute:
            self._minute, self._orders_in_minute = minute, 0
        self._orders_in_minute += 1
        if self.margin is not None:
            self.margin.minutes.ask()

    def result_of(self, day: int) -> int:
        """Return what the daily loss limit counts, paise: realized, or net with what is open."""
        tallies = [each for each in self._ledger.strategies.values() if each.day == day]
        realized = sum(each.realized_today_paise for each in tallies)
        realized += self._ledger.untraded.realized_on(day)
        if self.risk.daily_loss_counts == "realized":
            return realized
        charges = sum(
            (each.charges_today for each in tallies), self._ledger.untraded.charges_on(day)
        )
        return realized + self._unrealized() - ceil(charges * PAISE_PER_RUPEE)

    def _unrealized(self) -> int:
        """Return what closing everything at the last prices would add, gross, paise."""
        total = self.untraded.unrealized_paise()
        for position in self._ledger.positions.values():
            quote = self._quotes.quote_of(self._quotes.book_of(position.tradingsymbol))
            total += 0 if quote is None else position.unrealized_paise(quote.ltp)
        return total

    def situation(
        self,
        order: Order,
        index: int | None,
        before: Sequence[Order] = (),
        *,
        slices: bool | None = None,
    ) -> Situation:
        """Return what the gates look at: `before` are the orders of its basket before this one.

        `slices` replaces what is configured about slices.
        """
        now, risk = self._at.now, self.risk
        instrument, freeze, open_ts, close_ts = None, 0, 0, 0
        delivery_ts = NO_DELIVERY
        if index is not None:
            instrument = self._universe[index]
            open_ts, close_ts = self._quotes.session(self._quotes.books[index])
            delivery_ts = self._delivery.since(index, ist_date(now))
            freeze = (
                0
                if (self._slices if slices is None else slices)
                else instrument.freeze_quantity
                or self._rules.freeze_quantity(ist_date(now), instrument)
            )
        strategy_id = order.strategy_id
        return Situation(
            order=order,
            instrument=instrument,
            now=now,
            open_ts=open_ts,
            close_ts=close_ts,
            square_off_ts=close_ts - self._square_off_ns,
            is_over=self._at.is_over,
            killed=self.killed,
            strategy_off=strategy_id in self.strategies_off or strategy_id in self.config_off,
            standing=self._ledger.risk,
            freeze_quantity=freeze,
            open_or_waiting=0
            if risk.max_open_positions is None
            else self._count_open_and_waiting() + len(before),
            result_today_paise=self.result_of(ist_day(now)) if risk.daily_loss_rupees else 0,
            orders_this_minute=len(before)
            + (self._orders_in_minute if now // MINUTE_NS == self._minute else 0),
            held=self._exposure.before(order, instrument, risk, before),
            tally=self._tally_today(strategy_id, len(before)),
            limits=self._limits_of(strategy_id) or NO_LIMITS,
            risk=risk,
            delivery_ts=delivery_ts,
        )

    def _count_open_and_waiting(self) -> int:
        waiting = self._waiting.count_entries() + self._exposure.count_untraded()
        return len(self._ledger.positions) + waiting

    def _tally_today(self, strategy_id: str, more: int = 0) -> StrategyTally:
        tally = self._ledger.strategies.get(strategy_id)
        if tally is None or tally.day != ist_day(self._at.now):
            return StrategyTally(trades_today=more)
        return structs.replace(tally, trades_today=tally.trades_today + more) if more else tally

    def compare_closes_of(self, timeframes: Mapping[str, frozenset[int]]) -> None:
        """Set whose candles are made: only their closes can be compared with levels."""
        self._closes_of = timeframes

    def _check_basis(self, order: Order, index: int | None) -> Refusal | None:
        """Refuse a stop at the exchange that another price triggers, and closes that never come."""
        basis = order.exits.stop_basis
        if basis and order.exits.stop_at_exchange:
            return Refusal("stop_basis", {"stop_style": "sl_limit", "stop_basis": basis})
        known = self._closes_of
        has_levels = order.sl_paise is not None or order.tp_paise is not None
        if basis != "candle_close" or known is None or not has_levels:
            return None
        if index in known.get(order.timeframe, frozenset()):
            return None
        return Refusal("no_candles", {"timeframe": order.timeframe, "stop_basis": basis})

    def check_margin(self, order: Order, index: int | None) -> Refusal | None:
        """Return why an entry is refused for want of margin, None without a capital."""
        if self.margin is None:
            return None
        assert index is not None  # an unknown symbol has been refused
        return self.margin.refusal(order, index, limit_paise=order.price_paise)

    def _check_managed(self, intent: OrderIntent) -> Refusal | None:
        """Refuse levels, time stops and exit settings where no rule manages them.

        See SEMANTICS, "Strategies".
        """
        if self._manages_exits:
            return None
        asked: dict[str, int | str] = {}
        if intent.sl_price is not None:
            asked["sl_price"] = repr(intent.sl_price)
        if intent.tp_price is not None:
            asked["tp_price"] = repr(intent.tp_price)
        if intent.time_stop_bars:
            asked["time_stop_bars"] = intent.time_stop_bars
        if wanted := _switched_on(intent.exits):
            asked["exits"] = wanted
        return Refusal("exits_not_managed", asked) if asked else None


def _check_timeframe(order: Order) -> Refusal | None:
    try:
        parse_timeframe(order.timeframe)
    except ValueError:
        return Refusal("bad_timeframe", {"timeframe": order.timeframe})
    return None


def _switched_on(exits: ExitOverrides | None) -> str:
    """Return the exit settings that are switched on."""
    if exits is None:
        return ""
    return ", ".join(name for name in exits.__struct_fields__ if getattr(exits, name))
