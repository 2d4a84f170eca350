"""Lots by expiry, freeze quantities and price steps."""

from __future__ import annotations

import datetime as dt

import pytest

from daemon.domain.instrument import Instrument, InstrumentType
from daemon.rules import load_rulebook

RULES = load_rulebook()


@pytest.mark.parametrize(
    ("name", "expiry", "lot"),
    [
        ("NIFTY", dt.date(2023, 12, 28), 50),
        ("NIFTY", dt.date(2024, 4, 25), 50),
        ("NIFTY", dt.date(2024, 5, 2), 25),
        ("NIFTY", dt.date(2024, 12, 26), 25),
        ("NIFTY", dt.date(2025, 1, 2), 75),
        ("NIFTY", dt.date(2025, 1, 30), 25),
        ("NIFTY", dt.date(2025, 2, 6), 75),
        ("NIFTY", dt.date(2025, 12, 30), 75),
        ("NIFTY", dt.date(2026, 1, 6), 65),
        ("NIFTY", dt.date(2026, 12, 29), 65),
        ("BANKNIFTY", dt.date(2023, 6, 29), 25),
        ("BANKNIFTY", dt.date(2023, 12, 28), 15),
        ("BANKNIFTY", dt.date(2025, 2, 27), 30),
        ("BANKNIFTY", dt.date(2025, 7, 31), 35),
        ("BANKNIFTY", dt.date(2026, 1, 27), 30),
        ("FINNIFTY", dt.date(2024, 7, 23), 40),
        ("FINNIFTY", dt.date(2024, 7, 30), 25),
        ("MIDCPNIFTY", dt.date(2025, 8, 28), 140),
        ("MIDCPNIFTY", dt.date(2026, 1, 27), 120),
        ("NIFTYNXT50", dt.date(2024, 5, 31), 10),
        ("NIFTYFPI", dt.date(2026, 9, 29), 1100),
    ],
)
def test_a_lot_belongs_to_the_expiry_of_the_contract(name: str, expiry: dt.date, lot: int) -> None:
    assert RULES.lot_size(name, expiry) == lot


def test_lots_that_the_table_does_not_have_are_unknown() -> None:
    assert RULES.lot_size("RELIANCE", dt.date(2026, 11, 24)) is None
    assert RULES.lot_size("NIFTY", dt.date(2019, 1, 31)) is None


@pytest.mark.parametrize(
    ("exchange", "name", "date", "units"),
    [
        ("NFO", "NIFTY", dt.date(2026, 11, 18), 1800),
        ("NFO", "MIDCPNIFTY", dt.date(2026, 8, 3), 2800),
        ("NFO", "NIFTY", dt.date(2026, 7, 31), 0),
        ("NFO", "RELIANCE", dt.date(2026, 11, 18), 0),
        ("BFO", "SENSEX", dt.date(2026, 11, 18), 1000),
        ("BFO", "BANKEX", dt.date(2026, 11, 18), 900),
        ("BFO", "BANKEX", dt.date(2026, 8, 12), 0),
        ("BFO", "NIFTY", dt.date(2026, 11, 18), 0),
        ("NFO", "SENSEX", dt.date(2026, 11, 18), 0),
        ("NSE", "NIFTY", dt.date(2026, 11, 18), 0),
        ("MCX", "NIFTY", dt.date(2026, 11, 18), 0),
    ],
)
def test_a_freeze_quantity_is_that_of_the_exchange_and_unknown_before_its_first_row(
    exchange: str, name: str, date: dt.date, units: int
) -> None:
    contract = Instrument(instrument_token=1, tradingsymbol="X", exchange=exchange, name=name)
    assert RULES.freeze_quantity(date, contract) == units


@pytest.mark.parametrize(
    ("kind", "name", "date", "tick"),
    [
        ("FUT", "NIFTY", dt.date(2025, 4, 14), 5),
        ("FUT", "NIFTY", dt.date(2026, 8, 17), 10),
        ("FUT", "BANKNIFTY", dt.date(2026, 8, 17), 20),
        ("CE", "NIFTY", dt.date(2026, 8, 17), 5),
        ("PE", "BANKNIFTY", dt.date(2024, 8, 1), 5),
        ("FUT", "FINNIFTY", dt.date(2026, 8, 17), 10),
        ("FUT", "MIDCPNIFTY", dt.date(2026, 8, 17), 5),
        ("FUT", "NIFTYNXT50", dt.date(2026, 8, 17), 20),
        ("FUT", "NIFTYNXT50", dt.date(2024, 8, 12), 5),
        ("FUT", "NIFTYFPI", dt.date(2026, 8, 17), 5),
        ("FUT", "SENSEX", dt.date(2026, 8, 17), 5),
        ("CE", "RELIANCE", dt.date(2026, 8, 17), None),
    ],
)
def test_price_steps_follow_the_date_and_stocks_are_unknown(
    kind: InstrumentType, name: str, date: dt.date, tick: int | None
) -> None:
    assert RULES.tick_paise(kind, name, date) == tick
