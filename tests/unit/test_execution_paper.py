"""PaperEngine: which engine it builds, what it routes, and what a restart takes up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.candle import Candle
from daemon.domain.dates import DAY_NS, SECOND_NS
from daemon.domain.events import OrderMoved, decode_event, encode_event
from daemon.domain.inputs import ConfigChange, Gap, Settlement
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from daemon.domain.ledger import Ledger
from daemon.domain.tick_view import TickView
from daemon.domain.ticks import Ticks
from daemon.execution.context import NoStrategies
from daemon.execution.engine import ExecutionEngineV3
from tests.kit.drive import FixedRules
from tests.kit.market import CALL, CLOSE, DATE, OPEN, PUT, Market


def broken(*_: Any, **__: Any) -> ExecutionEngineV3:
    raise RuntimeError("no managers today")


def folded(market: Market) -> Ledger:
    ledger = Ledger()
    for event in market.events:
        ledger.apply(decode_event(encode_event(event)))
    return ledger


def test_the_configuration_chooses_the_engine() -> None:
    assert isinstance(Market().engine.engine, ExecutionEngineV3)
    assert Market().engine.engine.name == "v3"
    assert Market(engine="v2").engine.engine.name == "v2"


def test_v3_falls_back_to_v2_and_says_why() -> None:
    market = Market(build_v3=broken)
    assert market.engine.engine.name == "v2"
    assert market.engine.fallback_reason == "RuntimeError: no managers today"
    assert Market().engine.fallback_reason == ""


def test_there_is_no_fallback_when_configured_so_or_with_a_position_open() -> None:
    with pytest.raises(RuntimeError, match="no managers"):
        Market(build_v3=broken, fallback="none")
    market = Market()
    market.tick(100)
    market.signal("BUY", 25, 95)
    with pytest.raises(RuntimeError, match="no managers"):
        Market(build_v3=broken, ledger=folded(market))


def test_v2_opens_and_closes_at_the_market_and_manages_no_exits() -> None:
    market = Market(engine="v2")
    market.tick(100)
    for managed in (
        {"sl": 95.0},
        {"tp": 112.0},
        {"time_stop_bars": 5},
        {"exits": ExitOverrides(enable_trailing=True)},
    ):
        market.signal("BUY", 25, **managed)
        assert market.moves()[-1] == ("REJECTED", "exits_not_managed")
    refused = market.events[-1]
    assert isinstance(refused, OrderMoved)
    assert refused.numbers == {"exits": "enable_trailing"}
    market.signal("BUY", 25, time_stop_bars=0, exits=ExitOverrides(enable_time_stop=False))
    market.minutes(30)
    market.tick(103)
    assert market.engine.engine.get_positions()[0]["bars_held"] == 0
    market.signal("EXIT")
    market.signal("EXIT")
    assert market.moves()[-2:] == [("EXIT_PENDING", "signal_exit"), ("CLOSED", "signal_exit")]
    assert market.engine.engine.get_metrics()["realized_pnl"] == 75.0


def test_v2_lets_an_exit_wait_and_drops_a_second_demand() -> None:
    market = Market(engine="v2", latency_ms=1500)
    market.tick(100)
    market.signal("BUY", 25)
    market.tick(100)
    market.tick(100)
    market.signal("EXIT")
    market.signal("EXIT")
    assert [state for state, _ in market.moves()].count("EXIT_PENDING") == 1
    market.tick(101)
    market.tick(102)
    assert market.realized == 50


def test_v2_is_squared_off_and_closed_at_the_end() -> None:
    market = Market(engine="v2")
    market.tick(100)
    market.signal("BUY", 25)
    market.minutes(380)
    assert ("CLOSED", "square_off") in market.moves()


def test_v2_fills_a_partial_exit_that_v3_began() -> None:
    first = Market(latency_ms=1500)
    first.tick(100)
    first.signal("BUY", 50, 95)
    first.tick(100)
    first.tick(100)
    first.tick(95)  # the stop: half leaves 1.5 s later
    second = Market(engine="v2", latency_ms=1500, ledger=folded(first))
    second.now = first.now
    second.tick(94.9)
    second.tick(94.8)
    assert second.moves() == [("ACTIVE", "stop_loss")]
    assert (second.position.quantity, second.stop) == (25, 92.5)


class Watcher(NoStrategies):
    """Buys at its first tick, leaves at its third; keeps what it was asked and shown."""

    def __init__(self, *indices: int) -> None:
        super().__init__()
        self.tick_instruments = frozenset(indices)
        self.subscriptions = {"1m": frozenset(indices)}
        self.ticks: list[TickView] = []
        self.candles: list[Candle] = []
        self.switched: list[tuple[str, bool]] = []

    def on_candles(self, candles: Sequence[Candle], desk: object, /) -> list[OrderIntent]:
        self.candles += candles
        return []

    def on_tick(self, tick: object, desk: object, /) -> list[OrderIntent]:
        assert isinstance(tick, TickView)
        self.ticks.append(tick)
        signal = {1: Signal.BUY, 3: Signal.EXIT}.get(len(self.ticks), Signal.HOLD)
        return [OrderIntent(symbol=CALL, signal=signal, qty=25, strategy_id="watcher")]

    def set_enabled(self, strategy_id: str, on: bool, /) -> None:
        self.switched.append((strategy_id, on))


def test_strategies_that_asked_for_ticks_see_them_after_the_exits() -> None:
    watcher = Watcher(0)
    market = Market(strategies=watcher)
    market.tick(100, bid=99.5, ask=100.5)
    market.tick(500, symbol=PUT)
    market.tick(101)
    market.tick(102)
    assert [(each.ltp, each.bid, each.ask) for each in watcher.ticks] == [
        (100.0, 99.5, 100.5),
        (101.0, None, None),
        (102.0, None, None),
    ]
    assert market.moves()[-1] == ("CLOSED", "signal_exit")
    assert market.realized == 50


def test_what_a_strategy_wants_at_ticks_inside_a_long_block_is_done() -> None:
    market = Market(strategies=Watcher(0))
    prices = np.array([100, 101, 102] + [103] * 300, dtype=np.int64) * 100
    times = OPEN + np.arange(len(prices), dtype=np.int64)
    block = Ticks(ts=times, instrument=np.zeros(len(prices), dtype=np.int32), ltp=prices)
    market.events = market.engine.handle(block)
    assert market.moves()[-1] == ("CLOSED", "signal_exit")
    assert market.realized == 50


def test_a_strategy_that_is_switched_off_opens_nothing_until_it_is_on() -> None:
    watcher = Watcher()
    market = Market(strategies=watcher)
    market.tick(100)
    market.command("strategy_off", "story")
    market.signal("BUY", 25)
    assert market.moves()[-1] == ("REJECTED", "strategy_off")
    market.command("strategy_on", "story")
    market.signal("BUY", 25)
    assert market.moves()[-1] == ("ACTIVE", "active")
    assert watcher.switched == [("story", False), ("story", True)]


def test_the_kill_switch_closes_everything_and_opens_nothing_more() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25)
    market.signal("SELL", 25, symbol=PUT)  # waits for its first price
    market.command("kill_switch")
    assert {("CLOSED", "kill_switch"), ("CANCELLED", "kill_switch")} <= set(market.moves())
    market.signal("BUY", 25)
    assert market.moves()[-1] == ("REJECTED", "kill_switch")


def test_a_manual_exit_closes_one_position_or_cancels_one_entry() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25)
    market.signal("BUY", 25, symbol=PUT)
    market.command("manual_exit", "V3-20261118-000001")
    assert market.moves()[-1] == ("CLOSED", "manual_exit")
    market.command("manual_exit", "V3-20261118-000002")
    assert market.moves()[-1] == ("CANCELLED", "manual_exit")
    before = len(market.events)
    market.command("manual_exit", "V3-20261118-000001")
    market.command("manual_exit", "V3-20261118-000009")
    assert len(market.events) == before


def test_a_gap_of_one_symbol_leaves_the_others_quotes_believed() -> None:
    market = Market()
    market.tick(100)
    market.tick(200, symbol=PUT)
    market.engine.handle(Gap(ts=market.now, since=market.now - 1, symbols=(CALL, "NOBODY")))
    market.signal("BUY", 25)
    market.signal("BUY", 25, symbol=PUT)
    assert [state for state, _ in market.moves()] == ["SUBMITTED", "SUBMITTED", "FILLED", "ACTIVE"]
    filled = market.tick(100)[0]
    assert isinstance(filled, OrderMoved)
    assert filled.fill is not None
    assert filled.fill.after_gap


def test_a_change_of_configuration_only_moves_the_clock() -> None:
    market = Market()
    assert market.engine.handle(ConfigChange(ts=OPEN, config="{}")) == []
    assert (market.engine.at.now, market.engine.input_no) == (OPEN, 1)


def test_an_empty_block_is_nothing() -> None:
    market = Market()
    market.tick(100)
    from tests.kit.drive import _block

    assert market.engine.handle(_block([])) == []
    assert market.engine.input_no == 1


def test_the_desk_answers_what_strategies_may_ask() -> None:
    market = Market(latency_ms=1500)
    desk = market.engine.engine.desk
    assert desk.ltp_paise(0) is None
    assert market.engine.marks() == {}
    market.tick(100)
    market.signal("BUY", 50)
    assert desk.waiting("story", CALL) == 1
    assert desk.waiting("other", CALL) == desk.waiting("story", "NOBODY") == 0
    market.tick(100)
    market.tick(101)
    assert desk.waiting("story", CALL) == 0
    assert (desk.position("story", CALL), desk.position("other", CALL)) == (50, 0)
    assert desk.position("story", PUT) == 0
    assert (desk.ltp_paise(0), desk.session_open(0), desk.now) == (10100, OPEN, market.now)
    assert market.engine.marks() == {CALL: 10100}


def test_a_timeframe_that_is_none_is_refused() -> None:
    market = Market()
    market.tick(100)
    market.signal("BUY", 25, timeframe="soon")
    assert market.moves()[-1] == ("REJECTED", "bad_timeframe")


def test_a_restart_takes_up_waiting_entries_and_exits_where_they_were() -> None:
    first = Market(latency_ms=1500)
    first.tick(100)
    first.signal("BUY", 50, 95)
    first.tick(100)
    first.tick(100)
    first.signal("BUY", 25)
    first.tick(95)  # the first position's stop: half leaves 1.5 s later
    second = Market(latency_ms=1500, ledger=folded(first))
    second.now = first.now
    second.tick(94.9)
    assert second.moves() == [("FILLED", "filled"), ("ACTIVE", "active")]
    second.tick(94.8)
    assert second.moves()[2:] == [("ACTIVE", "stop_loss")]
    assert second.realized == -130
    assert second.engine.engine.get_positions()[0]["stop_price"] == 92.5


def test_a_restart_lets_an_entry_wait_no_longer_than_before() -> None:
    first = Market()
    first.tick(100)
    first.signal("BUY", 25, symbol=PUT)
    second = Market(ledger=folded(first))
    second.now = first.now
    second.clock(29)
    assert second.moves() == []
    (refused,) = second.clock(1)
    assert second.moves() == [("REJECTED", "no_price")]
    assert isinstance(refused, OrderMoved)
    assert refused.numbers == {"waited_ns": 30 * SECOND_NS}


def test_a_restart_still_waits_for_the_official_close() -> None:
    call = Instrument(
        instrument_token=1, tradingsymbol=CALL, name="NIFTY", instrument_type="CE", lot_size=25,
        strike_paise=2_500_000, expiry=DATE.isoformat(),
    )  # fmt: skip

    def engine(ledger: Ledger | None = None) -> PaperEngine:
        rules = FixedRules({(DATE, "NFO-OPT"): (OPEN, CLOSE)})
        config = Market().engine.config
        return PaperEngine(config, universe=Universe([call]), rules=rules, ledger=ledger)

    market = Market()
    market.engine = engine()
    market.tick(100)
    market.signal("BUY", 25, product="NRML", exits=ExitOverrides(enable_time_stop=False))
    market.minutes(380)
    assert market.moves()[-1] == ("EXIT_PENDING", "expiry")
    assert market.engine.stats().settlements_pending == 1
    second = engine(folded(market))
    assert second.stats().settlements_pending == 1
    other = Settlement(ts=market.now, underlying="BANKNIFTY", date=call.expiry, close_paise=1)
    assert second.handle(other) == []
    close = Settlement(ts=market.now, underlying="NIFTY", date=call.expiry, close_paise=2_512_345)
    (closed,) = second.handle(close)
    assert isinstance(closed, OrderMoved)
    assert closed.fill is not None
    assert (closed.fill.price_paise, closed.fill.rule, closed.reason) == (
        12_345, "settlement", "expiry",
    )  # fmt: skip
    assert second.ledger.realized_paise == 25 * (12_345 - 10_000)
    assert second.stats().settlements_pending == 0
    assert second.engine.settlements_pending() == []
    assert second.engine.carry().settling == []


def test_a_position_that_waits_for_its_official_close_is_not_stopped_by_later_ticks() -> None:
    call = Instrument(
        instrument_token=1, tradingsymbol=CALL, name="NIFTY", instrument_type="CE", lot_size=25,
        strike_paise=2_500_000, expiry=DATE.isoformat(),
    )  # fmt: skip
    days = {(DATE + ahead * dt.timedelta(1), "NFO-OPT"): ahead * DAY_NS for ahead in range(2)}
    rules = FixedRules({day: (OPEN + later, CLOSE + later) for day, later in days.items()})
    market = Market()
    market.engine = PaperEngine(market.engine.config, universe=Universe([call]), rules=rules)
    market.tick(100)
    market.signal("BUY", 25, 95, product="NRML", exits=ExitOverrides(enable_time_stop=False))
    market.minutes(380)
    assert market.moves()[-1] == ("EXIT_PENDING", "expiry")
    market.minutes(18 * 60)
    assert market.tick(90) == []
    assert market.engine.stats().outside_session == 0
    assert market.engine.stats().settlements_pending == 1


def test_counters_of_the_market_side_add_up() -> None:
    market = Market()
    market.tick(100)
    market.tick(100, symbol="NOBODY")
    market.tick(100, bid=101, ask=99)
    market.tick(100, after_s=10)
    market.tick(100, after_s=7 * 3600)
    stats = market.engine.stats()
    assert stats.ticks == 5
    assert stats.refused_rows == {"unknown_instrument": 1}
    assert (stats.dropped_books, stats.outside_session, stats.gaps) == (1, 1, 2)
    assert stats.engine == "v3"


def test_metrics_show_charges_in_whole_paise() -> None:
    market = Market(ledger=Ledger(charges=Decimal("12.34567")))
    assert market.engine.engine.get_metrics()["charges"] == 12.35


def test_only_what_has_an_open_position_has_a_mark() -> None:
    market = Market()
    market.tick(100)
    market.tick(200, symbol=PUT)
    market.signal("BUY", 25)
    assert market.engine.marks() == {CALL: 10_000}
    market.signal("EXIT")
    assert market.engine.marks() == {}
