"""W1 in hftbacktest: its event loop, one asset after the other, with a strategy compiled by numba.

Its exchange fills against an order book, which W1 does not have; so the compiled strategy looks at
each trade, keeps bars and levels, and books W1's fills at last prices itself. No order goes to its
exchange: less work than W1 asks of an engine, and the trades and P&L are those of W1. A minute
closes at the asset's own next tick, which gives the same prices.
"""

# mypy: ignore-errors
# Its packages exist in the environment of the peers only.
from __future__ import annotations

# isort: off
from tests.bench.peers.common import EVERY_BARS, HOLD_BARS, MINUTE_NS, QTY, columns, report
# isort: on

import sys
import time
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

END_OF_DATA = 1
FOREVER = 10**15


@njit
def w1(hbt: Any, result: Any) -> None:
    """Trades, P&L in steps of 0.05, and whether a position is open, into `result`."""
    closes = np.zeros(EVERY_BARS + 1, np.int64)
    minute = np.int64(-1)
    close = count = entered = side = entry = stop = target = np.int64(0)
    while hbt.wait_next_feed(False, FOREVER) != END_OF_DATA:
        trades = hbt.last_trades(0)
        for at in range(len(trades)):
            ltp = np.int64(round(trades[at].px * 20))
            now = trades[at].local_ts // MINUTE_NS
            if now != minute:
                if minute >= 0:
                    count += 1
                    closes[count % (EVERY_BARS + 1)] = close
                    if side != 0:
                        if count - entered >= HOLD_BARS:
                            result[0] += 1
                            result[1] += (close - entry) * side
                            side = 0
                    elif count % EVERY_BARS == 0 and count > EVERY_BARS:
                        before = closes[(count - EVERY_BARS) % (EVERY_BARS + 1)]
                        side = 1 if close >= before else -1
                        entered, entry = count, close
                        stop = (close * (10000 - 15 * side) + 5000) // 10000
                        target = (close * (10000 + 30 * side) + 5000) // 10000
                minute = now
            if side != 0 and ((ltp - stop) * side <= 0 or (ltp - target) * side >= 0):
                result[0] += 1
                result[1] += (ltp - entry) * side
                side = 0
            close = ltp
        hbt.clear_last_trades(0)
    result[2] = side != 0


def events_of(data: dict[str, Any], rows: Any) -> Any:
    """The rows as trade events; they are seen when they happen."""
    events = np.zeros(len(rows), event_dtype)
    events["ev"] = TRADE_EVENT | BUY_EVENT | EXCH_EVENT | LOCAL_EVENT
    events["exch_ts"] = events["local_ts"] = data["ts_ns"][rows]
    events["px"] = data["ltp"][rows]
    events["qty"] = data["qty"][rows]
    return events


def run(events: Any, result: Any) -> None:
    """One asset from its first event to its last."""
    asset = (
        BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0, 0)
        .tick_size(0.05)
        .lot_size(1)
        .last_trades_capacity(16)
    )
    hbt = HashMapMarketDepthBacktest([asset])
    w1(hbt, result)
    hbt.close()


def main(path: str) -> None:
    """Load, compile on a few events, run each asset, report."""
    data = columns(path, ["ts_ns", "instrument_id", "ltp", "qty"])
    events = [
        events_of(data, np.flatnonzero(data["instrument_id"] == number)) for number in range(10)
    ]
    run(events[0][:100], np.zeros(3, np.int64))
    result = np.zeros((10, 3), np.int64)
    start = time.perf_counter()
    for each, into in zip(events, result, strict=True):
        run(each, into)
    elapsed = time.perf_counter() - start
    trades, steps, still_open = (int(each) for each in result.sum(axis=0))
    report(
        len(data["ts_ns"]), elapsed, trades=trades, pnl=round(steps * 0.05 * QTY, 2),
        open=still_open,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
