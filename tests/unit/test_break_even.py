"""Break-even and the late trail in the engine and in the naive reference, sentence by sentence.

See SEMANTICS, "Exits of one position".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import msgspec
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_date, ist_ns
from daemon.domain.events import OrderCreated, OrderMoved, StopMoved, TradingEvent
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Instrument
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from daemon.domain.ledger import Ledger
from daemon.domain.order import ExitRules
from daemon.domain.ticks import Ticks
from daemon.settings.config import ExecutionConfig, RiskConfig
from tests.kit.drive import inputs_of, make_engine, run_engine
from tests.kit.scenario import Row, Scenario
from tests.kit.tariff import Tariff
from tests.oracle import engine as naive

DAY, NEXT = dt.date(2026, 11, 23), dt.date(2026, 11, 24)
OPEN = ist_ns(DAY, dt.time(9, 15))
MORROW = ist_ns(NEXT, dt.time(9, 15))
FUT = Instrument(instrument_token=1, tradingsymbol="X", segment="NFO-FUT", lot_size=25)
CALL = Instrument(
    instrument_token=1, tradingsymbol="X", segment="NFO-OPT", lot_size=25, name="SPOT",
    instrument_type="CE", strike_paise=2_000_000,
)  # fmt: skip
FLAT_26 = Tariff(since=DAY, brokerage=Decimal(26), brokerage_percent=Decimal(100))
BREAK_EVEN: Final[dict[str, Any]] = {"enable_break_even": True}
WITH_CHARGES: Final = BREAK_EVEN | {"break_even_with_charges": True, "charges": True}


def taken_up_on_each_date(scenario: Scenario) -> list[TradingEvent]:
    """Play every date with an engine of its own that is given what the one before has left."""
    engine = make_engine(scenario)
    events: list[TradingEvent] = []
    for item in inputs_of(scenario, 1):
        date = ist_date(int(item.ts[0]) if isinstance(item, Ticks) else item.ts)
        if engine.at.date not in (None, date):
            left = msgspec.json.decode(msgspec.json.encode(engine.ledger), type=Ledger)
            engine = make_engine(
                scenario, ledger=left, carry=engine.engine.carry(), first_input_no=engine.input_no
            )
        events += engine.handle(item)
    return events


PLAYERS: Final[dict[str, Callable[[Scenario], list[TradingEvent]]]] = {
    "engine": lambda scenario: run_engine(scenario)[0],
    "row by row": lambda scenario: run_engine(scenario, 1)[0],
    "taken up on each date": taken_up_on_each_date,
    "reference": naive.run,
}


@pytest.fixture(autouse=True, params=PLAYERS)
def player(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every fact of this file against all who play a scenario."""
    monkeypatch.setitem(PLAYERS, "now", PLAYERS[request.param])


def run(scenario: Scenario) -> list[TradingEvent]:
    return PLAYERS["now"](scenario)


def play(
    *ltps: int | tuple[int, int, int],
    signal: Signal = Signal.BUY,
    qty: int = 50,
    sl: float = 95,
    tp: float | None = None,
    instrument: Instrument = FUT,
    tariffs: tuple[Tariff, ...] = (FLAT_26,),
    exits: ExitOverrides | None = None,
    morrow: tuple[int, ...] = (),
    latency_ms: int = 0,
    **settings: Any,
) -> list[TradingEvent]:
    """One entry on the first price, one price (or ltp, bid, ask) a second, `morrow` a day later."""
    plain: dict[str, Any] = {
        "fill_mode": "ltp", "slippage_bps": 0, "enable_time_stop": False, "enable_trailing": False,
        "charges": False, "latency_ms": latency_ms,
    }  # fmt: skip
    wish = OrderIntent(
        symbol="X", signal=signal, qty=qty, sl_price=sl, tp_price=tp, exits=exits, product="NRML"
    )
    length = 60 * MINUTE_NS
    return run(
        Scenario(
            instruments=(instrument,),
            execution=ExecutionConfig(**(plain | settings)),
            risk=RiskConfig(),
            sessions={
                (DAY, instrument.segment): (OPEN, OPEN + length),
                (NEXT, instrument.segment): (MORROW, MORROW + length),
            },
            inputs=tuple(
                Row(start + at * SECOND_NS, 0, *((ltp,) if isinstance(ltp, int) else ltp))
                for start, prices in ((OPEN, ltps), (MORROW, morrow))
                for at, ltp in enumerate(prices)
            ),
            timed=(TimedIntent(ts=OPEN, intent=wish),),
            tariffs=tariffs,
        )
    )


