"""W1 in nautilus_trader: minute bars made of trade ticks, brackets held by its simulated venue.

Entries, exits and their number are W1's. Its venue fills stops and targets at their own levels,
not at the tick that reaches them, so the P&L is that of `reference.py --sl level --tp limit`.
Only trade ticks are given; with quotes it would have twice the data and fill at bid and ask.
"""

# mypy: ignore-errors
# Its packages exist in the environment of the peers only.
from __future__ import annotations

# isort: off
from tests.bench.peers.common import EVERY_BARS, HOLD_BARS, QTY, columns, levels, report
# isort: on

import sys
import time
from collections import deque
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import (
    BacktestEngineConfig,
    DataEngineConfig,
    LoggingConfig,
    RiskEngineConfig,
    StrategyConfig,
)
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType, TradeTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("SIM")


class W1Config(StrategyConfig, frozen=True):
    """Which instruments."""

    instrument_ids: list[InstrumentId]


class W1(Strategy):
    """The rules of W1, on closed minute bars."""

    def on_start(self) -> None:
        self.counts = dict.fromkeys(self.config.instrument_ids, 0)
        self.entered = dict.fromkeys(self.config.instrument_ids, 0)
        self.closes = {each: deque(maxlen=EVERY_BARS + 1) for each in self.config.instrument_ids}
        self.quantity = Quantity.from_int(QTY)
        for each in self.config.instrument_ids:
            self.subscribe_trade_ticks(each)
            self.subscribe_bars(BarType.from_str(f"{each}-1-MINUTE-LAST-INTERNAL"))

    def on_bar(self, bar: Bar) -> None:
        which = bar.bar_type.instrument_id
        count = self.counts[which] = self.counts[which] + 1
        close = round(float(bar.close) * 20)
        closes = self.closes[which]
        closes.append(close)
        if not self.portfolio.is_flat(which):
            if count - self.entered[which] >= HOLD_BARS:
                self.cancel_all_orders(which)
                self.close_all_positions(which)
            return
        if count % EVERY_BARS or count <= EVERY_BARS:
            return
        self.entered[which] = count
        side = 1 if close >= closes[0] else -1
        stop, target = levels(close, side)
        self.submit_order_list(
            self.order_factory.bracket(
                instrument_id=which,
                order_side=OrderSide.BUY if side > 0 else OrderSide.SELL,
                quantity=self.quantity,
                tp_order_type=OrderType.MARKET_IF_TOUCHED,
                tp_trigger_price=Price(target * 0.05, 2),
                sl_trigger_price=Price(stop * 0.05, 2),
            )
        )


def instrument(number: int) -> Equity:
    """A paper instrument with W1's tick."""
    return Equity(
        instrument_id=InstrumentId(Symbol(f"W{number}"), VENUE), raw_symbol=Symbol(f"W{number}"),
        currency=USD, price_precision=2, price_increment=Price.from_str("0.05"),
        lot_size=Quantity.from_int(1), ts_event=0, ts_init=0,
    )  # fmt: skip


def ticks_of(data: dict[str, Any], number: int, which: InstrumentId) -> list[TradeTick]:
    """The rows of one instrument as its objects."""
    rows = np.flatnonzero(data["instrument_id"] == number)
    ts = data["ts_ns"][rows].astype(np.uint64)
    return TradeTick.from_raw_arrays_to_list(
        which, 2, 0, data["ltp"][rows], data["qty"][rows].astype(np.float64),
        np.zeros(len(rows), dtype=np.uint8), [str(each) for each in range(len(rows))], ts, ts,
    )  # fmt: skip


def main(path: str) -> None:
    """Load, run, report."""
    data = columns(path, ["ts_ns", "instrument_id", "ltp", "qty"])
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            data_engine=DataEngineConfig(time_bars_build_with_no_updates=False),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=VENUE, oms_type=OmsType.NETTING, account_type=AccountType.MARGIN,
        base_currency=USD, starting_balances=[Money(1_000_000_000, USD)], trade_execution=True,
        use_message_queue=False,
    )  # fmt: skip
    known = [instrument(number) for number in range(10)]
    for number, each in enumerate(known):
        engine.add_instrument(each)
        engine.add_data(ticks_of(data, number, each.id))
    engine.add_strategy(W1(W1Config(instrument_ids=[each.id for each in known])))
    start = time.perf_counter()
    engine.run()
    elapsed = time.perf_counter() - start
    positions = [*engine.cache.positions_closed(), *engine.cache.position_snapshots()]
    pnl = sum(float(each.realized_pnl) for each in positions)
    report(
        len(data["ts_ns"]), elapsed, trades=len(positions), pnl=round(pnl, 2),
        open=len(engine.cache.positions_open()),
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
