"""Build a run's universe: instruments written out, looked up, or named by its files."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from daemon.domain.errors import BadNumber
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.money import PAISE_PER_RUPEE, paise_exact
from daemon.domain.symbols import (
    INDICES_SEGMENT,
    bare_instrument,
    exchange_of,
    meant_symbol,
    segment_of,
)
from daemon.errors import ConfigError
from daemon.settings.config import InstrumentConfig, UniverseConfig
from feeds.contracts.facts import ContractLookup, with_dated_rules, with_symbol_facts
from feeds.contracts.instruments_file import InstrumentsFile
from feeds.files.recorded_files import DATA_VARIABLE
from feeds.files.table import suggest

_WRITTEN = ("exchange", "segment", "name", "instrument_type", "lot_size")


def build_universe(
    config: UniverseConfig,
    named: Sequence[Instrument] = (),
    contracts: ContractLookup | None = None,
    *,
    data_dir: Path | None = None,
) -> Universe:
    """Return the configured instruments in order, else those that the files name.

    The configuration wins over the instruments file, that over the files' own tables, those over
    what the symbol and `contracts` state. Without any of them an instrument has tick size 5 paise
    and lot 1. Raises ConfigError for a symbol that nothing names.
    """
    finder = _Finder(config, named, contracts, data_dir)
    if config.instruments:
        found = [finder.from_config(instrument) for instrument in config.instruments]
    else:
        found = [finder.from_file(instrument) for instrument in named]
    return _universe(list(dict.fromkeys(found)) if not config.instruments else found)


class _Finder:
    def __init__(
        self,
        config: UniverseConfig,
        named: Sequence[Instrument],
        contracts: ContractLookup | None,
        data_dir: Path | None,
    ) -> None:
        self._named = {instrument.tradingsymbol: instrument for instrument in reversed(named)}
        self._contracts = contracts
        self._file: InstrumentsFile | None = None
        if config.instruments_file:
            path = _expand(config.instruments_file, data_dir)
            symbols = [instrument.tradingsymbol for instrument in config.instruments] + list(
                self._named
            )
            tokens = [
                instrument.instrument_token
                for instrument in named
                if instrument.instrument_token > 0
            ]
            self._file = InstrumentsFile(path, symbols, tokens, contracts)

    def from_file(self, instrument: Instrument) -> Instrument:
        """Return an instrument from a file, with a better table's row if there is one."""
        row: Instrument | None = None
        if not instrument.has_contract_row:
            row = self._row(instrument.tradingsymbol, None)
            if row is None and self._file is not None:
                row = self._file.find_token(instrument.instrument_token)
        return self._completed(row or instrument)

    def from_config(self, config: InstrumentConfig) -> Instrument:
        """Return an instrument of the configuration, completed."""
        symbol = config.tradingsymbol
        row = self._row(symbol, config.exchange)
        if row is None:
            row = self._named.get(symbol)
        if row is None:
            if not is_written_out(config):
                raise self._unknown(symbol)
            row = bare_instrument(symbol, config.instrument_token or 0)
        found = self._completed(_merged(row, config))
        return found if row.has_contract_row else _merged(found, config)

    def _completed(self, instrument: Instrument) -> Instrument:
        """Return the instrument with what its symbol and the dated rules state."""
        symbol = instrument.tradingsymbol
        if instrument.instrument_type == "EQ" and (meant := meant_symbol(symbol)):
            raise ConfigError(
                f"universe.instruments: {symbol}: as written it would be a share; write {meant},"
                f" or if a file names it so, map it there: `symbols: {{{symbol!r}: {meant}}}`"
            )
        try:
            found = with_symbol_facts(instrument, self._contracts)
        except ValueError as error:
            raise ConfigError(
                f"universe.instruments: {instrument.tradingsymbol}: {error}"
            ) from error
        return found if found.has_contract_row else with_dated_rules(found, self._contracts)

    def _row(self, symbol: str, exchange: str | None) -> Instrument | None:
        found = self._file.find(symbol, exchange) if self._file is not None else None
        own = self._named.get(symbol)
        if found is None and own is not None and own.has_contract_row:
            found = own
        return found

    def _unknown(self, symbol: str) -> ConfigError:
        known = [*self._named, *(self._file.known if self._file is not None else ())]
        places = "the feed's files" if self._file is None else f"{self._file.path}"
        return ConfigError(
            f"universe.instruments: {symbol}: not found in {places}{suggest(symbol, known)};"
            " correct it, name an `instruments_file`, or write its lot_size and tick_size"
        )


