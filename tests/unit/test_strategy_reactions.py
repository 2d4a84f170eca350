"""What a strategy hears of its own trades, when, and what becomes of its answers."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from daemon.domain.candle import Candle
from daemon.domain.events import StopMoved
from daemon.settings.config import StrategyConfig
from strategies.strategy import (
    KEEP,
    Actions,
    BaseStrategy,
    Due,
    TickView,
    Timer,
    Trade,
    Update,
    View,
    pct,
    points,
    r,
)
from tests.kit.strategy_run import FUT, SPOT, Life, Row, at, option

HERE = __name__
CE, PE = option(25_000, "CE"), option(25_000, "PE")


def config(class_: str, id: str = "a", **more: Any) -> StrategyConfig:
    return StrategyConfig(
        id=id, module=HERE, class_=class_, **({"symbols": [FUT]} | more), timeframe="1m"
    )


class Ear(BaseStrategy):
    """Buys the call at 09:16 and writes down what it hears; `answers` are its actions."""

    log: ClassVar[list[Any]] = []
    answers: ClassVar[dict[str, Any]] = {}
    exits: ClassVar[dict[str, Any]] = {}

    def schedule(self, timer: Timer) -> None:
        timer.at("09:16", self.enter)

    def enter(self, due: Due, view: View) -> Actions:
        return self.buy(CE, 130, tag="one", **self.exits)

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None

    def on_order(self, update: Update, view: View) -> Actions:
        self.log.append(update)
        answer = self.answers.get(f"{update.new} {update.reason}")
        return answer(self, update, view) if answer else None


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Ear.log = []
    Ear.answers = {}
    Ear.exits = {}


def heard() -> list[tuple[str, str, str, str]]:
    return [(each.kind, each.old, each.new, each.reason) for each in Ear.log]


def begun(*items: StrategyConfig, **more: Any) -> Life:
    """A life up to 09:16:00, when the strategy has bought at 200."""
    life = Life(*(items or (config("Ear"),)), **more)
    life.rows(
        Row("09:15:00", SPOT, 25_010.0), Row("09:15:00", CE, 200.0), Row("09:15:00", PE, 180.0),
        Row("09:15:59", CE, 200.0), Row("09:16:00", SPOT, 25_011.0),
    )  # fmt: skip
    return life


def test_rule_2_what_is_due_is_heard_right_after_it_was_done() -> None:
    begun()
    assert heard() == [
        ("trade", "CREATED", "SUBMITTED", "submitted"),
        ("trade", "SUBMITTED", "FILLED", "filled"),
        ("trade", "FILLED", "ACTIVE", "active"),
    ]
    filled = Ear.log[1]
    assert (filled.tag, filled.symbol, filled.side, filled.price) == ("one", CE, "BUY", 200.0)
    assert (filled.quantity, filled.filled, filled.ts) == (130, 130, at("09:16:00"))


def test_rule_2_what_a_row_decides_is_heard_at_the_end_of_its_timestamp() -> None:
    Ear.exits = {"stop": 190.0}
    Ear.answers = {"CLOSED stop_loss": lambda s, u, v: s.sell(PE, 65, tag=str(v.ltp(PE)))}
    life = begun()
    life.rows(Row("09:17:00", CE, 189.0))
    assert [each.new for each in Ear.log][-1] == "ACTIVE"
    life.rows(Row("09:17:00", PE, 195.0))  # the same timestamp: its end is still to come
    assert [each.new for each in Ear.log][-1] == "ACTIVE"
    events = life.rows(Row("09:17:05", PE, 150.0))
    assert heard()[3:5] == [
        ("trade", "ACTIVE", "SL_PENDING", "stop_loss"),
        ("trade", "SL_PENDING", "CLOSED", "stop_loss"),
    ]
    closed = Ear.log[4]
    assert (closed.realized, closed.open_pnl, closed.price) == (-1430.0, 0.0, 189.0)
    assert closed.numbers == {}
    assert Ear.log[3].numbers == {"level": 190.0, "ltp": 189.0}
    [created, *_] = events
    assert created.ts == at("09:17:05")
    assert life.engine.ledger.orders[created.order_id].tag == "195.0"  # not yet 150


def test_rule_2_an_answer_is_filled_before_the_row_that_ended_the_timestamp() -> None:
    Ear.exits = {"stop": 190.0}
    Ear.answers = {"CLOSED stop_loss": lambda s, u, v: s.buy(PE, 65)}
    life = begun()
    life.rows(Row("09:17:00", CE, 189.0), Row("09:17:05", PE, 150.0))
    assert [p.entry_paise for p in life.engine.ledger.open_positions()] == [18_000]


@pytest.mark.parametrize("later", ["09:17:30", "15:29:59.5"])
def test_rule_2_an_end_sees_quotes_chain_and_gates_of_its_timestamp(later: str) -> None:
    Ear.exits = {"stop": 190.0}
    seen: list[tuple[int, int, bool]] = []

    def answer(strategy: Ear, update: Update, view: View) -> Actions:
        chain = view.chain("NIFTY", "weekly")
        seen.append((view.now, chain.ts, view.quote(PE).believed))
        return strategy.sell(PE, 65)

    Ear.answers = {"CLOSED stop_loss": answer}
    life = begun(quote_max_age_s=100, stale_after_s=5)
    life.rows(Row("09:17:00", CE, 189.0), Row("09:17:00", PE, 195.0))
    events = life.clock(later)  # no quote is believed by then, and square-off has passed
    assert seen == [(at("09:17:00"), at("09:17:00"), True)]
    filled = next(event for event in events if getattr(event, "to_state", "") == "FILLED")
    assert (filled.ts, filled.due_ts) == (at(later), at("09:17:00"))
    [entry] = [p for p in life.engine.ledger.orders.values() if p.tradingsymbol == PE]
    assert entry.filled_quantity == 65


def test_rule_2_what_an_end_asks_to_wait_waits_from_the_input_that_ended_it() -> None:
    Ear.exits = {"stop": 190.0}
    Ear.answers = {"CLOSED stop_loss": lambda s, u, v: s.buy(option(25_050, "CE"), 65)}
    life = begun(reject_after_s=10)
    life.rows(Row("09:17:00", CE, 189.0))
    life.clock("09:18:00")
    life.clock("09:18:09")
    assert life.moves()[-1] == ("SUBMITTED", "submitted")
    life.clock("09:18:10")
    assert life.moves()[-1] == ("REJECTED", "no_price")


def test_rule_2_a_strategy_hears_its_own_trades_only() -> None:
    life = Life(config("Ear"), config("Ear", "b", params={}))
    life.rows(Row("09:15:30", CE, 200.0), Row("09:16:00", SPOT, 25_000.0))
    ids = [each.id for each in Ear.log if each.new == "FILLED"]
    assert len(ids) == len(set(ids)) == 2


def test_rule_3_answers_make_updates_at_the_end_of_the_queue() -> None:
    Ear.answers = {
        "ACTIVE active": lambda s, u, v: [s.buy(PE, 65, tag="x")] if u.tag == "one" else None
    }
    begun()
    assert [(each.tag, each.new) for each in Ear.log] == [
        ("one", "SUBMITTED"), ("one", "FILLED"), ("one", "ACTIVE"),
        ("x", "SUBMITTED"), ("x", "FILLED"), ("x", "ACTIVE"),
    ]  # fmt: skip


def test_rule_3_answers_without_end_are_cut_and_count_one_error() -> None:
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.buy(PE, 65)}
    life = begun(risk=None)
    assert life.runs.reports()["a"]["errors"] == 1
    assert [u.reason for u in Ear.log].count("too_many_reactions") == 1
    orders = life.engine.ledger.total_orders
    assert 30 < orders <= 35
    assert [each.new for each in Ear.log].count("ACTIVE") == orders  # delivered all the same
    before = len(Ear.log)
    life.rows(Row("09:18:00", PE, 181.0))
    assert len(Ear.log) == before


def test_rule_1_another_strategys_trade_is_not_yours() -> None:
    Ear.answers = {"ACTIVE active": lambda s, u, v: [s.close(each) for each in OTHERS]}
    life = Life(config("Ear"), config("Holder", "b"))
    OTHERS[:] = ["V3-20261124-000001"]
    life.rows(Row("09:15:00", CE, 200.0), Row("09:15:30", PE, 180.0), Row("09:16:00", SPOT, 25e3))
    refusal = Ear.log[-1]
    assert (refusal.id, refusal.reason, refusal.is_refusal) == (OTHERS[0], "not_yours", True)
    assert (refusal.symbol, refusal.side) == ("", "")
    assert len(life.engine.ledger.positions) == 2


OTHERS: list[str] = []


class Holder(BaseStrategy):
    """Buys the put at 09:15:30."""

    def schedule(self, timer: Timer) -> None:
        timer.at("09:15:30", lambda due, view: self.buy(PE, 65))

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (lambda s, u: s.close("V3-20261124-000009"), "already_over"),
        (lambda s, u: s.close(u.id, quantity=30), "bad_quantity"),
        (lambda s, u: s.close(u.id, quantity=195), "bad_quantity"),
        (lambda s, u: s.close(u.id, quantity=-65), "bad_quantity"),
        (lambda s, u: s.cancel(u.id), "already_over"),
        (lambda s, u: s.modify(u.id, stop=200.0), "bad_level"),
        (lambda s, u: s.modify(u.id, stop=210.0), "bad_level"),
        (lambda s, u: s.modify(u.id, target=200.0), "bad_level"),
        (lambda s, u: s.modify(u.id, stop=float("nan")), "bad_level"),
        (lambda s, u: s.modify(u.id, stop=0.01), "bad_level"),
        (lambda s, u: s.modify(u.id, stop=r(1)), "bad_level"),
        (lambda s, u: s.modify(u.id, stop=points(-3)), "bad_level"),
        (lambda s, u: s.modify(u.id, target=r(2)), "bad_level"),
        (lambda s, u: s.modify(u.id, price=100.0), "already_over"),
    ],
)
def test_rule_11b_what_cannot_be_done_is_an_update_and_changes_nothing(
    action: Any, code: str
) -> None:
    Ear.answers = {"ACTIVE active": lambda s, u, v: action(s, u)}
    life = begun()
    assert Ear.log[-1].reason == code
    assert Ear.log[-1].is_refusal
    assert len(Ear.log) == 4
    assert len(life.events) == 4
    assert life.runs.reports()["a"]["errors"] == 0


def test_rule_11b_modify_moves_levels_and_none_removes_them() -> None:
    Ear.exits = {"stop": 190.0, "target": 240.0}
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.modify(u.id, stop=195.02, target=None)}
    life = begun()
    moved = Ear.log[-1]
    assert (moved.new, moved.reason) == ("stop_moved", "modified")
    assert moved.numbers == {"stop_from": 190.0, "stop_to": 195.0, "target_to": 0.0, "ltp": 200.0}
    [position] = life.engine.ledger.open_positions()
    assert (position.stop_paise, position.target_paise) == (19_500, None)
    life.rows(Row("09:17:00", CE, 260.0), Row("09:17:01", CE, 195.0))
    assert life.moves()[-1] == ("CLOSED", "stop_loss")


def test_rule_11b_levels_that_are_there_already_make_no_event() -> None:
    Ear.exits = {"stop": 190.0, "target": 240.0}
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.modify(u.id, stop=190.0, target=240.0)}
    life = begun()
    assert not [each for each in life.events if isinstance(each, StopMoved)]
    assert not Ear.log[-1].is_refusal


def test_rule_10_a_level_at_the_same_price_may_become_relative() -> None:
    Ear.exits = {"stop": 190.0, "target": 240.0}
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.modify(u.id, stop=pct(5))}
    life = begun()
    [moved] = [each for each in life.events if isinstance(each, StopMoved)]
    assert (moved.stop_to_paise, moved.reason) == (19_000, "modified")
    assert moved.stop_rel is not None


def test_rule_11b_a_removed_stop_is_gone_with_its_trail() -> None:
    Ear.exits = {"stop": 190.0}
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.modify(u.id, stop=None)}
    life = begun(enable_trailing=True)
    life.rows(Row("09:17:00", CE, 300.0), Row("09:17:01", CE, 100.0))
    assert len(life.engine.ledger.positions) == 1


def test_rule_10_a_relative_level_of_modify_is_counted_from_the_entry() -> None:
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.modify(u.id, stop=pct(30), target=points(25))}
    life = begun()
    [position] = life.engine.ledger.open_positions()
    assert (position.stop_paise, position.target_paise) == (14_000, 22_500)
    life.rows(Row("09:17:00", CE, 220.0))
    assert KEEP is not None


def test_rule_11b_close_takes_lots_and_leaves_the_levels_of_the_rest() -> None:
    Ear.exits = {"stop": 190.0, "target": 240.0}
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.close(u.id, quantity=65, reason="half off")}
    life = begun()
    assert life.moves()[-2:] == [("EXIT_PENDING", "half off"), ("ACTIVE", "half off")]
    [position] = life.engine.ledger.open_positions()
    assert (position.quantity, position.stop_paise, position.target_paise) == (65, 19_000, 24_000)
    life.rows(Row("09:17:00", CE, 241.0))
    assert life.moves()[-1] == ("CLOSED", "take_profit")


def test_rule_11b_close_without_a_quantity_takes_all() -> None:
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.close(u.id)}
    life = begun()
    assert life.moves()[-1] == ("CLOSED", "strategy_close")
    assert life.engine.ledger.positions == {}


class Limit(BaseStrategy):
    """Bids at 190 at 09:16, changes the bid at 09:17 and takes it back at 09:18."""

    log: ClassVar[list[Update]] = []
    by_exchange_id: ClassVar[bool] = False

    def schedule(self, timer: Timer) -> None:
        timer.at("09:16", lambda due, view: self.buy(CE, 130, order_type="LIMIT", price=190.0))
        timer.at("09:17", self.change)
        timer.at("09:18", self.take_back)

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None

    def change(self, due: Due, view: View) -> Actions:
        [trade] = view.trades()
        assert (trade.state, trade.filled, view.waiting(CE)) == ("SUBMITTED", 0, 1)
        return self.modify(trade.id, price=195.0, quantity=65, stop=180.0, target=pct(10))

    def take_back(self, due: Due, view: View) -> Actions:
        [trade] = view.trades(CE, tag="")
        order = next(each.id for each in self.log if each.kind == "order")
        return self.cancel(order if self.by_exchange_id else trade.id)

    def on_order(self, update: Update, view: View) -> Actions:
        self.log.append(update)
        return None


@pytest.mark.parametrize("by_exchange_id", [False, True])
def test_rule_11b_a_working_entry_is_modified_and_cancelled_by_its_id(by_exchange_id: bool) -> None:
    Limit.log, Limit.by_exchange_id = [], by_exchange_id
    life = begun(config("Limit"))
    life.rows(Row("09:17:00", SPOT, 25_000.0))
    [order] = life.engine.ledger.orders.values()
    assert (order.quantity, order.sl_paise, order.tp_rel) == (65, 18_000, pct(10))
    life.rows(Row("09:18:00", SPOT, 25_000.0))
    assert life.moves()[-1] == ("CANCELLED", "cancel_asked")
    assert [(each.kind, each.old, each.new) for each in Limit.log] == [
        ("trade", "CREATED", "SUBMITTED"), ("order", "", "NEW"), ("order", "NEW", "OPEN"),
        ("order", "OPEN", "modified"),
        ("trade", "SUBMITTED", "stop_moved"), ("order", "OPEN", "CANCELLED"),
        ("trade", "SUBMITTED", "CANCELLED"),
    ]  # fmt: skip


def test_rule_10_levels_of_a_waiting_entry_hold_once_it_fills() -> None:
    Limit.log, Limit.by_exchange_id = [], False
    life = begun(config("Limit"))
    life.rows(Row("09:17:00", SPOT, 25_000.0), Row("09:17:30", CE, 194.0))
    [position] = life.engine.ledger.open_positions()
    assert position.entry_paise <= 19_500
    assert (position.stop_paise, position.quantity) == (18_000, 65)
    assert position.target_paise == round(position.entry_paise * 1.1 / 5) * 5


class Sugar(BaseStrategy):
    """Hears of openings and endings only."""

    log: ClassVar[list[Trade]] = []

    def schedule(self, timer: Timer) -> None:
        timer.at("09:16", lambda due, view: self.buy(CE, 65, tag="s", stop=190.0))

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None

    def on_open(self, trade: Trade, view: View) -> Actions:
        self.log.append(trade)
        return None

    def on_close(self, trade: Trade, view: View) -> Actions:
        self.log.append(trade)
        return None


def test_rule_11_on_open_and_on_close_are_shown_the_trade() -> None:
    Sugar.log = []
    life = Life(config("Sugar"))
    life.rows(
        Row("09:15:00", CE, 200.0), Row("09:16:00", CE, 201.0), Row("09:17:00", CE, 190.0),
        Row("09:17:01", CE, 191.0),
    )  # fmt: skip
    opened, closed = Sugar.log
    assert (opened.entry, opened.stop, opened.open, opened.is_over) == (200.0, 190.0, 65, False)
    assert (closed.realized, closed.reason, closed.is_over) == (-650.0, "stop_loss", True)


def test_rule_11_the_end_of_a_session_is_heard_too() -> None:
    Sugar.log = []
    life = Life(config("Sugar"))
    life.rows(Row("09:15:00", CE, 200.0), Row("09:16:00", CE, 201.0))
    life.clock("15:29:00")
    life.clock("15:31:00")
    assert [each.is_over for each in Sugar.log] == [False, True]


class OnTick(BaseStrategy):
    """Buys at the first tick, hears of it at the end of its timestamp."""

    log: ClassVar[list[str]] = []

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None

    def on_tick(self, tick: TickView, view: View) -> Actions:
        self.log.append(f"tick {tick.ltp:g}")
        return None if view.position(FUT) or view.waiting(FUT) else self.buy(FUT, 65)

    def on_order(self, update: Update, view: View) -> Actions:
        self.log.append(update.new)
        return None


@pytest.mark.parametrize("size", [1, 2, 4])
def test_rule_2_what_a_tick_asks_for_is_heard_at_the_end_of_its_timestamp(size: int) -> None:
    OnTick.log = []
    life = Life(config("OnTick"))
    life.rows(
        Row("09:15:01", FUT, 25_000.0), Row("09:15:01", FUT, 25_001.0),
        Row("09:15:02", FUT, 25_002.0), Row("09:15:03", FUT, 25_003.0), size=size,
    )  # fmt: skip
    assert OnTick.log == [
        "tick 25000", "tick 25001", "SUBMITTED", "FILLED", "ACTIVE", "tick 25002", "tick 25003",
    ]  # fmt: skip


def test_rule_11b_a_watch_of_no_sense_is_a_refusal_and_one_without_a_level_ends_it() -> None:
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.watch("one", stop=-5)}
    life = begun()
    assert (Ear.log[-1].id, Ear.log[-1].reason, Ear.log[-1].is_refusal) == (
        "one",
        "bad_level",
        True,
    )
    assert life.engine.ledger.watches == {}
    Ear.answers = {"ACTIVE active": lambda s, u, v: s.watch("one", stop=1300.0)}
    life = begun()
    assert list(life.engine.ledger.watches) == ["a"]
    life.rows(Row("09:17:00", CE, 190.0), Row("09:17:01", SPOT, 25_000.0))
    assert life.moves()[-1] == ("CLOSED", "watch_stop")
    Ear.answers = {"ACTIVE active": lambda s, u, v: [s.watch("one", stop=1300.0), s.watch("one")]}
    assert begun().engine.ledger.watches == {}
