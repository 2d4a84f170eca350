"""Inputs of a live run before its feed: candles, changes, and exits that are overdue."""

from __future__ import annotations

from typing import Final

from loguru import logger

from daemon.domain.candle import Candle
from daemon.domain.dates import ist_date
from daemon.domain.inputs import Command, ConfigChange, History, Input
from daemon.errors import ConfigError, FeedError
from daemon.runtime.disk_faults import disk_errors_as_journal_errors
from daemon.runtime.live_start import LiveStart
from daemon.runtime.machine import Machine
from daemon.runtime.resume import ResumedState
from daemon.runtime.warmup import recorded_candles
from daemon.settings.reload import back_to, change_text, encode_change
from feeds.kite.day import LiveDay
from feeds.recording.opened import open_recording

RECORDINGS_READ: Final = 3
"""Without Kite's historical candles, the strategies are warmed from this many recordings."""


def of_a_new_recording(
    start: LiveStart, day: LiveDay, machine: Machine, resumed: ResumedState
) -> list[Input]:
    """Return history for the strategies, and exits of intraday positions of an earlier day."""
    first: list[Input] = _history(start, day, machine, after=0)
    if resumed.ledger is not None:
        for position in resumed.ledger.open_positions():
            if position.product == "MIS" and ist_date(position.entry_ts) < start.today:
                command = Command(ts=start.now, command="manual_exit", target=position.order_id)
                first.append(command)
    return first


def of_a_recording_that_continues(
    start: LiveStart, day: LiveDay, machine: Machine, resumed: ResumedState
) -> list[Input]:
    """Return what was changed while it ran and is not configured, and candles that it missed."""
    return [
        *_changed_back(start, machine),
        *_history(start, day, machine, after=resumed.since),
    ]


def _changed_back(start: LiveStart, machine: Machine) -> list[Input]:
    engine = machine.engine.engine
    admission = engine.admission
    change = back_to(start.config, risk=admission.risk, off=admission.config_off)
    if change is None:
        return []
    start.note("config_change", changed=change_text(change))
    return [ConfigChange(ts=max(engine.at.now, 0), config=encode_change(change))]


def _history(start: LiveStart, day: LiveDay, machine: Machine, *, after: int) -> list[Input]:
    """Return closed candles that end after `after`: from Kite, or else from older recordings."""
    candles: list[Candle] = []
    if start.config.feed.kite.history and day.http is not None:
        candles = _kite_candles(start, day, machine)
    if not candles and not after:
        candles = _recorded_candles(start, day, machine)
    candles = [candle for candle in candles if after < candle.end_ts <= start.now]
    start.note("history", candles=len(candles))
    return [History(ts=start.now, candles=tuple(candles))] if candles else []


def _kite_candles(start: LiveStart, day: LiveDay, machine: Machine) -> list[Candle]:
    candles: list[Candle] = []
    try:
        old = day.candles(machine.strategies.subscriptions, now=start.now)
        candles, notes = old.candles, old.notes
    except FeedError as error:
        notes = [str(error)]
    for text in notes:
        start.warn("history", "historical candles", text)
    return candles


def _recorded_candles(start: LiveStart, day: LiveDay, machine: Machine) -> list[Candle]:
    """Read the recordings before the one that was begun; a damaged one is passed over."""
    candles: list[Candle] = []
    for path in start.account.recordings()[-1 - RECORDINGS_READ : -1]:
        try:
            with disk_errors_as_journal_errors(path):
                candles += recorded_candles(
                    [open_recording(path)], day.universe, start.config, start.rules,
                    machine.strategies,
                )  # fmt: skip
        except (FeedError, ConfigError) as error:
            start.note("history", problem=str(error))
            logger.warning("historical candles: {}", error)
    return candles
