"""When a strategy is called at times of the day."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from daemon.domain.candle import Candle
from daemon.domain.carry_over import CarryOver
from daemon.settings.config import StrategyConfig
from strategies.engine import StrategyEngineV2
from strategies.strategy import Actions, BaseStrategy, Due, Timer, View
from tests.kit.strategy_run import CE_25000, FUT, Life, Row, at, universe

HERE = __name__


class Clocked(BaseStrategy):
    """Writes down when it is called."""

    log: ClassVar[list[Any]] = []
    times: ClassVar[list[tuple[str, str, bool]]] = []

    def schedule(self, timer: Timer) -> None:
        self.timer = timer
        for how, when, after in self.times:
            if how == "at":
                timer.at(when, self.call, after_candles=after)
            else:
                timer.every(when, self.call)

    def on_start(self, view: View) -> None:
        self.log.append(("start", view.now, self.timer.missed))

    def call(self, due: Due, view: View) -> Actions:
        self.log.append((due.name, due.ts, due.due_ts, due.missed))
        return None

    def on_candle(self, candle: Candle, view: View) -> Actions:
        self.log.append(("candle", candle.end_ts))
        return None


@pytest.fixture(autouse=True)
def _fresh() -> None:
    Clocked.log, Clocked.times = [], []


def life(**more: Any) -> Life:
    config = StrategyConfig(id="a", module=HERE, class_="Clocked", symbols=[FUT], timeframe="1m")
    return Life(config, **more)


def called() -> list[tuple[str, int]]:
    return [(each[0], each[2]) for each in Clocked.log if each[0] not in ("start", "candle")]


def test_rule_5_at_runs_before_the_candle_that_ends_then_unless_told_otherwise() -> None:
    Clocked.times = [("at", "09:16", False), ("at", "09:16", True)]
    day = life(candle_grace_ms=500)
    day.rows(Row("09:15:10", FUT, 25_000.0), Row("09:16:00", FUT, 25_001.0))
    assert [each[0] for each in Clocked.log] == ["start", "09:16"]
    day.rows(Row("09:16:00.600", FUT, 25_001.0))
    assert [each[0] for each in Clocked.log] == ["start", "09:16", "candle", "09:16"]


def test_rule_5_after_a_silence_at_has_its_due_time_and_every_comes_once() -> None:
    Clocked.times = [("every", "30s", False), ("at", "09:17:15", False)]
    day = life()
    day.rows(Row("09:15:10", FUT, 25_000.0), Row("09:15:31", FUT, 25_001.0))
    day.rows(Row("09:19:05", FUT, 25_001.0), Row("09:19:29", FUT, 25_001.0))
    times = [each for each in Clocked.log if each[0] not in ("start", "candle")]
    assert times == [
        ("30s", at("09:15:31"), at("09:15:30"), 0),
        ("09:17:15", at("09:19:05"), at("09:17:15"), 0),
        ("30s", at("09:19:05"), at("09:19:00"), 6),
    ]


def test_rule_5_every_counts_from_the_open_to_the_close_and_not_beyond() -> None:
    Clocked.times = [("every", "1h", False)]
    day = life()
    day.rows(Row("09:15:10", FUT, 25_000.0))
    for hour in range(10, 19):
        day.clock(f"{hour}:20:00")
    assert [due for _, due in called()] == [at(f"{hour}:15:00") for hour in range(10, 16)]


def test_rule_5_times_that_passed_are_told_and_not_called_after_a_restart() -> None:
    Clocked.times = [("at", "09:20", False), ("at", "09:30", False), ("every", "5m", False)]
    day = life(carry=CarryOver(until=at("09:21:00")))
    day.rows(Row("09:22:00", FUT, 25_000.0), Row("09:26:00", FUT, 25_000.0))
    day.clock("09:30:00")
    assert Clocked.log[0] == ("start", at("09:22:00"), ("09:20",))
    assert called() == [
        ("5m", at("09:25:00")), ("09:30", at("09:30:00")), ("5m", at("09:30:00")),
    ]  # fmt: skip


def test_rule_6_on_start_comes_once_at_the_first_input_that_is_no_history() -> None:
    day = life()
    day.runs.warm([])
    day.clock("09:00:00")
    day.clock("09:10:00")
    assert Clocked.log == [("start", at("09:00:00"), ())]


@pytest.mark.parametrize(
    ("how", "when"),
    [("at", "9:20"), ("at", "24:00"), ("at", "09:20:61"), ("every", "30"), ("every", "0s"),
     ("every", "25h"), ("every", "x")],
)  # fmt: skip
def test_a_time_that_is_none_is_an_error_of_the_configuration(how: str, when: str) -> None:
    from daemon.errors import ConfigError

    Clocked.times = [(how, when, False)]
    with pytest.raises(ConfigError, match=f"strategy 'a': schedule: expected .*{when}"):
        life()


class Buyer(BaseStrategy):
    """Buys one lot at each of its times."""

    def schedule(self, timer: Timer) -> None:
        timer.at("09:16", self.enter)
        timer.at("09:16", self.enter)

    def enter(self, due: Due, view: View) -> Actions:
        return self.buy(CE_25000, 65, tag=str(view.position(CE_25000)))

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None


def test_rule_5_one_timer_is_done_before_the_next_is_called() -> None:
    config = StrategyConfig(id="a", module=HERE, class_="Buyer", symbols=[FUT])
    day = Life(config)
    day.rows(Row("09:15:10", CE_25000, 200.0), Row("09:16:00", FUT, 25_001.0))
    tags = [each.tag for each in day.engine.ledger.orders.values()]
    assert tags == ["0", "65"]


def test_what_no_strategy_asks_for_is_not_there() -> None:
    from daemon.settings.config import StrategiesConfig

    plain = StrategyConfig(id="a", module="strategies.ema_trend", class_="EmaTrend")
    assert StrategyEngineV2(StrategiesConfig(items=[plain]), universe()).hooks is None


class Older:
    """A strategy of before, whose own methods have the names of hooks."""

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None

    def on_order(self, order_id: str, price: float, quantity: int) -> None:
        raise AssertionError("it is not called")

    def save(self, path: str) -> None:
        raise AssertionError("it is not called")


def test_rule_12_a_method_that_takes_something_else_is_not_called_and_said() -> None:
    config = StrategyConfig(id="old", module=HERE, class_="Older", symbols=[FUT])
    day = Life(config)
    day.rows(Row("09:15:10", FUT, 25_000.0), Row("09:16:00", FUT, 25_001.0))
    assert day.runs.hooks is None
    assert day.runs.not_called() == [
        ("old", "on_order is not called: expected on_order(self, update, view)"),
        ("old", "save is not called: expected save(self)"),
    ]
