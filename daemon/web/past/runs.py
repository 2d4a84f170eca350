"""The runs and accounts of an output directory, as their own files tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeVar

import msgspec

from daemon.domain.dates import MILLISECOND_NS
from daemon.errors import UsageError
from daemon.files.text_lines import read_stored
from daemon.journal.store import JournalStore
from daemon.quotes.place import find_map
from daemon.quotes.reader import QuotesReader, QuotesRefused
from daemon.runtime.run_files import ACCOUNTS, CONFIG_FILE, SUMMARY_FILE, newest_runs
from daemon.visible import visible
from daemon.web.fold.rows import Row, ms
from daemon.web.sources.watched import Watched

RUNS_MAX: Final = 500
_RUNS: Final = "runs"
Kept = TypeVar("Kept", bound=msgspec.Struct)


class _Result(msgspec.Struct):
    name: str = ""


class _Summary(msgspec.Struct):
    """What is shown of summary.json. Rupees."""

    feed: str = ""
    trades: int | None = None
    net_pnl: float | None = None
    account_net_pnl: float | None = None
    """None in a summary of a version before 0.3.0."""
    strategy_results: list[_Result] = []


class _Strategy(msgspec.Struct):
    id: str = ""


class _Strategies(msgspec.Struct):
    items: list[_Strategy] = msgspec.field(default_factory=list, name="list")


class _Feed(msgspec.Struct):
    kind: str = ""


class _Config(msgspec.Struct):
    """What is shown of config.json."""

    feed: _Feed = msgspec.field(default_factory=_Feed)
    strategies: _Strategies = msgspec.field(default_factory=_Strategies)


def run_rows(out: Path, now: int) -> list[Row]:
    """Return the runs and accounts under `out`, newest first, at most 500. `now` UTC ns."""
    return [_row(directory, now) for directory in newest_runs(out)[:RUNS_MAX]]


def directory_of(name: str, out: Path) -> Path:
    """Return where a run or an account is. A name from outside never becomes a path.

    Raises UsageError.
    """
    for place in (out / _RUNS, out / ACCOUNTS):
        found = {each.name: each for each in place.iterdir()} if place.is_dir() else {}
        if name in found and JournalStore.exists(found[name]):
            return found[name]
    raise UsageError(f"there is no run or account {name!r}")


def _row(directory: Path, now: int) -> Row:
    summary, ended = _decoded(directory / SUMMARY_FILE, _Summary)
    kind, names, started = _begun_as(directory)
    names = names or [each.name for each in summary.strategy_results]
    is_running = _is_running(directory, now)
    net = summary.net_pnl if summary.account_net_pnl is None else summary.account_net_pnl
    return {
        "run": directory.name,
        "started_ms": started,
        "ended_ms": None if is_running else ended,
        "kind": kind or summary.feed or None,
        "strategies": [visible(name) for name in names],
        "trades": summary.trades,
        "net_paise": None if net is None else round(net * 100),
        "is_running": is_running,
    }


def _begun_as(directory: Path) -> tuple[str, list[str], int | None]:
    """Return the feed, the strategies and the start (ms) of the newest start, as far as known."""
    if directory.parent.name != ACCOUNTS:
        config, started = _decoded(directory / CONFIG_FILE, _Config)
        return config.feed.kind, [each.id for each in config.strategies.items], started
    setup = Watched(directory=directory, out=directory.parent.parent).setup()
    if setup.config is None:
        return "", [], None
    names = [each.id for each in setup.config.strategies.items]
    return setup.config.feed.kind, names, ms(setup.started_ns)


def _decoded(path: Path, kind: type[Kept]) -> tuple[Kept, int | None]:
    """Return what a file says, and when it was written (ms); nothing where it cannot be read."""
    try:
        found = msgspec.json.decode(read_stored(path), type=kind)
        return found, path.stat().st_mtime_ns // MILLISECOND_NS
    except (OSError, ValueError):
        return kind(), None


def _is_running(directory: Path, now: int) -> bool:
    try:
        reader = QuotesReader(find_map(directory))
    except QuotesRefused:
        return False
    try:
        return not reader.is_stale(now)
    finally:
        reader.close()
