"""Positions and cash of random fills over several days are those of their oracle.

Within one paisa for every night that a position is carried: the books keep whole paise.
"""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from daemon.broker.account_books import AccountBooks
from daemon.broker.executions import Execution
from daemon.broker.positions import Mark, PositionRow
from daemon.domain.dates import DAY_NS
from daemon.domain.events import Charges
from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.instrument import Instrument, Universe
from tests.kit.tiers import seeds
from tests.oracle import positions as oracle

pytestmark = pytest.mark.random
CAPITAL = 10_000_000_00
FUTURE, CALL = "NIFTY26NOVFUT", "NIFTY26NOV23000CE"
KINDS = {FUTURE: "FUT", CALL: "CE"}
PRODUCTS: tuple[ExchangeProduct, ...] = ("NRML", "MIS")
UNIVERSE = Universe(
    [
        Instrument(
            instrument_token=number, tradingsymbol=symbol, name="NIFTY", instrument_type=kind,  # type: ignore[arg-type]
            lot_size=65, expiry="2026-11-24", strike_paise=2_300_000 if kind == "CE" else 0,
        )
        for number, (symbol, kind) in enumerate(KINDS.items(), 1)
    ]
)  # fmt: skip
DAYS = 5


class Account:
    """Random fills of trades that grow and shrink and never turn around."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.books = AccountBooks(UNIVERSE, CAPITAL)
        self.fills: list[oracle.Traded] = []
        self._open: dict[str, tuple[str, ExchangeProduct, int]] = {}

    def trade(self, day: int) -> None:
        """Open a trade, or add to one, or leave a part or all of one."""
        rng = self.rng
        if not self._open or rng.random() < 0.4:
            name = f"V3-{len(self.fills)}"
            self._open[name] = (rng.choice(sorted(KINDS)), rng.choice(PRODUCTS), 0)
            signed = rng.choice((-1, 1)) * rng.randint(1, 200)
        else:
            name = rng.choice(sorted(self._open))
            units = self._open[name][2]
            way = -1 if rng.random() < 0.6 else 1
            size = rng.randint(1, abs(units)) if way < 0 else rng.randint(1, 200)
            signed = (1 if units > 0 else -1) * way * size
        self._fill(day, name, signed, rng.randint(5_000, 15_000))

    def _fill(self, day: int, name: str, signed: int, price: int) -> None:
        symbol, product, units = self._open[name]
        side = "BUY" if signed > 0 else "SELL"
        self.fills.append(oracle.Traded(day, name, symbol, product, side, abs(signed), price))
        self.books._take(
            Execution(
                trade_id=str(len(self.fills)), ts=day * DAY_NS, day=day, order_id=name,
                exchange_id="", tradingsymbol=symbol, product=product,
                side="BUY" if signed > 0 else "SELL", quantity=abs(signed), price_paise=price,
                charges=Charges(),
            )
        )  # fmt: skip
        if units + signed:
            self._open[name] = (symbol, product, units + signed)
        else:
            del self._open[name]

    def check(self, day: int) -> None:
        """Compare every row and the cash, at random prices."""
        marks = {
            symbol: Mark(
                last_paise=self.rng.randint(5_000, 15_000),
                close_paise=self.rng.randint(5_000, 15_000),
            )
            for symbol in KINDS
        }
        nights = day - 1
        for row in self.books.positions.net(marks):
            key = (row.tradingsymbol, row.product)
            own = [fill for fill in self.fills if (fill.symbol, fill.product) == key]
            mark = marks[row.tradingsymbol]
            told = oracle.net_row(own, day, mark.last_paise, mark.close_paise)
            compare(row, told, nights)
        options = {symbol: kind == "CE" for symbol, kind in KINDS.items()}
        cash = oracle.cash(self.fills, CAPITAL, options)
        exits = len(self.fills)  # each exit of a future takes a whole paisa of its cost
        assert abs(self.books.cash.cash_paise - cash) <= exits
        if not self._open:
            assert self.books.cash.cash_paise == cash


def compare(row: PositionRow, told: oracle.Row, nights: int) -> None:
    """Compare a row with the oracle's."""
    assert row.quantity == told.quantity
    assert row.overnight_quantity == told.overnight_quantity
    assert row.buy_quantity == told.buy_quantity
    assert row.sell_quantity == told.sell_quantity
    for found, true in (
        (row.buy_paise, told.buy_value),
        (row.sell_paise, told.sell_value),
        (row.pnl_paise, told.pnl),
    ):
        assert abs(Fraction(found) - true) <= nights, (row, told)
    assert row.m2m_paise == told.m2m


@pytest.mark.parametrize("seed", seeds(150))
def test_positions_and_cash_are_those_of_the_oracle(seed: int) -> None:
    account = Account(seed)
    for day in range(1, DAYS + 1):
        account.books.begin_day(day)
        for _ in range(account.rng.randint(0, 8)):
            account.trade(day)
            account.check(day)
        account.check(day)
