"""The tables of a sweep: `runs`, `trades`, `daily`; the same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

from daemon.lab.sweep.numbers import NUMBERS, Kind
from daemon.lab.sweep.tasks import Job, JobDone

TABLES_VERSION: Final = 1
VERSION_KEY: Final = "run_fno_paper.sweep"
PARAM: Final = "p_"
"""How the column of a key that varies begins: `p_execution.slippage_bps`."""
Type = Any
"""A type of pyarrow."""
_TYPES: Final[Mapping[Kind, Type]] = {
    "whole": pa.int64(), "real": pa.float64(), "flag": pa.bool_(),
}  # fmt: skip
_FIRST: Final[tuple[tuple[str, Type], ...]] = (
    ("variant", pa.string()),
    ("number", pa.int64()),
    ("profile", pa.string()),
    ("split", pa.string()),
    ("first", pa.date32()),
    ("last", pa.date32()),
    ("status", pa.string()),
    ("cause", pa.string()),
    ("warning", pa.string()),
)
_LAST: Final[tuple[tuple[str, Type], ...]] = (
    ("events_hash", pa.string()),
    ("run_key", pa.string()),
    ("reproduce", pa.string()),
)
KEYS: Final[tuple[tuple[str, Type], ...]] = (
    ("variant", pa.string()),
    ("profile", pa.string()),
    ("day", pa.date32()),
)
"""What the rows of `trades` and `daily` begin with; `day` is null but in `split: day`."""
DAILY: Final = pa.schema(
    [*KEYS, ("date", pa.date32()), ("pnl_paise", pa.int64()), ("trades", pa.int64())],
    metadata={VERSION_KEY: str(TABLES_VERSION)},
)
Row = dict[str, Any]
"""A row of `runs`, by its columns."""


def run_row(job: Job, done: JobDone, split: str) -> Row:
    """Return the row of a job; its params are those of the job, its numbers null where unknown."""
    dates = [day.date for day in done.days]
    return {
        "variant": job.variant, "number": job.number, "profile": job.profile, "split": split,
        "first": dates[0] if dates else job.day, "last": dates[-1] if dates else job.day,
        "status": done.status, "cause": done.cause, "warning": done.warning,
        **{f"{PARAM}{key}": value for key, value in job.params.items()},
        **{name: done.numbers.get(name) for name in NUMBERS},
        "events_hash": done.events_hash, "run_key": job.run_key, "reproduce": job.reproduce,
    }  # fmt: skip


def runs_table(rows: Sequence[Row], keys: Sequence[str]) -> pa.Table:
    """Return the rows as a table; `keys` are the dotted keys that vary, in their order."""
    columns = [f"{PARAM}{key}" for key in keys]
    params = [(column, [row.get(column) for row in rows]) for column in columns]
    typed = {column: _param_array(values) for column, values in params}
    fields = [*_FIRST, *((column, array.type) for column, array in typed.items())]
    fields += [(name, _TYPES[kind]) for name, kind in NUMBERS.items()]
    fields += _LAST
    schema = pa.schema(fields, metadata={VERSION_KEY: str(TABLES_VERSION)})
    arrays = [
        typed[name] if name in typed else pa.array([row[name] for row in rows], type=kind)
        for name, kind in fields
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def daily_table(done: Iterable[tuple[Job, JobDone]]) -> pa.Table:
    """Return a row for each session of each job."""
    rows = [
        (job.variant, job.profile, job.day, day.date, day.pnl_paise, day.trades)
        for job, outcome in done
        for day in outcome.days
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(DAILY)
    pairs = zip(columns, DAILY, strict=True)
    arrays = [pa.array(values, type=field.type) for values, field in pairs]
    return pa.Table.from_arrays(arrays, schema=DAILY)


def trades_of(done: JobDone) -> pa.Table | None:
    """Return the trades of a job with the columns of `export`, None where it has none."""
    if not done.trades:
        return None
    with pa.ipc.open_stream(done.trades) as reader:
        return reader.read_all()


def keyed_trades(job: Job | None, trades: pa.Table) -> pa.Table:
    """Return trades with the columns of `KEYS` before theirs; without a job they are null."""
    values = (None, None, None) if job is None else (job.variant, job.profile, job.day)
    for place, ((name, kind), value) in enumerate(zip(KEYS, values, strict=True)):
        column = pa.array([value] * len(trades), kind)
        trades = trades.add_column(place, pa.field(name, kind), column)
    return trades.replace_schema_metadata({VERSION_KEY: str(TABLES_VERSION)})


def _param_array(values: Sequence[Any]) -> Any:
    """Return values of one key: numbers or flags as they are, anything else as text or JSON."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.array(values, type=pa.bool_())
    if kinds == {int}:
        return pa.array(values, type=pa.int64())
    if kinds and kinds <= {int, float}:
        floats = [None if value is None else float(value) for value in values]
        return pa.array(floats, type=pa.float64())
    return pa.array([_text(value) for value in values], type=pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
