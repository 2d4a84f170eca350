"""W1's rules on candles in backtesting.py: brackets held by its broker, one instrument.

Its market orders fill at the next bar's open, stops and targets at their own levels within a bar.
It has no sessions, no charges by date, no events, and a position's result is known at its close.
"""

# mypy: ignore-errors
# Its packages exist in the environment of the peers only.
from __future__ import annotations

# isort: off
from tests.bench.peers.common import EVERY_BARS, HOLD_BARS, QTY, columns, levels, report
# isort: on

import sys
import time

import pandas as pd
from backtesting import Backtest, Strategy


class W1(Strategy):
    """The rules of W1, on closed minute bars."""

    def init(self) -> None:
        self.entered = 0

    def next(self) -> None:
        closes = self.data.Close
        count = len(closes)
        if self.position:
            if count - self.entered >= HOLD_BARS:
                self.position.close()
            return
        if count % EVERY_BARS or count <= EVERY_BARS or self.orders:
            return
        self.entered = count
        close = round(closes[-1] * 20)
        is_up = close >= round(closes[-1 - EVERY_BARS] * 20)
        stop, target = levels(close, 1 if is_up else -1)
        enter = self.buy if is_up else self.sell
        enter(size=QTY, sl=stop / 20, tp=target / 20)


def main(path: str) -> None:
    """Load, run, report."""
    data = columns(path, ["ts", "open", "high", "low", "close", "volume"])
    frame = pd.DataFrame(data).set_index(pd.to_datetime(data.pop("ts")))
    frame.columns = ["ts", "Open", "High", "Low", "Close", "Volume"][-len(frame.columns) :]
    test = Backtest(frame, W1, cash=1e9, finalize_trades=True)
    start = time.perf_counter()
    result = test.run()
    elapsed = time.perf_counter() - start
    report(
        len(frame), elapsed, trades=int(result["# Trades"]), open=0,
        pnl=round(float(result["_trades"]["PnL"].sum()), 2),
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
