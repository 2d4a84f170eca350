"""The program's side of the differential of risk: the real engine, and its events as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import Charges, OrderCreated, OrderMoved, RiskMoved, TradingEvent
from daemon.domain.inputs import Clock, Command
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ticks import ABSENT, Ticks
from daemon.settings.config import ExecutionConfig, MaxLotsConfig, RiskConfig
from tests.kit.drive import FixedRules, Span
from tests.oracle.risk import Enter, Leave, Limits, Line, Market, Say, Step, Tick
from tests.oracle.risk_random import DATES

EXPLAINED = {
    "halted": ("because", "until_ts"),
    "max_lots": ("of", "held", "lots", "limit"),
    "max_notional": ("held_paise", "order_paise", "limit_paise"),
    "cooldown": ("lost_ts", "until_ts"),
    "max_orders_per_minute": ("orders", "limit", "until_ts"),
}
"""The refusals whose numbers are compared."""


class Rules(FixedRules):
    """Two sessions, and the charges that both sides were given."""

    def __init__(self, market: Market) -> None:
        super().__init__({})
        self._market = market

    def session(self, date: Any, instrument: Instrument, /) -> Span | None:
        if date not in DATES:
            return None
        at = DATES.index(date)
        return Span(self._market.opens[at], self._market.closes[at])

    def charges(self, *_: Any, quantity: int, price_paise: int, **__: Any) -> Charges:
        paid = self._market.charge(quantity * price_paise)
        text = f"{paid // 100}.{paid % 100:02}"
        return Charges(brokerage=text, total=text)


def instruments(market: Market) -> list[Instrument]:
    """Return the contracts as the program has them."""
    return [
        Instrument(
            instrument_token=number, tradingsymbol=each.symbol, name=each.underlying,
            segment="NFO-OPT" if each.strike else "NFO-FUT", lot_size=each.lot,
            instrument_type=each.symbol[-2:] if each.strike else "FUT",  # type: ignore[arg-type]
            strike_paise=each.strike, expiry="2026-11-24", tick_paise=5 if each.strike else 10,
        )
        for number, each in enumerate(market.contracts, 1)
    ]  # fmt: skip


def risk_of(limits: Limits) -> RiskConfig:
    """Return the limits as settings."""
    settings: dict[str, Any] = {
        "daily_loss_rupees": _rupees(limits.daily_loss),
        "daily_loss_counts": limits.counts,
        "on_daily_loss": limits.on_loss,
        "max_open_positions": limits.max_open,
        "max_order_quantity": limits.max_quantity,
        "max_lots": MaxLotsConfig(strategy=limits.lots_strategy, underlying=limits.lots_underlying),
        "max_notional_rupees": _rupees(limits.notional),
        "cooldown_after_loss_s": limits.cooldown // 10**9 or None,
        "max_orders_per_minute": limits.per_minute,
    }
    return RiskConfig(**settings)


def _rupees(paise: int | None) -> float | None:
    return None if paise is None else paise / 100


def run(market: Market, steps: Sequence[Step]) -> list[TradingEvent]:
    """Return the events of the real engine."""
    engine = PaperEngine(
        ExecutionConfig(
            fill_mode="ltp", slippage_bps=0, latency_ms=market.latency // 10**6,
            reject_after_s=30_000, stale_after_s=30_000, quote_max_age_s=30_000,
            enable_time_stop=False,
        ),
        universe=Universe(instruments(market)),
        rules=Rules(market),
        risk=risk_of(market.limits),
    )  # fmt: skip
    events: list[TradingEvent] = []
    for step in steps:
        if isinstance(step, Enter | Leave):
            events += engine.process_signal(_intent(step))
        elif isinstance(step, Tick):
            events += engine.handle(_row(engine, step))
        elif isinstance(step, Say):
            events += engine.handle(Command(ts=step.ts, command=step.word))  # type: ignore[arg-type]
        else:
            events += engine.handle(Clock(step.ts))
    return events


def _intent(step: Enter | Leave) -> OrderIntent:
    fields: dict[str, Any] = {"symbol": step.symbol, "strategy_id": step.strategy}
    if isinstance(step, Leave):
        return OrderIntent(signal=Signal.EXIT, **fields)
    fields |= {"qty": step.quantity, "product": "NRML"}
    if step.limit is not None:
        fields |= {"order_type": "LIMIT", "price": step.limit / 100}
    return OrderIntent(signal=Signal.BUY if step.side > 0 else Signal.SELL, **fields)


def _row(engine: PaperEngine, step: Tick) -> Ticks:
    index = engine.universe.index_of(step.symbol)
    assert index is not None
    return Ticks(
        ts=np.array([step.ts], dtype=np.int64),
        instrument=np.array([index], dtype=np.int32),
        ltp=np.array([step.ltp], dtype=np.int64),
        bid=np.array([ABSENT], dtype=np.int64),
        ask=np.array([ABSENT], dtype=np.int64),
    )


def told(events: Sequence[TradingEvent]) -> tuple[list[list[Line]], list[Line]]:
    """Return the lines of every trade, and the moves of the risk state."""
    trades: dict[str, list[Line]] = {}
    states: list[Line] = []
    for event in events:
        if isinstance(event, RiskMoved):
            states.append((event.ts, event.state, event.reason, event.until_ts))
        elif isinstance(event, OrderCreated):
            trades[event.order_id] = []
        elif isinstance(event, OrderMoved):
            line = _line(event)
            if line is not None:
                trades[event.order_id].append(line)
    return list(trades.values()), states


def _line(event: OrderMoved) -> Line | None:
    state = str(event.to_state)
    if state == "FILLED":
        assert event.fill is not None
        return (event.ts, "filled", event.fill.price_paise)
    if state == "CLOSED":
        assert event.fill is not None
        return (event.ts, "closed", event.reason, event.fill.price_paise)
    if state == "CANCELLED":
        return (event.ts, "cancelled", event.reason)
    if state == "REJECTED":
        numbers = event.numbers or {}
        shown = (numbers.get(name, 0) for name in EXPLAINED.get(event.reason, ()))
        return (event.ts, "refused", event.reason, *shown)
    return None
