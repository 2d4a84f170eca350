"""Who says a contract's expiry and strike: what is written, the symbol, the dated rules."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from daemon.domain.dates import MONTHS
from daemon.domain.instrument import Instrument
from daemon.domain.symbols import bare_instrument
from daemon.errors import ConfigError
from daemon.rules import load_rulebook
from daemon.settings.config import InstrumentConfig, UniverseConfig
from feeds.contracts.universe import build_universe

RULES = load_rulebook()


def named(*symbols: str) -> list[Instrument]:
    """What a recording that names only symbols gives."""
    return list(
        build_universe(UniverseConfig(), [bare_instrument(each) for each in symbols], RULES)
    )


def written(**fields: Any) -> Instrument:
    """What one entry of `universe.instruments` gives."""
    config = UniverseConfig(instruments=[InstrumentConfig(**fields)])
    return build_universe(config, (), RULES)[0]


@pytest.mark.parametrize(
    ("symbol", "expiry", "lot", "tick"),
    [
        ("NIFTY24AUGFUT", "2024-08-29", 25, 5),
        ("NIFTY24AUG24500CE", "2024-08-29", 25, 5),
        ("BANKNIFTY24DECFUT", "2024-12-24", 15, 5),
        ("BANKNIFTY24AUG51000PE", "2024-08-28", 15, 5),
        ("NIFTY26NOVFUT", "2026-11-23", 65, 10),
        ("FINNIFTY24AUGFUT", "2024-08-27", 25, 5),
        ("MIDCPNIFTY26NOVFUT", "2026-11-23", 120, 5),
        ("NIFTY2460623000CE", "2024-06-06", 25, 5),
    ],
)
def test_a_symbol_of_an_index_gets_its_contract_from_the_dated_rules(
    symbol: str, expiry: str, lot: int, tick: int
) -> None:
    (found,) = named(symbol)
    assert (found.expiry, found.lot_size, found.tick_paise) == (expiry, lot, tick)
    assert found.has_contract_row


def test_a_stock_gets_its_expiry_and_its_lot_stays_assumed() -> None:
    future, option = named("RELIANCE24AUGFUT", "IDEA26SEP8.5PE")
    assert (future.expiry, future.lot_size, future.has_contract_row) == ("2024-08-29", 1, False)
    assert (option.expiry, option.strike_paise) == ("2026-09-29", 850)


@pytest.mark.parametrize("symbol", ["NIFTY22AUGFUT", "NIFTY27JAN25000CE", "RELIANCE27FEBFUT"])
def test_a_month_that_the_tables_do_not_reach_is_refused(symbol: str) -> None:
    with pytest.raises(ConfigError, match=f"{symbol}: expiry: .*dated rules do not say.*write it"):
        named(symbol)
    expiry = {"NIFTY22AUGFUT": "2022-08-25", "NIFTY27JAN25000CE": "2027-01-25"}
    if symbol in expiry:
        found = written(tradingsymbol=symbol, expiry=expiry[symbol], lot_size=50, tick_size=0.05)
        assert found.expiry == expiry[symbol]


def test_a_written_contract_without_an_expiry_gets_that_of_its_month() -> None:
    found = written(tradingsymbol="NIFTY24AUGFUT", lot_size=50, tick_size=0.05)
    assert (found.expiry, found.lot_size, found.has_contract_row) == ("2024-08-29", 50, True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"strike": 2_300_000}, r"strike: was 2300000 \(is it in paise\?\), but the symbol"),
        ({"strike": 23_050}, "strike: was 23050, but the symbol NIFTY2460623000CE says 23000"),
        ({"expiry": "2024-06-13"}, "expiry: was 2024-06-13, but the symbol .* says 2024-06-06"),
        ({"instrument_type": "PE"}, "instrument_type: was PE, but the symbol .* says CE"),
    ],
)
def test_what_is_written_against_the_symbol_is_refused(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"universe.instruments: NIFTY2460623000CE: {message}"):
        written(tradingsymbol="NIFTY2460623000CE", **fields)


def test_a_strike_of_zero_is_no_strike() -> None:
    assert written(tradingsymbol="NIFTY2460623000CE", strike=0).strike_paise == 2_300_000
    with pytest.raises(ConfigError, match=r"A: strike: .*write it"):
        written(tradingsymbol="A", instrument_type="CE", expiry="2024-06-06", strike=0)
    with pytest.raises(ConfigError, match=r"A: expiry: .*write it"):
        written(tradingsymbol="A", instrument_type="CE", strike=23_000)


def test_what_an_old_native_file_left_out_is_taken_from_the_symbol() -> None:
    old = Instrument(instrument_token=7, tradingsymbol="NIFTY24AUG24500CE", instrument_type="CE")
    (found,) = build_universe(UniverseConfig(), [old], RULES)
    assert (found.strike_paise, found.expiry) == (2_450_000, "2024-08-29")


def test_a_future_in_another_form_may_be_without_an_expiry() -> None:
    found = written(tradingsymbol="NIFTY-I", instrument_type="FUT", lot_size=65, tick_size=0.1)
    assert found.expiry == ""


@pytest.mark.parametrize(
    ("token", "kind", "exchange", "segment"),
    [
        (256265, "INDEX", "NSE", "INDICES"),
        (738561, "EQ", "NSE", "NSE"),
        (13238786, "FUT", "NFO", "NFO-FUT"),
        (218937093, "FUT", "BFO", "BFO-FUT"),
        (128083204, "EQ", "BSE", "BSE"),
        (58424839, "FUT", "MCX", "MCX-FUT"),
    ],
)
def test_a_bare_token_says_its_exchange(token: int, kind: str, exchange: str, segment: str) -> None:
    found = bare_instrument(str(token), token)
    assert (found.instrument_type, found.exchange, found.segment) == (kind, exchange, segment)


def test_a_symbol_of_bse_is_of_bse() -> None:
    future, index = bare_instrument("SENSEX26AUGFUT"), bare_instrument("SENSEX")
    assert (future.exchange, future.segment) == ("BFO", "BFO-FUT")
    assert (index.exchange, index.instrument_type) == ("BSE", "INDEX")


def test_every_index_has_its_lot_and_its_step_wherever_its_expiry_is_known() -> None:
    names = {"NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50", "NIFTYFPI"}
    known = 0
    for name, year, month in itertools.product(names, range(2022, 2028), range(1, 13)):
        expiry = RULES.expiries.monthly("NFO", name, year, month)
        if expiry is None:
            continue
        (future,) = named(f"{name}{year % 100}{MONTHS[month - 1]}FUT")
        assert (future.expiry, future.has_contract_row) == (expiry.isoformat(), True), future
        known += 1
    assert known > 200
