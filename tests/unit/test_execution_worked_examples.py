"""docs/SEMANTICS.md read row by row.

The check of SEMANTICS, "Fills", the table of SEMANTICS, "Exits of one position", its variants.
"""

from __future__ import annotations

import pytest

from daemon.domain.order import Side
from daemon.exchange.fills import FillEngine, FillMode
from daemon.market.book import Quote
from daemon.settings.config import ExecutionConfig
from tests.kit.market import Market, quote

WIDE = quote(100, 99.5, 100.5)
CHEAP = quote(20, 19.95, 20.05)
TIGHT = quote(2, 2, 2.05)


@pytest.mark.parametrize(
    ("mode", "side", "at", "price"),
    [
        ("ltp", "BUY", WIDE, 100.05),
        ("mid", "BUY", WIDE, 100.05),
        ("bid_ask", "BUY", WIDE, 100.55),
        ("ltp", "SELL", WIDE, 99.95),
        ("mid", "SELL", WIDE, 99.95),
        ("bid_ask", "SELL", WIDE, 99.45),
        ("ltp", "BUY", CHEAP, 20.05),
        ("ltp", "SELL", CHEAP, 19.95),
        ("mid", "BUY", TIGHT, 2.05),
        ("mid", "SELL", TIGHT, 2.00),
    ],
)
def test_five_basis_points_fill_as_in_section_6(
    mode: FillMode, side: Side, at: Quote, price: float
) -> None:
    fills = FillEngine(ExecutionConfig(fill_mode=mode, slippage_bps=5))
    assert fills.determine_fill_price(at, side, 5) == round(price * 100)


def table(market: Market, rows: list[tuple[float, float | None, int, float]]) -> None:
    """Each row: the tick, and the stop, open quantity and realized profit after it."""
    for ltp, stop, qty, realized in rows:
        market.tick(ltp)
        held = market.engine.ledger.open_positions()
        assert sum(each.quantity for each in held) == qty, ltp
        assert market.realized == realized, ltp
        if qty:
            assert market.stop == stop, ltp


def long_of_two_lots(qty: int = 50) -> Market:
    market = Market()
    market.tick(100)
    market.signal("BUY", qty, 95, 112)
    assert (market.stop, market.position.r_paise) == (95.0, 500)
    return market


def test_the_long_of_section_7_goes_row_by_row() -> None:
    market = long_of_two_lots()
    table(
        market,
        [
            (102.4, 95.0, 50, 0),
            (102.5, 97.5, 50, 0),
            (97.4, 95.0, 25, -65),
            (99.9, 95.0, 25, -65),
            (100.0, 97.5, 25, -65),
            (112.0, None, 0, 235),
        ],
    )
    assert market.moves() == [
        ("SUBMITTED", "submitted"),
        ("FILLED", "filled"),
        ("ACTIVE", "active"),
        ("SL_PENDING", "trailing_stop"),
        ("ACTIVE", "trailing_stop"),
        ("TP_PENDING", "take_profit"),
        ("CLOSED", "take_profit"),
    ]


def test_the_short_mirror_of_section_7_goes_row_by_row() -> None:
    market = Market()
    market.tick(100)
    market.signal("SELL", 50, 105, 88)
    table(
        market,
        [
            (97.6, 105.0, 50, 0),
            (97.5, 102.5, 50, 0),
            (102.6, 105.0, 25, -65),
            (100.1, 105.0, 25, -65),
            (100.0, 102.5, 25, -65),
            (88.0, None, 0, 235),
        ],
    )


def test_a_gap_through_the_rest_lets_everything_go() -> None:
    market = long_of_two_lots()
    table(market, [(102.4, 95.0, 50, 0), (102.5, 97.5, 50, 0), (94.9, None, 0, -255)])
    assert market.moves()[-2:] == [("SL_PENDING", "trailing_stop"), ("CLOSED", "trailing_stop")]


def test_exactly_one_step_through_is_a_gap_too() -> None:
    market = long_of_two_lots()
    table(market, [(102.5, 97.5, 50, 0), (95.0, None, 0, -250)])


def test_one_lot_cannot_be_split_and_leaves_whole() -> None:
    market = long_of_two_lots(25)
    table(market, [(102.4, 95.0, 25, 0), (102.5, 97.5, 25, 0), (97.4, None, 0, -65)])


def test_a_stop_that_is_not_losing_lets_everything_go() -> None:
    market = long_of_two_lots()
    table(market, [(105.2, 100.0, 50, 0), (99.9, None, 0, -5)])
    assert market.moves()[-1] == ("CLOSED", "trailing_stop")


def test_partial_exits_may_be_made_anywhere_when_configured() -> None:
    market = Market(partial_exit_when="always")
    market.tick(100)
    market.signal("BUY", 50, 95, 112)
    table(market, [(105.2, 100.0, 50, 0), (99.9, 97.5, 25, -2.5)])


