"""Find rows of Kite's instruments dumps by symbol, or by underlying and expiry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

from daemon.domain.instrument import Instrument
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.errors import ConfigError
from daemon.files.text_lines import csv_records
from feeds.contracts.dump_file import open_dump
from feeds.contracts.rows import NAMES, instrument_of
from feeds.files.table import suggest

EXCHANGES: Final = ("NSE", "NFO", "BSE", "BFO")
"""Exchanges with prices in paise; rows of others are skipped. Earlier ones are preferred."""
MALFORMED_PER_MILLE: Final = 10
"""A file with a larger share of refused rows is not used at all."""
_DERIVATIVES: Final = ("NFO", "BFO")
_FETCH_AGAIN: Final = "delete it, so that the day's dump is fetched again"
_NEEDED: Final = (*NAMES, "name", "expiry", "strike", "exchange", "segment")


class Chain(NamedTuple):
    """All derivatives of one underlying, expired or not."""

    name: str
    futures: tuple[Instrument, ...]
    """By expiry."""
    options: Mapping[str, tuple[Instrument, ...]]
    """By expiry (ISO, ascending), each by strike and type."""

    def example(self) -> Instrument:
        """Return any one of the contracts; there is always one."""
        return next(iter([*self.futures, *(row for rows in self.options.values() for row in rows)]))


class Contracts:
    """The day's instruments, independent of the order they were given in.

    A symbol that an exchange lists twice counts once, with its lower token. `notes` states what was
    wrong with the rows.
    """

    def __init__(self, instruments: Iterable[Instrument], notes: Sequence[str] = ()) -> None:
        self.notes: Final = tuple(notes)
        self._by_symbol: dict[str, list[Instrument]] = defaultdict(list)
        self._by_name: dict[str, list[Instrument]] = defaultdict(list)
        for instrument in sorted(instruments, key=_order):
            same = self._by_symbol[instrument.tradingsymbol]
            if any(other.exchange == instrument.exchange for other in same):
                continue
            same.append(instrument)
            if instrument.exchange in _DERIVATIVES:
                self._by_name[instrument.name].append(instrument)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return all tradingsymbols."""
        return tuple(self._by_symbol)

    @property
    def underlyings(self) -> tuple[str, ...]:
        """Return the names of all underlyings with futures or options."""
        return tuple(self._by_name)

    def find(self, symbol: str, exchange: str | None = None) -> list[Instrument]:
        """Return a symbol's rows, one per exchange that lists it."""
        rows = self._by_symbol.get(symbol, ())
        return [row for row in rows if exchange is None or row.exchange == exchange]

    def chain(self, name: str) -> Chain | None:
        """Return an underlying's derivatives, None if it has none.

        If two exchanges list them, the preferred one's are returned.
        """
        rows = self._by_name.get(name)
        if not rows:
            return None
        rows = [row for row in rows if row.exchange == rows[0].exchange]
        options: dict[str, list[Instrument]] = defaultdict(list)
        for row in rows:
            if row.is_option:
                options[row.expiry].append(row)
        return Chain(
            name,
            tuple(row for row in rows if row.instrument_type == "FUT"),
            {expiry: tuple(of_it) for expiry, of_it in options.items()},
        )

    def spot(self, name: str) -> Instrument | None:
        """Return the index or share that underlies the derivatives of this name."""
        symbol = INDEX_SYMBOLS.get(name, name)
        rows = [row for row in self.find(symbol) if row.instrument_type in ("INDEX", "EQ")]
        return min(rows, key=lambda row: not row.is_index, default=None)


def read_contracts(paths: Iterable[Path]) -> Contracts:
    """Read the rows of instruments dumps (`.csv` or `.csv.gz`).

    A row that cannot be read is refused and counted in the notes; only its own contract is missing.
    Raises ConfigError for a file that is missing, cut, lacks Kite's columns, or has more refused
    rows than MALFORMED_PER_MILLE.
    """
    found: list[Instrument] = []
    notes: list[str] = []
    for path in paths:
        with open_dump(
            path, "instruments", line_remedy=_FETCH_AGAIN, file_remedy=_FETCH_AGAIN
        ) as file:
            note = _read(file, path, found)
        if note:
            notes.append(note)
    return Contracts(found, notes)


def suggest_any_case(word: str, known: Sequence[str]) -> str:
    """Return a "did you mean" hint for a name mistyped or in the wrong case, empty if nothing is
    close.
    """
    return suggest(word, known) or suggest(word.upper(), known)


def _read(file: IO[str], path: Path, found: list[Instrument]) -> str:
    """Append the good rows to `found`; return a note about the refused ones, empty if none."""
    reader = csv_records(file)
    header = next(reader, [])
    missing = [column for column in _NEEDED if column not in header]
    if missing:
        raise ConfigError(
            f"instruments: {path}: expected the columns of Kite's dump, it lacks"
            f" {', '.join(missing)}"
        )
    rows, refused, first = 0, 0, ""
    for rows, result in enumerate(_instruments(reader, header), start=1):  # noqa: B007
        if isinstance(result, Instrument):
            found.append(result)
        elif result:
            refused, first = refused + 1, first or result
    if not refused and rows:
        return ""
    problem = f"{refused} of {rows} rows cannot be read, first {first}" if refused else "no rows"
    if refused * 1000 > rows * MALFORMED_PER_MILLE or not rows:
        raise ConfigError(f"instruments: {path}: {problem}; {_FETCH_AGAIN}")
    return f"{path}: {problem}; their contracts are missing"


def _instruments(
    reader: Iterator[list[str]], header: list[str]
) -> Iterator[Instrument | str | None]:
    """Yield each row as an instrument, as the reason it is refused, or None if out of scope."""
    place = header.index("exchange")
    for line, row in enumerate(reader, start=2):
        if len(row) != len(header):
            yield f"line {line}: {len(row)} values for {len(header)} columns"
            continue
        if row[place] not in EXCHANGES:
            yield None if row[place] else f"line {line}: no exchange"
            continue
        try:
            found = instrument_of(dict(zip(header, row, strict=True)))
        except ValueError as error:
            yield f"line {line}: {error}"
        else:
            yield found


def _order(row: Instrument) -> tuple[int, str, int, str, int]:
    place = EXCHANGES.index(row.exchange) if row.exchange in EXCHANGES else len(EXCHANGES)
    return place, row.expiry, row.strike_paise, row.instrument_type, row.instrument_token
