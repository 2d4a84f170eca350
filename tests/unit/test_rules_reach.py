"""What is told of data outside the dated tables, and of a calendar that ends soon."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from daemon.domain.instrument import Instrument
from daemon.rules import load_rulebook
from daemon.rules.reach import before_first_rows, calendar_span, calendar_warnings, reaches

RULES = load_rulebook()
END = dt.date(2026, 12, 31)
FUTURE = Instrument(instrument_token=1, tradingsymbol="NIFTYFUT", name="NIFTY")
SENSEX = Instrument(
    instrument_token=5, tradingsymbol="SENSEXCE", exchange="BFO", name="SENSEX",
    instrument_type="CE",
)  # fmt: skip
STOCK = Instrument(instrument_token=6, tradingsymbol="INFYFUT", name="INFY")
INDEX = Instrument(
    instrument_token=3, tradingsymbol="NIFTY 50", exchange="NSE", segment="INDICES",
    instrument_type="INDEX", name="NIFTY",
)  # fmt: skip


def warned(first: dt.date, last: dt.date | None = None) -> list[str]:
    return list(calendar_warnings(RULES, first, last or first))


def test_the_calendar_is_quiet_where_it_is_far_from_its_ends() -> None:
    assert warned(dt.date(2022, 1, 3), dt.date(2026, 12, 16)) == []


@pytest.mark.parametrize("days", [14, 1, 0])
def test_its_end_is_told_from_14_days_before(days: int) -> None:
    [said] = warned(END - dt.timedelta(days=days))
    assert said == (
        "The calendar ends on 2026-12-31; holidays after it are not known and live runs are "
        "refused: add the next year to rules.local.yaml."
    )


def test_a_day_after_its_end_is_told_with_what_was_assumed() -> None:
    [said] = warned(dt.date(2027, 1, 26))
    assert said == (
        "Outside the calendar: 2027-01-26; known are 2022-01-01 to 2026-12-31. Holidays and "
        "special sessions are not known there, every weekday counted as a session; add the year to "
        "rules.local.yaml."
    )


def test_days_before_its_beginning_are_told_once() -> None:
    [said] = warned(dt.date(2021, 12, 27), dt.date(2022, 1, 5))
    assert said.startswith("Outside the calendar: 2021-12-27 to 2021-12-31 (5 weekdays); known")


def test_weekdays_alone_are_counted() -> None:
    assert warned(dt.date(2027, 1, 2), dt.date(2027, 1, 3)) == []


def told(date: dt.date, *instruments: Instrument, charged: bool = True) -> list[str]:
    return list(before_first_rows(RULES, instruments, date, charged=charged))


def test_a_date_that_all_tables_have_rows_for_is_quiet() -> None:
    assert told(dt.date(2026, 11, 18), FUTURE, INDEX, SENSEX) == []


def test_charges_before_their_first_rows_are_told_in_one_sentence() -> None:
    said = told(dt.date(2019, 5, 2), FUTURE)
    assert said[0] == (
        "Charges on 2019-05-02 are before the first rows (brokerage 2020-07-01, exchange_turnover "
        "2020-07-01, stamp_duty 2020-07-01, sebi_turnover 2020-07-01): the oldest rates were used."
    )
    assert not any("Charges" in each for each in told(dt.date(2019, 5, 2), FUTURE, charged=False))


def test_charges_of_bse_are_not_told_for_they_are_refused() -> None:
    assert not any("Charges" in each for each in told(dt.date(2021, 6, 1), SENSEX))
    both = told(dt.date(2019, 5, 2), FUTURE, SENSEX)
    assert "exchange_turnover 2020-07-01" in both[0]


def test_the_turnover_charge_of_nse_is_not_told_to_who_trades_on_bse_alone() -> None:
    [said] = [each for each in told(dt.date(2019, 5, 2), SENSEX) if "Charges" in each]
    assert "stamp_duty 2020-07-01" in said
    assert "exchange_turnover" not in said


def test_the_day_of_the_first_rows_is_not_before_them() -> None:
    assert any("Charges on 2020-06-30" in each for each in told(dt.date(2020, 6, 30), FUTURE))
    assert not any("Charges" in each for each in told(dt.date(2020, 7, 1), FUTURE))


def test_rows_of_another_class_do_not_make_charges_known(tmp_path: Path) -> None:
    own = tmp_path / "rules.local.yaml"
    own.write_text(
        "version: 1\ncharges:\n  stamp_duty:\n"
        "    - {from: 2015-01-01, class: equity, percent: 0.01, side: BUY, source: mine}\n"
    )
    rules = load_rulebook(local=own)
    [said, *_] = before_first_rows(rules, [FUTURE], dt.date(2019, 5, 2), charged=True)
    assert "stamp_duty 2020-07-01" in said


def test_hours_before_their_first_row_are_told() -> None:
    [said, *_] = told(dt.date(2009, 1, 5), FUTURE)
    assert said == "Hours before 2010-10-18 are not in the tables: the oldest were used."


def test_an_unknown_freeze_quantity_is_told_for_contracts_alone() -> None:
    assert told(dt.date(2026, 8, 12), SENSEX, FUTURE, INDEX) == [
        "Freeze quantity on 2026-08-12 not known, orders of any size passed: SENSEX."
    ]
    assert told(dt.date(2026, 11, 18), STOCK) == [
        "Freeze quantity on 2026-11-18 not known, orders of any size passed: INFY."
    ]


def test_every_table_is_listed_with_how_far_it_reaches() -> None:
    found = {each.table: each for each in reaches(RULES)}
    assert calendar_span(RULES) == (dt.date(2022, 1, 1), END)
    assert found["calendar.years"].until == found["calendar.special_sessions"].until == END
    assert found["charges.exchange_turnover BSE"].since == dt.date(2024, 10, 1)
    assert found["charges.gst"].until is None
    assert found["calendar.hours NSE"].newest == dt.date(2026, 12, 7)
    assert found["calendar.hours NSE"].unverified == 2
    assert all(each.local == 0 for each in found.values())
