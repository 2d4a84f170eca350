"""The header: whose page it is, what runs, how old the data is, and what to know about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from daemon import VERSION
from daemon.domain.dates import MILLISECOND_NS, iso_ist, ist_date
from daemon.domain.instrument import Instrument
from daemon.metrics.fill_quality import FillProfile
from daemon.report.text import count
from daemon.rules.calendar import Session
from daemon.runtime.feed_kinds import kind_of
from daemon.visible import visible
from daemon.web.fold.rows import Row, ms
from daemon.web.panels.view import View
from feeds.kite.token_end import valid_until

_MAX: Final = "max"
_AHEAD_DAYS: Final = 15
_TOKEN: Final = "access token"  # noqa: S105 - a word of the daemon's error


def header_panel(view: View) -> Row:
    """Return the header."""
    process, config = view.book.process, view.setup.config
    session = _session(view)
    return {
        "paper": True,
        "account": view.watched.name if view.watched.is_account else _account(view),
        "run": None if view.watched.is_account else view.watched.name,
        "mode": mode_of(view),
        "fill_profile": None if config is None else FillProfile.of(config.execution).text(),
        "session": session,
        "feed": _feed(view, is_open=bool(session["is_open"])),
        "token": _token(view),
        "engine": process.engine or None,
        "daemon": {
            "is_alive": view.is_alive,
            "beat_ms": ms(view.market.beat_ns),
            "pid": view.pid,
            "started_ms": ms(view.setup.started_ns),
            "version": process.version or VERSION,
        },
        "now_ms": ms(view.now),
        "clock_ms": ms(view.clock),
        "pace": _pace(view),
        "notes": notes_of(view),
    }


def mode_of(view: View) -> str:
    """Return live, paced, finished or dead."""
    if view.is_alive:
        return "live" if view.watched.is_account else "paced"
    return "finished" if view.watched.has_summary() else "dead"


def _account(view: View) -> str:
    config = view.setup.config
    return view.watched.name if config is None else config.account


def _session(view: View) -> Row:
    """Return the trading session that is on at the engine's time, or else the next one."""
    instrument, mode = _tradable(view), mode_of(view)
    now = view.now if mode in ("live", "dead") and _is_on_wall_time(view) else view.clock
    row: Row = {"name": None, "is_open": False, "closes_ms": None, "opens_ms": None}
    if instrument is None or not now or mode == "finished":
        return row
    row["name"] = f"{instrument.exchange} F&O" if instrument.is_contract else instrument.exchange
    found = _session_at(view, instrument, now)
    if found is not None:
        row["is_open"] = found.open_ts <= now
        row["opens_ms"], row["closes_ms"] = ms(found.open_ts), ms(found.close_ts)
    return row


def _session_at(view: View, instrument: Instrument, now: int) -> Session | None:
    """Return the first session that is not over at `now`, None past the calendar."""
    first = ist_date(now)
    for ahead in range(_AHEAD_DAYS):
        date = first + timedelta(days=ahead)
        if not view.rules.is_known(date):
            return None
        session = view.rules.session(date, instrument)
        if session is not None and now < session.close_ts:
            return session
    return None


def _tradable(view: View) -> Instrument | None:
    known = view.market.instruments.values() or view.setup.instruments
    return next((each for each in known if not each.is_index), None)


def _is_on_wall_time(view: View) -> bool:
    config = view.setup.config
    is_live = config is not None and kind_of(config.feed).is_live
    return is_live and config is not None and config.feed.kite.clock == "wall"


def _feed(view: View, *, is_open: bool) -> Row:
    """Return the age of the newest row: by the market's time where that is the machine's."""
    config = view.setup.config
    since = view.market.clock_ns if _is_on_wall_time(view) else view.market.moved_ns
    age = max(0, view.now - since) if since and mode_of(view) != "finished" else None
    limit = 0 if config is None else config.execution.stale_after_ns
    is_paused = view.pace is not None and view.pace.is_paused
    is_old = age is not None and limit and age > limit and not is_paused
    return {
        "kind": view.book.process.feed or (None if config is None else config.feed.kind),
        "age_ms": None if age is None else age // MILLISECOND_NS,
        "is_stale": bool(is_old and is_open),
    }


def _token(view: View) -> Row:
    """Return whether the broker takes the login, as the daemon found out, and until when."""
    config, started = view.setup.config, view.setup.started_ns
    if not view.watched.is_account or config is None or not kind_of(config.feed).is_live:
        return {"state": "none", "until_ms": None}
    if _TOKEN in view.book.process.error:
        return {"state": "refused", "until_ms": None}
    return {"state": "ok", "until_ms": ms(valid_until(started)) if started else None}


def _pace(view: View) -> Row | None:
    """Return how fast a paced run goes; `speed` is a factor of real time, or `max`."""
    pace = view.pace
    if pace is None or not view.is_alive:
        return None
    speed = pace.speed if pace.speed == _MAX else float(pace.speed)
    return {"speed": speed, "is_paused": pace.is_paused}


def notes_of(view: View) -> list[str]:
    """Return the sentences that a reader must see."""
    process, mode, notes = view.book.process, mode_of(view), []
    if mode == "dead":
        beat = view.market.beat_ns
        since = f" since {iso_ist(beat)[:19].replace('T', ' ')} IST" if beat else ""
        why = f" It stopped: {process.stopped}." if process.stopped else ""
        notes.append(f"No daemon runs{since}: numbers are as of its last commit.{why}")
    if process.error:
        notes.append(f"It ended with a fault: {process.error}")
    if process.fallback:
        notes.append(f"It trades on engine v2, WITHOUT managed exits: {process.fallback}")
    if (level := view.book.ledger.margin.level) and mode != "finished":
        notes.append(f"Margin: more than {level} % of the cash is used (approximate)")
    for name, problem in sorted(process.problems.items()):
        times = count(process.faults[name])
        notes.append(f"Strategy {name} raised {times} time(s), last: {problem}")
    if view.is_alive and view.market.problem:
        notes.append(view.market.problem)
    return [visible(note) for note in notes]
