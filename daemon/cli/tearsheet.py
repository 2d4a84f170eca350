"""`run_fno_paper report RUN --tearsheet`: a run's days as quantstats shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from heapq import merge
from pathlib import Path
from typing import Final

import msgspec

from daemon.domain.dates import ist_date
from daemon.errors import JournalCorrupt, UsageError
from daemon.files.text_lines import read_stored
from daemon.journal.recovery import life
from daemon.journal.store import JournalStore
from daemon.lab.numbers.days import Days, session_days
from daemon.lab.tearsheet import write_tearsheet
from daemon.report.fold import RunFold
from daemon.report.model import Point
from daemon.rules.loader import load_rulebook
from daemon.runtime.run_files import CONFIG_FILE
from daemon.runtime.series import Series, kept_series

SHEET: Final = "tearsheet.html"


class _KeptConfig(msgspec.Struct):
    """What the tear sheet takes from config.json."""

    capital_rupees: float | None = None


def write_run_tearsheet(directory: Path, to: Path | None) -> Path:
    """Write the tear sheet of a run, next to its journal unless `to` names a file; return where.

    Raises JournalCorrupt or UsageError.
    """
    path, series = to or directory / SHEET, kept_series(directory)
    with JournalStore.open_whole(directory) as store:
        ledger, events = life(store)
        booked, title = RunFold(events, ledger).booked, store.meta.run_id
    try:
        return write_tearsheet(path, title, _days(series, booked), _capital(directory))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _days(series: Series, booked: Sequence[Point]) -> Days:
    """Return the days by the last of each: what fills came to, or a minute with what was open."""
    closes: dict[dt.date, int] = {}
    net = 0
    for ts, paise in merge(((ts, None) for ts in series.ts), booked, series.equity, key=_at):
        net = net if paise is None else paise
        closes[ist_date(ts)] = net
    return session_days(closes, load_rulebook())


def _at(point: tuple[int, int | None]) -> int:
    return point[0]


def _capital(directory: Path) -> float | None:
    path = directory / CONFIG_FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(read_stored(path), type=_KeptConfig).capital_rupees
    except ValueError as error:
        raise JournalCorrupt(f"{path}: is not what a run writes ({error})") from error
