"""Equity at every minute and its drawdown: exact, and the same whatever comes after."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from daemon.domain.carry_over import CarryOver
from daemon.domain.dates import DAY_NS, MINUTE_NS
from daemon.domain.drawdown import Drawdown, EquityState
from daemon.domain.events import OrderCreated, TradingEvent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ledger import Ledger
from daemon.domain.ticks import Ticks
from daemon.market.rows import Rows
from daemon.metrics.equity import BUCKETS_MAX, Curve, booked_drawdown
from daemon.metrics.fill_quality import whole_paise
from daemon.report.fold import RunFold
from daemon.report.numbers import drawdown_curve, max_drawdown
from daemon.rules import load_rulebook
from daemon.runtime.account import Account
from daemon.runtime.machine import machine as build_machine
from daemon.runtime.series import PriceSampler, Series
from daemon.settings.config import Config
from feeds.recording.compact import CompactedLog
from tests.kit.drive import inputs_of, make_engine
from tests.kit.report_events import EventScript, at, sample_day
from tests.kit.scenario import Scenario, random_scenario

SEEDS = range(12)
FUTURE = Universe([Instrument(instrument_token=1, tradingsymbol="FUT")])


def rows(ts: Iterable[int], ltp: Iterable[int]) -> Rows:
    """Accepted rows of the future."""
    times = np.array(list(ts), dtype=np.int64)
    prices = np.array(list(ltp), dtype=np.int64)
    return Rows(Ticks(ts=times, instrument=np.zeros(len(times), np.int32), ltp=prices), 1, None)


def sampled(scenario: Scenario, size: int) -> Series:
    """The series of a scenario in blocks of `size` rows."""
    engine = make_engine(scenario)
    sampler = PriceSampler(engine.universe)
    engine.on_rows = sampler.observe
    for item in inputs_of(scenario, size):
        sampler.take(engine.handle(item))
    return sampler.series()


def naive_points(scenario: Scenario) -> list[tuple[int, int]]:
    """Net P&L by the engine's own ledger, row by row: the last of each minute."""
    engine = make_engine(scenario)
    marks: dict[str, int] = {}
    points: dict[int, tuple[int, int]] = {}
    seen: list[Rows] = []
    engine.on_rows = seen.append
    for item in inputs_of(scenario, 1):
        seen.clear()
        events = engine.handle(item)
        shown = [
            (ts, engine.universe[instrument].tradingsymbol, ltp)
            for taken in seen
            for _, ts, instrument, ltp, _ in taken.cursor(0, len(taken))
            if instrument < len(engine.universe)
        ]
        marks |= {symbol: ltp for _, symbol, ltp in shown}
        for ts in [ts for ts, _, _ in shown] + [event.ts for event in events]:
            points[ts // MINUTE_NS] = (ts, net(engine.ledger, marks))
    return list(points.values())


def net(ledger: Ledger, marks: dict[str, int]) -> int:
    held = ledger.positions.values()
    unrealized = sum(each.unrealized_paise(marks[each.tradingsymbol]) for each in held)
    return ledger.realized_paise - whole_paise(ledger.charges) + unrealized


@pytest.mark.parametrize("seed", SEEDS)
def test_each_minute_ends_at_what_the_ledger_says(seed: int) -> None:
    scenario = random_scenario(seed)
    series = sampled(scenario, 50)
    points = naive_points(scenario)
    assert len(points) < BUCKETS_MAX
    assert list(series.equity) == points
    assert series.drawdown == max_drawdown(points)


@pytest.mark.parametrize("seed", SEEDS)
def test_where_blocks_end_makes_no_difference_to_the_equity(seed: int) -> None:
    scenario = random_scenario(seed)
    assert sampled(scenario, 1) == sampled(scenario, 7) == sampled(scenario, 100_000)


# a long time afterwards


def one_trade() -> tuple[list[TradingEvent], list[int], list[int]]:
    """A long of the future on one day, down and up again, and the rows of that day."""
    script = EventScript()
    order = script.enter(at("10:00:00"), "FUT", "BUY", 65, 25_000_00, ltp_paise=25_000_00)
    script.leave(at("10:30:00"), order, 25_100_00, "signal_exit", ltp_paise=25_100_00)
    minutes = range(75)
    times = [at("09:45:00") + minute * MINUTE_NS for minute in minutes]
    prices = [25_000_00 - 700_00 * (minute == 31) + minute for minute in minutes]
    return script.events, times, prices


@pytest.mark.parametrize("days", [0, 1, 60, 250])
def test_days_on_which_nothing_happens_change_no_drawdown(days: int) -> None:
    events, times, prices = one_trade()
    sampler = PriceSampler(FUTURE)
    sampler.observe(rows(times, prices))
    sampler.take(events)
    for day in range(1, days + 1):
        sampler.observe(rows([ts + day * DAY_NS for ts in times * 5], prices * 5))
        sampler.take([])
    series = sampler.series()
    charges = whole_paise(RunFold(events).ledger.charges)
    assert series.drawdown is not None
    assert series.drawdown.depth_paise >= 65 * (700_00 - 31)
    assert series.drawdown.trough_ts == times[31]
    assert series.equity[-1][1] == 65 * 100_00 - charges
    assert -min(fall for _, fall in drawdown_curve(series.equity)) == series.drawdown.depth_paise
    assert len(series.equity) <= 2 * BUCKETS_MAX + 4


def test_a_curve_keeps_the_low_and_the_high_of_each_bucket() -> None:
    draw = random.Random(1)
    points = [(ts, draw.randrange(-1000, 1000)) for ts in range(BUCKETS_MAX * 5)]
    curve = Curve()
    for point in points:
        curve.add(*point)
    kept = curve.points()
    assert kept == sorted(set(kept) & set(points))
    assert len(kept) <= 2 * BUCKETS_MAX
    size = 8
    for start in range(0, len(points), size):
        bucket = [paise for _, paise in points[start : start + size]]
        thinned = [paise for ts, paise in kept if start <= ts < start + size]
        assert (min(thinned), max(thinned)) == (min(bucket), max(bucket))


# over a restart


def test_a_position_held_over_night_is_marked_at_its_last_price_until_it_has_another() -> None:
    script = EventScript()
    script.enter(at("10:00:00"), "FUT", "BUY", 65, 25_000_00, ltp_paise=25_000_00)
    both = Universe([*FUTURE, Instrument(instrument_token=2, tradingsymbol="OTHER")])
    first = PriceSampler(both)
    first.observe(rows([at("10:00:00"), at("10:01:00")], [25_000_00, 25_500_00]))
    first.take(script.events)
    state = msgspec.json.decode(msgspec.json.encode(first.equity_state()), type=EquityState)
    assert state.marks == {"FUT": 25_500_00}
    second = PriceSampler(both, script.ledger, state)
    other = Ticks(
        ts=np.array([at("10:05:00") + DAY_NS]), instrument=np.array([1], np.int32),
        ltp=np.array([5_00]),
    )  # fmt: skip
    second.observe(Rows(other, 1, None))
    second.take([])
    series = second.series()
    assert series.equity[-1] == (at("10:05:00") + DAY_NS, first.series().equity[-1][1])
    assert series.drawdown == first.series().drawdown


def test_a_position_without_any_price_is_not_sampled() -> None:
    script = EventScript()
    script.enter(at("10:00:00"), "FUT", "BUY", 65, 25_000_00)
    sampler = PriceSampler(FUTURE, script.ledger)
    assert sampler.equity.before is None
    assert sampler.series().equity == ()


def test_a_second_day_goes_on_from_the_peak_of_the_first() -> None:
    events, times, prices = one_trade()
    first = PriceSampler(FUTURE)
    first.observe(rows(times, prices))
    first.take(events)
    ledger = RunFold(events).ledger
    script = EventScript()
    script.events, script.ledger, script._orders = list(events), ledger, 1
    before = len(events)
    order = script.enter(at("10:00:00") + DAY_NS, "FUT", "BUY", 65, 25_000_00)
    script.leave(at("10:30:00") + DAY_NS, order, 24_000_00, "signal_exit")
    second = PriceSampler(FUTURE, RunFold(events).ledger, first.equity_state())
    second.observe(rows([ts + DAY_NS for ts in times], prices))
    second.take(script.events[before:])
    whole = PriceSampler(FUTURE)
    whole.observe(rows(times, prices))
    whole.take(events)
    whole.observe(rows([ts + DAY_NS for ts in times], prices))
    whole.take(script.events[before:])
    assert second.series().drawdown == whole.series().drawdown
    assert second.series().drawdown != first.series().drawdown


def test_booked_drawdown_is_that_of_the_booked_curve() -> None:
    events = sample_day().events
    assert booked_drawdown(events, Ledger()) == max_drawdown(RunFold(events).booked)


def test_booked_drawdown_goes_on_from_a_ledger_and_from_what_was_before() -> None:
    events = sample_day().events
    for cut in range(len(events)):
        earlier = RunFold(events[:cut])
        before = max_drawdown(earlier.booked)
        whole = max_drawdown(RunFold(events).booked)
        assert booked_drawdown(events[cut:], earlier.ledger, before) == whole


def test_the_state_lies_in_the_recording_and_is_where_the_next_begins(tmp_path: Path) -> None:
    before = EquityState(drawdown=Drawdown(highest_paise=5, highest_ts=7), marks={"FUT": 3})
    rules = load_rulebook(None)
    ledger = Ledger(seq=0)
    account = Account.open(tmp_path, "live", created_ts=at("09:00:00"))
    machine = build_machine(Config(), rules, FUTURE, ledger=ledger, equity=before)
    carry = machine.engine.engine.carry()
    recorder = account.begin_log(machine, Config(), Config(), carry, at("09:00:00"))
    recorder.close()
    assert account.booked_equity() == EquityState(drawdown=before.drawdown)
    path = account.finish_log(recorder.path, machine)
    log = CompactedLog(path)
    assert log.header.equity == before
    assert log.ending.equity == EquityState(drawdown=before.drawdown)
    account.close()


@pytest.mark.parametrize("base_seq", [0, 20, 10**6])
def test_without_a_rerun_the_journal_goes_on_from_the_newest_header(
    tmp_path: Path, base_seq: int
) -> None:
    events = sample_day().events
    ledger = RunFold(events[:base_seq]).ledger
    before = EquityState(drawdown=Drawdown(highest_paise=10**9, highest_ts=7))
    account = Account.open(tmp_path, "live", created_ts=at("09:00:00"))
    account.store.append(events, input_no=len(events))
    symbols = sorted({e.tradingsymbol for e in events if isinstance(e, OrderCreated)})
    universe = Universe(
        Instrument(instrument_token=n, tradingsymbol=symbol) for n, symbol in enumerate(symbols, 1)
    )
    machine = build_machine(Config(), load_rulebook(None), universe, ledger=ledger, equity=before)
    machine.engine.ledger.seq = base_seq
    account.begin_log(machine, Config(), Config(), CarryOver(), at("09:00:00")).close()
    booked = RunFold(events).booked
    if base_seq > len(events):  # a recording of another journal
        assert account.booked_equity().drawdown == max_drawdown(booked)
    else:
        later = booked[len(RunFold(events[:base_seq]).booked) :]
        assert account.booked_equity().drawdown == max_drawdown(later, before.drawdown)
    account.close()
