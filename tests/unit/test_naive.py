"""The oracle itself: the worked examples of SEMANTICS, then invariants on random scenarios."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest

from daemon.domain.candle import Candle
from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.events import OrderCreated, OrderMoved, StopMoved, TradingEvent
from daemon.domain.inputs import Clock, Command, Settlement, TimedIntent
from daemon.domain.instrument import Instrument
from daemon.domain.intent import ExitOverrides, OrderIntent, Product, Signal
from daemon.domain.order import NEXT_STATES, OrderState, Side
from daemon.domain.ticks import NOT_FINITE, NOT_PAISE
from daemon.settings.config import ExecutionConfig, RiskConfig
from tests.kit.scenario import (
    CandleRule,
    Row,
    Scenario,
    ScenarioInput,
    StrategyLimits,
    WalkCandle,
    random_scenario,
)
from tests.oracle.engine import Naive, run
from tests.oracle.market import Quote, price

DAY = dt.date(2026, 11, 23)
OPEN = ist_ns(DAY, dt.time(9, 15))
CLOSE = OPEN + 60 * MINUTE_NS
FUT = Instrument(instrument_token=1, tradingsymbol="X", segment="NFO-FUT", lot_size=25)
PLAIN = ExecutionConfig(
    fill_mode="ltp", slippage_bps=0, enable_time_stop=False, charges=False,
    square_off_before_close_min=20,
)  # fmt: skip


def intent(
    signal: Signal = Signal.BUY,
    *,
    qty: int = 50,
    sl: float | None = 95,
    tp: float | None = 112,
    strategy: str = "s",
    symbol: str = "X",
    product: Product = "MIS",
    bars: int | None = None,
    confidence: float = 1.0,
    exits: ExitOverrides | None = None,
    timeframe: str = "",
) -> OrderIntent:
    return OrderIntent(
        symbol=symbol, signal=signal, qty=qty, sl_price=sl, tp_price=tp, strategy_id=strategy,
        product=product, time_stop_bars=bars, confidence=confidence, exits=exits,
        timeframe=timeframe,
    )  # fmt: skip


def play(
    inputs: list[ScenarioInput],
    *wishes: tuple[int, OrderIntent],
    config: ExecutionConfig = PLAIN,
    instruments: tuple[Instrument, ...] = (FUT,),
    strategies: tuple[CandleRule, ...] = (),
    limits: dict[str, StrategyLimits] | None = None,
    risk: RiskConfig | None = None,
) -> list[TradingEvent]:
    table = {(DAY, segment): (OPEN, CLOSE) for segment in ("NFO-FUT", "NFO-OPT", "INDICES")}
    next_day = DAY + dt.timedelta(days=1)
    shift = 24 * 60 * MINUTE_NS
    table |= {(next_day, "NFO-FUT"): (OPEN + shift, CLOSE + shift)}
    return run(
        Scenario(
            instruments=instruments,
            execution=config,
            risk=risk or RiskConfig(),
            sessions=table,
            inputs=tuple(inputs),
            timed=tuple(TimedIntent(ts=ts, intent=wish) for ts, wish in wishes),
            strategies=strategies,
            limits=limits or {},
        )
    )


def ticks(*ltps: int, start: int = OPEN, every: int = SECOND_NS) -> list[ScenarioInput]:
    return [Row(start + at * every, 0, ltp) for at, ltp in enumerate(ltps)]


def moves(events: list[TradingEvent]) -> list[tuple[str, str]]:
    return [(each.to_state, each.reason) for each in events if isinstance(each, OrderMoved)]


def realized(events: list[TradingEvent]) -> int:
    return sum(e.fill.realized_paise for e in events if isinstance(e, OrderMoved) and e.fill)


def stops(events: list[TradingEvent]) -> list[tuple[int, int, int]]:
    return [
        (each.stop_from_paise, each.stop_to_paise, each.steps)
        for each in events
        if isinstance(each, StopMoved)
    ]


# ------------------------------------------ SEMANTICS, "Fills"


@pytest.mark.parametrize(
    ("side", "mode", "expected"),
    [
        ("BUY", "ltp", 10005), ("BUY", "mid", 10005), ("BUY", "bid_ask", 10055),
        ("SELL", "ltp", 9995), ("SELL", "mid", 9995), ("SELL", "bid_ask", 9945),
    ],
)  # fmt: skip
def test_fill_prices_of_the_check(side: Side, mode: str, expected: int) -> None:
    quote = Quote(0, 10000, 9950, 10050, walked=False, after_gap=False)
    assert price(quote, side, mode, 5, 5).price == expected


def test_cheap_and_half_paise_fills_of_the_check() -> None:
    cheap = Quote(0, 2000, 0, 0, walked=False, after_gap=False)
    assert price(cheap, "BUY", "ltp", 5, 5).price == 2005
    assert price(cheap, "SELL", "ltp", 5, 5).price == 1995
    tight = Quote(0, 200, 200, 205, walked=False, after_gap=False)
    assert price(tight, "BUY", "mid", 5, 5).price == 205
    assert price(tight, "SELL", "mid", 5, 5).price == 200
    assert price(tight, "SELL", "mid", 5, 5).slippage_half == 5


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        (1000, 0, (1000, 0)), (0, 1000, (0, 1000)), (None, 1000, (0, 1000)), (0, 0, (0, 0)),
        (-5, 1000, (0, 1000)), (NOT_PAISE, 1000, (0, 1000)), (1000, NOT_FINITE, (1000, 0)),
        (1010, 1000, (0, 0)), (1000, 1000, (1000, 1000)),
    ],
)  # fmt: skip
def test_a_side_that_is_no_price_is_absent_and_only_a_crossed_book_drops_both(
    bid: int | None, ask: int | None, expected: tuple[int, int]
) -> None:
    assert Naive.sides(Row(OPEN, 0, 1000, bid, ask, 0, 0)) == expected


def test_a_missing_side_falls_back_to_ltp_and_never_below_one_tick() -> None:
    one_sided = Quote(0, 10000, 9950, 0, walked=False, after_gap=False)
    assert price(one_sided, "BUY", "bid_ask", 0, 5).rule == "ltp_for_ask"
    assert price(one_sided, "SELL", "bid_ask", 0, 5).rule == "bid"
    assert price(one_sided, "SELL", "mid", 0, 5).rule == "ltp_for_mid"
    low = Quote(0, 5, 0, 0, walked=False, after_gap=False)
    assert price(low, "SELL", "ltp", 50, 5).price == 5


# ------------------------------------------ SEMANTICS, "Exits of one position"


def entered(
    *then: int, wish: OrderIntent | None = None, config: ExecutionConfig = PLAIN
) -> list[TradingEvent]:
    return play(ticks(10000, *then), (OPEN, wish or intent()), config=config)


LIFE = [("SUBMITTED", "submitted"), ("FILLED", "filled"), ("ACTIVE", "active")]


def test_worked_example_row_by_row() -> None:
    path = (10240, 10250, 9740, 9990, 10000, 11200)
    sofar = [(), ((9500, 9750, 1),)]
    for rows in range(1, 7):
        events = entered(*path[:rows])
        after = moves(events)[3:]
        if rows == 1:
            assert (after, stops(events)) == ([], [*sofar[0]])
        if rows == 2:
            assert (after, stops(events)) == ([], [*sofar[1]])
        if rows >= 3:
            assert after[:2] == [("SL_PENDING", "trailing_stop"), ("ACTIVE", "trailing_stop")]
        if rows in (3, 4, 5):
            assert realized(events) == -65_00
            assert len(after) == 2
        if rows in (3, 4):
            assert stops(events) == [(9500, 9750, 1)]
        if rows == 5:
            assert stops(events) == [(9500, 9750, 1), (9500, 9750, 1)]
    events = entered(*path)
    assert moves(events)[5:] == [("TP_PENDING", "take_profit"), ("CLOSED", "take_profit")]
    assert realized(events) == 235_00
    partial = [e for e in events if isinstance(e, OrderMoved) and e.reason == "trailing_stop"]
    assert partial[0].demand is not None
    assert (partial[0].demand.quantity, partial[0].demand.level_paise) == (25, 9750)
    assert partial[1].levels is not None
    assert (partial[1].levels.stop_paise, partial[1].levels.anchor_paise) == (9500, 9750)


def test_worked_example_gap_takes_everything() -> None:
    events = entered(10250, 9490)
    assert moves(events)[3:] == [("SL_PENDING", "trailing_stop"), ("CLOSED", "trailing_stop")]
    assert realized(events) == -255_00


def test_worked_example_one_lot_leaves_whole() -> None:
    events = entered(10250, 9740, wish=intent(qty=25))
    assert moves(events)[3:] == [("SL_PENDING", "trailing_stop"), ("CLOSED", "trailing_stop")]
    assert realized(events) == -65_00


def test_worked_example_a_stop_that_is_not_losing_is_a_full_exit() -> None:
    events = entered(10520, 9990)
    assert stops(events) == [(9500, 10000, 2)]
    assert moves(events)[3:] == [("SL_PENDING", "trailing_stop"), ("CLOSED", "trailing_stop")]
    assert realized(events) == -5_00


def test_worked_example_mirrored_for_a_short() -> None:
    wish = intent(Signal.SELL, sl=105, tp=88)
    events = entered(9760, 9750, 10260, 10010, 10000, 8800, wish=wish)
    assert stops(events) == [(10500, 10250, 1), (10500, 10250, 1)]
    assert realized(events) == 235_00
    assert moves(events)[-1] == ("CLOSED", "take_profit")


def test_planned_loss_is_at_most_one_and_a_quarter_r() -> None:
    events = entered(9500, 9250)
    assert moves(events)[3:] == [
        ("SL_PENDING", "stop_loss"), ("ACTIVE", "stop_loss"),
        ("SL_PENDING", "stop_loss_rest"), ("CLOSED", "stop_loss_rest"),
    ]  # fmt: skip
    assert realized(events) == -(25 * 500 + 25 * 750)


def test_levels_on_the_wrong_side_at_the_fill() -> None:
    assert moves(entered(wish=intent(sl=100)))[-1] == ("REJECTED", "stop_not_protective")
    assert moves(entered(wish=intent(tp=100)))[-1] == ("REJECTED", "target_not_beyond_entry")


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (intent(symbol="NO"), "unknown_symbol"), (intent(qty=30), "lot_size"),
        (intent(qty=0), "lot_size"), (intent(sl=float("nan")), "bad_level"),
        (intent(sl=0.01), "bad_level"), (intent(sl=112, tp=112), "bad_level"),
        (intent(Signal.SELL, sl=95, tp=112), "bad_level"),
    ],
)  # fmt: skip
def test_refusals_of_the_builder(wish: OrderIntent, reason: str) -> None:
    assert moves(entered(wish=wish)) == [("REJECTED", reason)]


def test_a_tie_snaps_away_from_the_position() -> None:
    fut = Instrument(instrument_token=1, tradingsymbol="X", tick_paise=10, segment="NFO-FUT")
    rows = ticks(10000, 10000)
    events = play(rows, (OPEN, intent(sl=95.05, tp=112.05)), instruments=(fut,))
    assert isinstance(events[0], OrderCreated)
    assert (events[0].sl_paise, events[0].tp_paise) == (9500, 11210)


# ------------------------------------------------------------- time, fills, sessions


def test_latency_waits_for_the_first_tick_that_is_late_enough() -> None:
    config = ExecutionConfig(
        fill_mode="ltp", slippage_bps=0, latency_ms=1500, charges=False, enable_time_stop=False
    )
    events = play(ticks(10000, 10001, 10005, 10010), (OPEN, intent()), config=config)
    fill = next(e for e in events if isinstance(e, OrderMoved) and e.fill)
    assert (fill.ts, fill.fill and fill.fill.price_paise) == (OPEN + 2 * SECOND_NS, 10005)


def test_a_stale_quote_is_not_used_and_no_price_rejects() -> None:
    rows: list[ScenarioInput] = [Row(OPEN, 0, 10000), Clock(ts=OPEN + 6 * SECOND_NS)]
    rows.append(Clock(ts=OPEN + 60 * SECOND_NS))
    events = play(rows, (OPEN + 6 * SECOND_NS, intent()))
    assert moves(events) == [("SUBMITTED", "submitted"), ("REJECTED", "no_price")]
    assert events[-1].due_ts == OPEN + 36 * SECOND_NS


def test_refused_rows_are_numbered_and_move_nothing() -> None:
    rows: list[ScenarioInput] = [
        Row(OPEN + 5, -1, 10000), Row(OPEN + 5, 0, NOT_PAISE), Row(OPEN + 1, 0, 10000),
        Row(OPEN, 0, 9000), Row(OPEN + 2, 0, 10000),
    ]  # fmt: skip
    events = play(rows, (OPEN + 2, intent()))
    assert {event.input_no for event in events} == {5}


def test_time_stop_counts_boundaries_without_ticks() -> None:
    rows = [*ticks(10000, 10000), Clock(ts=OPEN + 5 * MINUTE_NS), Row(OPEN + 6 * MINUTE_NS, 0, 1)]
    events = play(
        rows,
        (OPEN + 1, intent(sl=None, tp=None, bars=2)),
        config=ExecutionConfig(fill_mode="ltp", slippage_bps=0, charges=False),
    )
    begun = events[-2]
    assert isinstance(begun, OrderMoved)
    assert (begun.reason, begun.due_ts) == ("time_stop", OPEN + 2 * MINUTE_NS)
    assert begun.demand is not None
    assert begun.demand.bars_held == 2
    assert events[-1].ts == OPEN + 6 * MINUTE_NS


def test_square_off_and_the_forced_close() -> None:
    rows: list[ScenarioInput] = [*ticks(10000, 10000), Clock(ts=CLOSE)]
    events = play(rows, (OPEN, intent(sl=None, tp=None)))
    assert moves(events)[3:] == [
        ("EXIT_PENDING", "square_off"), ("CLOSED", "square_off"), ("ARCHIVED", "session_end"),
    ]  # fmt: skip
    closed = events[-2]
    assert isinstance(closed, OrderMoved)
    assert closed.fill is not None
    assert (closed.fill.rule, closed.fill.stale) == ("last_quote", True)
    late = play(ticks(10000, start=CLOSE - MINUTE_NS), (0, intent()))
    assert moves(late) == [("REJECTED", "after_square_off")]


def test_exit_intent_cancels_then_closes() -> None:
    rows: list[ScenarioInput] = [*ticks(10000, 10000), Clock(ts=OPEN + 20 * SECOND_NS)]
    rows.append(Row(OPEN + 21 * SECOND_NS, 0, 10010))
    at = OPEN + 20 * SECOND_NS
    events = play(rows, (OPEN, intent()), (at, intent()), (at, intent(Signal.EXIT)))
    assert moves(events)[4:] == [
        ("CANCELLED", "signal_exit"), ("EXIT_PENDING", "signal_exit"), ("CLOSED", "signal_exit"),
    ]  # fmt: skip


def test_a_full_exit_is_remembered_during_a_partial() -> None:
    config = ExecutionConfig(
        fill_mode="ltp", slippage_bps=0, latency_ms=500, charges=False, enable_time_stop=False
    )
    rows: list[ScenarioInput] = [
        *ticks(10000, 10000, 9500),
        Command(ts=OPEN + 2 * SECOND_NS + 1, command="kill_switch"),
        *ticks(9490, 9480, start=OPEN + 3 * SECOND_NS),
    ]
    events = play(rows, (OPEN, intent()), config=config)
    assert moves(events)[3:] == [
        ("SL_PENDING", "stop_loss"), ("ACTIVE", "stop_loss"),
        ("EXIT_PENDING", "kill_switch"), ("CLOSED", "kill_switch"),
    ]  # fmt: skip
    assert realized(events) == -25 * 510 - 25 * 520


def test_an_option_settles_at_its_intrinsic_value() -> None:
    option = Instrument(
        instrument_token=1, tradingsymbol="X", segment="NFO-OPT", name="SPOT",
        instrument_type="CE", strike_paise=9000, expiry=DAY.isoformat(),
    )  # fmt: skip
    rows: list[ScenarioInput] = [
        *ticks(10000, 10000), Clock(ts=CLOSE + 1),
        Settlement(ts=CLOSE + 5, underlying="SPOT", date=DAY.isoformat(), close_paise=21_003),
    ]  # fmt: skip
    wish = intent(sl=None, tp=None, product="NRML")
    events = play(rows, (OPEN, wish), instruments=(option,))
    assert moves(events)[3:] == [("EXIT_PENDING", "expiry"), ("CLOSED", "expiry")]
    assert realized(events) == 50 * (12_003 - 10_000)


# ------------------------------------------------------------------ candles, rules


def on_close(*wishes: dict[str, object]) -> Callable[[Candle], list[OrderIntent]]:
    def decide(candle: Candle) -> list[OrderIntent]:
        seen.append(candle)
        return [intent(sl=None, tp=None, strategy="", **wish) for wish in wishes]  # type: ignore[arg-type]

    seen: list[Candle] = []
    decide.seen = seen  # type: ignore[attr-defined]
    return decide


def test_highest_confidence_wins_and_ties_go_to_the_configured_order() -> None:
    rules = tuple(
        CandleRule(name, frame, ("X",), on_close({"confidence": confidence}))
        for name, frame, confidence in (("a", "1m", 0.5), ("b", "1m", 0.9), ("c", "2m", 0.9))
    )
    rows: list[ScenarioInput] = [
        *ticks(10000, start=OPEN), *ticks(10000, start=OPEN + 119 * SECOND_NS),
        Clock(ts=OPEN + 2 * MINUTE_NS),
    ]  # fmt: skip
    created = [e for e in play(rows, strategies=rules) if isinstance(e, OrderCreated)]
    assert [(each.strategy_id, each.input_no) for each in created] == [("b", 2), ("b", 3)]


def test_all_entries_of_the_strategy_that_wins_stand_in_their_order() -> None:
    mine: list[dict[str, object]] = [
        {"confidence": 0.1, "qty": 50},
        {"confidence": 0.9, "qty": 100},
        {"signal": Signal.SELL},
    ]
    rules = (
        CandleRule("a", "1m", ("X",), on_close({"confidence": 0.8})),
        CandleRule("b", "1m", ("X",), on_close(*mine)),
    )
    rows: list[ScenarioInput] = [*ticks(10000, start=OPEN), Clock(ts=OPEN + MINUTE_NS)]
    created = [e for e in play(rows, strategies=rules) if isinstance(e, OrderCreated)]
    assert [each.strategy_id for each in created] == ["b"] * 3
    assert [each.transaction_type for each in created] == ["BUY", "BUY", "SELL"]
    assert [each.quantity for each in created[:2]] == [50, 100]


def test_a_walked_candle_rebuilds_itself() -> None:
    decide = on_close({})
    rule = CandleRule("a", "1m", ("X",), decide)
    candles: list[ScenarioInput] = [
        WalkCandle(OPEN + at * MINUTE_NS, MINUTE_NS, 0, 100, 110 + at, 90, 105, 7 + at)
        for at in range(2)
    ]
    events = play([*candles, Clock(ts=OPEN + 2 * MINUTE_NS)], strategies=(rule,))
    seen: list[Candle] = decide.seen  # type: ignore[attr-defined]
    assert [(c.open, c.high, c.low, c.close, c.volume, c.bar) for c in seen] == [
        (1.0, 1.1, 0.9, 1.05, 7, 1), (1.0, 1.11, 0.9, 1.05, 8, 2),
    ]  # fmt: skip
    assert events[0].input_no == 5


@pytest.mark.parametrize(("signal", "first"), [(Signal.BUY, 90), (Signal.SELL, 110)])
def test_the_walk_goes_against_the_open_position_first(signal: Signal, first: int) -> None:
    candles: list[ScenarioInput] = [
        WalkCandle(OPEN, MINUTE_NS, 0, 100, 110, 90, 105, 7),
    ]
    enter = (OPEN, intent(signal, sl=None, tp=None))
    config = ExecutionConfig(
        fill_mode="ltp", slippage_bps=0, charges=False, stale_after_s=60, latency_ms=0
    )
    leave = (OPEN + 15 * SECOND_NS + 1, intent(Signal.EXIT))
    events = play(candles, enter, leave, config=config)
    closed = next(e for e in events if isinstance(e, OrderMoved) and e.to_state == "CLOSED")
    assert closed.fill is not None
    assert closed.fill.price_paise == first
    assert closed.fill.walked


# --------------------------------------------------------------------- invariants


def check_books(events: list[TradingEvent]) -> None:
    """Dense seq, legal moves, and per order: cash + cost of what is open = realized."""
    state: dict[str, OrderState] = {}
    created: dict[str, OrderCreated] = {}
    open_: Counter[str] = Counter()
    cash: Counter[str] = Counter()
    gross: Counter[str] = Counter()
    entry: dict[str, int] = {}
    for number, event in enumerate(events, 1):
        assert event.seq == number
        assert event.due_ts < event.ts
        name = event.order_id
        if isinstance(event, OrderCreated):
            assert name not in state
            state[name], created[name] = OrderState.CREATED, event
            continue
        sign = 1 if created[name].transaction_type == "BUY" else -1
        if isinstance(event, StopMoved):
            assert state[name] == OrderState.ACTIVE
            assert sign * event.stop_to_paise > sign * event.stop_from_paise
            continue
        assert isinstance(event, OrderMoved)  # these modes make no event of an exchange order
        assert event.from_state == state[name]
        assert event.to_state in NEXT_STATES[event.from_state]
        state[name] = event.to_state
        fill = event.fill
        if fill is not None:
            way = 1 if fill.transaction_type == "BUY" else -1
            assert way == (sign if event.to_state == OrderState.FILLED else -sign)
            assert fill.quantity > 0
            open_[name] += way * fill.quantity
            cash[name] -= way * fill.quantity * fill.price_paise
            gross[name] += fill.realized_paise
            entry.setdefault(name, fill.price_paise)
            assert fill.price_paise >= created[name].tick_paise or fill.rule == "settlement"
            assert cash[name] + open_[name] * entry[name] == gross[name]
        if event.to_state in (OrderState.CLOSED, OrderState.ARCHIVED):
            assert open_[name] == 0
        if event.to_state == OrderState.ACTIVE:
            assert sign * open_[name] > 0
    stamps = [(event.ts, event.input_no) for event in events]
    assert stamps == sorted(stamps)


def test_random_scenarios_keep_the_books() -> None:
    reached: Counter[str] = Counter()
    for seed in range(80):
        events = run(random_scenario(seed))
        check_books(events)
        for event in events:
            if isinstance(event, OrderMoved):
                reached[f"{event.from_state}>{event.to_state} {event.reason}"] += 1
                if event.fill is not None:
                    reached["stale"] += event.fill.stale
                    reached["walked"] += event.fill.walked
                    reached["after_gap"] += event.fill.after_gap
                    reached[event.fill.rule] += 1
    for wanted in (
        "SL_PENDING>ACTIVE stop_loss", "SL_PENDING>ACTIVE trailing_stop",
        "SL_PENDING>CLOSED stop_loss_rest", "SL_PENDING>CLOSED trailing_stop",
        "TP_PENDING>CLOSED take_profit", "EXIT_PENDING>CLOSED time_stop",
        "EXIT_PENDING>CLOSED square_off", "EXIT_PENDING>CLOSED expiry",
        "EXIT_PENDING>CLOSED kill_switch", "EXIT_PENDING>CLOSED signal_exit",
        "SUBMITTED>CANCELLED square_off", "SUBMITTED>CANCELLED signal_exit",
        "SUBMITTED>REJECTED no_price", "CREATED>REJECTED market_closed",
        "stale", "walked", "after_gap", "settlement", "last_quote", "ltp_for_mid", "mid", "ask",
    ):  # fmt: skip
        assert reached[wanted], wanted


def test_the_same_seed_gives_the_same_events() -> None:
    assert run(random_scenario(5)) == run(random_scenario(5))