def is_written_out(config: InstrumentConfig) -> bool:
    """Return whether more than the symbol is written, so that no lookup is needed."""
    return any(getattr(config, field) is not None for field in config.__struct_fields__[1:])


def as_config(instruments: Iterable[Instrument]) -> list[InstrumentConfig]:
    """Return instruments in the form of the configuration, with every field written."""
    return [
        InstrumentConfig(
            tradingsymbol=instrument.tradingsymbol,
            instrument_token=instrument.instrument_token
            if instrument.instrument_token > 0
            else None,
            exchange=instrument.exchange,
            segment=instrument.segment,
            name=instrument.name,
            instrument_type=instrument.instrument_type,
            tick_size=instrument.tick_paise / PAISE_PER_RUPEE,
            lot_size=instrument.lot_size,
            expiry=instrument.expiry or None,
            strike=instrument.strike_paise / PAISE_PER_RUPEE,
        )
        for instrument in instruments
    ]


def _merged(row: Instrument, config: InstrumentConfig) -> Instrument:
    """Return the row with the configuration's fields put over it."""
    changes: dict[str, Any] = {
        name: value for name in _WRITTEN if (value := getattr(config, name)) is not None
    }
    if config.instrument_token is not None:
        changes["instrument_token"] = config.instrument_token
    try:
        if config.tick_size is not None:
            changes["tick_paise"] = paise_exact(config.tick_size)
        if config.strike:
            changes["strike_paise"] = paise_exact(config.strike)
        if config.expiry:
            changes["expiry"] = dt.date.fromisoformat(config.expiry).isoformat()
    except (BadNumber, ValueError) as error:
        raise ConfigError(f"universe.instruments: {config.tradingsymbol}: {error}") from error
    if config.exchange is not None:
        changes = {"segment": segment_of(row.instrument_type, config.exchange)} | changes
    kind = "INDEX" if config.segment == INDICES_SEGMENT else config.instrument_type
    if kind is not None and kind != row.instrument_type:
        exchange = config.exchange or exchange_of(kind, config.name or row.name)
        implied = {"segment": segment_of(kind, exchange), "exchange": exchange}
        changes = implied | changes | {"instrument_type": kind}
    if kind == "INDEX" or (config.tick_size is not None and config.lot_size is not None):
        changes["has_contract_row"] = True
    return replace(row, **changes)


def _universe(found: list[Instrument]) -> Universe:
    """Return the universe; an instrument without a token gets a made-up negative one."""
    complete = [
        instrument if instrument.instrument_token else replace(instrument, instrument_token=-1 - at)
        for at, instrument in enumerate(found)
    ]
    for name in ("tradingsymbol", "instrument_token"):
        counts = Counter(getattr(instrument, name) for instrument in complete)
        twice = sorted(str(value) for value, count in counts.items() if count > 1)
        if twice:
            raise ConfigError(
                f"universe.instruments: {name} {', '.join(twice)}: expected once, found more often"
            )
    if not complete:
        raise ConfigError(
            "universe.instruments: expected at least one instrument; the configuration names none,"
            " and the feed's files have no row that does"
        )
    return Universe(complete)


def _expand(text: str, data_dir: Path | None) -> Path:
    marker = "${" + DATA_VARIABLE + "}"
    if not text.startswith(marker):
        return Path(text).expanduser()
    root = str(data_dir) if data_dir is not None else os.environ.get(DATA_VARIABLE, "")
    if not root:
        raise ConfigError(
            f"universe.instruments_file: {text}: {DATA_VARIABLE} is not set; set it to the"
            " directory of the recordings"
        )
    return Path(root + text[len(marker) :])