def test_the_planned_loss_is_at_most_a_quarter_more_than_r() -> None:
    market = long_of_two_lots()
    table(market, [(95.0, 92.5, 25, -125), (92.5, None, 0, -312.5)])
    assert market.realized >= -1.25 * 5 * 50
    assert market.moves()[-1] == ("CLOSED", "stop_loss_rest")


def test_without_trailing_the_stop_stays_where_it_is() -> None:
    market = Market(enable_trailing=False)
    market.tick(100)
    market.signal("BUY", 50, 95, 112)
    table(market, [(111.0, 95.0, 50, 0), (94.95, 92.5, 25, -126.25), (100.0, 92.5, 25, -126.25)])
    assert market.moves()[-1] == ("ACTIVE", "stop_loss")


def test_the_time_stop_counts_boundaries_whether_or_not_anything_traded() -> None:
    market = long_of_two_lots()
    market.minutes(19)
    assert market.engine.engine.get_positions()[0]["bars_held"] == 19
    market.tick(101, after_s=20)
    assert market.position.quantity == 50
    events = market.minutes(1)
    assert market.moves()[-1] == ("EXIT_PENDING", "time_stop")
    assert (
        events[0].due_ts == market.events[0].ts // 60_000_000_000 * 60_000_000_000 + 20 * 60 * 10**9
    )
    market.tick(102)
    assert market.moves()[-1] == ("CLOSED", "time_stop")
    assert market.realized == 100


def test_square_off_comes_twenty_minutes_before_the_close() -> None:
    market = Market(enable_time_stop=False)
    market.tick(100)
    market.signal("BUY", 50)
    market.signal("BUY", 25, product="NRML")
    market.minutes(354)
    assert len(market.engine.ledger.open_positions()) == 2
    market.tick(101, after_s=60)
    assert market.moves()[-2:] == [("EXIT_PENDING", "square_off"), ("CLOSED", "square_off")]
    assert market.position.product == "NRML"
    market.signal("BUY", 25)
    assert market.moves()[-1] == ("REJECTED", "after_square_off")


def test_what_no_tick_lets_out_is_closed_on_the_last_quote_and_marked_stale() -> None:
    market = Market(enable_time_stop=False)
    market.tick(100)
    market.signal("BUY", 50)
    market.tick(103)
    closing = [each for each in market.minutes(376) if getattr(each, "fill", None)]
    (closed,) = closing
    fill = closed.fill  # type: ignore[union-attr]
    assert fill is not None
    assert (fill.price_paise, fill.stale, fill.rule) == (10300, True, "last_quote")
    assert ("CLOSED", "square_off") in market.moves()
    assert market.moves()[-1] == ("ARCHIVED", "session_end")


def test_an_exit_intent_closes_its_strategys_positions_and_cancels_its_entries() -> None:
    market = Market(latency_ms=1500)
    market.tick(100)
    market.signal("BUY", 25)
    market.tick(100)
    market.tick(100)
    market.signal("BUY", 25)
    market.signal("BUY", 25, strategy_id="other")
    market.signal("EXIT")
    assert market.moves()[-2:] == [("CANCELLED", "signal_exit"), ("EXIT_PENDING", "signal_exit")]
    market.tick(101)
    market.tick(102)
    assert ("CLOSED", "signal_exit") in market.moves()
    assert market.position.strategy_id == "other"


def test_the_first_full_demand_during_a_partial_exit_starts_with_the_partials_fill() -> None:
    market = Market(latency_ms=1500)
    market.tick(100)
    market.signal("BUY", 50, 95, 112)
    market.tick(100)
    market.tick(100)
    market.tick(94.9)
    assert market.moves()[-1] == ("SL_PENDING", "stop_loss")
    market.signal("EXIT")
    market.command("kill_switch")
    market.tick(94.8)
    assert market.moves()[-1] == ("SL_PENDING", "stop_loss")
    market.tick(94.8)
    assert market.moves()[-2:] == [("ACTIVE", "stop_loss"), ("EXIT_PENDING", "signal_exit")]
    market.tick(94.8)
    market.tick(94.8)
    assert market.moves()[-1] == ("CLOSED", "signal_exit")
    assert market.realized == -260


def test_a_target_and_a_stop_of_one_position_ask_the_target_first() -> None:
    market = long_of_two_lots()
    market.tick(120)
    assert market.moves()[-1] == ("CLOSED", "take_profit")
    assert market.realized == 1000


def test_a_stop_that_does_not_protect_rejects_the_order_at_its_fill() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25, 100, 112)
    market.signal("BUY", 25, 95, 100)
    market.signal("BUY", 25, 95, 90)
    reasons = [reason for state, reason in market.moves() if state == "REJECTED"]
    assert reasons == ["stop_not_protective", "target_not_beyond_entry", "bad_level"]
