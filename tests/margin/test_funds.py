"""The arithmetic of the gate (docs/MARGIN.md, "The gate")."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.margin.baskets import BasketLeg, basket_ask
from daemon.margin.funds import Ask, Cash, Shortfall, free_paise, shortfall
from daemon.margin.portfolio import Holding
from tests.margin.portfolios import Market

RUPEE = 100
MARKET = Market("2026-06-29 15:30", spot=23_400)
LONG = BasketLeg("NIFTY", MARKET.contract("CE", "2026-06-30", 50, 23_600), 65, 50 * RUPEE)
SHORT = BasketLeg("NIFTY", MARKET.contract("CE", "2026-06-30", 120, 23_400), -65, 120 * RUPEE)


def test_cash_is_what_came_in_less_what_went_out() -> None:
    cash = Cash(
        capital=1_000_000, realized=-20_000, charges=1_500, premium_paid=300_000,
        premium_received=120_000, marked_loss=5_000,
    )  # fmt: skip
    assert cash.paise == 1_000_000 - 20_000 - 1_500 - 300_000 + 120_000 - 5_000


def test_an_entry_that_costs_all_the_cash_passes_and_a_paisa_more_does_not() -> None:
    ask = Ask(blocked_before=100, blocked_after=150, premium=2_000, charges=61)
    enough = 150 * RUPEE + 2_000 + 61 + 500
    assert shortfall(ask, cash=enough, reserved=500) is None
    assert shortfall(ask, cash=enough - 1, reserved=500) == Shortfall(7_061, 7_060)


def test_what_lowers_the_margin_once_it_has_filled_is_not_refused_while_it_works() -> None:
    ask = Ask(blocked_before=100, blocked_after=100, premium=5_990, charges=10, blocked_filled=40)
    assert shortfall(ask, cash=-1, reserved=0) is None
    assert shortfall(ask._replace(premium=5_991), cash=-1, reserved=0) is not None
    assert shortfall(ask._replace(blocked_filled=100), cash=-1, reserved=0) is not None


def test_what_an_ask_releases_pays_for_it_together_with_what_is_free() -> None:
    ask = Ask(blocked_before=100, blocked_after=100, premium=6_990, charges=10, blocked_filled=40)
    assert shortfall(ask, cash=100 * RUPEE + 1_000, reserved=0) is None
    found = shortfall(ask, cash=100 * RUPEE + 1_000, reserved=1)
    assert found == Shortfall(7_000, 999)


@given(
    st.integers(0, 10**7), st.integers(0, 10**7), st.integers(-(10**9), 10**9),
    st.integers(0, 10**9),
)  # fmt: skip
def test_nothing_that_is_admitted_leaves_the_account_shorter_than_it_was(
    before: int, after: int, cash: int, premium: int
) -> None:
    """Short of the cash it may be already; then an ask must not make that worse."""
    ask = Ask(before, after, premium=premium, charges=1)
    refused = shortfall(ask, cash=cash, reserved=0)
    free = cash - before * RUPEE
    left = cash - after * RUPEE - premium - 1
    if after < before:
        assert (refused is None) == (left >= min(0, free))
    else:
        assert (refused is None) == (left >= 0)
    if refused is not None:
        assert refused.required - refused.available == -left


def test_free_is_what_neither_margins_nor_working_buys_use() -> None:
    assert free_paise(cash=1_000_000, blocked=4_000, reserved=250_000) == 350_000


def test_a_basket_is_gated_as_if_it_were_filled_and_pays_for_its_longs() -> None:
    ask = basket_ask([MARKET.underlying([])], [LONG, SHORT], hedges_first=True, charges=77)
    assert ask == Ask(0, 43_420, premium=65 * 50 * RUPEE, charges=77)
    other = basket_ask([MARKET.underlying([])], [SHORT, LONG], hedges_first=True, charges=77)
    assert other == ask


def test_without_hedges_first_it_is_gated_at_the_peak_of_its_order() -> None:
    first = basket_ask([MARKET.underlying([])], [SHORT, LONG], hedges_first=False, charges=77)
    assert first == Ask(0, 171_873, premium=0, charges=77)
    hedged = basket_ask([MARKET.underlying([])], [LONG, SHORT], hedges_first=False, charges=77)
    assert hedged == Ask(0, 43_420, premium=65 * 50 * RUPEE, charges=77)


def test_a_basket_that_hedges_what_is_held_asks_for_less_than_before() -> None:
    naked = MARKET.underlying([Holding(contract=SHORT.contract, held=-65)])
    ask = basket_ask([naked], [LONG], hedges_first=True, charges=0)
    assert (ask.blocked_before, ask.blocked_after) == (171_873, 43_420)
    assert shortfall(ask, cash=0, reserved=0) is None
