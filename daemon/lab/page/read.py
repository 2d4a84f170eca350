"""Read a sweep's directory: its tables, what they are of, and the tries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.errors import UsageError
from daemon.lab.numbers.neighbours import Axis, Value
from daemon.lab.numbers.trades import ClosedTrade
from daemon.lab.numbers.walk_forward import Select, WalkForward
from daemon.lab.page.model import Sweep, SweptRun
from daemon.lab.page.spans import joined_spans
from daemon.lab.sweep.numbers import NUMBERS
from daemon.lab.sweep.store import (
    ABOUT,
    DAILY,
    RUNS,
    TRADES,
    About,
    read_about,
    read_tries,
)
from daemon.lab.sweep.tables import PARAM, TABLES_VERSION, VERSION_KEY

CAPITAL: Final = "capital_rupees"
_OF_TRADES: Final = (
    "order_id", "strategy", "symbol", "quantity", "entry_time", "exit_time", "net_paise", "round",
)  # fmt: skip
_NULL: Final = msgspec.Raw(b"null")
_Row = Mapping[str, Any]
_Days = dict[tuple[str, str], tuple[dict[dt.date, int], dict[dt.date, int]]]
"""P&L (paise) and closed trades by date, of each variant and profile."""


def read_sweep(directory: Path) -> Sweep:
    """Return the sweep of a directory that `sweep` wrote.

    Raises UsageError where there is no sweep, or its tables are of another version, and
    JournalIOError for a damaged `sweep.json` or `tries.jsonl`.
    """
    if not (directory / ABOUT).is_file():
        raise UsageError(f"{directory}: is no sweep's directory, it has no {ABOUT}")
    about = read_about(directory)
    days = _days(_table(directory / DAILY))
    rows = _table(directory / RUNS)
    runs = [_run(row, days) for row in rows.to_pylist()]
    if about.split == "day":
        runs = joined_spans(runs, about.capital_rupees)
    tried = {each.identity for each in read_tries(directory) if each.data == about.data}
    how = about.sweep.get("walk_forward")
    has_studies = about.sweep.get("optuna", _NULL) != _NULL
    keys = {axis.key for axis in about.axes} | {key for run in runs for key in run.params}
    axes = [Axis(axis.key, tuple(map(_plain, axis.values))) for axis in about.axes]
    return Sweep(
        name=about.name, axes=axes, runs=runs, split=about.split,
        select=cast("Select", about.select), where=about.where, seed=about.seed,
        walk_forward=None if how is None else msgspec.json.decode(how, type=WalkForward | None),
        candidates=[each.candidates for each in about.windows] if has_studies else None,
        capital_rupees=about.capital_rupees, sweeps_capital=CAPITAL in keys,
        over_nights=about.over_nights, tries=len(tried), variants=about.variants,
        closed_of=partial(closed_trades_of, directory), about=_told(about),
    )  # fmt: skip


def closed_trades_of(directory: Path, variant: str) -> list[ClosedTrade]:
    """Return the closed trades of a variant as it ran, in the order of their last exits.

    Raises UsageError where the table cannot be read.
    """
    path = directory / TRADES
    table = _table(path, filters=[("variant", "=", variant), ("profile", "=", "")])
    columns = [table.column(name) for name in _OF_TRADES]
    rows = zip(*(_plain_column(column) for column in columns), strict=True)
    found: dict[str, ClosedTrade] = {}
    for order_id, strategy, symbol, quantity, entry_ts, exit_ts, net, round_id in rows:
        before = found.pop(order_id, None)  # so that it takes the place of its last exit
        found[order_id] = ClosedTrade(
            order_id=order_id, strategy_id=strategy, tradingsymbol=symbol,
            quantity=quantity + (before.quantity if before else 0), entry_ts=entry_ts,
            closed_ts=exit_ts, net_paise=net + (before.net_paise if before else 0), risk_paise=0,
            adverse_paise=None, favourable_paise=None, round_id=round_id or "",
        )  # fmt: skip
    closed = set(table.filter(table.column("closes")).column("order_id").to_pylist())
    return [trade for order_id, trade in found.items() if order_id in closed]


def _plain_column(column: Any) -> list[Any]:
    """Return the values of a column; times as UTC ns, which Python's own have no room for."""
    is_time = pa.types.is_timestamp(column.type)
    values: list[Any] = (column.cast(pa.int64()) if is_time else column).to_pylist()
    return values


def _told(about: About) -> dict[str, str]:
    """Return facts for the top of the page."""
    return {
        "Data": about.data_text,
        "Configuration": Path(about.config).name,
        "Sweep file": Path(about.file).name,
        "Version": about.program_version,
        "Stopped": "before all was run" if about.interrupted else "",
    }


def _table(path: Path, filters: Any = None) -> Any:
    """Return a table. Raises UsageError where it is missing or of another version."""
    try:
        # A name such as sweep=ema is no column.
        table = pq.read_table(path, partitioning=None, filters=filters)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path}: cannot be read ({error}); start the sweep again") from error
    found = (table.schema.metadata or {}).get(VERSION_KEY.encode(), b"").decode()
    if found != str(TABLES_VERSION):
        raise UsageError(f"{path}: is of version {found or 'none'}, expected {TABLES_VERSION}")
    return table


def _days(table: Any) -> _Days:
    found: _Days = {}
    names = ("variant", "profile", "date", "pnl_paise", "trades")
    for batch in table.select(names).to_batches():  # a sweep may have millions of days
        for variant, profile, date, paise, closed in zip(
            *(column.to_pylist() for column in batch.columns), strict=True
        ):
            changes, trades = found.setdefault((variant, profile), ({}, {}))
            changes[date] = changes.get(date, 0) + paise
            trades[date] = trades.get(date, 0) + closed
    return found


def _run(row: _Row, days: _Days) -> SweptRun:
    changes, trades = days.get((row["variant"], row["profile"]), ({}, {}))
    return SweptRun(
        key=row["variant"], status=row["status"], cause=row["cause"] or "",
        reproduce=row["reproduce"] or "", profile=row["profile"] or "",
        params=dict(_params(row)), numbers={name: row[name] for name in NUMBERS},
        days=changes, trades=trades,
    )  # fmt: skip


def _params(row: _Row) -> Iterator[tuple[str, Value]]:
    for column, value in row.items():
        if column.startswith(PARAM) and value is not None:
            yield column.removeprefix(PARAM), value


def _plain(value: Any) -> Value:
    """Return a value of an axis as `runs.parquet` has it: text or JSON for what is no number."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return msgspec.json.encode(value).decode()
