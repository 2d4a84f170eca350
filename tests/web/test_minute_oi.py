"""Minutes of a day keep the last open interest that was seen in each (W10, historical candles)."""

from __future__ import annotations

import numpy as np

from daemon.web.day_charts.bars import SymbolBars


def test_w10_a_minute_has_its_last_open_interest_and_none_where_the_feed_has_none() -> None:
    bars = SymbolBars()
    minutes = np.array([555, 555, 556, 557, 557])
    prices = np.array([100, 101, 102, 103, 104])
    totals = np.array([10, 20, 30, 40, 50])
    bars.take(minutes, prices, totals, np.array([7, 8, -1, 9, 0]))
    assert bars.oi[[555, 556, 557]].tolist() == [8, 0, 0]
    bars.take(minutes[4:], prices[4:], totals[4:], np.array([11]))
    assert bars.oi[557] == 11
