"""The margin of random portfolios is that of its oracle, to the rupee."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from fractions import Fraction

import pytest

from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.margin.portfolio import Contract, Holding, Underlying
from daemon.margin.reference import StrikeQuotes, mid_else_ltp, reference_half
from daemon.margin.scenario_margin import margin_of
from tests.kit.tiers import seeds
from tests.margin.portfolios import rates_of
from tests.oracle import margin as oracle

pytestmark = pytest.mark.random
CLOSE = dt.time(15, 30)
TODAYS = (dt.date(2026, 11, 18), dt.date(2026, 11, 24), dt.date(2026, 11, 30))
"""The nearest expiry is a week away, today, and tomorrow."""
EXPIRIES = {
    0: (dt.date(2026, 11, 24), dt.date(2026, 12, 29), dt.date(2027, 12, 28)),
    1: (dt.date(2026, 11, 24), dt.date(2026, 12, 1), dt.date(2026, 12, 29)),
    2: (dt.date(2026, 12, 1), dt.date(2026, 12, 29)),
}
Quote = tuple[int, int, int]
"""Last price, bid and ask in paise; no bid and ask are 0."""


class Portfolio:
    """One underlying with random quotes, positions and entries that work."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        number = seed % 3
        self.today = TODAYS[number]
        self.expiries = EXPIRIES[number]
        self.name = rng.choice(("NIFTY", "RELIANCE"))
        self.now = ist_ns(self.today, dt.time(rng.choice((9, 11, 15)), rng.choice((15, 20))))
        self.spot = rng.randint(90_000, 110_000)
        self.strikes = [80_000 + 5_000 * n for n in range(9)]
        self.quotes: dict[str, Quote] = {}
        self.contracts: dict[str, tuple[str, dt.date, int]] = {}
        self._list()
        self.held = self._quantities(4)
        self.entries = [(symbol, n) for symbol, n in self._quantities(3).items() if n]

    def _list(self) -> None:
        for expiry in self.expiries:
            last = max(each for each in self.expiries if _month(each) == _month(expiry))
            if expiry == last and self.rng.random() < 0.6:
                self._add("FUT", expiry, 0, self.spot + self.rng.randint(-2_000, 2_000))
            for strike in self.strikes:
                for kind in ("CE", "PE"):
                    if self.rng.random() < 0.7:
                        self._add(kind, expiry, strike, self._premium(kind, strike))

    def _premium(self, kind: str, strike: int) -> int:
        """Return a price around what an option is worth, some of them impossible."""
        worth = max(0, (self.spot - strike) if kind == "CE" else (strike - self.spot))
        near = max(50, 3_000 - abs(self.spot - strike) // 4)
        return max(5, worth + 5 * self.rng.randint(-20, near // 2))

    def _add(self, kind: str, expiry: dt.date, strike: int, ltp: int) -> None:
        symbol = f"{expiry}{strike:07}{kind}"
        bid, ask = 0, 0
        if self.rng.random() < 0.5:
            bid = max(5, ltp - 5 * self.rng.randint(0, 10))
            ask = bid + 5 * self.rng.randint(1, 9)
        self.contracts[symbol] = (kind, expiry, strike)
        self.quotes[symbol] = (ltp, bid, ask)

    def _quantities(self, most: int) -> dict[str, int]:
        chosen = self.rng.sample(sorted(self.contracts), self.rng.randint(0, most))
        return {symbol: 65 * self.rng.randint(-4, 4) for symbol in chosen}

    # as the program and as the oracle see it

    def underlying(self) -> Underlying:
        """Return what the program computes with."""
        added: dict[str, list[int]] = {}
        for symbol, units in self.entries:
            sides = added.setdefault(symbol, [0, 0])
            sides[units < 0] += abs(units)
        symbols = sorted({*self.held, *added})
        holdings = []
        for symbol in symbols:
            buys, sells = added.get(symbol, (0, 0))
            contract = self._contract(symbol)
            holdings.append(
                Holding(contract=contract, held=self.held.get(symbol, 0), buys=buys, sells=sells)
            )
        return Underlying(
            name=self.name, rates=rates_of(self.name, self.today), today=self.today.isoformat(),
            spot_half=2 * self.spot, holdings=tuple(holdings),
        )  # fmt: skip

    def _contract(self, symbol: str) -> Contract:
        kind, expiry, strike = self.contracts[symbol]
        price = mid_else_ltp(*self.quotes[symbol])
        assert kind in ("FUT", "CE", "PE")
        return Contract(
            symbol=symbol,
            kind=kind,  # type: ignore[arg-type]
            price_half=price,
            forward_half=price if kind == "FUT" else self._forward(expiry),
            expiry=expiry.isoformat(),
            strike_paise=strike,
            left_ns=ist_ns(expiry, CLOSE) - self.now,
        )

    def _forward(self, expiry: dt.date) -> int:
        futures = {
            each.isoformat()[:7]: mid_else_ltp(*self.quotes[symbol])
            for symbol, (kind, each, _) in self.contracts.items()
            if kind == "FUT"
        }
        return reference_half(expiry.isoformat(), futures, self._pairs(expiry), 2 * self.spot)

    def _pairs(self, expiry: dt.date) -> Iterator[StrikeQuotes]:
        for strike in self.strikes:
            call, put = (
                mid_else_ltp(*self.quotes.get(f"{expiry}{strike:07}{kind}", (0, 0, 0)))
                for kind in ("CE", "PE")
            )
            yield StrikeQuotes(2 * strike, call, put)

    def market(self) -> oracle.Market:
        """Return what the oracle computes with."""
        return oracle.Market(
            family="index" if self.name == "NIFTY" else "share",
            now=self.now // SECOND_NS,
            today=self.today,
            spot=Fraction(self.spot, 100),
            contracts=[
                oracle.Contract(
                    symbol=symbol,
                    kind=kind,  # type: ignore[arg-type]
                    expiry=expiry,
                    closes=ist_ns(expiry, CLOSE) // SECOND_NS,
                    strike=Fraction(strike, 100),
                )
                for symbol, (kind, expiry, strike) in self.contracts.items()
            ],
            prices=rupees_of(self.quotes),
        )


def _month(date: dt.date) -> tuple[int, int]:
    return date.year, date.month


def rupees_of(
    quotes: Mapping[str, Quote],
) -> dict[str, tuple[Fraction | None, Fraction | None, Fraction | None]]:
    """Return quotes in rupees, None for what is not there."""
    found = {}
    for symbol, quote in quotes.items():
        ltp, bid, ask = (Fraction(price, 100) if price else None for price in quote)
        found[symbol] = (ltp, bid, ask)
    return found


@pytest.mark.parametrize("seed", seeds(90))
def test_a_portfolio_blocks_what_the_oracle_says(seed: int) -> None:
    portfolio = Portfolio(seed)
    found = margin_of(portfolio.underlying()).working
    told = oracle.blocked(portfolio.market(), portfolio.held, portfolio.entries)
    assert (found.span, found.exposure) == told


def test_the_portfolios_hold_futures_options_and_entries() -> None:
    portfolios = [Portfolio(seed) for seed in range(90)]
    kinds = {each.contracts[symbol][0] for each in portfolios for symbol in each.held}
    assert kinds == {"FUT", "CE", "PE"}
    assert {each.name for each in portfolios} == {"NIFTY", "RELIANCE"}
    assert any(each.entries for each in portfolios)
    assert any(len({each.contracts[s][1] for s in each.held}) > 1 for each in portfolios)
