"""The embedding functions: someone else's loop, rupees and plain dicts."""

from __future__ import annotations

import datetime as dt
import json
import math
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from daemon.domain.dates import IST, SECOND_NS, ist_ns
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import EntryChange, ExitOverrides, OrderIntent, Signal
from daemon.execution.engine import ExecutionEngineV3
from daemon.execution.helpers import (
    AlwaysOpen,
    convert_to_order_intent,
    create_execution_engine_v3,
    get_v3_metrics,
    get_v3_positions,
    on_candle_close,
    should_use_v3,
    update_positions_from_tick,
)
from daemon.settings.config import ExecutionConfig

CALL = "NIFTY26NOV25000CE"
MISSION = {
    "engine": "v3",
    "fill_mode": "mid",
    "slippage_bps": 5,
    "enable_partial_exit": True,
    "partial_exit_pct": 0.5,
    "enable_trailing": True,
    "trail_step_r": 0.5,
    "enable_time_stop": True,
    "time_stop_bars": 20,
}
PLAIN = MISSION | {"fill_mode": "ltp", "slippage_bps": 0}
KITE_ROW = {
    "instrument_token": 12345,
    "exchange_token": 48,
    "tradingsymbol": CALL,
    "name": "NIFTY",
    "last_price": 0.0,
    "expiry": dt.date(2026, 11, 24),
    "strike": 25000.0,
    "tick_size": 0.05,
    "lot_size": 25,
    "instrument_type": "CE",
    "segment": "NFO-OPT",
    "exchange": "NFO",
}
START = ist_ns(dt.date(2026, 11, 18), dt.time(10, 0))


