"""Faults of an earlier engine with these class names, each kept from coming back."""

from __future__ import annotations

import math

import pytest

from daemon.domain.errors import InvalidTransition
from daemon.domain.events import OrderMoved
from daemon.domain.order import OrderState
from daemon.execution.exits.stop_loss import StopLossManager
from tests.kit.market import Market, a_position


def test_the_trail_goes_by_the_risk_at_entry_not_by_the_moved_stop() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25, 95)
    for ltp in range(101, 112):
        market.tick(ltp)
    assert market.stop == 105.0  # the faulty one said 114.75, above the market
    assert market.position.stop_paise is not None
    assert market.position.stop_paise < 11_100


def test_a_stop_that_is_not_a_number_is_refused_not_disabled() -> None:
    market = Market()
    market.tick(100)
    for wrong in (math.nan, math.inf, -math.inf):
        market.signal("BUY", 25, wrong)
        assert market.moves()[-1] == ("REJECTED", "bad_level")
    assert market.engine.ledger.refusals == {"bad_level": 3}


def test_a_zero_price_is_a_bad_level_not_a_missing_one() -> None:
    market = Market()
    market.tick(100)
    for levels in ({"sl": 0.0}, {"tp": 0.0}):
        market.signal("BUY", 25, **levels)  # type: ignore[arg-type]
        assert market.moves()[-1] == ("REJECTED", "bad_level")


@pytest.mark.parametrize(
    ("qty", "lot", "leaves"),
    [(75, 75, 0), (150, 75, 75), (75, 25, 25), (100, 25, 50), (25, 25, 0), (3, 1, 1)],
)
def test_a_partial_exit_lets_whole_lots_go(qty: int, lot: int, leaves: int) -> None:
    assert StopLossManager().partial_quantity(a_position(qty=qty, lot=lot)) == leaves


def test_a_move_that_the_table_does_not_have_is_raised_and_changes_nothing() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25)
    engine = market.engine.engine
    order = engine.ledger.orders["V3-20261118-000001"]
    for to in (OrderState.CREATED, OrderState.FILLED, OrderState.CLOSED, OrderState.ARCHIVED):
        assert not engine.lifecycle.can_transition(order, to)
        move = OrderMoved(
            seq=engine.ledger.seq + 1, ts=market.now, input_no=1, order_id=order.order_id,
            from_state=order.state, to_state=to, reason="wrong",
        )  # fmt: skip
        with pytest.raises(InvalidTransition):
            engine.lifecycle.transition_state(move)
    assert (order.state, len(order.history)) == (OrderState.ACTIVE, 3)


def test_an_order_without_a_price_does_not_stay_submitted_for_ever() -> None:
    market = Market()
    market.tick(100)
    market.clock(6)  # the quote is stale now
    market.signal("BUY", 25)
    assert market.moves()[-1] == ("SUBMITTED", "submitted")
    market.clock(29.9)
    assert market.moves()[-1] == ("SUBMITTED", "submitted")
    market.clock(0.1)
    assert market.moves()[-1] == ("REJECTED", "no_price")
    market.tick(100)
    assert market.engine.ledger.positions == {}


def test_exits_pay_the_same_slippage_as_entries() -> None:
    market = Market(slippage_bps=5)
    market.tick(100)
    market.signal("BUY", 25)
    market.signal("EXIT")
    assert market.realized == -2.5  # bought at 100.05, sold at 99.95


def test_a_partial_exits_profit_counts_at_once() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 50, 95)
    market.tick(95)
    metrics = market.engine.engine.get_metrics()
    assert (metrics["active_positions"], metrics["realized_pnl"]) == (1, -125.0)
    assert metrics["total_pnl"] == -250.0
