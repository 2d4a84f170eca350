"""A recorded file as a table of named columns, whatever its format."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from daemon.config import ReplayFile
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import UNKNOWN_INSTRUMENT
from daemon.errors import ConfigError, FeedError
from feeds.columns import Column, codes
from feeds.files import fault
from feeds.symbols import bare_instrument

TICK_COLUMNS: Final = (
    "ts", "exchange_ts", "symbol", "token", "ltp", "bid", "ask", "ltq", "volume", "oi",
)  # fmt: skip
CANDLE_COLUMNS: Final = ("ts", "symbol", "token", "open", "high", "low", "close", "volume")

_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "ts": (
        "ts", "ts_ns", "received_at", "timestamp", "datetime", "date", "time",
        "exchange_timestamp",
    ),
    "exchange_ts": ("exchange_ts", "exchange_timestamp"),
    "symbol": ("symbol", "tradingsymbol"),
    "token": ("token", "instrument_token", "instrument_id"),
    "ltp": ("ltp", "last_price"),
    "ltq": ("ltq", "last_traded_quantity", "last_quantity", "qty"),
    "volume": ("volume", "volume_traded"),
}  # fmt: skip


class Batch(msgspec.Struct, frozen=True):
    """Some rows of a table by our column names; `first_row` counts data rows from 1."""

    first_row: int
    columns: dict[str, Column]


class Table(Protocol):
    """What the CSV, JSON Lines and Parquet readers have in common."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def names(self) -> Sequence[str]:
        """The file's own column names."""

    def batches(self, wanted: Mapping[str, str]) -> Iterator[Batch]:
        """The columns `wanted` (ours -> the file's), streamed. Raises FeedError if damaged."""


def map_columns(
    table: Table, config: ReplayFile, known: Sequence[str], needed: Sequence[str]
) -> dict[str, str]:
    """Our column names -> the file's: as configured, or by usual names.

    Raises ConfigError for a column name that we do not have, FeedError for one that the file
    does not have.
    """
    mapped: dict[str, str] = {}
    for ours, theirs in config.columns.items():
        if ours not in known:
            raise ConfigError(
                f"{table.path}: columns.{ours}: expected one of {', '.join(known)}"
                + near(ours, known)
            )
        if theirs not in table.names:
            raise fault(
                table.path,
                f"expected a column {theirs!r} for {ours}, the file has {_listed(table.names)}",
                "correct `columns` in the replay's file" + near(theirs, table.names),
            )
        mapped[ours] = theirs
    for ours in known:
        usual = (each for each in _ALIASES.get(ours, (ours,)) if each in table.names)
        if ours not in mapped and (found := next(usual, None)) is not None:
            mapped[ours] = found
    for ours in needed:
        if ours not in mapped:
            raise fault(
                table.path,
                f"expected a column for {ours}, the file has {_listed(table.names)}",
                f"name it in `columns` as `{ours}: ...`",
            )
    return mapped


def near(text: str, known: Sequence[str]) -> str:
    """A suggestion for a name that was mistyped, or nothing."""
    found = difflib.get_close_matches(text, known, n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(found)}?)" if found else ""


class Keys:
    """Which instrument a row is of: a constant of the file, or its symbol or token column."""

    def __init__(self, table: Table, config: ReplayFile, mapped: dict[str, str]) -> None:
        self._symbols = config.symbols
        self._constant = config.symbol
        column = next((each for each in ("symbol", "token") if each in config.columns), "")
        if not column and not self._constant:
            column = next((each for each in ("token", "symbol") if each in mapped), "")
        self.column = column if not self._constant else ""
        if not self.column and not self._constant:
            raise ConfigError(
                f"{table.path}: expected `symbol`, or a column for symbol or token in `columns`;"
                f" the file has {_listed(table.names)}"
            )
        for each in ("symbol", "token"):
            if each != self.column:
                mapped.pop(each, None)
        self._table = table
        self._wanted = {self.column: mapped[self.column]} if self.column else {}

    def index(self, key: str, universe: Universe) -> int:
        """The universe's index of a value of the column, UNKNOWN_INSTRUMENT if not in it."""
        symbol = self._symbols.get(key, key)
        found = universe.index_of(symbol)
        if found is None and symbol.isdecimal():
            found = universe.index_of_token(int(symbol))
        return UNKNOWN_INSTRUMENT if found is None else found

    def constant(self, universe: Universe) -> int:
        """The index of the file's one symbol."""
        return self.index(self._constant, universe)

    def named(self) -> list[Instrument]:
        """The symbols of the file: as configured, else by reading the column once."""
        if self._constant:
            return [_unlisted(self._symbols.get(self._constant, self._constant))]
        if self._symbols:
            return [_unlisted(each) for each in dict.fromkeys(self._symbols.values())]
        seen: dict[str, None] = {}
        with contextlib.suppress(FeedError):  # the replay will say it when it comes to that row
            for batch in self._table.batches(self._wanted):
                codes(batch.columns[self.column], lambda key: seen.setdefault(key) or 0)
        return [_unlisted(each) for each in seen if each]


def _unlisted(symbol: str) -> Instrument:
    return bare_instrument(symbol, int(symbol) if symbol.isdecimal() else 0)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:30])
    return shown + (", ..." if len(names) > 30 else "")
