"""The rows of Kite's instruments dumps, found by symbol or grouped by underlying and expiry."""

from __future__ import annotations

import csv
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

from daemon.domain.instrument import Instrument
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.errors import ConfigError
from daemon.files.text_lines import LongLine, csv_records
from feeds.contracts.instruments_file import open_text
from feeds.contracts.rows import NAMES, instrument_of
from feeds.files.table import near

EXCHANGES: Final = ("NSE", "NFO", "BSE", "BFO")
"""Those whose prices are paise; rows of others are passed over. An earlier one is preferred."""
MALFORMED_PER_MILLE: Final = 10
"""A file with a larger share of rows that cannot be read is not used at all."""
_DERIVATIVES: Final = ("NFO", "BFO")
_NEEDED: Final = (*NAMES, "name", "expiry", "strike", "exchange", "segment")


class Chain(NamedTuple):
    """All derivatives of one underlying, whether or not they are over."""

    name: str
    futures: tuple[Instrument, ...]
    """By expiry."""
    options: Mapping[str, tuple[Instrument, ...]]
    """By expiry (ISO, ascending), each by strike and type."""

    def example(self) -> Instrument:
        """Return one of them; there always is one."""
        return next(iter([*self.futures, *(row for rows in self.options.values() for row in rows)]))


class Contracts:
    """The instruments of the day. What comes out does not depend on their order.

    A symbol that an exchange lists twice counts once, with its lower token.
    `notes` says what was wrong with the rows they came from.
    """

    def __init__(self, instruments: Iterable[Instrument], notes: Sequence[str] = ()) -> None:
        self.notes: Final = tuple(notes)
        self._by_symbol: dict[str, list[Instrument]] = defaultdict(list)
        self._by_name: dict[str, list[Instrument]] = defaultdict(list)
        for each in sorted(instruments, key=_order):
            same = self._by_symbol[each.tradingsymbol]
            if any(other.exchange == each.exchange for other in same):
                continue
            same.append(each)
            if each.exchange in _DERIVATIVES:
                self._by_name[each.name].append(each)

    @property
    def symbols(self) -> tuple[str, ...]:
        """All tradingsymbols."""
        return tuple(self._by_symbol)

    @property
    def underlyings(self) -> tuple[str, ...]:
        """The names of all that has futures or options."""
        return tuple(self._by_name)

    def find(self, symbol: str, exchange: str | None = None) -> list[Instrument]:
        """The rows of a symbol, one per exchange that lists it."""
        rows = self._by_symbol.get(symbol, ())
        return [each for each in rows if exchange is None or each.exchange == exchange]

    def chain(self, name: str) -> Chain | None:
        """The derivatives of an underlying, of one exchange if two have them; None if none."""
        rows = self._by_name.get(name)
        if not rows:
            return None
        rows = [each for each in rows if each.exchange == rows[0].exchange]
        options: dict[str, list[Instrument]] = defaultdict(list)
        for each in rows:
            if each.is_option:
                options[each.expiry].append(each)
        return Chain(
            name,
            tuple(each for each in rows if each.instrument_type == "FUT"),
            {expiry: tuple(of_it) for expiry, of_it in options.items()},
        )

    def spot(self, name: str) -> Instrument | None:
        """The index or the share that the derivatives of this name are on."""
        symbol = INDEX_SYMBOLS.get(name, name)
        rows = [each for each in self.find(symbol) if each.instrument_type in ("INDEX", "EQ")]
        return min(rows, key=lambda each: not each.is_index, default=None)


def read_contracts(paths: Iterable[Path]) -> Contracts:
    """The rows of some dumps (`.csv` or `.csv.gz`).

    A row that cannot be read is left out and told in the notes; only its own contract is missing
    then. Raises ConfigError for a file that is missing, cut within, has not Kite's columns, or
    has more bad rows than MALFORMED_PER_MILLE.
    """
    found: list[Instrument] = []
    notes: list[str] = []
    for path in paths:
        try:
            with open_text(path) as file:
                note = _read(file, path, found)
        except LongLine as error:
            raise ConfigError(
                f"instruments: {path}: line {error.line} is {error}; delete it, so that the day's"
                " dump is fetched again"
            ) from error
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
            raise ConfigError(
                f"instruments: {path}: cannot be read ({error}); delete it, so that the day's"
                " dump is fetched again"
            ) from error
        if note:
            notes.append(note)
    return Contracts(found, notes)


def near_any_case(word: str, known: Sequence[str]) -> str:
    """A suggestion for a mistyped name, or for one in small letters; or nothing."""
    return near(word, known) or near(word.upper(), known)


def _read(file: IO[str], path: Path, found: list[Instrument]) -> str:
    """Append the file's good rows; a note about the others, empty if there are none."""
    reader = csv_records(file)
    header = next(reader, [])
    missing = [each for each in _NEEDED if each not in header]
    if missing:
        raise ConfigError(
            f"instruments: {path}: expected the columns of Kite's dump, it lacks"
            f" {', '.join(missing)}"
        )
    rows, bad, first = 0, 0, ""
    for rows, result in enumerate(_instruments(reader, header), start=1):  # noqa: B007
        if isinstance(result, Instrument):
            found.append(result)
        elif result:
            bad, first = bad + 1, first or result
    if not bad and rows:
        return ""
    told = f"{path}: {bad} of {rows} rows cannot be read, first {first}" if bad else "no rows"
    if bad * 1000 > rows * MALFORMED_PER_MILLE or not rows:
        raise ConfigError(
            f"instruments: {path}: {told.removeprefix(f'{path}: ')}; delete it, so that the day's"
            " dump is fetched again"
        )
    return f"{told}; their contracts are missing"


def _instruments(
    reader: Iterator[list[str]], header: list[str]
) -> Iterator[Instrument | str | None]:
    """Each row as an instrument, as words on what is wrong with it, or None if out of scope."""
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
