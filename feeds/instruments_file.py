"""Looking up contract rows in a Kite instrument dump without keeping the dump."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, Final, cast

from daemon.domain.errors import BadNumber
from daemon.domain.instrument import (
    DEFAULT_LOT_SIZE,
    DEFAULT_TICK_PAISE,
    Instrument,
    InstrumentType,
)  # fmt: skip
from daemon.domain.money import paise_exact
from daemon.errors import ConfigError
from feeds.symbols import INDICES_SEGMENT, exchange_of, is_index_token, segment_of

_NAMES: Final = {
    "tradingsymbol": ("tradingsymbol", "symbol"),
    "instrument_token": ("instrument_token", "token"),
    "instrument_type": ("instrument_type", "option_type"),
}
_TYPES: Final = ("EQ", "FUT", "CE", "PE")


class InstrumentsFile:
    """The rows of some symbols and tokens, and all symbols for suggestions.

    `symbols` and `tokens` say which rows are kept. Raises ConfigError if the file is missing,
    cut, or has a row among them that cannot be read.
    """

    def __init__(self, path: Path, symbols: Iterable[str], tokens: Iterable[int]) -> None:
        self.path = path
        self.known: list[str] = []
        self._wanted = set(symbols)
        self._tokens = {str(token) for token in tokens}
        self._rows: dict[str, list[Instrument]] = {}
        self._by_token: dict[int, Instrument] = {}
        try:
            with open_text(path) as file:
                self._read(file)
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
            raise ConfigError(
                f"universe.instruments_file: {path}: cannot be read ({error});"
                " give a whole CSV in Kite's instrument dump format"
            ) from error

    def find(self, symbol: str, exchange: str | None = None) -> Instrument | None:
        """The row of a symbol. Raises ConfigError if it is listed on several exchanges."""
        rows = self._rows.get(symbol, [])
        rows = [row for row in rows if exchange is None or row.exchange == exchange]
        if len(rows) > 1:
            places = ", ".join(row.exchange for row in rows)
            raise ConfigError(
                f"universe.instruments: {symbol}: {self.path} lists it {len(rows)} times"
                f" ({places}); write its `exchange`"
            )
        return rows[0] if rows else None

    def find_token(self, token: int) -> Instrument | None:
        """The row of an instrument_token that was asked for."""
        return self._by_token.get(token)

    def _read(self, file: IO[str]) -> None:
        reader = csv.DictReader(file)
        names = {
            ours: next((each for each in usual if each in (reader.fieldnames or ())), "")
            for ours, usual in _NAMES.items()
        }
        if not names["tradingsymbol"] or not names["instrument_token"]:
            raise ConfigError(
                f"universe.instruments_file: {self.path}: expected the columns instrument_token"
                f" and tradingsymbol, it has {', '.join(reader.fieldnames or ('none',))}"
            )
        for row in reader:
            symbol, token = row[names["tradingsymbol"]], row[names["instrument_token"]]
            self.known.append(symbol or "")
            if symbol in self._wanted or token in self._tokens:
                found = self._instrument(row, names, reader.line_num)
                self._rows.setdefault(symbol, []).append(found)
                self._by_token[found.instrument_token] = found

    def _instrument(self, row: dict[str, str], names: dict[str, str], line: int) -> Instrument:
        try:
            return instrument_of(row, names)
        except (ValueError, TypeError, BadNumber) as error:
            raise ConfigError(
                f"universe.instruments_file: {self.path}: line {line}: {error}"
            ) from error


def instrument_of(row: Mapping[str, str], names: Mapping[str, str]) -> Instrument:
    """One row of a dump by its column names; `names` maps ours of `_NAMES` to the file's.

    Raises ValueError, TypeError (a column that the row lacks) or BadNumber.
    """
    token = int(row[names["instrument_token"]])
    segment = row.get("segment") or ""
    index = segment == INDICES_SEGMENT or is_index_token(token)
    written = "INDEX" if index else row.get(names["instrument_type"]) or ""
    if written not in (*_TYPES, "INDEX"):
        raise ValueError(f"instrument_type {written!r} is not one of {', '.join(_TYPES)}")
    kind = cast("InstrumentType", written)
    return Instrument(
        instrument_token=token,
        tradingsymbol=row[names["tradingsymbol"]],
        exchange=row.get("exchange") or exchange_of(kind),
        segment=segment or segment_of(kind),
        name=row.get("name") or "",
        instrument_type=kind,
        tick_paise=_paise(row.get("tick_size") or "0") or DEFAULT_TICK_PAISE,
        lot_size=int(row.get("lot_size") or 0) or DEFAULT_LOT_SIZE,
        expiry="" if index else row.get("expiry") or "",
        strike_paise=_paise(row.get("strike") or "0"),
    )


@lru_cache(maxsize=4096)  # a dump has few distinct strikes and price steps
def _paise(text: str) -> int:
    return paise_exact(text)


def open_text(path: Path) -> IO[str]:
    """A CSV file, packed or not. Raises OSError."""
    if path.name.endswith(".gz"):
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")
