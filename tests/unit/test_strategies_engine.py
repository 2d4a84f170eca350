from __future__ import annotations

from typing import Any

import pytest

from daemon.domain.intent import ExitOverrides, OrderIntent, Signal, StrategyLimits
from strategies.engine import LOSSES_MAX
from strategies.strategy import TickView
from tests.unit.test_strategies_kit import (
    CE,
    FUT,
    INDEX,
    PE,
    FakeDesk,
    at,
    candle,
    config,
    engine,
    feed,
    on_candles,
    on_tick,
    universe,
)


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


def ids(intents: list[OrderIntent]) -> list[tuple[str, str, str, int]]:
    return [(each.strategy_id, each.symbol, each.signal.value, each.qty) for each in intents]


def test_an_intent_is_completed_from_the_configuration(desk: FakeDesk) -> None:
    runs = engine(
        config(
            "a", "Says", symbols=[FUT], timeframe="5m", product="NRML",
            exits=ExitOverrides(partial_exit_pct=0.25, trail_step_r=0.3),
            params={"stop": 99.5, "partial_exit_pct": 0.75},
        )
    )  # fmt: skip
    assert on_candles(runs, [candle("09:15", 100.0, timeframe="5m", minutes=5)], desk) == [
        OrderIntent(
            symbol=FUT, signal=Signal.BUY, qty=65, sl_price=99.5, strategy_id="a", timeframe="5m",
            product="NRML", exits=ExitOverrides(partial_exit_pct=0.75, trail_step_r=0.3),
        )
    ]  # fmt: skip
    assert runs.product("a") == "NRML"
    assert runs.exits("a") == ExitOverrides(partial_exit_pct=0.25, trail_step_r=0.3)


def test_without_overrides_an_intent_carries_no_exits(desk: FakeDesk) -> None:
    [intent] = on_candles(engine(config("a", "Says")), [candle("09:15", 100.0)], desk)
    assert intent.exits is None


def test_an_intent_may_ask_for_nrml_in_an_intraday_strategy(desk: FakeDesk) -> None:
    runs = engine(config("a", "Says", params={"product": "NRML"}))
    assert on_candles(runs, [candle("09:15", 100.0)], desk)[0].product == "NRML"


def test_what_the_engine_answers_for_unknown_strategies() -> None:
    runs = engine(config("a", "Says", max_trades_per_day=3, max_loss_streak=2))
    assert runs.limits("a") == StrategyLimits(3, 2)
    assert runs.limits("b") is None
    assert runs.product("b") == "MIS"
    assert runs.exits("b") == ExitOverrides()


def test_subscriptions_by_timeframe_with_no_symbols_meaning_all() -> None:
    runs = engine(
        config("a", "Says", symbols=[FUT]),
        config("b", "Says", symbols=[CE]),
        config("c", "Says", timeframe="5m"),
        config("d", "Ticking", symbols=[PE], timeframe="3m"),
        config("e", "Says", timeframe="15m", enabled=False),
    )
    all_ = frozenset(range(len(universe())))
    expected = {"1m": frozenset({1, 2}), "5m": all_, "3m": frozenset({3})}
    assert runs.subscriptions == expected
    assert runs.tick_instruments == {3}
    assert "e" not in runs.reports()


def test_delivery_goes_by_candle_then_by_configured_order(desk: FakeDesk) -> None:
    runs = engine(
        config("a", "Says", symbols=[CE, FUT], params={"signal": "EXIT"}),
        config("b", "Says", symbols=[FUT], params={"signal": "EXIT"}),
    )
    both = [candle("09:15", 100.0), candle("09:15", 50.0, symbol=CE)]
    out = [(each.strategy_id, each.symbol) for each in on_candles(runs, both, desk)]
    assert out == [("a", FUT), ("b", FUT), ("a", CE)]


def test_candles_nobody_asked_for_are_ignored(desk: FakeDesk) -> None:
    runs = engine(config("a", "Says", symbols=[FUT]))
    others = [candle("09:15", 1.0, symbol=CE), candle("09:15", 1.0, timeframe="5m", minutes=5)]
    assert on_candles(runs, others, desk) == []


def test_hold_is_dropped(desk: FakeDesk) -> None:
    runs = engine(config("a", "Says", params={"signal": "HOLD"}))
    assert on_candles(runs, [candle("09:15", 100.0)], desk) == []
    assert runs.reports()["a"]["intents"] == 0


