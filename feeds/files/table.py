"""Present a recorded file as a table of named columns, whatever its format."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import bare_instrument
from daemon.domain.ticks import UNKNOWN_INSTRUMENT
from daemon.errors import ConfigError, FeedError
from daemon.settings.config import ReplayFile
from feeds.files.columns import Column, codes
from feeds.files.recorded_files import file_error

TICK_COLUMNS: Final = (
    "ts", "exchange_ts", "symbol", "token", "ltp", "bid", "ask", "ltq", "volume", "oi", "depth",
)  # fmt: skip
CANDLE_COLUMNS: Final = ("ts", "symbol", "token", "open", "high", "low", "close", "volume")
TIME_OF_DAY: Final = "time of day"
"""Our name for the column joined to `ts` where date and time are separate columns."""

_RECEIVED: Final = ("ts", "ts_ns", "received_at", "timestamp", "datetime")
_DATE_AND_TIME: Final = ("date", "time")
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "ts": (*_RECEIVED, *_DATE_AND_TIME, "exchange_timestamp"),
    "exchange_ts": ("exchange_ts", "exchange_timestamp"),
    "symbol": ("symbol", "tradingsymbol"),
    "token": ("token", "instrument_token", "instrument_id"),
    "ltp": ("ltp", "last_price"),
    "ltq": ("ltq", "last_traded_quantity", "last_quantity", "qty"),
    "volume": ("volume", "volume_traded"),
}
ColumnMap = dict[str, tuple[str, ...]]
"""Our column name -> the file's names for it; each row uses the first one it has."""


class Batch(msgspec.Struct, frozen=True):
    """Some rows of a table under our column names; `first_row` counts data rows from 1."""

    first_row: int
    columns: dict[str, Column]
    rows: int


class Table(Protocol):
    """The interface of the CSV, JSON Lines and Parquet readers."""

    @property
    def path(self) -> Path:
        """Return the file's path."""

    @property
    def names(self) -> Sequence[str]:
        """Return the file's column names, as far as they are known without reading on."""

    @property
    def is_open(self) -> bool:
        """Return whether later rows may have columns that `names` lacks."""

    def all_names(self) -> Sequence[str]:
        """Return all column names, reading the file through if necessary."""

    def batches(self, wanted: Mapping[str, Sequence[str]]) -> Iterator[Batch]:
        """Yield the columns `wanted` (ours -> the file's). Raises FeedError if damaged."""


def map_columns(
    table: Table, config: ReplayFile, known: Sequence[str], needed: Sequence[str]
) -> ColumnMap:
    """Return our column names mapped to the file's: as configured, or by usual names in any case.

    Raises ConfigError for a column name that we do not have, FeedError for one that the file lacks
    or has twice.
    """
    mapped: ColumnMap = {}
    for ours, theirs in config.columns.items():
        if ours not in known:
            raise ConfigError(
                f"{table.path}: columns.{ours}: expected one of {', '.join(known)}"
                + suggest(ours, known)
            )
        _map_configured(table, mapped, ours, [theirs] if isinstance(theirs, str) else theirs)
    if "ts" in known and "ts" not in mapped:
        _map_time(table, mapped)
    for ours in known:
        if ours not in mapped and (found := _usual(table, ours)):
            mapped[ours] = found
    for ours in needed:
        if ours not in mapped or not _occurs(table, mapped[ours]):
            raise file_error(
                table.path,
                f"expected a column for {ours}, the file has {_listed(table.names)}",
                _of_separator(table.names) or f"name it in `columns` as `{ours}: ...`",
            )
    return mapped


def _of_separator(names: Sequence[str]) -> str:
    """Return advice for a text file whose only column name contains another separator."""
    found = [
        separator for separator in (";", "\t", "|") if len(names) == 1 and separator in names[0]
    ]
    return f"write it with commas, it seems to be separated by {found[0]!r}" if found else ""


def matching(name: str, names: Sequence[str]) -> list[str]:
    """Return the names equal to `name`, else those equal to it in another case."""
    if name in names:
        return [name]
    return [column for column in names if column.casefold() == name]


def _map_configured(table: Table, mapped: ColumnMap, ours: str, theirs: Sequence[str]) -> None:
    if len(theirs) != 1 and (ours != "ts" or len(theirs) != len(_DATE_AND_TIME)):
        raise ConfigError(
            f"{table.path}: columns.{ours}: expected one column"
            + (", or a date's and a time's as [Date, Time]" if ours == "ts" else "")
        )
    for name in theirs:
        if name not in table.names and name not in table.all_names():
            raise file_error(
                table.path,
                f"expected a column {name!r} for {ours}, the file has {_listed(table.names)}",
                "correct `columns` in the replay's file" + suggest(name, table.names),
            )
        _refuse_twice(table, ours, [column for column in table.names if column == name])
    mapped[ours] = (theirs[0],)
    if len(theirs) > 1:
        mapped[TIME_OF_DAY] = (theirs[1],)


