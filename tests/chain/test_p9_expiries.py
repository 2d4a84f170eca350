"""P9 and P49: what an expiry word means on a date, by whole lists."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from daemon.chain.choice import Chosen, Never
from daemon.chain.choose import WantedFuture, choose
from daemon.chain.expiries import (
    ExpiryWord,
    future_expiry,
    has_weeklies,
    listed_expiries,
    monthly_expiries,
    option_expiry,
)  # fmt: skip
from daemon.rules.loader import load_rulebook
from tests.chain.market import (
    MONTH,
    NEXT_MONTH,
    TODAY,
    WEEK,
    market_of,
    option,
    pick,
    refused,
    strike_of,
    universe_of,
)  # fmt: skip

NOVEMBER = listed_expiries(
    # Tuesdays; 10 and 24 November 2026 are holidays
    ("2026-11-03", "2026-11-09", "2026-11-17", "2026-11-23", "2026-12-01", "2026-12-29"),
    ("2026-11-23", "2026-12-29", "2027-01-25"),
)


@pytest.mark.parametrize(
    ("first", "weekly", "next_weekly", "monthly", "next_monthly"),
    [
        ("2026-11-16", "2026-11-17", "2026-11-23", "2026-11-23", "2026-12-29"),
        ("2026-11-17", "2026-11-17", "2026-11-23", "2026-11-23", "2026-12-29"),
        ("2026-11-18", "2026-11-23", "2026-12-01", "2026-11-23", "2026-12-29"),
        ("2026-11-24", "2026-12-01", "2026-12-29", "2026-12-29", None),
    ],
)
def test_p9_an_expiry_word_is_counted_from_the_first_date_that_is_open(
    first: str, weekly: str, next_weekly: str, monthly: str, next_monthly: str | None
) -> None:
    words: tuple[ExpiryWord, ...] = ("weekly", "next_weekly", "monthly", "next_monthly")
    found = [option_expiry(NOVEMBER, word, first) for word in words]
    assert found == [weekly, next_weekly, monthly, next_monthly]


def test_p9_weekly_means_nothing_where_only_months_are_left() -> None:
    listed = listed_expiries(("2026-11-23", "2026-12-29"), ("2026-11-23", "2026-12-29"))
    assert not has_weeklies(listed, "2026-11-02")
    assert option_expiry(listed, "weekly", "2026-11-02") is None
    assert option_expiry(listed, "monthly", "2026-11-02") == "2026-11-23"


def test_p9_banknifty_had_weeklies_until_november_2024() -> None:
    days = ("2024-11-06", "2024-11-13", "2024-11-27", "2024-12-24")
    listed = listed_expiries(days, ("2024-11-27", "2024-12-24"))
    assert option_expiry(listed, "weekly", "2024-11-13") == "2024-11-13"
    assert option_expiry(listed, "weekly", "2024-11-14") is None


def test_p9_a_weekly_moved_into_the_month_before_is_not_its_monthly() -> None:
    moved = ("2026-03-24", "2026-03-31", "2026-04-28")
    assert monthly_expiries(moved, ("2026-03-24", "2026-04-28")) == {"2026-03-24", "2026-04-28"}
    assert monthly_expiries(moved, ("2026-03-24",)) == {"2026-03-24", "2026-04-28"}
    assert monthly_expiries(moved, ()) == {"2026-03-31", "2026-04-28"}


def test_p49_futures_go_by_their_own_list() -> None:
    assert future_expiry(NOVEMBER, "monthly", "2026-11-24") == "2026-12-29"
    assert future_expiry(NOVEMBER, "next_monthly", "2026-11-24") == "2027-01-25"
    assert future_expiry(NOVEMBER, "next_monthly", "2026-12-30") is None
    assert future_expiry(NOVEMBER, "weekly", "2026-11-24") is None


def test_p9_the_dated_calendar_gives_the_same_words_as_a_dump() -> None:
    table = load_rulebook().expiries
    coming = []
    for day in table.coming("NFO", "NIFTY", dt.date(2026, 11, 16)):
        coming.append(day.isoformat())
        if len(coming) == 7:
            break
    listed = listed_expiries(coming)
    assert option_expiry(listed, "weekly", "2026-11-16") == "2026-11-17"
    assert option_expiry(listed, "monthly", "2026-11-16") == "2026-11-23"
    assert option_expiry(listed, "next_monthly", "2026-11-16") == "2026-12-29"


UNIVERSE = universe_of((23_950, 24_000, 24_050), (WEEK, MONTH), (MONTH, NEXT_MONTH))
MARKET = market_of(UNIVERSE, {"NIFTY 50": 24_000.0})


@pytest.mark.parametrize(
    ("expiry", "date"), [("weekly", WEEK), ("monthly", MONTH), (MONTH, MONTH), (WEEK, WEEK)]
)
def test_p9_the_contract_is_of_the_expiry_that_is_meant(expiry: str, date: str) -> None:
    found = pick(MARKET, "ATM", expiry=expiry)
    assert isinstance(found, Chosen)
    assert UNIVERSE[found.index].tradingsymbol == option(24_000, "CE", date)
    assert found.basis.expiry == date


def test_p8_an_expiry_that_the_run_lacks_is_final_and_says_what_there_is() -> None:
    found = pick(MARKET, "ATM", expiry="next_weekly")
    assert isinstance(found, Never)
    assert found.reason == "no_expiry"
    assert found.text == (
        "the run has no NIFTY options of next_weekly, which is 2026-12-08;"
        " it has 2026-12-01, 2026-12-29"
    )


def test_p9_a_date_that_is_past_is_no_expiry() -> None:
    past = msgspec.structs.replace(MARKET, first_expiry="2026-12-02")
    assert refused(pick(past, "ATM", expiry=WEEK)) == "no_expiry"
    assert strike_of(pick(past, "ATM", expiry=MONTH)) == 24_000


def test_p9_the_last_weekly_of_the_run_does_not_pass_for_the_monthly() -> None:
    market = market_of(universe_of((24_000,), (WEEK,)), {"NIFTY 50": 24_000.0})
    assert refused(pick(market, "ATM", expiry="monthly")) == "no_expiry"


def test_p49_a_future_is_chosen_without_a_strike_or_a_price() -> None:
    blind = market_of(UNIVERSE, {})
    found = choose(WantedFuture("next_monthly"), blind)
    assert isinstance(found, Chosen)
    assert UNIVERSE[found.index].tradingsymbol == f"{NEXT_MONTH}:FUT"
    assert found.strike_paise == 0
    assert refused(choose(WantedFuture("weekly"), blind)) == "no_expiry"
    assert refused(choose(WantedFuture(TODAY), blind)) == "no_expiry"
    assert isinstance(choose(WantedFuture(MONTH), blind), Chosen)
