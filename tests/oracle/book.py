"""The books of the naive oracle: one mutable record per order."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from daemon.domain.dates import parse_timeframe
from daemon.domain.errors import BadNumber
from daemon.domain.instrument import Instrument
from daemon.domain.intent import ExitOverrides, OrderIntent, Product, Rel
from daemon.domain.order import ExitRules, OrderState, Side
from daemon.settings.config import ExecutionConfig
from tests.oracle.market import fraction, nearest

T = TypeVar("T")


@dataclass(frozen=True)
class Pending:
    """A demand to leave."""

    reason: str
    quantity: int
    partial: bool = False
    level: int = 0
    ltp: int = 0
    bars_held: int = 0


@dataclass
class Trade:
    """An order and the position it became. `best`, signed by the side, is H.

    See SEMANTICS, "Exits of one position".
    """

    number: int
    order_id: str
    symbol: str
    instrument: int | None
    sign: int
    quantity: int
    product: Product
    lot: int
    tick: int
    stop: int | None
    target: int | None
    not_finite: bool
    exits: ExitRules
    strategy_id: str
    timeframe_ns: int
    state: OrderState = OrderState.CREATED
    wait_ts: int = 0
    wait_seq: int = 0
    filled: bool = False
    fill_ts: int = 0
    open: int = 0
    entry: int = 0
    entry_bid_ask: int = 0
    r: int = 0
    step: Fraction = Fraction(0)
    anchor: int = 0
    behind: Fraction = Fraction(0)
    best: int = 0
    bars: int = 0
    partial_made: bool = False
    mover: str = ""
    """What moved the stop last since it was set: the reason of its exit."""
    ladder_steps: int = 0
    """The steps of the ladder's last move."""
    charged: Fraction = Fraction(0)
    """Charges booked so far, rupees."""
    pending: Pending | None = None
    remembered: Pending | None = None
    settling: bool = False
    closed_seq: int = 0
    exits_of: list[tuple[dt.date, int]] = field(default_factory=list)
    """(Indian date, realized paise) of each exit fill."""

    @property
    def side(self) -> Side:
        return self.side_of(self.sign)

    @property
    def realized(self) -> int:
        return sum(paise for _, paise in self.exits_of)

    @property
    def stop_reason(self) -> str:
        return self.mover or ("stop_loss_rest" if self.partial_made else "stop_loss")

    @staticmethod
    def side_of(sign: int) -> Side:
        return "BUY" if sign > 0 else "SELL"

    def booked(self, day: dt.date, paise: int) -> None:
        self.exits_of.append((day, paise))

    def snap_back(self, signed_level: Fraction) -> int:
        """A level in signed prices, snapped away from the market: down for a long."""
        return math.floor(signed_level / self.tick) * self.tick

    def gained(self, ltp: int, at_r: float) -> bool:
        """Whether ltp is at E + at_r x R or beyond, exact."""
        return self.sign * (ltp - self.entry) >= fraction(at_r) * self.r

    def bad_level(self) -> bool:
        """Not a number, under one tick, or stop and target in the wrong order."""
        levels = [level for level in (self.stop, self.target) if level is not None]
        if self.not_finite or any(level < self.tick for level in levels):
            return True
        if self.stop is None or self.target is None:
            return False
        return self.sign * self.stop >= self.sign * self.target

    def partial_quantity(self) -> int:
        """What a breach of the stop now takes out as a partial exit; 0 if it is a full one."""
        assert self.stop is not None
        rules = self.exits
        if not rules.enable_partial_exit or self.partial_made:
            return 0
        losing = self.sign * self.stop < self.sign * self.entry
        if rules.partial_exit_when == "losing" and not losing:
            return 0
        part = math.floor(self.quantity * fraction(rules.partial_exit_pct) / self.lot) * self.lot
        return part if self.lot <= part < self.quantity else 0


def pick(mine: T | None, above: T) -> T:
    """The setting of this level, or of the one above."""
    return above if mine is None else mine


def resolve_exits(config: ExecutionConfig, intent: OrderIntent) -> ExitRules:
    """Config, then the intent's overrides, then its own time_stop_bars."""
    over = intent.exits or ExitOverrides()

    bars = pick(intent.time_stop_bars, pick(over.time_stop_bars, config.time_stop_bars))
    if not pick(over.enable_time_stop, config.enable_time_stop):
        bars = 0
    to_cost = pick(over.enable_break_even, config.enable_break_even)
    at_r = pick(over.break_even_at_r, config.break_even_at_r)
    charged = pick(over.break_even_with_charges, config.break_even_with_charges)
    after_r = pick(over.trail_after_r, config.trail_after_r)
    return ExitRules(
        enable_partial_exit=pick(over.enable_partial_exit, config.enable_partial_exit),
        partial_exit_pct=pick(over.partial_exit_pct, config.partial_exit_pct),
        partial_exit_when=pick(over.partial_exit_when, config.partial_exit_when),
        enable_trailing=pick(over.enable_trailing, config.enable_trailing),
        trail_step_r=pick(over.trail_step_r, config.trail_step_r),
        time_stop_bars=bars,
        break_even_at_r=at_r if to_cost else None,
        break_even_with_charges=to_cost and charged,
        trail_after_r=after_r if after_r > 0 else None,
    )


def new_trade(
    intent: OrderIntent,
    *,
    number: int,
    order_id: str,
    at: int | None,
    instrument: Instrument | None,
    config: ExecutionConfig,
) -> Trade:
    """An order as it was asked for, levels on the tick (ties away from the position)."""
    sign = 1 if intent.signal == "BUY" else -1
    tick = 5 if instrument is None else instrument.tick_paise
    not_finite = False

    def level(rupees: float | None, *, up: bool) -> int | None:
        nonlocal not_finite
        if rupees is None:
            return None
        try:
            return nearest(fraction(rupees) * 100, tick, ties_up=up)
        except BadNumber:
            not_finite = True
            return None

    assert not isinstance(intent.sl_price, Rel)
    assert not isinstance(intent.tp_price, Rel)
    return Trade(
        number=number,
        order_id=order_id,
        symbol=intent.symbol,
        instrument=at,
        sign=sign,
        quantity=intent.qty,
        product=intent.product,
        lot=1 if instrument is None else instrument.lot_size,
        tick=tick,
        stop=level(intent.sl_price, up=sign < 0),
        target=level(intent.tp_price, up=sign > 0),
        not_finite=not_finite,
        exits=resolve_exits(config, intent),
        strategy_id=intent.strategy_id,
        timeframe_ns=parse_timeframe(intent.timeframe or "1m"),
    )