def stops(events: list[TradingEvent]) -> list[tuple[str, int, int, int]]:
    """(reason, from, to, steps) of every move of a stop."""
    return [
        (e.reason, e.stop_from_paise, e.stop_to_paise, e.steps)
        for e in events
        if isinstance(e, StopMoved)
    ]


def exits(events: list[TradingEvent]) -> list[tuple[str, int, int]]:
    """(reason, price, quantity) of every exit."""
    return [
        (e.reason, e.fill.price_paise, e.fill.quantity)
        for e in events
        if isinstance(e, OrderMoved) and e.fill is not None and e.reason != "filled"
    ]


# ------------------------------------------------------------- the worked example


def test_nothing_happens_before_one_r() -> None:
    assert stops(play(10000, 10495, **BREAK_EVEN)) == []


def test_at_one_r_the_stop_moves_to_the_entry_and_there_all_of_it_leaves() -> None:
    events = play(10000, 10495, 10500, 10005, 10000, **BREAK_EVEN)
    assert stops(events) == [("break_even", 9500, 10000, 0)]
    assert exits(events) == [("break_even", 10000, 50)]


def test_with_charges_cost_is_the_first_price_that_pays_for_both_orders() -> None:
    events = play(10000, 10495, 10500, 10110, 10105, **WITH_CHARGES)
    assert stops(events) == [("break_even", 9500, 10105, 0)]
    assert exits(events) == [("break_even", 10105, 50)]
    charged = [e.fill.charges.total for e in events if isinstance(e, OrderMoved) and e.fill]
    assert sum(map(Decimal, charged)) == 52


def test_a_price_that_is_not_a_step_beyond_cost_waits() -> None:
    path = (10000, 10100, 10105, 10109, 10110)
    assert stops(play(*path[:4], break_even_at_r=0.2, **WITH_CHARGES)) == []
    assert stops(play(*path, break_even_at_r=0.2, **WITH_CHARGES)) == [
        ("break_even", 9500, 10105, 0)
    ]


def test_a_jump_over_the_trigger_moves_the_stop_and_a_gap_below_cost_is_its_exit() -> None:
    events = play(10000, 10495, 10600, 9900, **WITH_CHARGES)
    assert stops(events) == [("break_even", 9500, 10105, 0)]
    assert exits(events) == [("break_even", 9900, 50)]


def test_a_tie_with_the_ladder_is_break_evens_and_keeps_the_steps_of_its_last_move() -> None:
    events = play(10000, 10250, 10500, 10750, 10250, enable_trailing=True, **BREAK_EVEN)
    assert stops(events) == [
        ("trailing_stop", 9500, 9750, 1), ("break_even", 9750, 10000, 1),
        ("trailing_stop", 10000, 10250, 3),
    ]  # fmt: skip
    assert exits(events) == [("trailing_stop", 10250, 50)]


# ---------------------------------------------------------------- a short mirrors it


def test_a_short_mirrors_the_worked_example() -> None:
    short: dict[str, Any] = {"signal": Signal.SELL, "sl": 105}
    assert stops(play(10000, 9505, **short, **BREAK_EVEN)) == []
    events = play(10000, 9505, 9500, 9995, 10000, **short, **BREAK_EVEN)
    assert stops(events) == [("break_even", 10500, 10000, 0)]
    assert exits(events) == [("break_even", 10000, 50)]
    events = play(10000, 9500, 9895, **short, **WITH_CHARGES)
    assert stops(events) == [("break_even", 10500, 9895, 0)]
    assert exits(events) == [("break_even", 9895, 50)]
    waits = play(10000, 9900, 9891, 9890, break_even_at_r=0.2, **short, **WITH_CHARGES)
    assert [e.ltp_paise for e in waits if isinstance(e, StopMoved)] == [9890]


def test_a_short_that_cannot_pay_for_its_charges_at_one_step_never_moves() -> None:
    events = play(
        40, 30, 15, 10, 5, 5, signal=Signal.SELL, sl=0.5, break_even_at_r=0.1, **WITH_CHARGES
    )  # 52 rupees over 50 units are 1.04, more than a premium of 0.40 holds
    assert stops(events) == []


def test_a_short_moves_down_to_one_step_above_the_price() -> None:
    fee = Tariff(since=DAY, brokerage=Decimal(5), brokerage_percent=Decimal(100))
    events = play(
        40, 20, 15, 14, signal=Signal.SELL, sl=0.5, tariffs=(fee,), break_even_at_r=0.1,
        **WITH_CHARGES,
    )  # fmt: skip
    assert stops(events) == [("break_even", 50, 20, 0)]  # 0.20 x 50 = 10 pays for both
    assert [e.ltp_paise for e in events if isinstance(e, StopMoved)] == [15]


