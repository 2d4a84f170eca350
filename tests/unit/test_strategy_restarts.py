"""A strategy over restarts: its inputs run again, or what it saved and heard (rule 6)."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from daemon.clockwork import rows as row_path
from daemon.domain.candle import Candle
from daemon.domain.carry_over import CarryOver
from daemon.domain.inputs import History
from daemon.domain.ledger import Ledger
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError
from daemon.execution.heard import heard_of
from daemon.settings.config import StrategyConfig
from strategies.strategy import Actions, BaseStrategy, Due, Timer, Update, View, pct
from tests.kit.strategy_run import EXPIRY, FUT, SPOT, Life, Row, at, block, lines
from tests.unit.test_strategy_market import priced

HERE = __name__


class Condor(BaseStrategy):
    """Sells what the chain says at its times, answers every stop, and counts what it heard."""

    def __init__(self) -> None:
        self.count = 0
        self.calls: list[str] = []

    def schedule(self, timer: Timer) -> None:
        timer.at("09:16", self.enter)
        timer.every("1m", self.look)

    def enter(self, due: Due, view: View) -> Actions:
        self.calls.append(f"enter {self.count}")
        found = view.chain("NIFTY", EXPIRY).by_delta(0.45, "CE")
        return None if found is None else self.sell(found.symbol, 65, stop=pct(20), tag="ce")

    def look(self, due: Due, view: View) -> Actions:
        self.calls.append(f"look {due.missed} {view.pnl.net:g}")
        trades = [each for each in view.trades() if not each.is_over]
        return [self.modify(each.id, stop=pct(15)) for each in trades if each.open_pnl > 100]

    def on_candle(self, candle: Candle, view: View) -> Actions:
        self.calls.append(f"candle {candle.close:g}")
        return None

    def on_order(self, update: Update, view: View) -> Actions:
        self.count += 1
        if update.new != "CLOSED" or self.count > 12:
            return None
        found = view.chain("NIFTY", EXPIRY).offset(0, "PE")
        return None if found is None else self.sell(found.symbol, 65, stop=pct(10), tag="again")

    def save(self) -> dict[str, Any]:
        return {"count": self.count, "calls": self.calls}

    def load(self, state: dict[str, Any]) -> None:
        self.count, self.calls = state["count"], state["calls"]


def rows_of_the_day() -> list[Row]:
    """Ten minutes in which prices wander up and down."""
    rows = priced()
    for minute in range(16, 26):
        move = (minute % 4 - 1.5) * 30
        for row in priced():
            second = 7 * (hash_of(row.symbol) % 8)
            gain = move if row.symbol.endswith("CE") else -move
            ltp = max(5.0, round((row.ltp + gain) * 20) / 20)
            rows.append(Row(f"09:{minute}:{second:02d}", row.symbol, ltp))
    return sorted(rows, key=lambda row: row.at)


def inputs() -> list[Ticks]:
    """The rows of the day, a few an input."""
    rows = rows_of_the_day()
    return [block(rows[start : start + 7]) for start in range(0, len(rows), 7)]


def hash_of(symbol: str) -> int:
    return sum(map(ord, symbol))


def config(class_: str = "Condor") -> StrategyConfig:
    return StrategyConfig(id="a", module=HERE, class_=class_, symbols=[FUT], timeframe="1m")


def strategy(life: Life) -> Any:
    return life.runs.hooks._runners["a"].hooks.save.__self__  # type: ignore[union-attr]


def test_rule_6_killed_at_every_input_and_run_again_is_not_killed() -> None:
    day = inputs()
    whole = Life(config())
    for item in day:
        whole.take(item)
    assert len(whole.events) >= 15
    assert whole.runs.take_faults() == []
    for k in range(0, len(day), 5):
        again = Life(config())
        for item in day[:k]:
            again.take(item)
        again.engine.lasting()  # what a commit asks for changes nothing
        for item in day[k:]:
            again.take(item)
        assert again.bytes() == whole.bytes(), k
        assert strategy(again).calls == strategy(whole).calls


def test_rule_6_blocks_do_not_change_what_is_decided() -> None:
    one, two = Life(config()), Life(config())
    for item in inputs():
        one.take(item)
        for start in range(len(item)):
            two.take(item.rows(start, start + 1))
    assert lines(one.events) == lines(two.events)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_columns_decide_what_single_rows_do(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Life(config())
    for item in inputs():
        slow.take(item)
    monkeypatch.setattr(row_path, "FAST_ROWS", 1)
    monkeypatch.setattr(row_path, "FAST_ROWS_EACH", 0)
    fast = Life(config())
    fast.rows(*rows_of_the_day(), size=size)
    assert fast.bytes() == slow.bytes()
    assert strategy(fast).calls == strategy(slow).calls


def restarted(life: Life, history: tuple[Candle, ...] = ()) -> Life:
    """A process that has the journal and no recording."""
    ledger = msgspec.json.decode(msgspec.json.encode(life.engine.ledger), type=Ledger)
    known = msgspec.json.decode(msgspec.json.encode(life.engine.lasting()), type=CarryOver)
    carry = msgspec.structs.replace(known, heard=heard_of(life.events, Ledger()))
    new = Life(config(), ledger=ledger, carry=carry, first_input_no=life.engine.input_no)
    new.take(History(ts=life.engine.at.now, candles=history))
    return new


def test_rule_6_what_was_saved_is_loaded_and_nothing_is_shown_twice() -> None:
    day = inputs()
    life = Life(config())
    shown: list[Candle] = []
    for item in day[:20]:
        life.take(item)
        shown = list(life.runs._market.history.of("1m", FUT))
        new = restarted(life, tuple(shown))
        assert strategy(new).count == strategy(life).count
        assert strategy(new).calls == strategy(life).calls
    assert shown


class Forgets(Condor):
    """As Condor, but it saves nothing: it hears everything again."""

    save = None  # type: ignore[assignment]
    heard: ClassVar[list[tuple[int, bool, int]]] = []
    seen: ClassVar[list[int]] = []

    def on_candle(self, candle: Candle, view: View) -> Actions:
        self.seen.append(candle.end_ts)
        return super().on_candle(candle, view)

    def on_order(self, update: Update, view: View) -> Actions:
        self.heard.append((update.ts, update.replayed, len(view.trades())))
        self.seen.append(update.ts)
        return super().on_order(update, view)


def test_rule_6_without_a_save_candles_and_updates_are_shown_again_by_time() -> None:
    life = Life(config("Forgets"))
    for item in inputs():
        life.take(item)
    Forgets.heard, Forgets.seen = [], []
    ledger = msgspec.json.decode(msgspec.json.encode(life.engine.ledger), type=Ledger)
    carry = msgspec.structs.replace(life.engine.lasting(), heard=heard_of(life.events, Ledger()))
    new = Life(config("Forgets"), ledger=ledger, carry=carry)
    candles = life.runs._market.history.of("1m", FUT)
    new.take(History(ts=life.engine.at.now, candles=candles))
    new.clock("09:40:00")
    assert len(Forgets.heard) > 10
    assert {(replayed, trades) for _, replayed, trades in Forgets.heard} == {(True, 0)}
    assert Forgets.seen == sorted(Forgets.seen)
    assert new.events == []  # what it answered was dropped


class Bad(BaseStrategy):
    """Saves what cannot be saved, and cannot load."""

    state: ClassVar[Any] = None

    def on_candle(self, candle: Candle, view: View) -> Actions:
        return None

    def save(self) -> dict[str, Any]:
        if isinstance(self.state, Exception):
            raise self.state
        found: dict[str, Any] = self.state
        return found

    def load(self, state: dict[str, Any]) -> None:
        raise KeyError("count")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ValueError("no"), "save: ValueError: no"),
        ([1], "save: expected a dict, was list"),
        ({"a": object()}, "save: TypeError: Encoding objects of type object is unsupported"),
        ({"a": "x" * 65_536}, "save: expected at most 65536 bytes of JSON, was 65544"),
    ],
)
def test_rule_6_what_cannot_be_saved_is_said_and_disables_nothing(state: Any, said: str) -> None:
    Bad.state = state
    life = Life(config("Bad"))
    life.rows(Row("09:15:00", FUT, 25_000.0), Row("09:16:00", FUT, 25_000.0))
    assert life.engine.lasting().saved == {}
    assert [each.error for each in life.runs.take_faults()] == [said]
    assert life.runs.reports()["a"]["errors"] == 0


def test_rule_6_a_strategy_that_cannot_load_is_an_error_of_the_configuration() -> None:
    Bad.state = {"n": 1}
    life = Life(config("Bad"))
    life.rows(Row("09:15:00", FUT, 25_000.0), Row("09:16:00", FUT, 25_000.0))
    carry = life.engine.lasting()
    assert carry.saved["a"].boundary == at("09:16:00")
    with pytest.raises(ConfigError, match="strategy 'a': load: KeyError: 'count'"):
        Life(config("Bad"), carry=carry)


def test_rule_7_history_shows_no_quotes_no_chain_and_no_trades() -> None:
    Seen.found = []
    life = Life(config("Seen"))
    life.rows(Row("09:15:00", SPOT, 25_000.0), Row("09:15:00", FUT, 25_000.0))
    first = Life(config("Seen"))
    candle = Candle(
        tradingsymbol=FUT, timeframe="1m", ts=at("09:15:00"), end_ts=at("09:16:00"),
        open=1.0, high=1.0, low=1.0, close=1.0, volume=0, bar=1,
    )  # fmt: skip
    first.take(History(ts=at("09:16:30"), candles=(candle,)))
    assert Seen.found == [(None, False, [], None, 0.0)]
    assert first.runs.take_faults() == []


class Seen(BaseStrategy):
    """Writes down all that a candle of the history shows."""

    found: ClassVar[list[Any]] = []

    def on_candle(self, candle: Candle, view: View) -> Actions:
        self.found.append((
            view.quote(SPOT).ltp, bool(view.chain("NIFTY", "weekly")), view.trades(),
            view.trade("V3-20261124-000001"), view.pnl.net,
        ))  # fmt: skip
        return None
