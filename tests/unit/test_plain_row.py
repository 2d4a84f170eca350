"""Which rows are judged by their numbers alone, and which are left to the columns."""

from __future__ import annotations

import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS
from daemon.domain.ticks import ABSENT
from daemon.market.plain_row import PlainRows
from daemon.market.schedule import Schedule
from tests.properties.test_plain_row import DATE, LATER, RULES, UNIVERSE, block_of

NOW = LATER + 2 * SECOND_NS


def is_plain(**more: int) -> bool:
    plain = PlainRows(2, stale_after_ns=5 * SECOND_NS, grace_ns=0, grid_ns=MINUTE_NS)
    row = {"ltp": 10_000, "instrument": 1, "bid": 9_995, "ask": 10_005, "lag": SECOND_NS} | more
    for column in ("walk", "volume"):
        row.setdefault(column, None)  # type: ignore[arg-type]
    found = plain.take(block_of(NOW + 1, row), 1, NOW, NOW, Schedule(RULES, UNIVERSE).day(DATE))
    return found is not None


@pytest.mark.parametrize(
    ("bid", "ask"),
    [(9_995, 10_005), (10_000, 10_000), (1, 1), (1, 0), (0, 1), (0, 0), (ABSENT, ABSENT),
     (1, ABSENT), (ABSENT, 1)],
)  # fmt: skip
def test_a_book_that_a_market_can_show_is_plain_down_to_a_paisa(bid: int, ask: int) -> None:
    assert is_plain(bid=bid, ask=ask)


@pytest.mark.parametrize(
    ("bid", "ask"),
    [(-5, 10_005), (9_995, -5), (ABSENT, -5), (0, -5), (-5, ABSENT), (10_005, 9_995), (2, 1)],
)
def test_a_side_below_zero_or_a_crossed_book_is_left_to_the_columns(bid: int, ask: int) -> None:
    assert not is_plain(bid=bid, ask=ask)


@pytest.mark.parametrize(("ltp", "plain"), [(1, True), (0, False), (-5, False)])
def test_a_price_is_plain_from_a_paisa_on(ltp: int, plain: bool) -> None:
    assert is_plain(ltp=ltp) is plain


@pytest.mark.parametrize(("instrument", "plain"), [(0, True), (1, True), (2, False), (-1, False)])
def test_an_instrument_that_is_not_known_is_left_to_the_columns(
    instrument: int, plain: bool
) -> None:
    assert is_plain(instrument=instrument) is plain