# ------------------------------------------------------------------ when, exactly


@pytest.mark.parametrize(("at_r", "first"), [(0.1, 10050), (0.3, 10150), (0.01, 10005)])
def test_the_trigger_is_the_decimal_that_was_written(at_r: float, first: int) -> None:
    assert stops(play(10000, first - 1, break_even_at_r=at_r, **BREAK_EVEN)) == []
    moved = stops(play(10000, first, break_even_at_r=at_r, **BREAK_EVEN))
    assert moved == [("break_even", 9500, 10000, 0)]


def test_the_trigger_is_not_snapped() -> None:
    # R = 4.95, so 0.5 R is 2.475, between two paise
    assert stops(play(10000, 10247, sl=95.05, break_even_at_r=0.5, **BREAK_EVEN)) == []
    assert stops(play(10000, 10248, sl=95.05, break_even_at_r=0.5, **BREAK_EVEN)) != []


def test_a_trigger_inside_the_first_step_waits_for_a_whole_step() -> None:
    path = (10000, 10001, 10004)
    assert stops(play(*path, break_even_at_r=0.001, **BREAK_EVEN)) == []
    assert stops(play(*path, 10005, break_even_at_r=0.001, **BREAK_EVEN)) != []


def test_nothing_is_remembered_of_a_price_that_was_beyond_the_trigger_alone() -> None:
    events = play(10000, 10100, 10050, 10105, break_even_at_r=0.2, **WITH_CHARGES)
    assert stops(events) == []


def test_the_target_goes_before_break_even() -> None:
    events = play(10000, 10500, tp=105, **BREAK_EVEN)
    assert stops(events) == []
    assert exits(events) == [("take_profit", 10500, 50)]


def test_the_stop_moves_once_while_rates_stay() -> None:
    events = play(10000, 10500, 10600, 10500, 10110, 10700, **WITH_CHARGES)
    assert len(stops(events)) == 1


def test_without_a_stop_there_is_no_break_even() -> None:
    wish = OrderIntent(symbol="X", signal=Signal.BUY, qty=25)
    events = run(
        Scenario(
            instruments=(FUT,),
            execution=ExecutionConfig(fill_mode="ltp", slippage_bps=0, charges=False, **BREAK_EVEN),
            risk=RiskConfig(),
            sessions={(DAY, "NFO-FUT"): (OPEN, OPEN + 60 * MINUTE_NS)},
            inputs=tuple(Row(OPEN + at, 0, 10000 + 500 * at) for at in range(5)),
            timed=(TimedIntent(ts=OPEN, intent=wish),),
        )
    )
    assert [type(e) for e in events] == [OrderCreated, OrderMoved, OrderMoved, OrderMoved]


def test_the_tick_that_fills_a_waiting_entry_is_asked() -> None:
    # bought at an ask of 99.00 while the last price is 100.00: R = 1
    events = play((10000, 9890, 9900), sl=98, fill_mode="bid_ask", **BREAK_EVEN)
    assert stops(events) == [("break_even", 9800, 9900, 0)]


# ---------------------------------------------------------------------- the ladder


def test_the_better_stop_is_set_in_one_move() -> None:
    # at 107.50 the ladder says 102.50, break-even 101.05
    events = play(10000, 10750, enable_trailing=True, **WITH_CHARGES)
    assert stops(events) == [("trailing_stop", 9500, 10250, 3)]
    # at 105.00 the ladder says 100.00
    events = play(10000, 10500, 10600, 10750, enable_trailing=True, **WITH_CHARGES)
    assert stops(events) == [
        ("break_even", 9500, 10105, 0), ("trailing_stop", 10105, 10250, 3),
    ]  # fmt: skip


def test_a_ladder_that_stands_at_cost_already_keeps_its_reason() -> None:
    events = play(10000, 10500, 10600, 10000, enable_trailing=True, break_even_at_r=1.2,
                  **BREAK_EVEN)  # fmt: skip
    assert stops(events) == [("trailing_stop", 9500, 10000, 2)]
    assert exits(events) == [("trailing_stop", 10000, 50)]