@pytest.mark.parametrize(
    ("confidences", "winner"), [((0.5, 0.9), "b"), ((0.9, 0.5), "a"), ((0.7, 0.7), "a")]
)
def test_highest_confidence_wins_and_a_tie_goes_to_configured_order(
    desk: FakeDesk, confidences: tuple[float, float], winner: str
) -> None:
    runs = engine(
        config("a", "Says", params={"confidence": confidences[0]}),
        config("b", "Says", params={"signal": "SELL", "confidence": confidences[1]}),
    )
    [intent] = on_candles(runs, [candle("09:15", 100.0)], desk)
    assert intent.strategy_id == winner
    loser = "b" if winner == "a" else "a"
    assert runs.reports()[loser]["conflicts_lost"] == 1
    assert runs.reports()[winner]["conflicts_lost"] == 0


def test_a_tie_between_timeframes_goes_to_configured_order_not_to_delivery(desk: FakeDesk) -> None:
    runs = engine(config("slow", "Says", timeframe="5m"), config("fast", "Says"))
    closed = [candle("09:19", 100.0), candle("09:15", 100.0, timeframe="5m", minutes=5)]
    assert [each.strategy_id for each in on_candles(runs, closed, desk)] == ["slow"]


@pytest.mark.parametrize(("priorities", "winner"), [((0, 1), "b"), ((1, 0), "a"), ((1, 1), "a")])
def test_priority(desk: FakeDesk, priorities: tuple[int, int], winner: str) -> None:
    runs = engine(
        config("a", "Says", priority=priorities[0], params={"confidence": 0.1}),
        config("b", "Says", priority=priorities[1], params={"signal": "SELL"}),
        conflict="priority",
    )
    assert [e.strategy_id for e in on_candles(runs, [candle("09:15", 1.0)], desk)] == [winner]


def test_net_out_keeps_the_larger_sides_first_intent_and_its_levels(desk: FakeDesk) -> None:
    runs = engine(
        config("a", "Says", params={"signal": "SELL", "qty": 130}),
        config("b", "Says", params={"qty": 130, "stop": 90.0}),
        config("c", "Says", params={"qty": 65, "stop": 80.0}),
        conflict="net_out",
    )
    [intent] = on_candles(runs, [candle("09:15", 100.0)], desk)
    assert (intent.strategy_id, intent.qty, intent.sl_price) == ("b", 65, 90.0)


def test_net_out_of_equal_sides_is_nothing(desk: FakeDesk) -> None:
    runs = engine(
        config("a", "Says"), config("b", "Says", params={"signal": "SELL"}), conflict="net_out"
    )
    assert on_candles(runs, [candle("09:15", 100.0)], desk) == []
    assert [each["conflicts_lost"] for each in runs.reports().values()] == [1, 1]


@pytest.mark.parametrize("rule", ["highest_confidence", "priority", "net_out"])
def test_an_exit_bypasses_conflicts_and_symbols_do_not_conflict(desk: FakeDesk, rule: str) -> None:
    runs = engine(
        config("a", "Says", params={"signal": "EXIT"}),
        config("b", "Says"),
        config("c", "Says", params={"symbol": CE}),
        conflict=rule,
    )
    assert ids(on_candles(runs, [candle("09:15", 100.0)], desk)) == [
        ("a", FUT, "EXIT", 65), ("b", FUT, "BUY", 65), ("c", CE, "BUY", 65)
    ]  # fmt: skip


def test_what_a_gate_will_refuse_beats_nobody(desk: FakeDesk) -> None:
    runs = engine(config("a", "Says", params={"qty": 0}), config("b", "Says"))
    out = ids(on_candles(runs, [candle("09:15", 100.0)], desk))
    assert out == [("a", FUT, "BUY", 0), ("b", FUT, "BUY", 65)]


def test_ticks_go_to_those_who_asked(desk: FakeDesk) -> None:
    runs = engine(config("a", "Ticking", symbols=[FUT]), config("b", "Says"))
    [intent] = on_tick(runs, TickView(tradingsymbol=FUT, ts=1, ltp=100.0), desk)
    assert (intent.strategy_id, intent.sl_price, intent.timeframe) == ("a", 90.0, "1m")
    assert on_tick(runs, TickView(tradingsymbol=CE, ts=1, ltp=100.0), desk) == []


def test_an_index_is_shown_like_any_other(desk: FakeDesk) -> None:
    runs = engine(config("a", "Says", symbols=[INDEX], params={"symbol": FUT}))
    assert ids(feed(runs, desk, candle("09:15", 25_000.0, symbol=INDEX)))[0][1] == FUT


# several entries of one strategy