class Loop:
    """Somebody's loop."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.engine = create_execution_engine_v3(config or PLAIN, [KITE_ROW, "RELIANCE"])
        self.ts = START

    def tick(self, price: Any, after_s: float = 1, **keys: Any) -> list[dict[str, Any]]:
        self.ts += round(after_s * SECOND_NS)
        tick = {"tradingsymbol": CALL, "last_price": price, "timestamp": self.ts}
        return update_positions_from_tick(self.engine, tick | keys)

    def signal(self, **keys: Any) -> str | None:
        intent = convert_to_order_intent(keys, symbol=CALL, strategy_id="mine")
        return self.engine.process_signal(intent)


def test_a_whole_life_goes_through_the_seven_functions() -> None:
    config = {"execution": PLAIN, "something": "else"}
    assert should_use_v3(config)
    engine = create_execution_engine_v3(config, [KITE_ROW])
    assert type(engine).__mro__[1] is ExecutionEngineV3
    loop = Loop()
    assert loop.tick(100) == []
    order_id = loop.signal(action="buy", quantity=50, stop_loss=95, target=112)
    assert order_id == "V3-20261118-000001"
    events = loop.tick(102.5)
    assert [each["event"] for each in events] == ["created", *["moved"] * 3, "stop_moved"]
    assert events[0]["sl_rupees"] == 95.0
    assert events[2]["fill"]["price_rupees"] == 100.0
    assert events[2]["fill"]["base_rupees"] == 100.0
    assert events[4]["stop_to_rupees"] == 97.5
    assert json.loads(json.dumps(events)) == events
    loop.tick(97.4)
    (position,) = get_v3_positions(loop.engine)
    assert (position["quantity"], position["realized_pnl"]) == (25, -65.0)
    (_, closed) = loop.tick(112)
    assert (closed["to_state"], closed["reason"]) == ("CLOSED", "take_profit")
    assert closed["fill"]["realized_rupees"] == 300.0
    metrics = get_v3_metrics(loop.engine)
    assert (metrics["total_orders"], metrics["active_positions"]) == (1, 0)
    assert (metrics["realized_pnl"], metrics["total_pnl"], metrics["ticks"]) == (235.0, 235.0, 4)


def test_two_signals_at_one_time_are_two_positions_with_their_own_targets() -> None:
    loop = Loop()
    loop.tick(100)
    for quantity, target in ((25, 103), (50, 110)):
        loop.signal(action="buy", quantity=quantity, target=target)
    loop.tick(103)
    assert [each["quantity"] for each in get_v3_positions(loop.engine)] == [50]
    loop.tick(110)
    assert get_v3_metrics(loop.engine)["realized_pnl"] == 25 * 3 + 50 * 10


def test_the_missions_configuration_is_understood_and_a_typo_is_not() -> None:
    engine = create_execution_engine_v3(MISSION, [CALL])
    assert (engine.config.fill_mode, engine.config.slippage) == ("mid", 5)
    assert engine.config.time_stop_bars == 20
    for wrong, message in (
        ({"slipage_bps": 5}, "unknown field `slipage_bps`"),
        ({"slippage_bps": math.nan}, "slippage_bps: expected a finite number"),
        ({"trail_step_r": math.inf}, "trail_step_r: expected a finite number"),
        ({"partial_exit_pct": 1.5}, "partial_exit_pct"),
        ({"fill_mode": "best"}, "fill_mode"),
        ({"engine": "v2"}, "should_use_v3"),
        ({"execution": 5}, "expected execution to be a mapping"),
    ):
        with pytest.raises(ValueError, match=message):
            create_execution_engine_v3(wrong, [CALL])


def test_v3_is_opted_into() -> None:
    assert should_use_v3({"engine": "v3"})
    assert should_use_v3({"execution": {"engine": "v3"}})
    assert not should_use_v3({"execution": {"engine": "v2"}})
    assert not should_use_v3({"execution": {}})
    assert not should_use_v3({})
    with pytest.raises(ValueError, match="v4"):
        should_use_v3({"execution": {"engine": "v4"}})


def test_instruments_are_kite_rows_or_bare_symbols() -> None:
    index = {"tradingsymbol": "NIFTY 50", "segment": "INDICES", "tick_size": 0, "lot_size": 0}
    engine = create_execution_engine_v3(
        PLAIN, [KITE_ROW, "RELIANCE", index | {"instrument_type": "EQ"}, {"tradingsymbol": "FUT"}]
    )
    call, share, nifty, future = engine.universe
    assert call == Instrument(
        instrument_token=12345, tradingsymbol=CALL, name="NIFTY", instrument_type="CE",
        lot_size=25, expiry="2026-11-24", strike_paise=2_500_000,
    )  # fmt: skip
    assert (share.lot_size, share.tick_paise, share.has_contract_row) == (1, 5, False)
    assert nifty.is_index
    assert (future.segment, future.instrument_token) == ("NFO-FUT", -4)
    for wrong, message in (
        ([], "at least one instrument"),
        ([{"tradingsymbol": CALL, "lotsize": 25}], "instrument 1: .*lotsize"),
        ([{"lot_size": 25}], "tradingsymbol"),
        ([{"tradingsymbol": CALL, "lot_size": 0}], "lot_size"),
        ([{"tradingsymbol": CALL, "tick_size": 0.001}], "paise"),
        ([CALL, CALL], "once in the universe"),
    ):
        with pytest.raises(ValueError, match=message):
            create_execution_engine_v3(PLAIN, wrong)


def test_signals_are_read_by_their_usual_names() -> None:
    expected = OrderIntent(
        symbol=CALL, signal=Signal.SELL, qty=50, sl_price=105.0, tp_price=88.0, time_stop_bars=7,
        strategy_id="orb", timeframe="5m", product="NRML", reason="why", tag="t", confidence=0.5,
        exits=ExitOverrides(enable_trailing=False),
    )  # fmt: skip
    signal = {
        "tradingsymbol": CALL, "side": "Sell", "quantity": 50.0, "sl": 105, "target": 88,
        "time_stop_bars": 7, "strategy": "orb", "timeframe": "5m", "product": "NRML",
        "reason": "why", "tag": "t", "confidence": 0.5, "exits": {"enable_trailing": False},
    }  # fmt: skip
    assert convert_to_order_intent(signal) == expected
    assert convert_to_order_intent(SimpleNamespace(**signal)) == expected
    assert convert_to_order_intent(expected) is expected
    assert convert_to_order_intent(signal | {"exits": expected.exits}) == expected
    assert convert_to_order_intent({"action": "exit"}, symbol=CALL).qty == 0
    assert convert_to_order_intent({"signal": Signal.HOLD, "symbol": CALL}).signal is Signal.HOLD
    filled = convert_to_order_intent({"signal": "BUY", "qty": None}, symbol=CALL, qty=25, sl=90)
    assert (filled.qty, filled.sl_price) == (25, 90.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbol": ""}, "symbol"),
        ({"symbol": None}, "symbol"),
        ({"signal": "LONG"}, "expected BUY, SELL, EXIT or HOLD"),
        ({"signal": None}, "expected BUY, SELL, EXIT or HOLD"),
        ({"stop_los": 95}, "unknown key 'stop_los'"),
        ({"qty": None}, "whole number for qty"),
        ({"qty": 12.5}, "whole number for qty"),
        ({"qty": "50"}, "whole number for qty"),
        ({"qty": math.nan}, "whole number for qty"),
        ({"qty": True}, "whole number for qty"),
        ({"time_stop_bars": 2.5}, "time_stop_bars"),
        ({"sl_price": math.nan}, "finite price for sl_price"),
        ({"tp_price": "112"}, "finite price for tp_price"),
        ({"sl_price": 95, "stop_loss": 96}, "two values for sl_price"),
        ({"product": "CNC"}, "product"),
        ({"confidence": "high"}, "confidence"),
        ({"timeframe": "5 minutes"}, "timeframe"),
        ({"exits": {"enable_trail": False}}, "exits"),
    ],
)
def test_a_signal_that_is_not_clear_is_a_value_error(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        convert_to_order_intent({"symbol": CALL, "signal": "BUY", "qty": 50} | change)


def test_something_that_is_no_signal_at_all_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="mapping or an object"):
        convert_to_order_intent(5)
    with pytest.raises(ValueError, match="unknown key 'quantiy' in the default"):
        convert_to_order_intent({"symbol": CALL, "signal": "BUY"}, quantiy=5)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"last_price": math.nan}, "bad_price"),
        ({"last_price": math.inf}, "bad_price"),
        ({"last_price": 0}, "bad_price"),
        ({"last_price": -100}, "bad_price"),
        ({"last_price": None}, "bad_price"),
        ({"last_price": "94"}, "bad_price"),
        ({"last_price": 10**400}, "bad_price"),
        ({"last_price": []}, "bad_price"),
        ({"last_price": 94.001}, "not_paise"),
        ({"tradingsymbol": "NOBODY"}, "unknown_instrument"),
        ({"tradingsymbol": None}, "unknown_instrument"),
        ({"timestamp": START - SECOND_NS}, "late"),
        ({"timestamp": START + 500 * 86_400 * SECOND_NS}, "future"),
        ({"timestamp": None}, "bad_timestamp"),
        ({"timestamp": "yesterday"}, "bad_timestamp"),
        ({"timestamp": 12}, "bad_timestamp"),
        ({"timestamp": 10**30}, "bad_timestamp"),
        ({"timestamp": 1.5}, "bad_timestamp"),
        ({"timestamp": True}, "bad_timestamp"),
    ],
)
def test_a_tick_that_makes_no_sense_is_counted_and_changes_nothing(
    keys: dict[str, Any], reason: str
) -> None:
    loop = Loop()
    loop.tick(100)
    loop.signal(side="BUY", qty=50, sl=95)
    loop.tick(100)
    before = msgspec.json.encode(loop.engine.ledger)
    now = loop.engine.at.now
    assert loop.tick(94, **keys) == []
    assert msgspec.json.encode(loop.engine.ledger) == before
    assert loop.engine.at.now == now
    assert get_v3_metrics(loop.engine)["refused_rows"] == {reason: 1}
    assert loop.tick(94)[0]["reason"] == "stop_loss"


def test_the_book_comes_from_depth_or_from_bid_and_ask() -> None:
    def filled(**keys: Any) -> float:
        loop = Loop(MISSION | {"fill_mode": "bid_ask", "slippage_bps": 0})
        loop.tick(100, **keys)
        loop.signal(side="BUY", qty=25)
        price: float = get_v3_positions(loop.engine)[0]["average_price"]
        return price

    levels = {"buy": [{"price": 99.5}], "sell": [{"price": 100.5}]}
    assert filled(depth=levels) == 100.5
    assert filled(bid=99.0, ask=101.0, depth=levels) == 101.0
    assert filled(depth={"buy": [{"price": 99.5}], "sell": [{"price": 0}]}) == 100.0
    unoffered = [{"price": 101.5, "quantity": 0}]
    assert filled(depth={"buy": [], "sell": unoffered}) == 100.0
    assert filled(depth={}) == filled(depth=None) == filled(depth={"sell": []}) == 100.0
    assert filled(bid=101.0, ask=99.0) == 100.0  # a crossed book is no book


def test_times_are_ns_iso_text_or_datetimes_and_naive_means_indian() -> None:
    for same in (
        START,
        "2026-11-18T10:00:00",
        "2026-11-18T10:00:00+05:30",
        "2026-11-18T04:30:00+00:00",
        dt.datetime(2026, 11, 18, 10, 0),  # noqa: DTZ001
        dt.datetime(2026, 11, 18, 10, 0, tzinfo=IST),
    ):
        engine = create_execution_engine_v3(PLAIN, [CALL])
        tick = {"symbol": CALL, "last_price": 100, "exchange_timestamp": same}
        assert update_positions_from_tick(engine, tick) == []
        assert engine.at.now == START
    by_token = {"instrument_token": 12345, "last_price": 100.0, "ts": START}
    engine = create_execution_engine_v3(PLAIN, [KITE_ROW])
    update_positions_from_tick(engine, by_token)
    assert get_v3_metrics(engine)["refused_rows"] == {}


def test_bars_are_counted_by_the_embedders_candle_closes() -> None:
    loop = Loop(PLAIN | {"time_stop_bars": 3})
    loop.tick(100)
    loop.signal(side="BUY", qty=25)
    loop.tick(100)
    assert on_candle_close(loop.engine, "RELIANCE") == []
    assert on_candle_close(loop.engine, CALL, "5m") == []
    assert on_candle_close(loop.engine, CALL, ts=loop.ts + SECOND_NS) == []
    assert on_candle_close(loop.engine, CALL) == []
    assert get_v3_positions(loop.engine)[0]["bars_held"] == 2
    pending, closed = on_candle_close(loop.engine, CALL)
    assert (pending["reason"], pending["demand"]["bars_held"]) == ("time_stop", 3)
    assert (closed["to_state"], closed["reason"]) == ("CLOSED", "time_stop")
    assert on_candle_close(loop.engine, CALL) == []


def test_a_bar_that_ends_nothing_does_not_take_the_place_of_a_full_exit() -> None:
    loop = Loop(PLAIN | {"enable_time_stop": False, "latency_ms": 1500})
    loop.tick(100)
    loop.signal(side="BUY", qty=50, stop_loss=95)
    loop.tick(100)
    loop.tick(100)
    (pending,) = loop.tick(94)
    assert pending["to_state"] == "SL_PENDING"
    on_candle_close(loop.engine, CALL)  # while half of it waits to leave
    loop.signal(signal="EXIT")
    for _ in range(4):
        loop.tick(94)
    assert get_v3_positions(loop.engine) == []


def test_a_time_stop_without_a_fresh_price_waits_for_the_next_tick() -> None:
    loop = Loop(PLAIN | {"time_stop_bars": 1})
    loop.tick(100)
    loop.signal(side="BUY", qty=25)
    loop.tick(100)
    (pending,) = on_candle_close(loop.engine, CALL, ts=loop.ts + 60 * SECOND_NS)
    assert pending["to_state"] == "EXIT_PENDING"
    (closed,) = loop.tick(101, after_s=61)
    assert (closed["to_state"], closed["fill"]["realized_rupees"]) == ("CLOSED", 25.0)


def test_a_candle_close_of_something_unknown_is_a_value_error() -> None:
    engine = create_execution_engine_v3(PLAIN, [CALL])
    for symbol, timeframe, ts in (("NOBODY", "1m", None), (CALL, "soon", None), (CALL, "1m", 7)):
        with pytest.raises(ValueError):
            on_candle_close(engine, symbol, timeframe, ts)
    assert on_candle_close(engine, CALL) == []


def test_an_entry_that_nothing_fills_is_rejected_as_time_passes() -> None:
    loop = Loop(PLAIN | {"reject_after_s": 10})
    loop.tick(100)
    on_candle_close(loop.engine, CALL, ts=loop.ts + 20 * SECOND_NS)
    loop.signal(side="BUY", qty=25)
    assert get_v3_metrics(loop.engine)["orders_by_state"] == {"SUBMITTED": 1}
    events = on_candle_close(loop.engine, CALL, ts=loop.ts + 31 * SECOND_NS)
    assert (events[-1]["to_state"], events[-1]["reason"]) == ("REJECTED", "no_price")


def test_a_signal_before_the_first_tick_is_a_value_error() -> None:
    loop = Loop()
    with pytest.raises(ValueError, match="expected a tick before the first signal"):
        loop.signal(side="BUY", qty=25)


def test_nothing_is_squared_off_and_the_day_archives_what_is_over() -> None:
    loop = Loop()
    loop.tick(100)
    loop.signal(side="BUY", qty=25)
    loop.signal(side="BUY", qty=25, strategy_id="other")
    loop.signal(side="EXIT")
    loop.tick(100)
    events = loop.tick(101, after_s=86_400)
    assert [each["to_state"] for each in events] == ["ARCHIVED"]
    (position,) = get_v3_positions(loop.engine)
    assert (position["strategy_id"], position["unrealized_pnl"]) == ("other", 25.0)
    loop.signal(side="BUY", qty=25, strategy_id="late at night")
    assert len(get_v3_positions(loop.engine)) == 2


def test_an_option_waits_for_its_settlement_after_its_expiry_day() -> None:
    loop = Loop()
    loop.tick(100)
    loop.signal(side="BUY", qty=25)
    loop.tick(100)
    events = loop.tick(101, after_s=7 * 86_400)
    assert [each["reason"] for each in events] == ["expiry"]
    assert get_v3_metrics(loop.engine)["settlements_pending"] == 1


def test_another_engine_is_a_type_error() -> None:
    universe = Universe([Instrument(instrument_token=1, tradingsymbol=CALL)])
    engine = ExecutionEngineV3(ExecutionConfig(), universe=universe, rules=AlwaysOpen())
    with pytest.raises(TypeError, match="create_execution_engine_v3"):
        get_v3_metrics(engine)


def test_the_embedders_rules_charge_nothing_and_know_no_freeze_quantity() -> None:
    rules, day = AlwaysOpen(), dt.date(2026, 11, 18)
    instrument = Instrument(instrument_token=1, tradingsymbol=CALL)
    assert rules.charges(day, instrument).total == "0"
    assert rules.exercise_charges(day, instrument).total == "0"
    assert rules.freeze_quantity(day, instrument) == 0
    assert rules.session(day, instrument).open_ts == ist_ns(day, dt.time())


def test_an_entry_with_a_price_rests_and_can_be_changed() -> None:
    engine = create_execution_engine_v3(
        {"engine": "v3", "fill_mode": "ltp", "slippage_bps": 0}, ["X"]
    )

    def tick(second: int, price: float) -> list[str]:
        row = {"tradingsymbol": "X", "last_price": price, "ts": f"2026-11-18T09:20:0{second}"}
        found = update_positions_from_tick(engine, row)
        return [event["to_state"] for event in found if event["event"] == "moved"]

    tick(0, 100.0)
    signal = {"symbol": "X", "side": "buy", "qty": 5, "order_type": "LIMIT", "limit_price": 98.0}
    order_id = engine.process_signal(convert_to_order_intent(signal))
    assert order_id is not None
    assert tick(1, 99.0) == ["SUBMITTED"]
    assert engine.modify_order(order_id, EntryChange(price=98.5)) == ""
    assert tick(2, 98.4) == ["FILLED", "ACTIVE"]
    assert get_v3_positions(engine)[0]["average_price"] == 98.5
    assert engine.cancel_order(order_id) == "already_filled"