def test_a_late_trail_then_stands_where_it_would_have_stood() -> None:
    late: dict[str, Any] = {"enable_trailing": True, "trail_after_r": 1.5}
    assert stops(play(10000, 10749, **late)) == []
    events = play(10000, 10749, 10750, 10300, 10999, 11000, **late)
    assert stops(events) == [
        ("trailing_stop", 9500, 10250, 3), ("trailing_stop", 10250, 10500, 4),
    ]  # fmt: skip


def test_break_even_does_not_wait_for_the_late_trail() -> None:
    both: dict[str, Any] = {"enable_trailing": True, "trail_after_r": 2}
    events = play(10000, 10500, 10999, 11000, **both, **BREAK_EVEN)
    assert stops(events) == [
        ("break_even", 9500, 10000, 0), ("trailing_stop", 10000, 10500, 4),
    ]  # fmt: skip


def test_what_a_partial_exit_leaves_trails_at_once() -> None:
    # half leaves at 95.00, the rest has 92.50; one step over 95.00 is 97.50
    late: dict[str, Any] = {"enable_trailing": True, "trail_after_r": 100}
    events = play(10000, 9500, 9749, 9750, **late)
    assert stops(events) == [("trailing_stop", 9250, 9500, 1)]


# ----------------------------------------------------------------- partial exits


def test_after_a_partial_exit_break_even_does_nothing() -> None:
    events = play(10000, 9500, 10500, 11000, 9250, **BREAK_EVEN)
    assert stops(events) == []
    assert exits(events) == [("stop_loss", 9500, 25), ("stop_loss_rest", 9250, 25)]


def test_always_lets_a_part_leave_at_cost_and_the_rest_one_step_behind() -> None:
    events = play(10000, 10500, 10000, 10600, 9750, partial_exit_when="always", **BREAK_EVEN)
    assert stops(events) == [("break_even", 9500, 10000, 0)]
    assert exits(events) == [("break_even", 10000, 25), ("stop_loss_rest", 9750, 25)]


def test_always_and_a_gap_let_everything_leave() -> None:
    events = play(10000, 10500, 9750, partial_exit_when="always", **BREAK_EVEN)
    assert exits(events) == [("break_even", 9750, 50)]


def test_nothing_moves_while_an_exit_is_pending() -> None:
    events = play(
        10000, 10000, 10000, 10500, 10000, 10800, 10900, latency_ms=1500, enable_trailing=True,
        **BREAK_EVEN,
    )  # fmt: skip
    assert stops(events) == [("break_even", 9500, 10000, 0)]
    assert exits(events) == [("break_even", 10900, 50)]


# ------------------------------------------------------------------------ charges


def test_without_charges_in_the_books_cost_is_the_entry() -> None:
    settings = WITH_CHARGES | {"charges": False}
    assert stops(play(10000, 10500, **settings)) == [("break_even", 9500, 10000, 0)]
    booked = BREAK_EVEN | {"charges": True}
    assert stops(play(10000, 10500, **booked)) == [("break_even", 9500, 10000, 0)]


def test_charges_that_are_nothing_leave_cost_at_the_entry() -> None:
    assert stops(play(10000, 10500, tariffs=(), **WITH_CHARGES)) == [("break_even", 9500, 10000, 0)]


@pytest.mark.parametrize(("fee", "cost"), [("25", 10100), ("25.0000001", 10105), ("0.01", 10005)])
def test_charges_are_compared_exactly(fee: str, cost: int) -> None:
    tariff = Tariff(since=DAY, brokerage=Decimal(fee), brokerage_percent=Decimal(100))
    events = play(10000, 10500, tariffs=(tariff,), **WITH_CHARGES)
    assert stops(events) == [("break_even", 9500, cost, 0)]


def test_the_closing_order_is_charged_at_cost_and_not_at_the_entry() -> None:
    # the seller pays 1 %: 100 x 1.01 is not enough (1.0100 on 101.00), 101.05 is (1.0105)
    tariff = Tariff(since=DAY, seller_percent=Decimal(1))
    assert stops(play(10000, 10500, tariffs=(tariff,), **WITH_CHARGES)) == [
        ("break_even", 9500, 10105, 0)
    ]


def test_each_order_is_charged_by_its_own_side() -> None:
    # a long paid 2 % stamp on its way in; the closing sale pays nothing
    stamp = Tariff(since=DAY, buyer_percent=Decimal(2))
    assert stops(play(10000, 10500, tariffs=(stamp,), **WITH_CHARGES)) == [
        ("break_even", 9500, 10200, 0)
    ]
    # a short pays it on its way out, on the lower price: 98.00 owes 1.96, 98.05 owes 1.961
    short = play(10000, 9500, signal=Signal.SELL, sl=105, tariffs=(stamp,), **WITH_CHARGES)
    assert stops(short) == [("break_even", 10500, 9800, 0)]


