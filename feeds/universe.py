"""Which instruments a run knows: written out, looked up, or named by its files."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import replace

from daemon.config import InstrumentConfig, UniverseConfig
from daemon.domain.errors import BadNumber
from daemon.domain.instrument import Instrument, InstrumentType, Universe
from daemon.domain.money import paise_exact
from daemon.errors import ConfigError
from feeds.files import DATA_VARIABLE
from feeds.instruments_file import InstrumentsFile
from feeds.symbols import INDICES_SEGMENT, bare_instrument, exchange_of, segment_of
from feeds.table import near

_WRITTEN = ("exchange", "segment", "name", "instrument_type", "lot_size", "expiry")


class ContractLookup(Protocol):
    """The dated rulebook, asked about contracts that no table has a row of."""

    def lot_size(self, name: str, expiry: dt.date) -> int | None:
        """Units of one lot of the contract of this underlying and expiry."""

    def tick_paise(self, instrument_type: InstrumentType, name: str, date: dt.date) -> int | None:
        """The price step of a contract in paise."""


def build_universe(
    config: UniverseConfig,
    named: Sequence[Instrument] = (),
    contracts: ContractLookup | None = None,
    *,
    data_dir: Path | None = None,
) -> Universe:
    """The instruments of the configuration in its order, or else those that the files name.

    What is written out wins over the instruments file, that over the files' own tables, those
    over what the symbol says and `contracts` knows of it. Without any of them an instrument has
    tick 5 paise and lot 1. Raises ConfigError for a symbol that nothing names.
    """
    finder = _Finder(config, named, contracts, data_dir)
    if config.instruments:
        found = [finder.configured(each) for each in config.instruments]
    else:
        found = [finder.named(each) for each in named]
    return _universe(list(dict.fromkeys(found)) if not config.instruments else found)


class _Finder:
    def __init__(
        self,
        config: UniverseConfig,
        named: Sequence[Instrument],
        contracts: ContractLookup | None,
        data_dir: Path | None,
    ) -> None:
        self._named = {each.tradingsymbol: each for each in reversed(named)}
        self._contracts = contracts
        self._file: InstrumentsFile | None = None
        if config.instruments_file:
            path = _expand(config.instruments_file, data_dir)
            symbols = [each.tradingsymbol for each in config.instruments] + list(self._named)
            tokens = [each.instrument_token for each in named]
            self._file = InstrumentsFile(path, symbols, tokens)

    def named(self, instrument: Instrument) -> Instrument:
        """An instrument of a file, with the row that a better table has for it."""
        if instrument.has_contract_row:
            return instrument
        row = self._row(instrument.tradingsymbol, None)
        if row is None and self._file is not None:
            row = self._file.find_token(instrument.instrument_token)
        return self._looked_up(instrument) if row is None else row

    def configured(self, config: InstrumentConfig) -> Instrument:
        """An instrument of the configuration, completed."""
        symbol = config.tradingsymbol
        row = self._row(symbol, config.exchange)
        if row is None:
            row = self._named.get(symbol)
        if row is None:
            if not describes(config):
                raise self._unknown(symbol)
            row = bare_instrument(symbol, config.instrument_token or 0)
        row = row if row.has_contract_row else self._looked_up(_merged(row, config))
        return _merged(row, config)

    def _looked_up(self, bare: Instrument) -> Instrument:
        """An instrument without a contract row, with what the rulebook knows of it."""
        if self._contracts is None or not bare.expiry:
            return bare
        expiry = dt.date.fromisoformat(bare.expiry)
        lot = self._contracts.lot_size(bare.name, expiry)
        tick = self._contracts.tick_paise(bare.instrument_type, bare.name, expiry)
        if lot is None or tick is None:
            return bare
        return replace(bare, lot_size=lot, tick_paise=tick, has_contract_row=True)

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
            f"universe.instruments: {symbol}: not found in {places}{near(symbol, known)};"
            " correct it, name an `instruments_file`, or write its lot_size and tick_size"
        )


def describes(config: InstrumentConfig) -> bool:
    """True if more than the symbol is written, so that nothing needs to be looked up."""
    return any(getattr(config, each) is not None for each in config.__struct_fields__[1:])


def _merged(row: Instrument, config: InstrumentConfig) -> Instrument:
    """The row with what the configuration writes out."""
    changes: dict[str, Any] = {
        name: value for name in _WRITTEN if (value := getattr(config, name)) is not None
    }
    if config.instrument_token is not None:
        changes["instrument_token"] = config.instrument_token
    try:
        if config.tick_size is not None:
            changes["tick_paise"] = paise_exact(config.tick_size)
        if config.strike is not None:
            changes["strike_paise"] = paise_exact(config.strike)
        if config.expiry:
            changes["expiry"] = dt.date.fromisoformat(config.expiry).isoformat()
    except (BadNumber, ValueError) as error:
        raise ConfigError(f"universe.instruments: {config.tradingsymbol}: {error}") from error
    kind = "INDEX" if config.segment == INDICES_SEGMENT else config.instrument_type
    if kind is not None and kind != row.instrument_type:
        implied = {"segment": segment_of(kind), "exchange": exchange_of(kind)}
        changes = implied | changes | {"instrument_type": kind}
    if kind == "INDEX" or (config.tick_size is not None and config.lot_size is not None):
        changes["has_contract_row"] = True
    return replace(row, **changes)


def _universe(found: list[Instrument]) -> Universe:
    """The universe, with a made-up negative token for an instrument that has none."""
    complete = [
        each if each.instrument_token else replace(each, instrument_token=-1 - at)
        for at, each in enumerate(found)
    ]
    for name in ("tradingsymbol", "instrument_token"):
        counts = Counter(getattr(each, name) for each in complete)
        twice = sorted(str(value) for value, count in counts.items() if count > 1)
        if twice:
            raise ConfigError(
                f"universe.instruments: {name} {', '.join(twice)}: expected once, found more often"
            )
    if not complete:
        raise ConfigError(
            "universe.instruments: expected at least one instrument, neither the configuration"
            " nor the feed's files name any"
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
