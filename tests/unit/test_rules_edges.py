"""The first and the last day of what rule files may say, and numbers at their limits."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.rules import Rulebook, load_rulebook
from daemon.rules.calendar import hours_are_in_order
from daemon.rules.expiries import ExpiryTable
from daemon.rules.reach import calendar_span, calendar_warnings
from daemon.rules.tables import CalendarYear, ExpiryRow, Holiday, HoursRow, SpecialSession

FUTURE = Instrument(instrument_token=1, tradingsymbol="NIFTY27JANFUT", name="NIFTY")
SHIPPED = load_rulebook()


def loaded(folder: Path, text: str) -> Rulebook:
    path = folder / "rules.local.yaml"
    path.write_text(f"version: 1\n{text}")
    return load_rulebook(local=path)


def refused(folder: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        loaded(folder, text)


def year(first: str, last: str, *holidays: str) -> str:
    days = ", ".join(f"{{date: {each}, name: H}}" for each in holidays)
    return f"  - {{from: {first}, to: {last}, source: x, holidays: [{days}]}}\n"


def years(*rows: str) -> str:
    return "calendar:\n  years:\n" + "".join(rows)


@pytest.mark.parametrize("date", ["2026-01-01", "2026-12-31"])
def test_a_holiday_may_be_the_first_or_the_last_day_of_a_shipped_year(
    tmp_path: Path, date: str
) -> None:
    rules = loaded(tmp_path, f"calendar: {{holidays: [{{date: {date}, name: H}}]}}")
    assert rules.session(dt.date.fromisoformat(date), FUTURE) is None


@pytest.mark.parametrize("holidays", [
    ("2027-01-01",), ("2027-12-31",), ("2027-03-01", "2027-03-02"),
])  # fmt: skip
def test_a_new_year_may_have_holidays_at_its_ends_and_on_two_days_running(
    tmp_path: Path, holidays: tuple[str, ...]
) -> None:
    rules = loaded(tmp_path, years(year("2027-01-01", "2027-12-31", *holidays)))
    for each in holidays:
        assert rules.session(dt.date.fromisoformat(each), FUTURE) is None


@pytest.mark.parametrize("holidays", [
    ("2026-12-31",), ("2028-01-01",), ("2027-03-02", "2027-03-01"), ("2027-03-01", "2027-03-01"),
])  # fmt: skip
def test_holidays_outside_their_year_or_out_of_order_are_refused(
    tmp_path: Path, holidays: tuple[str, ...]
) -> None:
    refused(tmp_path, years(year("2027-01-01", "2027-12-31", *holidays)), "expected a date from")


def test_a_year_may_be_one_day_and_the_next_begins_the_day_after(tmp_path: Path) -> None:
    one, rest = year("2027-01-01", "2027-01-01"), year("2027-01-02", "2027-12-31")
    rules = loaded(tmp_path, years(one, rest))
    assert calendar_span(rules) == (dt.date(2022, 1, 1), dt.date(2027, 12, 31))
    same = year("2027-01-01", "2027-12-31")
    refused(tmp_path, years(one, same), "ascend without overlap")
    refused(tmp_path, years(year("2027-01-02", "2027-01-01")), "ascend without overlap")


@pytest.mark.parametrize(("first", "last", "overlaps"), [
    ("2026-12-31", "2027-12-31", True), ("2027-01-01", "2027-12-31", False),
    ("2021-01-01", "2022-01-01", True), ("2021-01-01", "2021-12-31", False),
    ("2026-01-01", "2026-12-31", False),
])  # fmt: skip
def test_a_year_overlaps_a_shipped_one_from_one_day_in_common(
    tmp_path: Path, first: str, last: str, overlaps: bool
) -> None:
    text = years(year(first, last))
    if overlaps:
        refused(tmp_path, text, "the same `from` would replace it")
    else:
        loaded(tmp_path, text)


@pytest.mark.parametrize(("key", "number", "fits"), [
    ("sebi_turnover", "0.0000000001", True), ("sebi_turnover", "0.00000000001", False),
    ("sebi_turnover", "1000000", True), ("sebi_turnover", "1000001", False),
    ("sebi_turnover", "0", True), ("sebi_turnover", "-0.1", False),
    ("gst", "18.25", True), ("gst", "18.255", False),
])  # fmt: skip
def test_a_percentage_has_as_many_decimals_as_can_be_charged_exactly(
    tmp_path: Path, key: str, number: str, fits: bool
) -> None:
    text = f"charges:\n  {key}: [{{from: 2027-01-01, percent: {number}, source: x}}]"
    if fits:
        loaded(tmp_path, text)
    else:
        refused(tmp_path, text, "expected a number >= 0 with at most")


@pytest.mark.parametrize(("rupees", "fits"), [("20.25", True), ("20.255", False)])
def test_a_brokerage_is_in_whole_paise(tmp_path: Path, rupees: str, fits: bool) -> None:
    text = (
        "charges:\n  brokerage: [{from: 2027-01-01, class: futures, "
        f"most_rupees: {rupees}, source: x}}]"
    )
    if fits:
        loaded(tmp_path, text)
    else:
        refused(tmp_path, text, "with at most 2 decimals")


@pytest.mark.parametrize(("days", "text"), [
    (1, "Outside the calendar: 2027-01-01; known are 2022-01-01 to 2026-12-31. "),
    (4, "Outside the calendar: 2027-01-01 to 2027-01-04 (2 weekdays); known are "),
])  # fmt: skip
def test_days_after_the_calendar_are_named_from_the_first_to_the_last(days: int, text: str) -> None:
    last = dt.date(2026, 12, 31) + dt.timedelta(days=days)
    [warning] = calendar_warnings(SHIPPED, dt.date(2026, 12, 31), last)
    assert warning.startswith(text)


@pytest.mark.parametrize(("left", "told"), [(0, 1), (14, 1), (15, 0)])
def test_the_end_is_told_from_fourteen_days_before(left: int, told: int) -> None:
    day = dt.date(2026, 12, 31) - dt.timedelta(days=left)
    assert len(list(calendar_warnings(SHIPPED, day, day))) == told


# expiries on a calendar of one's own

_YEAR = CalendarYear(
    from_=dt.date(2026, 1, 1), to=dt.date(2026, 12, 31), source="x",
    holidays=[Holiday(date=dt.date(2026, 3, 3), name="H")],
)  # fmt: skip


_YEAR_BEFORE = CalendarYear(
    from_=dt.date(2025, 1, 1), to=dt.date(2025, 12, 31), source="x", holidays=[]
)


def table(
    monthly: str,
    weekly: str | None = None,
    name: str = "",
    years: tuple[CalendarYear, ...] = (_YEAR,),
) -> ExpiryTable:
    row = ExpiryRow(
        from_=dt.date(2025, 1, 1), exchange="NFO", name=name, weekly=weekly,  # type: ignore[arg-type]
        monthly=monthly, source="x",  # type: ignore[arg-type]
    )  # fmt: skip
    return ExpiryTable([row], list(years))


def test_a_weekly_expiry_is_its_weekday_or_the_day_before_a_holiday() -> None:
    found = table("Tue", "Tue").coming("NFO", "NIFTY", dt.date(2026, 2, 25))
    days = [next(found) for _ in range(3)]
    assert days == [dt.date(2026, 3, 2), dt.date(2026, 3, 10), dt.date(2026, 3, 17)]


def test_weeks_reach_to_the_end_of_the_calendar_and_no_further() -> None:
    found = list(table("Tue", "Thu").coming("NFO", "NIFTY", dt.date(2026, 12, 1)))
    assert found == [
        dt.date(2026, 12, 3), dt.date(2026, 12, 10), dt.date(2026, 12, 17), dt.date(2026, 12, 24),
        dt.date(2026, 12, 29),
    ]  # fmt: skip


def test_monthlies_run_from_the_date_itself_over_the_year() -> None:
    monthlies = table("Tue").coming_monthly("NFO", "NIFTY", dt.date(2026, 10, 27))
    assert list(monthlies) == [dt.date(2026, 10, 27), dt.date(2026, 11, 24), dt.date(2026, 12, 29)]
    later = table("Tue").coming_monthly("NFO", "NIFTY", dt.date(2026, 10, 28))
    assert next(later) == dt.date(2026, 11, 24)
    across = table("Tue", years=(_YEAR_BEFORE, _YEAR)).coming_monthly(
        "NFO", "NIFTY", dt.date(2025, 12, 31)
    )
    assert next(across) == dt.date(2026, 1, 27)


@pytest.mark.parametrize(("weekday", "day"), [
    ("Mon", 31), ("Tue", 25), ("Wed", 26), ("Thu", 27), ("Fri", 28),
])  # fmt: skip
def test_a_monthly_is_the_last_such_weekday_of_its_month(weekday: str, day: int) -> None:
    assert table(weekday).monthly("NFO", "NIFTY", 2026, 8) == dt.date(2026, 8, day)


def test_a_row_of_a_name_comes_before_the_general_one() -> None:
    named = table("Tue", name="NIFTY")
    assert named.monthly("NFO", "NIFTY", 2026, 8) == dt.date(2026, 8, 25)
    assert named.monthly("NFO", "OTHER", 2026, 8) is None
    assert named.monthly("BFO", "NIFTY", 2026, 8) is None


def test_the_week_in_which_a_month_expires_has_no_other_expiry() -> None:
    found = table("Mon", "Thu").coming("NFO", "NIFTY", dt.date(2026, 8, 24))
    days = [next(found) for _ in range(3)]
    assert days == [dt.date(2026, 8, 27), dt.date(2026, 8, 31), dt.date(2026, 9, 10)]
    found = table("Fri", "Mon").coming("NFO", "NIFTY", dt.date(2026, 7, 20))
    days = [next(found) for _ in range(3)]
    assert days == [dt.date(2026, 7, 20), dt.date(2026, 7, 31), dt.date(2026, 8, 3)]


@pytest.mark.parametrize(("opens", "closes", "contracts", "in_order"), [
    ("18:00", "19:00", None, True), ("18:00", "18:00", None, False),
    ("18:00", "17:00", None, False),
    ("18:00", "19:00", "18:30", True), ("18:00", "19:00", "18:00", False),
    ("18:00", "19:00", "17:00", False), ("18:00", "19:00", "20:00", True),
])  # fmt: skip
def test_a_special_session_opens_before_anything_closes(
    opens: str, closes: str, contracts: str | None, in_order: bool
) -> None:
    row = SpecialSession(
        from_=dt.date(2026, 11, 8), name="M", open=opens, close=closes, contracts_close=contracts,
        source="x",
    )  # fmt: skip
    assert hours_are_in_order(row) is in_order


@pytest.mark.parametrize(("closes", "early", "in_order"), [
    ("15:30", None, True), ("09:15", None, False), ("15:30", "15:30", True),
    ("15:30", "09:15", False), ("15:30", "09:16", True), ("15:30", "15:31", False),
])  # fmt: skip
def test_the_early_close_of_an_expiry_is_within_the_hours(
    closes: str, early: str | None, in_order: bool
) -> None:
    row = HoursRow(
        from_=dt.date(2026, 1, 1), segments=["NFO"], open="09:15", close=closes,
        expiring_index_close=early, source="x",
    )  # fmt: skip
    assert hours_are_in_order(row) is in_order
    assert row.exchange == "NSE"
    assert not row.unverified


def test_a_special_session_that_closes_before_it_opens_is_refused(tmp_path: Path) -> None:
    row = '{from: 2026-12-05, name: S, open: "18:00", close: "17:00", source: x}'
    refused(tmp_path, f"calendar: {{special_sessions: [{row}]}}", "opens before it closes|to open")