def twice(qty: int, more: int) -> Any:
    return lambda s, c, v: [s.buy(FUT, qty, target=200.0), s.buy(FUT, more, target=300.0)]


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> dict[float, Any]:
    fresh: dict[float, Any] = {}
    monkeypatch.setattr("tests.unit.test_strategies_kit.Returns.values", fresh)
    return fresh


@pytest.mark.parametrize("rule", ["highest_confidence", "priority", "net_out"])
def test_two_entries_of_one_call_are_two_orders_with_their_own_levels(
    desk: FakeDesk, values: dict[float, Any], rule: str
) -> None:
    values[1.0] = twice(65, 130)
    runs = engine(config("a", "Returns", symbols=[FUT]), conflict=rule)
    out = feed(runs, desk, candle("09:15", 1.0))
    assert [(each.qty, each.tp_price) for each in out] == [(65, 200.0), (130, 300.0)]
    assert runs.reports()["a"] | {"intents": 2, "conflicts_lost": 0} == runs.reports()["a"]
    assert runs.take_lost() == []


def test_two_entries_at_one_tick_are_two_orders(
    desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def both(self: Any, tick: TickView, view: Any) -> list[OrderIntent]:
        return [self.buy(FUT, 65), self.buy(FUT, 130)]

    monkeypatch.setattr("tests.unit.test_strategies_kit.Ticking.on_tick", both)
    runs = engine(config("a", "Ticking", symbols=[FUT]))
    out = on_tick(runs, TickView(tradingsymbol=FUT, ts=1, ltp=100.0), desk)
    assert [each.qty for each in out] == [65, 130]


def test_entries_at_the_candles_of_several_symbols_all_stand(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = lambda s, c, v: s.buy(FUT, 65, reason=c.tradingsymbol)
    runs = engine(config("a", "Returns", symbols=[FUT, CE]))
    out = on_candles(runs, [candle("09:15", 1.0), candle("09:15", 1.0, symbol=CE)], desk)
    assert [(each.symbol, each.reason) for each in out] == [(FUT, FUT), (FUT, CE)]


def test_an_entry_asked_for_at_the_same_boundary_waits(
    desk: FakeDesk, values: dict[float, Any]
) -> None:
    values[1.0] = lambda s, c, v: None if v.waiting(FUT) else s.buy(FUT, 65)
    values[2.0] = lambda s, c, v: s.exit(FUT) if v.waiting(FUT) else None
    runs = engine(config("a", "Returns", symbols=[FUT, CE]), config("b", "Returns", symbols=[CE]))
    both = [candle("09:15", 1.0), candle("09:15", 1.0, symbol=CE)]
    runs.warm(both)
    for _ in range(2):  # nothing of one boundary is left at the next
        assert [each.strategy_id for each in on_candles(runs, both, desk)] == ["a"]
    assert feed(runs, desk, candle("09:16", 2.0)) == []


def test_the_same_class_under_two_ids_is_two_rivals(desk: FakeDesk) -> None:
    runs = engine(config("a", "Says"), config("b", "Says"))
    assert ids(feed(runs, desk, candle("09:15", 100.0))) == [("a", FUT, "BUY", 65)]
    [lost] = runs.take_lost()
    assert (lost.ts, lost.rule) == (at("09:16"), "highest_confidence")
    assert (lost.loss.intent.strategy_id, lost.loss.kept, lost.loss.to) == ("b", 0, "a")
    assert runs.take_lost() == []


def test_what_net_out_takes_off_an_entry_is_told_and_not_counted_as_lost(desk: FakeDesk) -> None:
    runs = engine(
        config("a", "Says", params={"qty": 130}), config("b", "Says", params={"signal": "SELL"}),
        conflict="net_out",
    )  # fmt: skip
    assert ids(feed(runs, desk, candle("09:15", 100.0))) == [("a", FUT, "BUY", 65)]
    assert [(each.loss.intent.strategy_id, each.loss.kept) for each in runs.take_lost()] == [
        ("a", 65), ("b", 0)
    ]  # fmt: skip
    assert [each["conflicts_lost"] for each in runs.reports().values()] == [0, 1]


def test_lost_entries_are_told_one_by_one_up_to_a_bound_and_all_are_counted(
    desk: FakeDesk,
) -> None:
    runs = engine(config("a", "Says"), config("b", "Says"))
    for _ in range(LOSSES_MAX + 1):
        feed(runs, desk, candle("09:15", 100.0))
    assert len(runs.take_lost()) == LOSSES_MAX
    assert runs.reports()["b"]["conflicts_lost"] == LOSSES_MAX + 1
