"""On which day contracts expire: the dated weekday rule and the holidays."""

from __future__ import annotations

import datetime as dt
from itertools import islice

import pytest

from daemon.rules import load_rulebook
from daemon.rules.expiries import ExpiryTable
from daemon.rules.tables import CalendarYear, ExpiryRow

EXPIRIES = load_rulebook().expiries
MONTHLIES_OF_2026 = (
    "2026-01-27", "2026-02-24", "2026-03-30", "2026-04-28", "2026-05-26", "2026-06-30",
    "2026-07-28", "2026-08-25", "2026-09-29", "2026-10-27", "2026-11-23", "2026-12-29",
)  # fmt: skip
"""domain facts 4, with the two that a holiday moved: 30 March and 23 November."""


def monthly(name: str, year: int, month: int, exchange: str = "NFO") -> str:
    return str(EXPIRIES.monthly(exchange, name, year, month))


def test_the_monthlies_of_2026_are_last_tuesdays_moved_before_holidays() -> None:
    found = tuple(monthly("NIFTY", 2026, month) for month in range(1, 13))
    assert found == MONTHLIES_OF_2026
    assert found == tuple(monthly("RELIANCE", 2026, month) for month in range(1, 13))


@pytest.mark.parametrize(
    ("name", "year", "month", "day"),
    [
        ("NIFTY", 2024, 8, "2024-08-29"),
        ("NIFTY", 2025, 8, "2025-08-28"),
        ("NIFTY", 2025, 9, "2025-09-30"),
        ("RELIANCE", 2024, 8, "2024-08-29"),
        ("BANKNIFTY", 2023, 12, "2023-12-28"),
        ("BANKNIFTY", 2024, 2, "2024-02-29"),
        ("BANKNIFTY", 2024, 3, "2024-03-27"),
        ("BANKNIFTY", 2024, 12, "2024-12-24"),
        ("BANKNIFTY", 2025, 1, "2025-01-30"),
        ("FINNIFTY", 2024, 7, "2024-07-30"),
        ("MIDCPNIFTY", 2023, 7, "2023-07-26"),
        ("MIDCPNIFTY", 2023, 8, "2023-08-28"),
        ("NIFTYNXT50", 2024, 5, "2024-05-31"),
    ],
)
def test_a_month_takes_the_rule_in_force_at_its_end(
    name: str, year: int, month: int, day: str
) -> None:
    assert monthly(name, year, month) == day


@pytest.mark.parametrize(
    ("exchange", "name", "year", "month"),
    [
        ("NFO", "NIFTY", 2022, 12),
        ("NFO", "NIFTY", 2027, 1),
        ("NFO", "MIDCPNIFTY", 2022, 6),
        ("MCX", "GOLD", 2026, 11),
    ],
)
def test_where_the_tables_do_not_reach_there_is_no_day(
    exchange: str, name: str, year: int, month: int
) -> None:
    assert EXPIRIES.monthly(exchange, name, year, month) is None


def coming(name: str, date: str, count: int) -> list[str]:
    return [
        str(day) for day in islice(EXPIRIES.coming("NFO", name, dt.date.fromisoformat(date)), count)
    ]


def test_weeklies_follow_the_weekday_and_the_week_of_a_monthly_has_no_other() -> None:
    assert coming("NIFTY", "2026-11-18", 3) == ["2026-11-23", "2026-12-01", "2026-12-08"]
    assert coming("NIFTY", "2025-08-25", 2) == ["2025-08-28", "2025-09-02"]
    assert coming("BANKNIFTY", "2023-09-18", 3) == ["2023-09-20", "2023-09-28", "2023-10-04"]


def test_an_underlying_without_weeklies_has_only_its_monthlies() -> None:
    assert coming("BANKNIFTY", "2026-11-18", 5) == ["2026-11-23", "2026-12-29"]
    assert coming("BANKNIFTY", "2024-11-14", 2) == ["2024-11-27", "2024-12-24"]


def test_a_muhurat_session_on_a_holiday_is_no_day_to_expire_on() -> None:
    assert coming("NIFTY", "2025-10-15", 2) == ["2025-10-20", "2025-10-28"]


def test_an_expiry_that_is_over_is_not_coming_and_the_days_end_with_the_table() -> None:
    assert coming("NIFTY", "2026-11-24", 1) == ["2026-12-01"]
    assert coming("NIFTY", "2026-12-30", 1) == []
    found = list(EXPIRIES.coming_monthly("NFO", "NIFTY", dt.date(2026, 10, 28)))
    assert [str(day) for day in found] == ["2026-11-23", "2026-12-29"]


def test_another_exchange_has_rules_of_its_own() -> None:
    row = ExpiryRow(
        from_=dt.date(2026, 1, 1), source="a test", exchange="BFO", name="SENSEX", monthly="Thu"
    )
    year = CalendarYear(
        from_=dt.date(2026, 1, 1), to=dt.date(2026, 12, 31), source="a test", holidays=[]
    )
    table = ExpiryTable([row], [year])
    assert table.monthly("BFO", "SENSEX", 2026, 8) == dt.date(2026, 8, 27)
    assert table.monthly("NFO", "SENSEX", 2026, 8) is None
    assert table.monthly("BFO", "BANKEX", 2026, 8) is None
