"""Put a live run together: resumed account, universe of the day, feed and recorder.

The order matters: nothing is asked of the network before the account is locked, nothing is
decided before everything that was decided earlier today is back.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from loguru import logger

from daemon.domain.dates import ist_date
from daemon.errors import ConfigError
from daemon.process.clock import MACHINE_CLOCKS, Clock
from daemon.rules import Rulebook
from daemon.rules.reach import calendar_span
from daemon.runtime.account import Account
from daemon.runtime.broker_margins import AskMargin
from daemon.runtime.build import Parts, sessions_of
from daemon.runtime.configured_arrays import configured_arrays
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.disk_faults import disk_errors_as_journal_errors
from daemon.runtime.first_inputs import of_a_new_recording, of_a_recording_that_continues
from daemon.runtime.live_feed import live_feed
from daemon.runtime.live_start import LiveStart
from daemon.runtime.machine import Machine, machine
from daemon.runtime.plan_exits import late_exits
from daemon.runtime.prepared_run import PreparedRun
from daemon.runtime.resume import ResumedState, resume
from daemon.runtime.retention import old_recordings, remove
from daemon.settings.config import BROKERS, Config
from feeds.kite.day import DayFinder, LiveDay
from feeds.kite.margins import margin_asker
from feeds.recording.recorder import InputRecorder


def open_live(config: Config, *, data_dir: Path | None = None) -> PreparedRun:
    """Resume the account and connect everything; nothing has been started yet.

    Raises ConfigError, TokenRefused, FeedError, ClockError, AlreadyRunning, JournalCorrupt,
    JournalIOError.
    """
    rules = load_rules(config)
    now = MACHINE_CLOCKS.wall_ns()
    if config.feed.kite.clock == "wall":
        _refuse_unknown_day(rules, ist_date(now))
    out = Path(config.out)
    finder = DayFinder(
        config, out=out, now=now, session=sessions_of(rules), contracts=rules, data_dir=data_dir,
        is_known=rules.is_known,
    )  # fmt: skip
    finder.check()
    account = Account.open(out, config.account, created_ts=now)
    try:
        with disk_errors_as_journal_errors(account.directory):
            return _prepare(LiveStart(config, rules, account, now, MACHINE_CLOCKS), finder)
    except BaseException:
        account.close(checkpoint=False)  # what could not be resumed stays as it is
        raise


def _refuse_unknown_day(rules: Rulebook, today: dt.date) -> None:
    """Refuse to trade on a day that the calendar does not know. Raises ConfigError."""
    if rules.is_known(today):
        return
    span = calendar_span(rules)
    reach = f"which is from {span[0]} to {span[1]}" if span else "which has no year"
    raise ConfigError(
        f"{today} is outside the calendar, {reach}: its holidays are not known; add the year to "
        "rules.local.yaml next to the configuration, then start again (RUNBOOK, The calendar ends)"
    )


def _prepare(start: LiveStart, finder: DayFinder) -> PreparedRun:
    """Do all steps of a start in their order."""
    account = start.account
    resumed = resume(start)
    account.state.turn_to(start.today.isoformat())
    clock = Clock(resumed.since + 1, start.clocks)
    day = _find_day(start, finder, resumed)
    decides, recorder = resumed.machine, resumed.recorder
    if decides is None or recorder is None:
        decides, recorder = _begin(start, day, resumed)
        first = of_a_new_recording(start, day, decides, resumed)
    else:
        first = of_a_recording_that_continues(start, day, decides, resumed)
    for text in late_exits(day.config, start.rules, [start.today]):
        start.warn("plans", "plans", text)
    _remove_old_recordings(start)
    feed = live_feed(start, day, decides, clock, first=first, resumed=resumed)
    parts = Parts(start.config, start.rules, feed, decides)
    return PreparedRun(
        parts, account.directory, account.store, clock, recorder, account.operations, account,
        _margin_asker(start.config, day),
    )  # fmt: skip


def _margin_asker(config: Config, day: LiveDay) -> AskMargin | None:
    """Return what asks the broker about margins, None with a model of our own."""
    if config.margin.model not in BROKERS:
        return None
    return margin_asker(config.feed.kite.api_url, day.read_credentials, day.universe)


def _find_day(start: LiveStart, finder: DayFinder, resumed: ResumedState) -> LiveDay:
    """Return the universe of the day: that of the recording that continues, or a new one."""
    known = resumed.instruments if resumed.machine is not None else None
    day = finder.find(resumed.held(), known, resumed.began)
    for text in finder.notes:
        start.warn("instruments", "instruments", text)
    return day


def _begin(start: LiveStart, day: LiveDay, resumed: ResumedState) -> tuple[Machine, InputRecorder]:
    """Begin a recording on what the account holds."""
    if start.is_on_machine_time:
        start.rules.refuse_unknown(
            day.universe, charged=start.config.execution.charges, date=start.today
        )
    account = start.account
    _refuse_unknown_positions(day, resumed)
    date = start.today if start.is_on_machine_time else None
    arrays = configured_arrays(day.config, day.universe, date=date)
    decides = machine(
        day.config, start.rules, day.universe,
        ledger=resumed.ledger, carry=resumed.carry, first_input_no=account.store.last_input_no,
        equity=resumed.equity or account.booked_equity(), client_ids=resumed.client_ids,
        arrays=arrays,
    )  # fmt: skip
    recorder = account.begin_log(
        decides, day.config, start.config, resumed.carry, start.now, arrays
    )
    return decides, recorder


def _refuse_unknown_positions(day: LiveDay, resumed: ResumedState) -> None:
    """Refuse to continue with a position whose contract is not known. Raises ConfigError."""
    symbols = resumed.held_symbols()
    unknown = sorted(symbol for symbol in symbols if day.universe.index_of(symbol) is None)
    if unknown:
        raise ConfigError(
            f"universe: {', '.join(unknown)} is held, and neither a recording nor the journal has "
            "its contract; write its row under universe.instruments"
        )


def _remove_old_recordings(start: LiveStart) -> None:
    """Remove what is older than the configuration keeps, once this day has what it needs."""
    keep_days = start.config.recording.keep_days
    if keep_days is None:
        return
    old = old_recordings(start.account.recordings(), today=start.today, keep_days=keep_days)
    removed = remove(old)
    if removed.files:
        newest = old[removed.files - 1].name
        start.note(
            "recordings_removed", files=removed.files, bytes=removed.size, keep_days=keep_days,
            newest=newest,
        )  # fmt: skip
        logger.info(
            "recordings: {} of more than {} days ago removed, up to {} ({} bytes)",
            removed.files, keep_days, newest, removed.size,
        )  # fmt: skip
    if removed.failed:
        logger.warning("recordings: an old one cannot be removed: {}", removed.failed)