def _map_time(table: Table, mapped: ColumnMap) -> None:
    """Map `ts` to one column of the file, or to its date and time columns; never to a mixture."""
    names = table.names
    if not any(matching(alias, names) for alias in _ALIASES["ts"]):
        names = table.all_names()
    found = [name for alias in _ALIASES["ts"] for name in matching(alias, names)]
    if not found:
        return
    pair = [matching(name, names) for name in _DATE_AND_TIME]
    if all(pair) and found[0].casefold() not in _RECEIVED:
        for columns in pair:
            _refuse_twice(table, "ts", columns)
        mapped["ts"], mapped[TIME_OF_DAY] = (pair[0][0],), (pair[1][0],)
        return
    _refuse_twice(table, "ts", [name for name in found if name.casefold() == found[0].casefold()])
    mapped["ts"] = (found[0],)


def _usual(table: Table, ours: str) -> tuple[str, ...]:
    aliases = _ALIASES.get(ours, (ours,))
    if table.is_open:
        return aliases
    for alias in aliases:
        found = matching(alias, table.names)
        if found:
            _refuse_twice(table, ours, [name for name in table.names if name in found])
            return (found[0],)
    return ()


def _occurs(table: Table, theirs: Sequence[str]) -> bool:
    if any(matching(name, table.names) for name in theirs):
        return True
    return table.is_open and any(matching(name, table.all_names()) for name in theirs)


def _refuse_twice(table: Table, ours: str, found: Sequence[str]) -> None:
    if len(found) > 1:
        raise file_error(
            table.path,
            f"expected one column for {ours}, the file has {' and '.join(map(repr, found))}",
            f"name the one that counts in `columns` as `{ours}: ...`, or rename one",
        )


def suggest(text: str, known: Sequence[str]) -> str:
    """Return a "did you mean" hint for a mistyped name, empty if nothing is close."""
    found = difflib.get_close_matches(text, known, n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(found)}?)" if found else ""


class InstrumentKeys:
    """Identifies each row's instrument: by the file's one symbol, or a symbol or token column."""

    def __init__(self, table: Table, config: ReplayFile, mapped: ColumnMap) -> None:
        self._symbols = config.symbols
        self._constant = config.symbol
        configured = next((name for name in ("symbol", "token") if name in config.columns), "")
        usual = [name for name in ("token", "symbol") if name in mapped]
        self.column = "" if self._constant else configured or next(iter(usual), "")
        if table.is_open and not configured and not self._constant:
            # rows of such a file may have either
            mapped[self.column] = tuple(name for key in usual for name in mapped[key])
        if not self._constant and not (self.column and _occurs(table, mapped[self.column])):
            raise ConfigError(
                f"{table.path}: expected `symbol`, or a column for symbol or token in `columns`;"
                f" the file has {_listed(table.names)}"
            )
        for name in ("symbol", "token"):
            if name != self.column:
                mapped.pop(name, None)
        self._table = table
        self._wanted = {self.column: mapped[self.column]} if self.column else {}

    def index(self, key: str, universe: Universe) -> int:
        """Return the universe index of a key, UNKNOWN_INSTRUMENT if it is not in the universe."""
        symbol = self._symbols.get(key, key)
        found = universe.index_of(symbol)
        if found is None and symbol.isdecimal():
            found = universe.index_of_token(int(symbol))
        return UNKNOWN_INSTRUMENT if found is None else found

    def constant(self, universe: Universe) -> int:
        """Return the index of the file's one symbol."""
        return self.index(self._constant, universe)

    def named(self) -> list[Instrument]:
        """Return the file's symbols: as configured, else by reading the column once."""
        if self._constant:
            return [_unlisted(self._symbols.get(self._constant, self._constant))]
        if self._symbols:
            return [_unlisted(symbol) for symbol in dict.fromkeys(self._symbols.values())]
        seen: dict[str, None] = {}
        with contextlib.suppress(FeedError):  # the replay raises it at that row
            for batch in self._table.batches(self._wanted):
                if self.column in batch.columns:
                    codes(batch.columns[self.column], lambda key: seen.setdefault(key) or 0)
        return [_unlisted(symbol) for symbol in seen if symbol]


def _unlisted(symbol: str) -> Instrument:
    return bare_instrument(symbol, int(symbol) if symbol.isdecimal() else 0)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:30])
    return shown + (", ..." if len(names) > 30 else "")
