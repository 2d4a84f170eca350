"""Rows that the exchange skips by column change nothing that a look at each would have changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.exchange_order import Modification
from daemon.exchange import quiet_rows
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.row_columns import RowColumns
from tests.exchange.desk import SYMBOL, instrument
from tests.exchange.driver import day_of, instrument_of, settings_of, terms_of
from tests.exchange.random_market import ROWS, RandomMarket
from tests.kit.tiers import examples, seeds

pytestmark = pytest.mark.random

FUTURE = instrument(symbol=SYMBOL, kind="future")


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


@settings(max_examples=examples(60), deadline=None)
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


@pytest.mark.parametrize("seed", seeds(15))
def test_quiet_rows_are_skipped_without_a_difference_on_the_checked_in_seeds(seed: int) -> None:
    assert check(seed, {}, 16, depth=True, volume=True) > 0
