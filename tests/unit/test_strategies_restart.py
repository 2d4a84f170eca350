"""A strategy that its failures disabled is as it was after a start; a person brings it back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from daemon.domain.candle import Candle
from daemon.domain.dates import MINUTE_NS
from daemon.domain.inputs import Command, Input
from daemon.domain.ticks import ABSENT, Ticks
from daemon.rules import load_rulebook
from daemon.runtime.account import Account
from daemon.runtime.machine import Machine, machine_of
from daemon.runtime.machine import machine as build_machine
from daemon.runtime.rerun import run_again
from daemon.settings.config import Config, StrategiesConfig
from feeds.recording.reader import InputLog
from strategies.strategy import BaseStrategy, Intents, View
from tests.unit.test_strategies_kit import FUT, at, config, universe

INSTRUMENTS = (1, 2, 3)
HERE = "tests.unit.test_strategies_restart"
RULES = load_rulebook(None)


class Fails(BaseStrategy):
    """Raises until 09:25, then buys the future once."""

    def __init__(self) -> None:
        self._bought = False

    def on_candle(self, candle: Candle, view: View) -> Intents:
        if candle.end_ts <= at("09:25"):
            raise KeyError("no quote yet")
        if self._bought or candle.tradingsymbol != FUT:
            return None
        self._bought = True
        return [self.buy(FUT, 65), self.buy(FUT, 130)]


def minute(number: int) -> Ticks:
    """One tick of each instrument, so many minutes after 09:15."""
    count = len(INSTRUMENTS)
    return Ticks(
        ts=np.full(count, at("09:15") + number * MINUTE_NS, dtype=np.int64),
        instrument=np.array(INSTRUMENTS, dtype=np.int32),
        ltp=np.full(count, 10_000, dtype=np.int64),
        exchange_ts=np.zeros(count, dtype=np.int64),
        bid=np.full(count, ABSENT, dtype=np.int64),
        ask=np.full(count, ABSENT, dtype=np.int64),
        volume=np.full(count, ABSENT, dtype=np.int64),
    )


def minutes(first: int, after: int) -> list[Input]:
    return [minute(number) for number in range(first, after)]


def back(ts: int) -> Command:
    return Command(ts=ts, command="strategy_on", target="a")


DAYS: dict[str, tuple[list[Input], str | None, int]] = {
    "two failing boundaries": (minutes(0, 3), None, 0),
    "three": (minutes(0, 4), "09:18", 0),
    "disabled for the rest of the day": (minutes(0, 14), "09:18", 0),
    "brought back, and failing twice more": (
        [*minutes(0, 4), back(at("09:18") + 1), *minutes(4, 6)], None, 0
    ),
    "brought back, and failing three times more": (
        [*minutes(0, 4), back(at("09:18") + 1), *minutes(4, 7)], "09:21", 0
    ),
    "brought back when it works again": (
        [*minutes(0, 12), back(at("09:26") + 1), *minutes(12, 14)], None, 2
    ),
}  # fmt: skip


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS.keys())
def test_running_the_inputs_again_gives_the_same_failures_and_the_same_state(
    day: tuple[list[Input], str | None, int], tmp_path: Path
) -> None:
    inputs, disabled_at, orders = day
    live = recorded(inputs, tmp_path)
    expected = {} if disabled_at is None else {"a": at(disabled_at)}
    assert live.strategies.disabled() == expected
    assert live.engine.ledger.total_orders == orders

    account = Account.open(tmp_path, "test", created_ts=at("09:30"))
    [path] = account.recordings()
    log = InputLog(path)
    again = run_again(
        log, lambda header: machine_of(header, RULES), account.store, account.state
    ).machine
    account.close()
    assert again.strategies.disabled() == expected
    assert again.strategies.failures() == live.strategies.failures()
    assert again.strategies.reports() == live.strategies.reports()
    for machine in (live, again):  # what follows is the same too
        for item in minutes(14, 18):
            machine.engine.handle(item)
    assert again.engine.ledger == live.engine.ledger
    assert again.strategies.status() == live.strategies.status()


def recorded(inputs: list[Input], out: Path) -> Machine:
    """A machine that took the inputs; recording and journal are closed behind it."""
    strategies = StrategiesConfig(items=[config("a", "Fails", HERE)])
    settings = Config(strategies=strategies)
    account = Account.open(out, "test", created_ts=at("09:00"))
    machine = build_machine(settings, RULES, universe())
    carry = machine.engine.engine.carry()
    recorder = account.begin_log(machine, settings, settings, carry, at("09:00"))
    for item in inputs:
        recorder.record(item)
        events = machine.engine.handle(item)
        recorder.flush()
        account.store.append(events, input_no=machine.engine.input_no)
    recorder.close()
    account.close()
    return machine
