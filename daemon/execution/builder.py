"""From an intent to an order: ids, levels on the tick, exit rules resolved, checks."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final, TypeVar

from msgspec import structs

from daemon.domain.dates import ist_date
from daemon.domain.errors import BadNumber
from daemon.domain.instrument import DEFAULT_LOT_SIZE, DEFAULT_TICK_PAISE, Instrument
from daemon.domain.intent import (
    ExitOverrides,
    Level,
    OrderIntent,
    Product,
    StopBasis,
    as_price,
    as_relative,
)
from daemon.domain.ledger import Ledger
from daemon.domain.money import PAISE_MAX, PAISE_PER_RUPEE, decimal_from, nearest_tick
from daemon.domain.order import ExitRules, Order, Side, StepTrail
from daemon.execution.entry_terms import AT_MARKET, EntryTerms, check_terms
from daemon.execution.relative_levels import check_relative
from daemon.risk.gates import Refusal
from daemon.settings.config import ExecutionConfig

T = TypeVar("T")
DEFAULT_TIMEFRAME: Final = "1m"
_PLAIN: Final = (float, int)


class OrderBuilder:
    """Build orders with counted ids; report what is wrong with one, never repair it."""

    def __init__(self, config: ExecutionConfig, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger
        self._usual: dict[int | None, ExitRules] = {}
        """The rules of intents without own settings, by their time stop."""

    def build_order(
        self,
        symbol: str,
        qty: int,
        side: Side,
        sl_price: Level | None = None,
        tp_price: Level | None = None,
        time_stop_bars: int | None = None,
        tag: str = "",
        strategy_id: str = "",
        *,
        ts: int,
        instrument: Instrument | None = None,
        timeframe: str = "",
        product: Product = "MIS",
        note: str = "",
        confidence: float = 1.0,
        exits: ExitOverrides | None = None,
        terms: EntryTerms = AT_MARKET,
        step_trail: StepTrail | None = None,
    ) -> Order:
        """Return an order as it was asked for at `ts` (UTC ns). Prices in rupees, `qty` in units.

        Levels snap to the nearest tick, a tie away from the position; one that is not a finite
        price becomes None and is refused by `check_levels`.
        """
        tick = instrument.tick_paise if instrument else DEFAULT_TICK_PAISE
        lot = instrument.lot_size if instrument else DEFAULT_LOT_SIZE
        buy = side == "BUY"
        rules = self.exit_rules(exits, time_stop_bars)
        if step_trail is not None:
            rules = structs.replace(rules, step_trail=step_trail)
        return Order(
            order_id=self._next_id(ts),
            number=self._ledger.total_orders + 1,
            tradingsymbol=symbol,
            transaction_type=side,
            quantity=qty,
            product=product,
            lot_size=lot,
            tick_paise=tick,
            sl_paise=level_on_tick(as_price(sl_price), tick, ties_up=not buy),
            tp_paise=level_on_tick(as_price(tp_price), tick, ties_up=buy),
            sl_rel=as_relative(sl_price),
            tp_rel=as_relative(tp_price),
            exits=rules,
            strategy_id=strategy_id,
            timeframe=timeframe or DEFAULT_TIMEFRAME,
            tag=tag,
            note=note,
            confidence=float(confidence),
            order_type=terms.order_type,
            price_paise=terms.price_paise,
            trigger_paise=terms.trigger_paise,
            validity=terms.validity,
            validity_ttl=terms.validity_ttl,
            market_protection=terms.market_protection,
            created_ts=ts,
        )

    def exit_rules(self, over: ExitOverrides | None, time_stop_bars: int | None) -> ExitRules:
        """Return the exit settings resolved: from the intent, else overrides, else the config."""
        if over is not None:
            return self._resolve(over, time_stop_bars)
        usual = self._usual.get(time_stop_bars)
        if usual is None:
            usual = self._usual[time_stop_bars] = self._resolve(ExitOverrides(), time_stop_bars)
        return usual

    def _resolve(self, over: ExitOverrides, time_stop_bars: int | None) -> ExitRules:
        config = self._config
        enabled = _first(over.enable_time_stop, config.enable_time_stop)
        bars = _first(time_stop_bars, over.time_stop_bars, config.time_stop_bars)
        to_cost = _first(over.enable_break_even, config.enable_break_even)
        at_r = float(_first(over.break_even_at_r, config.break_even_at_r))
        charged = _first(over.break_even_with_charges, config.break_even_with_charges)
        lies = _first(over.stop_style, config.stop_style) == "sl_limit"
        buffer = _first(over.sl_limit_buffer, config.sl_limit_buffer)
        target_style = _first(over.target_style, config.target_style)
        basis: StopBasis = _first(over.stop_basis, config.stop_basis)
        return ExitRules(
            enable_partial_exit=_first(over.enable_partial_exit, config.enable_partial_exit),
            # a whole number written by a strategy must read back from the journal as it was
            partial_exit_pct=float(_first(over.partial_exit_pct, config.partial_exit_pct)),
            partial_exit_when=_first(over.partial_exit_when, config.partial_exit_when),
            enable_trailing=_first(over.enable_trailing, config.enable_trailing),
            trail_step_r=float(_first(over.trail_step_r, config.trail_step_r)),
            time_stop_bars=max(0, bars) if enabled else 0,
            break_even_at_r=at_r if to_cost else None,
            break_even_with_charges=to_cost and charged,
            trail_after_r=float(_first(over.trail_after_r, config.trail_after_r)) or None,
            stop_style="sl_limit" if lies else None,
            target_style="limit" if target_style == "limit" else None,
            sl_limit_buffer=buffer if lies else None,
            stop_basis=None if basis == "ltp" else basis,
        )

    def check_levels(self, order: Order, intent: OrderIntent) -> Refusal | None:
        """Refuse levels that are not finite, not at least one tick, or in the wrong order.

        Then what is wrong with the terms of the entry.
        """
        for name, asked, level in (
            ("sl_price", as_price(intent.sl_price), order.sl_paise),
            ("tp_price", as_price(intent.tp_price), order.tp_paise),
        ):
            if asked is not None and (level is None or level < order.tick_paise):
                return Refusal("bad_level", {name: repr(asked), "tick_paise": order.tick_paise})
        stop, target = order.sl_paise, order.tp_paise
        if stop is not None and target is not None and order.sign * (target - stop) <= 0:
            return Refusal("bad_level", {"sl_paise": stop, "tp_paise": target})
        return check_relative(order) or check_terms(order, intent)

    def _next_id(self, ts: int) -> str:
        day = _compact(ist_date(ts))
        count = self._ledger.orders_today if self._ledger.day == day else 0
        return f"V3-{day}-{count + 1:06d}"


@lru_cache(maxsize=64)
def _compact(date: dt.date) -> str:
    return date.strftime("%Y%m%d")


def level_on_tick(price: float | None, tick: int, *, ties_up: bool) -> int | None:
    """Return a level in rupees as paise on the price step, None for one that is no price."""
    if price is None:
        return None
    if type(price) in _PLAIN and abs(price) < PAISE_MAX / PAISE_PER_RUPEE:
        paise = round(price * PAISE_PER_RUPEE)
        if paise / PAISE_PER_RUPEE == price:  # whole paise, see `paise_column`
            return nearest_tick(paise, 1, tick, ties_up=ties_up)
    try:
        exact = decimal_from(price) * PAISE_PER_RUPEE
    except BadNumber:
        return None
    if abs(exact) > PAISE_MAX:
        return None
    numerator, denominator = exact.as_integer_ratio()
    return nearest_tick(numerator, denominator, tick, ties_up=ties_up)


def _first(*values: T | None) -> T:
    return next(value for value in values if value is not None)
