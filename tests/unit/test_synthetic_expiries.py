"""A made-up market of several expiries: what is listed, what it costs, and what stays as it was."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import pytest
from msgspec.structs import replace

from daemon.chain.expiries import EXPIRY_WORDS, future_expiry, listed_expiries, option_expiry
from daemon.domain.dates import SECOND_NS
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.settings.config import SyntheticConfig
from feeds.make_sample import session, shift
from feeds.stream.blocks import join
from feeds.synthetic import SyntheticMarket
from tests.unit.test_feeds_kit import rows_of

ONE: Final = SyntheticConfig(
    date="2026-11-12", sessions=4, ticks_per_second=0.2, strikes_each_side=1
)
"""Thursday to Tuesday, the day of a weekly expiry."""
TWO: Final = replace(ONE, expiries=2)


def market_of(config: SyntheticConfig) -> SyntheticMarket:
    return SyntheticMarket(config, session=five_minutes, shift=shift)


def five_minutes(date: dt.date, instrument: Instrument) -> tuple[int, int] | None:
    whole = session(date, instrument)
    return whole and (whole[0], whole[0] + 300 * SECOND_NS)


def expiries_of(universe: Universe, kind: str) -> list[str]:
    return sorted({each.expiry for each in universe if each.instrument_type == kind})


def test_two_expiries_are_two_weekly_ones_two_monthly_ones_and_two_futures() -> None:
    universe = market_of(replace(TWO, sessions=1)).universe
    dates = ["2026-11-17", "2026-11-23", "2026-12-29"]
    assert expiries_of(universe, "CE") == expiries_of(universe, "PE") == dates
    assert expiries_of(universe, "FUT") == dates[1:]
    assert "NIFTY26N1725000CE" in universe.symbols
    assert "NIFTY26NOV25000CE" in universe.symbols
    assert "NIFTY26DEC25000CE" in universe.symbols


@pytest.mark.parametrize("date", ["2026-11-12", "2026-11-17", "2026-11-23", "2026-11-25"])
def test_with_two_expiries_every_word_of_a_plan_means_a_contract(date: str) -> None:
    universe = market_of(replace(TWO, date=date, sessions=1)).universe
    listed = listed_expiries(expiries_of(universe, "CE"), expiries_of(universe, "FUT"))
    found = [option_expiry(listed, word, date) for word in EXPIRY_WORDS]
    assert None not in found
    assert found[0] != found[1]
    assert found[2:] == [future_expiry(listed, word, date) for word in EXPIRY_WORDS[2:]]


def test_more_expiries_than_futures_of_three_months_are_options_only() -> None:
    universe = market_of(replace(TWO, sessions=1, expiries=4)).universe
    assert len(expiries_of(universe, "FUT")) == 3
    assert expiries_of(universe, "CE") == [
        "2026-11-17", "2026-11-23", "2026-12-01", "2026-12-08", "2026-12-29", "2027-01-26",
        "2027-02-23",
    ]  # fmt: skip


def test_banknifty_has_months_only() -> None:
    universe = market_of(replace(TWO, sessions=1, underlying="BANKNIFTY", spot=58_000.0)).universe
    assert expiries_of(universe, "CE") == ["2026-11-23", "2026-12-29"]


@pytest.mark.parametrize("book", ["simple", "measured"])
def test_further_expiries_change_no_row_of_the_nearest(book: Literal["simple", "measured"]) -> None:
    config = replace(ONE, book=book)
    one, more = market_of(config), market_of(replace(config, expiries=3))
    assert more.universe.symbols[: len(one.universe)] == one.universe.symbols
    alone, among = rows_of(rows(one)), rows_of(rows(more))
    assert set(alone) <= set(among)
    assert len(among) > 1.3 * len(alone)


def test_further_expiries_are_the_same_for_a_seed() -> None:
    assert rows_of(rows(market_of(TWO))) == rows_of(rows(market_of(TWO)))
    assert rows_of(rows(market_of(TWO))) != rows_of(rows(market_of(replace(TWO, seed=43))))


def test_a_further_expiry_costs_its_time_value_and_a_further_future_its_carry() -> None:
    market = market_of(replace(TWO, sessions=1, strikes_each_side=0, ticks_per_second=1.0))
    block = rows(market)
    symbols = market.universe.symbols
    calls, puts = (
        [f"NIFTY{month}25000{kind}" for month in ("26N17", "26NOV", "26DEC")]
        for kind in ("CE", "PE")
    )
    for chain in (calls, puts, ["NIFTY26NOVFUT", "NIFTY26DECFUT"]):
        firsts = [first_price(block, symbols.index(symbol)) for symbol in chain]
        assert firsts == sorted(firsts)
    straddles = [
        first_price(block, symbols.index(call)) + first_price(block, symbols.index(put))
        for call, put in zip(calls, puts, strict=True)
    ]
    days = [(dt.date(2026, *day) - dt.date(2026, 11, 12)).days for day in ((11, 17), (11, 23))]
    expected = (days[1] / days[0]) ** 0.5
    assert straddles[1] / straddles[0] == pytest.approx(expected, rel=0.15)


def rows(market: SyntheticMarket) -> Ticks:
    return join(list(market.blocks()))


def first_price(block: Ticks, instrument: int) -> int:
    return int(block.ltp[block.instrument == instrument][0])
