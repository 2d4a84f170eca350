"""A block of rows of one instrument, with all that a feed may send and orders that fit in."""

from __future__ import annotations

from typing import Any

import numpy as np

from daemon.domain.ticks import Ticks
from daemon.exchange.row_columns import RowColumns
from daemon.market.rows import Rows, RowSeries
from tests.exchange.desk import SYMBOL
from tests.exchange.driver import MS

LOT, STEP, MIDDLE = 65, 5, 2000
ROWS = 240


class RandomMarket:
    """A block of one instrument: books that move slowly, with all that a feed may send."""

    def __init__(self, seed: int, *, depth: bool, volume: bool) -> None:
        self.random = np.random.default_rng(seed)
        self.levels = np.zeros((ROWS, 10, 3), dtype=np.int64)
        self._fill_levels()
        self._spoil_some()
        best = self.levels[:, [0, 5], 1]
        shown = self.random.random((ROWS, 2)) < 0.95
        best = np.where((best[:, :1] <= best[:, 1:]) & shown, best, 0)
        self.block = Ticks(
            ts=np.arange(1, ROWS + 1, dtype=np.int64) * 100 * MS,
            instrument=np.zeros(ROWS, dtype=np.int32),
            ltp=self._ltp(),
            bid=best[:, 0].copy(),
            ask=best[:, 1].copy(),
            ltq=self.random.choice([0, LOT, 3 * LOT, 40], ROWS),
            volume=self._volume() if volume else None,
            depth=self.levels if depth else None,
        )
        self.rows = Rows(self.block, 1)

    def columns(self, start: int, stop: int) -> RowColumns:
        """The rows [start, stop) as the exchange takes them."""
        volume = None if self.block.volume is None else self.block.volume[start:stop]
        at = np.arange(start, stop)
        return RowColumns(RowSeries(self.rows, at, self.block.ltp[start:stop], volume))

    def _fill_levels(self) -> None:
        random = self.random
        # about the middle, so that what rests stays near
        span = int(random.choice([2, 4, 12]))
        steps = random.choice([0, 0, 0, 0, 1, -1, span // 2], ROWS).cumsum()
        walk = span // 4 - abs(steps % span - span // 2)
        spread = 1 + random.choice([0, 0, 0, 1, 3], ROWS)
        units = random.integers(1, 9, (ROWS, 10)) * LOT
        keeps = random.random(ROWS) < 0.6  # a row that repeats the sizes of the one before
        for row in range(1, ROWS):
            if keeps[row]:
                units[row] = units[row - 1]
        gaps = 1 + random.choice([0, 0, 0, 1], (ROWS, 10))
        for at in range(5):
            bid = MIDDLE + walk - gaps[:, :at].sum(axis=1)
            ask = MIDDLE + walk + spread + gaps[:, 5 : 5 + at].sum(axis=1)
            self.levels[:, at] = np.stack([units[:, at], bid * STEP, units[:, at]], axis=1)
            self.levels[:, 5 + at] = np.stack([units[:, 5 + at], ask * STEP, units[:, at]], axis=1)

    def _spoil_some(self) -> None:
        """Short sides, empty books, crossed ones, levels out of order."""
        for row in np.flatnonzero(self.random.random(ROWS) < 0.08).tolist():
            kind = self.random.integers(0, 6)
            if kind < 2:
                self.levels[row, 3:5] = 0
            elif kind == 2:
                self.levels[row, 5:] = 0
            elif kind == 3:
                self.levels[row] = 0
            elif kind == 4:
                self.levels[row, 0, 1] += 40 * STEP
            else:
                self.levels[row, [1, 2]] = self.levels[row, [2, 1]]

    def _ltp(self) -> Any:
        stale = self.random.integers(-4, 5, ROWS)
        steps = np.where(self.random.random(ROWS) < 0.3, stale, 0)
        ltp = self.levels[:, 0, 1] // STEP + self.random.integers(0, 2, ROWS) + steps
        return np.where(ltp > 0, ltp, MIDDLE) * STEP

    def _volume(self) -> Any:
        growth = self.random.choice([0, 0, 0, LOT, 65, 4 * LOT, 30], ROWS).cumsum() + 1000
        old = self.random.random(ROWS) < 0.04
        unknown = self.random.random(ROWS) < 0.02
        return np.where(unknown, -1, growth - np.where(old, 500, 0)).astype(np.int64)

    def requests(self) -> dict[int, list[dict[str, Any]]]:
        """What is sent after some rows: mostly LIMIT orders near the book."""
        sent: dict[int, list[dict[str, Any]]] = {}
        many = int(self.random.choice([2, 25, 90]))  # one alone is seen at its own rows only
        for number in range(int(self.random.integers(1, many))):
            row = int(self.random.integers(0, ROWS))
            sent.setdefault(row, []).append(self._request(number, row))
        return sent

    def _request(self, number: int, row: int) -> dict[str, Any]:
        random = self.random
        if number > 2 and random.random() < 0.3:
            label = int(random.integers(0, number))
            change = {"price": (MIDDLE + int(random.integers(-8, 9))) * STEP}
            return {"modify": label, **change} if random.random() < 0.5 else {"cancel": label}
        near = int(self.block.ltp[row]) // STEP + int(random.integers(-6, 7))
        kind = str(random.choice(["LIMIT", "LIMIT", "LIMIT", "SL", "MARKET"]))
        side = str(random.choice(["BUY", "SELL"]))
        away = 3 if side == "BUY" else -3
        return {
            "new": number, "symbol": SYMBOL, "side": side, "order_type": kind,
            "quantity": int(random.integers(1, 5)) * LOT, "price": near * STEP,
            "trigger": (near - away) * STEP if kind == "SL" else None,
        }  # fmt: skip
