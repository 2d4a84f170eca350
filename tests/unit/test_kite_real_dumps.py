"""Selections from real dumps of August 2026; skipped where they are not at hand."""

from __future__ import annotations

import datetime as dt

import pytest

from daemon.domain.dates import ist_ns
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.errors import ConfigError
from daemon.rules import load_rulebook
from daemon.runtime.build import sessions_of
from daemon.settings.config import InstrumentConfig, OptionsConfig, UnderlyingConfig, UniverseConfig
from feeds.contracts.expiries import IsExpired, OptionExpiry, expired_at, monthlies, option_expiry
from feeds.contracts.lookup import Contracts, read_contracts
from feeds.kite.selection import select
from tests.kit.golden import data_directory

DATA = data_directory()
DUMPS = DATA / "kite-instruments-2026-08" if DATA is not None else None
pytestmark = pytest.mark.skipif(
    DUMPS is None or not DUMPS.is_dir(),
    reason="the real dumps are not here; FNO_DATA may name their directory",
)
DAY = dt.date(2026, 8, 17)


@pytest.fixture(scope="module")
def dump() -> Contracts:
    assert DUMPS is not None
    return read_contracts(
        [DUMPS / "nfo_instruments.csv.gz", DUMPS / "nse_instruments_2026-07-30.csv.gz"]
    )


def over(date: dt.date, time: dt.time = dt.time(10)) -> IsExpired:
    return expired_at(ist_ns(date, time), date, sessions_of(load_rulebook()))


def test_every_row_is_read_and_every_underlying_has_its_spot(dump: Contracts) -> None:
    assert dump.notes == ()
    assert len(dump.symbols) > 44_000
    assert len(dump.underlyings) == 214
    for name in dump.underlyings:
        spot = dump.spot(name)
        assert spot is not None, name
        assert spot.is_index == (name in INDEX_SYMBOLS)


def test_a_usual_day_is_selected(dump: Contracts) -> None:
    options = OptionsConfig(expiry="monthly", types=("CE",), strikes_each_side=3)
    config = UniverseConfig(
        underlyings=[
            UnderlyingConfig(name="NIFTY", futures=["current", "far"], options=OptionsConfig()),
            UnderlyingConfig(name="BANKNIFTY", futures=["next"], options=options),
            UnderlyingConfig(name="RELIANCE", futures=["current"]),
        ],
        instruments=[InstrumentConfig(tradingsymbol="INDIA VIX")],
    )
    found = select(config, dump, is_expired=over(DAY), spots={"NIFTY": 2_433_320})
    assert {found.universe[each].tradingsymbol for each in found.fixed} == {
        "NIFTY 50", "NIFTY26AUGFUT", "NIFTY26OCTFUT", "NIFTY BANK", "BANKNIFTY26SEPFUT",
        "RELIANCE", "RELIANCE26AUGFUT", "INDIA VIX",
    }  # fmt: skip
    nifty, bank = found.windows
    assert (nifty.label, nifty.atm_paise) == ("NIFTY 2026-08-18", 2_435_000)
    names = {found.universe[each].tradingsymbol for each in nifty.wanted}
    assert names == {
        f"NIFTY26818{strike}{kind}" for strike in range(24_100, 24_601, 50) for kind in ("CE", "PE")
    }
    assert (bank.label, bank.wanted) == ("BANKNIFTY 2026-08-25", frozenset())
    assert found.watchlist().follow(found.spots["BANKNIFTY"], 5_712_345)
    names = {found.universe[each].tradingsymbol for each in bank.wanted}
    assert names == {f"BANKNIFTY26AUG{strike}CE" for strike in range(56_800, 57_401, 100)}
    assert all(each.lot_size > 0 and each.tick_paise > 0 for each in found.universe)
    assert len(found.universe) < 400


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        (DAY, dt.time(10), ("2026-08-18", "2026-08-25", "2026-08-25", "2026-09-29")),
        (dt.date(2026, 8, 18), dt.time(15, 39), ("2026-08-18", "2026-08-25", "2026-08-25", "")),
        (dt.date(2026, 8, 18), dt.time(15, 40), ("2026-08-25", "2026-09-01", "2026-08-25", "")),
        (dt.date(2026, 8, 25), dt.time(16), ("2026-09-01", "2026-09-08", "2026-09-29", "")),
    ],
)
def test_words_are_the_dates_that_a_trader_means(
    dump: Contracts, date: dt.date, time: dt.time, expected: tuple[str, ...]
) -> None:
    chain = dump.chain("NIFTY")
    assert chain is not None
    words: tuple[OptionExpiry, ...] = ("weekly", "next_weekly", "monthly", "next_monthly")
    for word, meant in zip(words, expected, strict=True):
        if meant:
            assert option_expiry(chain, word, over(date, time), "") == meant


def test_only_nifty_has_weeklies(dump: Contracts) -> None:
    for name in dump.underlyings:
        chain = dump.chain(name)
        assert chain is not None
        has_weeklies = not monthlies(chain).issuperset(chain.options)
        assert has_weeklies == (name == "NIFTY"), name
    bank = UnderlyingConfig(name="BANKNIFTY", options=OptionsConfig())
    config, is_expired = UniverseConfig(underlyings=[bank]), over(DAY)
    with pytest.raises(ConfigError, match="BANKNIFTY has only monthly options"):
        select(config, dump, is_expired=is_expired)


def test_an_expiry_that_a_holiday_moved_is_a_monthly_like_any_other(dump: Contracts) -> None:
    chain = dump.chain("NIFTY")
    assert chain is not None
    moved = dt.date(2029, 12, 24)  # a Monday: the last Tuesday is Christmas
    assert moved.weekday() == 0
    assert moved.isoformat() in monthlies(chain)


def test_strikes_that_lie_further_apart_far_out_are_followed(dump: Contracts) -> None:
    options = OptionsConfig(expiry="monthly", strikes_each_side=2)
    config = UniverseConfig(underlyings=[UnderlyingConfig(name="BANKNIFTY", options=options)])
    found = select(config, dump, is_expired=over(DAY), spots={"BANKNIFTY": 4_845_000})
    (window,) = found.windows
    strikes = {found.universe[each].strike_paise // 100 for each in window.wanted}
    assert strikes == {47_500, 48_000, 48_500, 48_600, 48_700}
    assert not window.follow(4_813_000)  # past the midpoint of a step of 500, within the band
    assert window.follow(4_812_499)
    assert window.atm_paise == 4_800_000


@pytest.mark.parametrize(
    ("symbol", "hint"),
    [("NIFTY26JULFUT", "NIFTY26AUGFUT"), ("BANKNIFTY26AUG57950CE", "BANKNIFTY26AUG57900CE")],
)
def test_an_expired_or_mistyped_symbol_is_refused(dump: Contracts, symbol: str, hint: str) -> None:
    config = UniverseConfig(instruments=[InstrumentConfig(tradingsymbol=symbol)])
    with pytest.raises(ConfigError, match=rf"{symbol} is not in the day's dump.*{hint}"):
        select(config, dump, is_expired=over(DAY))
