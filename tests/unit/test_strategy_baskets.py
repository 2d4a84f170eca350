"""Several entries that are meant together: hedges first, complete or undone (P10, P11)."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from daemon.domain.candle import Candle
from daemon.domain.carry_over import CarryOver
from daemon.domain.events import OrderMoved
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.execution.margin_desk import MarginTerms
from daemon.settings.config import MaxLotsConfig, RiskConfig, StrategyConfig
from strategies.strategy import Actions, BaseStrategy, Due, Timer, Update, View
from tests.kit.strategy_run import CE_25000, FUT, PE_25000, SPOT, Life, Row, option
from tests.margin.portfolios import RULES

HERE = __name__
HEDGE, OTHER = option(25_100, "CE"), option(24_900, "PE")


class Condor(BaseStrategy):
    """Sells a strangle with its wings at 09:16."""

    log: ClassVar[list[Update]] = []
    settings: ClassVar[dict[str, Any]] = {}
    wing: ClassVar[dict[str, Any]] = {}

    def schedule(self, timer: Timer) -> None:
        timer.at("09:16", self.enter)

    def enter(self, due: Due, view: View) -> Actions:
        return self.basket(
            [
                self.sell(CE_25000, 65), self.sell(PE_25000, 65),
                self.buy(HEDGE, 65, **self.wing), self.buy(OTHER, 65),
            ],
            **({"tag": "ic"} | self.settings),
        )  # fmt: skip

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None

    def on_order(self, update: Update, view: View) -> Actions:
        self.log.append(update)
        return None


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Condor.log, Condor.settings, Condor.wing = [], {}, {}


def begun(limits: dict[str, Any] | None = None, **more: Any) -> Life:
    config = StrategyConfig(id="a", module=HERE, class_="Condor", symbols=[FUT], **(limits or {}))
    life = Life(config, **more)
    life.rows(
        Row("09:15:00", SPOT, 25_010.0), Row("09:15:50", CE_25000, 200.0),
        Row("09:15:50", PE_25000, 180.0), Row("09:15:50", HEDGE, 92.0),
        Row("09:15:50", OTHER, 84.0), Row("09:16:00", SPOT, 25_011.0),
    )  # fmt: skip
    assert life.runs.take_faults() == []
    return life


def rounds() -> list[tuple[str, str, str, str]]:
    return [(u.id, u.old, u.new, u.reason) for u in Condor.log if u.kind == "round"]


def test_p10_what_is_sold_is_sent_when_all_that_is_bought_has_filled() -> None:
    life = begun()
    orders = list(life.engine.ledger.orders.values())
    assert [order.tradingsymbol for order in orders] == [HEDGE, OTHER, CE_25000, PE_25000]
    assert {order.tag for order in orders} == {"ic"}
    assert rounds() == [("basket#1", "", "OPEN", ""), ("basket#1", "OPEN", "DONE", "complete")]
    assert Condor.log[-1].filled == 4


def test_p10_a_hedge_that_waits_keeps_the_shorts_back_until_its_timestamp_ends() -> None:
    Condor.wing = {"order_type": "LIMIT", "price": 90.0}
    life = begun()
    assert len(life.engine.ledger.positions) == 1
    life.rows(Row("09:16:05", HEDGE, 89.0))
    assert len(life.engine.ledger.positions) == 2
    life.rows(Row("09:16:06", SPOT, 25_000.0))
    assert len(life.engine.ledger.positions) == 4
    assert rounds()[-1][3] == "complete"


def test_p11_what_has_not_filled_in_time_undoes_the_others() -> None:
    Condor.wing = {"order_type": "LIMIT", "price": 50.0}
    life = begun()
    life.clock("09:16:29")
    assert len(life.engine.ledger.positions) == 1
    life.clock("09:16:30")
    assert life.engine.ledger.positions == {}
    assert life.moves()[-1] == ("CLOSED", "leg_incomplete")
    assert rounds()[-1] == ("basket#1", "OPEN", "DONE", "leg_incomplete")
    assert [order.tradingsymbol for order in life.engine.ledger.orders.values()] == [HEDGE, OTHER]


def test_p11_keep_leaves_what_has_filled_and_sends_no_short() -> None:
    Condor.wing = {"order_type": "LIMIT", "price": 50.0}
    Condor.settings = {"if_incomplete": "keep", "within_s": 5}
    life = begun()
    life.clock("09:16:05")
    [left] = life.engine.ledger.open_positions()
    assert left.tradingsymbol == OTHER
    assert life.moves()[-1] == ("CANCELLED", "leg_incomplete")
    assert rounds()[-1][3] == "kept"


def refused(life: Life) -> list[tuple[str, str]]:
    """(symbol, reason) of every order that was refused."""
    symbols = {each.order_id: each.tradingsymbol for each in life.engine.ledger.orders.values()}
    return [
        (symbols[event.order_id], event.reason)
        for event in life.events
        if isinstance(event, OrderMoved) and event.to_state is OrderState.REJECTED
    ]


@pytest.mark.parametrize(
    ("limits", "risk", "code"),
    [
        ({}, RiskConfig(max_open_positions=3), "max_open_positions"),
        ({}, RiskConfig(max_orders_per_minute=3), "max_orders_per_minute"),
        ({}, RiskConfig(max_lots=MaxLotsConfig(strategy=3)), "max_lots"),
        ({}, RiskConfig(max_notional_rupees=5_000_000), "max_notional"),
        ({"max_trades_per_day": 3}, None, "max_trades_per_day"),
    ],
)
def test_p16_one_refusal_refuses_all_of_a_basket_before_its_first_order(
    limits: dict[str, int], risk: RiskConfig | None, code: str
) -> None:
    """Case A15: each leg is asked as if those sent before it were there; the last has no room."""
    life = begun(limits, risk=risk)
    assert life.engine.ledger.positions == {}
    assert refused(life) == [
        (CE_25000, "leg_incomplete"), (PE_25000, code),
        (HEDGE, "leg_incomplete"), (OTHER, "leg_incomplete"),
    ]  # fmt: skip
    assert rounds()[1:] == [("basket#1", "OPEN", "DONE", "nothing_filled")]
    assert [u.reason for u in Condor.log if u.new == "REJECTED"].count(code) == 1
    moves = [each for each in life.events if isinstance(each, OrderMoved)]
    told = next(each for each in moves if each.reason == "leg_incomplete")
    assert told.numbers == {"because": code, "symbol": PE_25000}


def test_p16_under_keep_the_rest_of_a_basket_is_sent() -> None:
    Condor.settings = {"if_incomplete": "keep"}
    life = begun(risk=RiskConfig(max_open_positions=3))
    assert refused(life) == [(PE_25000, "max_open_positions")]
    assert len(life.engine.ledger.positions) == 3
    assert rounds()[-1][3] == "kept"


@pytest.mark.parametrize(
    ("capital", "settings", "filled"),
    [
        (150_000, {}, 4),
        (150_000, {"hedges_first": False}, 0),
        (15_000, {}, 0),
        (15_000, {"if_incomplete": "keep"}, 2),
    ],
)
def test_p16_a_basket_is_asked_for_its_margin_netted_or_at_its_worst(
    capital: int, settings: dict[str, Any], filled: int
) -> None:
    Condor.settings = settings
    life = begun(margin=MarginTerms(capital * 100, RULES.margin_rates))
    assert len(life.engine.ledger.positions) == filled
    if filled == 0:
        assert {reason for _, reason in refused(life)} == {"insufficient_margin"}


def test_p16_a_limit_of_a_wing_counts_instead_of_its_protected_limit() -> None:
    Condor.wing = {"order_type": "LIMIT", "price": 6_000.0}
    life = begun(margin=MarginTerms(15_000_000, RULES.margin_rates))
    assert {reason for _, reason in refused(life)} == {"insufficient_margin"}


def test_p11_a_refusal_is_known_at_once() -> None:
    Condor.wing = {"stop": 95.0}
    Condor.settings = {"hedges_first": False}
    life = begun()
    assert life.engine.ledger.positions == {}
    closed = [event.order_id for event in life.events if getattr(event, "to_state", "") == "CLOSED"]
    assert closed == ["V3-20261124-000001", "V3-20261124-000002", "V3-20261124-000004"]
    assert rounds()[-1][3] == "leg_incomplete"


def test_p11_a_basket_of_which_nothing_filled_says_so() -> None:
    Condor.wing = {"stop": 95.0}
    life = begun(quote_max_age_s=1)
    life.clock("09:16:30")
    assert rounds()[-1][3] == "nothing_filled"
    assert life.engine.ledger.positions == {}


def test_rule_6_a_basket_in_work_is_taken_up_from_what_the_journal_says() -> None:
    Condor.wing = {"order_type": "LIMIT", "price": 50.0}
    life = begun()
    encoded = msgspec.json.encode(life.engine.lasting())
    carry = msgspec.json.decode(encoded, type=CarryOver)
    [known] = carry.baskets
    assert (known.number, known.waiting, len(known.order_ids)) == (1, 2, 2)
    ledger = msgspec.json.decode(msgspec.json.encode(life.engine.ledger), type=Ledger)
    config = StrategyConfig(id="a", module=HERE, class_="Condor", symbols=[FUT])
    new = Life(config, ledger=ledger, carry=carry, first_input_no=life.engine.input_no)
    new.rows(
        Row("09:16:10", OTHER, 84.0), Row("09:16:11", OTHER, 84.0), Row("09:17:00", OTHER, 84.0),
    )  # fmt: skip
    assert new.engine.ledger.positions == {}  # the wing's order was lost with its exchange
    assert new.moves()[-1] == ("CLOSED", "leg_incomplete")
    assert new.engine.lasting().baskets == []
    assert new.engine.lasting().basket_count == 1


class Quiet(BaseStrategy):
    """Buys two at the close of a candle and hears nothing."""

    def on_candle(self, candle: Candle, view: View) -> Actions:
        if candle.bar > 1:
            return None
        return self.basket([self.sell(CE_25000, 65), self.buy(HEDGE, 65)])


def test_a_strategy_that_hears_nothing_may_send_a_basket() -> None:
    life = Life(StrategyConfig(id="a", module=HERE, class_="Quiet", symbols=[FUT]))
    life.rows(
        Row("09:15:00", FUT, 25_010.0), Row("09:15:50", CE_25000, 200.0),
        Row("09:15:50", HEDGE, 92.0), Row("09:16:00", FUT, 25_011.0),
    )  # fmt: skip
    assert len(life.engine.ledger.positions) == 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"within_s": 0}, "expected within_s above 0"),
        ({"if_incomplete": "hold"}, "expected entries, and unwind or keep"),
        ({"tag": "a tag of 21 character"}, "expected a tag of at most 20 characters"),
    ],
)
def test_a_basket_that_cannot_be_is_an_error_of_the_strategy(
    settings: dict[str, Any], said: str
) -> None:
    Condor.settings = settings
    life = Life(StrategyConfig(id="a", module=HERE, class_="Condor", symbols=[FUT]))
    life.rows(Row("09:15:00", SPOT, 25_010.0), Row("09:16:00", SPOT, 25_011.0))
    [fault] = life.runs.take_faults()
    assert said in fault.error