def test_an_option_pays_flat_and_a_future_by_its_value() -> None:
    tariff = Tariff(since=DAY, brokerage=Decimal(20), brokerage_percent=Decimal("0.03"))
    # 1.50 to buy and about as much to sell 5,000 of value
    assert stops(play(10000, 10500, tariffs=(tariff,), **WITH_CHARGES)) == [
        ("break_even", 9500, 10010, 0)
    ]
    events = play(10000, 10500, tariffs=(tariff,), instrument=CALL, **WITH_CHARGES)
    assert stops(events) == [("break_even", 9500, 10080, 0)]


def test_cost_is_on_the_price_step_of_the_contract() -> None:
    coarse = Instrument(
        instrument_token=1, tradingsymbol="X", segment="NFO-FUT", lot_size=25, tick_paise=20
    )
    events = play(10000, 10120, 10139, 10140, break_even_at_r=0.2, instrument=coarse,
                  **WITH_CHARGES)  # fmt: skip
    assert stops(events) == [("break_even", 9500, 10120, 0)]
    assert [e.ltp_paise for e in events if isinstance(e, StopMoved)] == [10140]


def test_the_entry_counts_as_booked_and_the_exit_by_the_rules_of_its_day() -> None:
    dearer = Tariff(since=NEXT, brokerage=Decimal(74), brokerage_percent=Decimal(100))
    events = play(10000, morrow=(10500,), tariffs=(FLAT_26, dearer), **WITH_CHARGES)
    assert stops(events) == [("break_even", 9500, 10200, 0)]  # 26 + 74, not 148 and not 52


def test_rates_that_rise_overnight_move_the_stop_again_and_lower_ones_do_not() -> None:
    dearer = Tariff(since=NEXT, brokerage=Decimal(74), brokerage_percent=Decimal(100))
    events = play(10000, 10500, morrow=(10500,), tariffs=(FLAT_26, dearer), **WITH_CHARGES)
    assert stops(events) == [("break_even", 9500, 10105, 0), ("break_even", 10105, 10200, 0)]
    cheaper = Tariff(since=NEXT)
    events = play(10000, 10500, morrow=(10500,), tariffs=(FLAT_26, cheaper), **WITH_CHARGES)
    assert stops(events) == [("break_even", 9500, 10105, 0)]


def test_rates_that_fall_overnight_bring_cost_nearer() -> None:
    dearer = Tariff(since=DAY, brokerage=Decimal(126), brokerage_percent=Decimal(100))
    events = play(
        10000, 10500, morrow=(10305, 10310), tariffs=(dearer, replace(FLAT_26, since=NEXT)),
        break_even_at_r=0.2, **WITH_CHARGES,
    )  # fmt: skip
    # 126 + 26 on 50 units are 3.04 each, not 5.04
    assert stops(events) == [("break_even", 9500, 10305, 0)]
    assert [e.ltp_paise for e in events if isinstance(e, StopMoved)] == [10310]


def test_rates_that_eat_every_gain_leave_the_stop_alone() -> None:
    tariff = Tariff(since=DAY, seller_percent=Decimal(100))
    assert stops(play(10000, 10500, 20000, 90000, tariffs=(tariff,), **WITH_CHARGES)) == []


# ----------------------------------------------------------------------- settings


def test_an_intent_overrides_what_the_configuration_says() -> None:
    off = ExitOverrides(enable_break_even=False)
    assert stops(play(10000, 10500, exits=off, **BREAK_EVEN)) == []
    sooner = ExitOverrides(
        enable_break_even=True, break_even_at_r=0.2, break_even_with_charges=True
    )
    events = play(10000, 10100, 10110, exits=sooner, charges=True)
    assert stops(events) == [("break_even", 9500, 10105, 0)]
    at_once = ExitOverrides(trail_after_r=0.0)
    events = play(10000, 10250, exits=at_once, enable_trailing=True, trail_after_r=2)
    assert stops(events) == [("trailing_stop", 9500, 9750, 1)]


def test_the_order_keeps_the_settings_that_it_was_built_with() -> None:
    events = play(10000, trail_after_r=1.5, break_even_at_r=0.5, **WITH_CHARGES)
    created = events[0]
    assert isinstance(created, OrderCreated)
    assert created.exits == ExitRules(
        enable_partial_exit=True, break_even_at_r=0.5,
        break_even_with_charges=True, trail_after_r=1.5,
    )  # fmt: skip
