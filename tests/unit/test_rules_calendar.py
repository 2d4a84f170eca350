"""When the exchange is open, by date, segment and contract."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.dates import IST, ist_ns
from daemon.domain.instrument import Instrument
from daemon.rules import load_rulebook

RULES = load_rulebook()
FRESH = load_rulebook()
FUTURE = Instrument(instrument_token=1, tradingsymbol="NIFTY26DECFUT", name="NIFTY")
SHARE = Instrument(
    instrument_token=2, tradingsymbol="INFY", exchange="NSE", segment="NSE", instrument_type="EQ"
)
INDEX = Instrument(
    instrument_token=3, tradingsymbol="NIFTY 50", segment="INDICES", instrument_type="INDEX"
)
DATES = st.dates(dt.date(2010, 1, 1), dt.date(2030, 12, 31))
INSTRUMENTS = st.sampled_from([FUTURE, SHARE, INDEX])

# Printed by the library exchange_calendars 4.13.2 (calendar XBOM), kept as an independent list.
XBOM = {
    2022: "0126 0301 0318 0414 0415 0503 0809 0815 0831 1005 1024 1026 1108",
    2023: "0126 0307 0330 0404 0407 0414 0501 0629 0815 0919 1002 1024 1114 1127 1225",
    2024: "0122 0126 0308 0325 0329 0411 0417 0501 0520 0617 0717 0815 1002 1101 1115 1120 1225",
    2025: "0226 0314 0331 0410 0414 0418 0501 0815 0827 1002 1021 1022 1105 1225",
    2026: "0115 0126 0303 0326 0331 0403 0414 0501 0528 0626 0914 1002 1020 1110 1124 1225",
}
MUHURAT_ON_A_HOLIDAY = {dt.date(2022, 10, 24), dt.date(2024, 11, 1), dt.date(2025, 10, 21)}
WEEKENDS = {
    dt.date(2023, 11, 12), dt.date(2024, 1, 20), dt.date(2024, 3, 2), dt.date(2024, 5, 18),
    dt.date(2025, 2, 1), dt.date(2026, 2, 1), dt.date(2026, 11, 8),
}  # fmt: skip


def hours(date: dt.date, instrument: Instrument = FUTURE) -> str:
    session = RULES.session(date, instrument)
    if session is None:
        return "closed"
    assert ist_ns(date, dt.time()) < session.open_ts
    at = [dt.datetime.fromtimestamp(ts / 1e9, IST) for ts in (session.open_ts, session.close_ts)]
    assert {each.date() for each in at} == {date}
    return "-".join(f"{each:%H:%M}" for each in at)


@pytest.mark.parametrize(
    ("date", "contract", "share"),
    [
        (dt.date(2022, 11, 11), "09:15-15:30", "09:15-15:30"),
        (dt.date(2025, 12, 15), "09:15-15:30", "09:15-15:30"),
        (dt.date(2026, 7, 31), "09:15-15:30", "09:15-15:30"),
        (dt.date(2026, 8, 3), "09:15-15:40", "09:15-15:15"),
        (dt.date(2026, 9, 21), "09:15-15:40", "09:15-15:15"),
        (dt.date(2026, 12, 4), "09:15-15:40", "09:15-15:15"),
        (dt.date(2026, 12, 7), "09:15-15:45", "09:15-15:30"),
    ],
)
def test_hours_are_those_of_the_date_and_the_segment(
    date: dt.date, contract: str, share: str
) -> None:
    assert hours(date, FUTURE) == contract
    assert hours(date, SHARE) == share
    assert hours(date, INDEX) == share


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (dt.date(2022, 10, 24), "18:15-19:15"),
        (dt.date(2023, 11, 12), "18:15-19:15"),
        (dt.date(2024, 1, 20), "09:15-15:30"),
        (dt.date(2024, 3, 2), "09:15-12:30"),
        (dt.date(2024, 5, 18), "09:15-12:30"),
        (dt.date(2024, 11, 1), "18:00-19:00"),
        (dt.date(2025, 2, 1), "09:15-15:30"),
        (dt.date(2025, 10, 21), "13:45-14:45"),
        (dt.date(2026, 2, 1), "09:15-15:30"),
        (dt.date(2026, 11, 8), "18:00-19:15"),
    ],
)
def test_special_sessions_trade_on_weekends_and_holidays(date: dt.date, expected: str) -> None:
    assert {hours(date, each) for each in (FUTURE, SHARE, INDEX)} == {expected}


@pytest.mark.parametrize("year", XBOM)
def test_closed_weekdays_are_those_of_an_independent_calendar(year: int) -> None:
    days = [dt.date(year, 1, 1) + dt.timedelta(days=n) for n in range(366)]
    days = [day for day in days if day.year == year]
    closed = {day for day in days if day.weekday() < 5 and hours(day) == "closed"}
    expected = {dt.date(year, int(text[:2]), int(text[2:])) for text in XBOM[year].split()}
    assert closed == expected - MUHURAT_ON_A_HOLIDAY
    opened = {day for day in days if day.weekday() >= 5 and hours(day) != "closed"}
    assert opened == {day for day in WEEKENDS if day.year == year}


def test_an_index_contract_closes_early_on_its_own_expiry_from_december_2026() -> None:
    expiry = dt.date(2026, 12, 29)
    contract = Instrument(
        instrument_token=4, tradingsymbol="NIFTY26DECFUT", name="NIFTY", expiry="2026-12-29"
    )
    stock = Instrument(
        instrument_token=5, tradingsymbol="INFY26DECFUT", name="INFY", expiry="2026-12-29"
    )
    assert hours(expiry, contract) == "09:15-15:30"
    assert hours(expiry - dt.timedelta(days=1), contract) == "09:15-15:45"
    assert hours(expiry, stock) == "09:15-15:45"


def test_an_index_contract_expiring_in_september_2026_trades_to_the_end() -> None:
    contract = Instrument(
        instrument_token=4, tradingsymbol="NIFTY26SEPFUT", name="NIFTY", expiry="2026-09-29"
    )
    assert hours(dt.date(2026, 9, 29), contract) == "09:15-15:40"


def test_an_index_row_of_type_eq_keeps_the_hours_of_indices() -> None:
    row = Instrument(
        instrument_token=6, tradingsymbol="NIFTY BANK", segment="INDICES", instrument_type="EQ"
    )
    assert hours(dt.date(2026, 9, 21), row) == "09:15-15:15"


def test_a_year_outside_the_table_is_unknown_and_its_weekdays_are_sessions() -> None:
    assert RULES.is_known(dt.date(2022, 1, 1))
    assert RULES.is_known(dt.date(2026, 12, 31))
    for christmas in (dt.date(2020, 12, 25), dt.date(2028, 12, 25)):
        assert not RULES.is_known(christmas)
        assert hours(christmas) != "closed"
    assert hours(dt.date(2028, 12, 24)) == "closed"


@given(dates=st.lists(DATES, min_size=2), instrument=INSTRUMENTS)
def test_sessions_open_before_they_close_and_never_overlap(
    dates: list[dt.date], instrument: Instrument
) -> None:
    last_close = 0
    for date in sorted(set(dates)):
        session = RULES.session(date, instrument)
        if session is not None:
            assert last_close < session.open_ts < session.close_ts
            last_close = session.close_ts


@given(date=DATES, instrument=INSTRUMENTS)
def test_the_same_question_has_the_same_answer(date: dt.date, instrument: Instrument) -> None:
    assert RULES.session(date, instrument) is RULES.session(date, instrument)
    assert RULES.session(date, instrument) == FRESH.session(date, instrument)
