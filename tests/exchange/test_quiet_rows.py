"""Rows that the exchange skips by column change nothing that a look at each would have changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.exchange_order import Modification
from daemon.domain.ticks import Ticks
from daemon.exchange import quiet_rows
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.row_columns import RowColumns
from daemon.market.rows import RowRun, Rows
from tests.exchange.desk import SYMBOL, instrument
from tests.exchange.driver import MS, day_of, instrument_of, settings_of, terms_of
from tests.kit.tiers import examples, seeds

pytestmark = pytest.mark.random

LOT, STEP, MIDDLE = 65, 5, 2000
FUTURE = instrument(symbol=SYMBOL, kind="future")
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
        return RowColumns(RowRun(self.rows, at, self.block.ltp[start:stop], volume))

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


class Played:
    """The market with its requests on an exchange; by columns, or with a look at every row."""

    def __init__(self, seed: int, execution: dict[str, Any], *, by_columns: bool, **market: bool):
        self.market = RandomMarket(seed, **market)
        self.exchange = PaperExchange(
            [instrument_of(FUTURE, 0)], settings_of(execution), lambda _: True
        )
        self.exchange.start_day(0, day_of(FUTURE, ""))
        self.reports: list[Any] = []
        self.skipped = 0
        self.looks: Counter[bool] = Counter()
        self._by_columns = by_columns
        self._play(self.market.requests())

    def _play(self, requests: dict[int, list[dict[str, Any]]]) -> None:
        exchange, row, last = self.exchange, 0, sorted(requests)
        while row < ROWS:
            end = min([at + 1 for at in last if at >= row], default=ROWS)
            columns = self.market.columns(row, end)
            quiet = self._count(columns)
            if quiet:
                # the engine may ask for the book anywhere on the way
                half = int(self.market.random.integers(0, quiet + 1)) if quiet > 1 else quiet
                for start, stop in ((0, half), (half, quiet)):
                    if start < stop:
                        exchange.quiet.take(0, self.market.columns(row + start, row + stop))
                self.skipped += quiet
                row += quiet
            if row < end:
                self._look(columns, quiet, row)
                row += 1
            if row == end:
                for request in requests.get(row - 1, ()):
                    self._send(request, self._now(row - 1))

    def _count(self, columns: RowColumns) -> int:
        if not self._by_columns or self.exchange.needs_every_tick(0):
            return 0
        return self.exchange.quiet.count(0, columns)

    def _now(self, row: int) -> int:
        return int(self.market.block.ts[row])

    def _look(self, columns: RowColumns, number: int, row: int) -> None:
        now = self._now(row)
        self.reports += self.exchange.advance(now, ticking=0)
        self.reports += self.exchange.on_tick(0, columns.tick(number))

    def _send(self, request: dict[str, Any], now: int) -> None:
        exchange = self.exchange
        if "new" in request:
            self.reports += exchange.submit(str(request["new"]), terms_of(request, 0), now)
        elif (label := str(request.get("modify", request.get("cancel")))) in exchange.orders:
            if "modify" in request:
                change = Modification(price_paise=request["price"])
                self.reports += exchange.modify(label, change, now)
            else:
                self.reports += exchange.cancel(label, "user", now)

    def left(self) -> Any:
        """Return all that the exchange remembers."""
        book = self.exchange.books[0]
        shown = (book.ltp, book.ltq, book.bids, book.asks, book.volume, book.growth, book.sized)
        return self.reports, self.exchange.orders, shown, book.taken_bids, book.taken_asks


EXECUTION = st.fixed_dictionaries(
    {
        "fill_mode": st.sampled_from(["depth", "depth", "depth", "bid_ask"]),
        "resting": st.sampled_from(["queue", "queue", "cross", "touch"]),
        "queue_evidence": st.sampled_from(["last_qty", "volume"]),
        "market_rest": st.sampled_from(["rest", "cancel"]),
    }
)


def check(seed: int, execution: dict[str, Any], first_rows: int = 256, **market: bool) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quiet_rows, "FIRST_ROWS", first_rows)
        patch.setattr(quiet_rows, "MOST_ROWS", 4 * first_rows)
        skipping = Played(seed, execution, by_columns=True, **market)
    assert skipping.left() == Played(seed, execution, by_columns=False, **market).left()
    return skipping.skipped


@settings(max_examples=examples(150), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    execution=EXECUTION,
    first_rows=st.sampled_from([2, 7, 256]),
    depth=st.booleans(),
    volume=st.booleans(),
)
def test_quiet_rows_are_skipped_without_a_difference(
    seed: int, execution: dict[str, Any], first_rows: int, depth: bool, volume: bool
) -> None:
    check(seed, execution, first_rows, depth=depth, volume=volume)


@pytest.mark.parametrize("seed", seeds(40))
def test_quiet_rows_are_skipped_without_a_difference_on_the_checked_in_seeds(seed: int) -> None:
    assert check(seed, {}, 16, depth=True, volume=True) > 0
