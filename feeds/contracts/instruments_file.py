"""Look up contract rows in a Kite instruments dump without keeping the dump."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.files.text_lines import RecordLines
from feeds.contracts.dump_file import open_dump
from feeds.contracts.facts import ContractLookup
from feeds.contracts.rows import NAMES, instrument_of

_ALSO: Final = dict(zip(NAMES, ("symbol", "token", "option_type"), strict=True))
"""Names that files from other sources use for these columns."""


class InstrumentsFile:
    """The rows for some symbols and tokens, and all symbols for suggestions.

    `symbols` and `tokens` select the rows to keep; `contracts` fills in what a row leaves out.
    Raises ConfigError if the file is missing, cut, or a selected row cannot be read.
    """

    def __init__(
        self,
        path: Path,
        symbols: Iterable[str],
        tokens: Iterable[int],
        contracts: ContractLookup | None = None,
    ) -> None:
        self.path = path
        self._contracts = contracts
        self.known: list[str] = []
        self._wanted = set(symbols)
        self._tokens = {str(token) for token in tokens}
        self._rows: dict[str, list[Instrument]] = {}
        self._by_token: dict[int, Instrument] = {}
        with open_dump(
            path,
            "universe.instruments_file",
            line_remedy="mend or remove that line",
            file_remedy="give a whole CSV in Kite's instrument dump format",
        ) as file:
            self._read(file)

    def find(self, symbol: str, exchange: str | None = None) -> Instrument | None:
        """Return a symbol's row. Raises ConfigError if several exchanges list it."""
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
        """Return the row with an instrument_token, if that token was selected."""
        return self._by_token.get(token)

    def _read(self, file: IO[str]) -> None:
        lines = RecordLines(file)
        reader = csv.DictReader(lines)
        columns = reader.fieldnames or ()
        names = {ours: ours if ours in columns else _ALSO[ours] for ours in NAMES}
        if not {names["tradingsymbol"], names["instrument_token"]} <= set(columns):
            raise ConfigError(
                f"universe.instruments_file: {self.path}: expected the columns instrument_token"
                f" and tradingsymbol, it has {', '.join(reader.fieldnames or ('none',))}"
            )
        for row in reader:
            lines.begin_record()
            symbol, token = row[names["tradingsymbol"]] or "", row[names["instrument_token"]] or ""
            self.known.append(symbol)
            if symbol in self._wanted or token.strip().removesuffix(".0") in self._tokens:
                found = self._instrument(row, names, reader.line_num)
                self._rows.setdefault(symbol, []).append(found)
                self._by_token[found.instrument_token] = found

    def _instrument(self, row: dict[str, str], names: dict[str, str], line: int) -> Instrument:
        symbol = row[names["tradingsymbol"]]
        try:
            if None in row or None in row.values():
                raise ValueError("expected as many values as there are columns; correct the line")
            return instrument_of(row, self._contracts, names)
        except ValueError as error:
            raise ConfigError(
                f"universe.instruments_file: {self.path}: line {line}: {symbol}: {error}"
            ) from error
