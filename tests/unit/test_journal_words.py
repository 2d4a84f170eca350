"""Every word that a fill, an exit and its levels are told in, whole sentences."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from daemon.domain.events import Charges, ExitDemand, Fill, Levels
from daemon.journal.words import (
    demand_text,
    fill_lines,
    levels_text,
    money,
    money_exact,
    money_half,
    numbers_text,
    refusal_text,
    seconds,
)
from tests.kit.sample_events import START

CHARGES = Charges(total="23.605")


def a_fill(**fields: Any) -> Fill:
    defaults: dict[str, Any] = {
        "transaction_type": "BUY", "quantity": 50, "price_paise": 10_005, "rule": "mid",
        "base_half_paise": 20_001, "slippage_half_paise": 9, "ltp_paise": 10_000,
        "bid_paise": 9_995, "ask_paise": 10_005, "quote_ts": START, "quote_age_ns": 250_000_000,
        "bid_ask_paise": 10_010, "charges": CHARGES,
    }  # fmt: skip
    return Fill(**(defaults | fields))


def test_a_fill_is_told_with_its_evidence() -> None:
    assert fill_lines(a_fill()) == [
        "bought 50 at Rs 100.05, priced from the middle of bid and ask (Rs 100.005) with "
        "Rs 0.045 (4.5 bps) slippage a unit.",
        "Quote: bid Rs 99.95, ask Rs 100.05, last price Rs 100.00, 0.25 s old.",
        "With fill_mode bid_ask the price would have been Rs 100.10.",
        "Charges Rs 23.61.",
    ]


def test_a_fill_without_a_book_says_so_and_compares_nothing() -> None:
    fill = a_fill(
        transaction_type="SELL", rule="ltp_for_mid", bid_paise=0, ask_paise=0, base_half_paise=0,
        slippage_half_paise=0,
    )  # fmt: skip
    assert fill_lines(fill) == [
        "sold 50 at Rs 100.05, priced from the last price, as bid or ask was missing (Rs 0.00) "
        "with Rs 0.00 (0.0 bps) slippage a unit.",
        "Quote: bid none, ask none, last price Rs 100.00, 0.25 s old.",
        "Charges Rs 23.61.",
    ]


def test_a_settlement_has_neither_quote_nor_slippage() -> None:
    assert fill_lines(a_fill(transaction_type="SELL", rule="settlement")) == [
        "sold 50 at Rs 100.05, priced from the settlement of the exchange.",
        "Charges Rs 23.61.",
    ]


@pytest.mark.parametrize("rule", ["bid", "ask", "ltp_for_bid", "ltp_for_ask"])
def test_a_fill_that_crossed_the_book_is_compared_with_nothing(rule: str) -> None:
    assert len(fill_lines(a_fill(rule=rule))) == 3


@pytest.mark.parametrize(("flag", "doubt"), [
    ("stale", "The quote was stale: the fill was forced on a price too old to rely on."),
    ("walked", "The price came from inside a candle, not from a tick."),
    ("after_gap", "It is the first quote after a silence of the feed."),
])  # fmt: skip
def test_a_doubt_about_a_fill_is_told_and_only_that_one(flag: str, doubt: str) -> None:
    assert fill_lines(a_fill(**{flag: True}))[3:-1] == [doubt]


@pytest.mark.parametrize(("demand", "text"), [
    (ExitDemand(quantity=25, partial=True, level_paise=9_750, ltp_paise=9_740, bars_held=3),
     "stop_loss: the price reached the stop (level Rs 97.50, last price Rs 97.40, 3 bars held); "
     "a partial exit of 25 of 50 begins."),
    (ExitDemand(quantity=50, settling=True),
     "stop_loss: the price reached the stop; a full exit of 50 of 50 begins; waits for the "
     "official close."),
    (ExitDemand(quantity=50, bars_held=1),
     "stop_loss: the price reached the stop (1 bars held); a full exit of 50 of 50 begins."),
])  # fmt: skip
def test_an_exit_is_told_with_the_numbers_that_were_compared(demand: ExitDemand, text: str) -> None:
    assert demand_text("stop_loss", demand, 50) == text
    assert demand_text("new", demand, 50).startswith(("new (", "new;"))


@pytest.mark.parametrize(("levels", "text"), [
    (Levels(), "no stop, no target"),
    (Levels(stop_paise=9_500, target_paise=11_200, r_paise=500),
     "stop Rs 95.00, target Rs 112.00, risk (R) Rs 5.00 a unit"),
])  # fmt: skip
def test_levels_are_told(levels: Levels, text: str) -> None:
    assert levels_text(levels) == text


def test_money_has_its_sign_in_front() -> None:
    assert [money(each) for each in (-1, 0, 1, 12_345_650)] == [
        "-Rs 0.01", "Rs 0.00", "Rs 0.01", "Rs 1,23,456.50"
    ]  # fmt: skip
    assert [money_half(each) for each in (-3, 0, 1, 2)] == [
        "-Rs 0.015", "Rs 0.00", "Rs 0.005", "Rs 0.01"
    ]  # fmt: skip
    assert [money_exact(Decimal(each)) for each in ("0.004", "0.005", "-0.015", "20")] == [
        "Rs 0.00", "Rs 0.01", "-Rs 0.02", "Rs 20.00"
    ]  # fmt: skip
    assert [seconds(each) for each in (0, 1_000_000, 10_000_000_000)] == ["0 s", "0.001 s", "10 s"]


def test_numbers_of_a_refusal_are_told_by_their_unit() -> None:
    numbers: dict[str, int | str] = {
        "sl_paise": 9_500, "open_ts": START, "waited_ns": 30_000_000_000, "lot_size": 25,
        "sl_price": "nan",
    }  # fmt: skip
    assert numbers_text(numbers) == (
        "sl Rs 95.00, open 2026-11-18 09:20:00 IST, waited 30 s, lot size 25, sl price nan"
    )
    assert numbers_text(None) == ""
    assert refusal_text("new", None) == "new."
    assert refusal_text("lot_size", {"quantity": 60}) == (
        "lot_size: the quantity must be a positive multiple of the lot (quantity 60)."
    )
