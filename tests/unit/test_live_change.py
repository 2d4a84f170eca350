"""Changes from outside while the engine runs: settings, and the square-off at a stop."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.inputs import ConfigChange
from daemon.domain.order import OrderState
from daemon.settings.config import LiveChange, RiskConfig
from tests.kit.market import CALL, PUT, Market

_S = OrderState


def change(market: Market, **parts: Any) -> list[TradingEvent]:
    text = msgspec.json.encode(LiveChange(**parts)).decode()
    return market.engine.handle(ConfigChange(ts=market.now, config=text))


def reasons(events: list[TradingEvent], state: OrderState) -> list[str]:
    return [
        each.reason for each in events if isinstance(each, OrderMoved) and each.to_state is state
    ]


@pytest.fixture
def market() -> Market:
    made = Market()
    made.tick(100)
    return made


def test_new_limits_hold_from_the_next_intent_on(market: Market) -> None:
    market.signal("BUY", 50)
    assert change(market, risk=RiskConfig(max_order_quantity=25)) == []
    assert reasons(market.signal("BUY", 50), _S.REJECTED) == ["max_order_quantity"]
    change(market, risk=RiskConfig())
    assert reasons(market.signal("BUY", 50), _S.REJECTED) == []


def test_a_strategy_goes_off_and_on_by_the_configuration(market: Market) -> None:
    change(market, strategies={"story": False})
    assert reasons(market.signal("BUY", 25), _S.REJECTED) == ["strategy_off"]
    change(market, strategies={"story": True})
    assert reasons(market.signal("BUY", 25), _S.FILLED) == ["filled"]


def test_the_latest_word_counts_whoever_said_it(market: Market) -> None:
    market.command("strategy_off", "story")
    change(market, strategies={"story": True})
    assert reasons(market.signal("BUY", 25), _S.FILLED) == ["filled"]
    change(market, strategies={"story": False})
    market.command("strategy_on", "story")
    assert reasons(market.signal("BUY", 25), _S.FILLED) == ["filled"]


def test_what_the_configuration_switched_off_is_not_carried_over_a_new_start(
    market: Market,
) -> None:
    change(market, strategies={"story": False})
    market.command("strategy_off", "other")
    assert market.engine.engine.carry().strategies_off == ["other"]


def test_a_change_of_nothing_changes_nothing(market: Market) -> None:
    before = market.engine.engine.admission.risk
    assert change(market, log_level="DEBUG") == []
    assert market.engine.engine.admission.risk is before


def test_the_square_off_at_a_stop_closes_what_has_a_fresh_quote(market: Market) -> None:
    market.tick(50, symbol=PUT)
    market.signal("BUY", 25, sl=90)
    market.signal("BUY", 25, sl=40, symbol=PUT)
    for _ in range(61):
        market.tick(100)
    closed = market.command("square_off")
    assert reasons(closed, _S.CLOSED) == ["square_off"]
    left = market.position
    assert (left.tradingsymbol, left.pending) == (PUT, None)
    market.tick(39, symbol=PUT)
    assert not market.engine.ledger.open_positions()


def test_the_square_off_at_a_stop_cancels_entries_and_forbids_nothing_later(
    market: Market,
) -> None:
    market.signal("BUY", 25, symbol=PUT)
    assert reasons(market.command("square_off"), _S.CANCELLED) == ["square_off"]
    assert reasons(market.signal("BUY", 25), _S.FILLED) == ["filled"]


def test_the_same_inputs_with_changes_in_them_give_the_same_events() -> None:
    def run() -> list[TradingEvent]:
        market = Market()
        market.tick(100)
        market.signal("BUY", 25, sl=95)
        change(market, risk=RiskConfig(max_open_positions=1), strategies={"a": False})
        market.signal("BUY", 25, symbol=CALL)
        market.tick(101)
        market.command("square_off")
        return market.events

    assert run() == run()
