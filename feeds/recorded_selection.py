"""Resolve a live configuration on a recording: its words become the recording's contracts.

The recording's contract table serves as the dump. A word such as `current` or `weekly` means what
the dated rules say on the recording's first date, since a recording need not hold the contracts in
between. Where the rules do not reach, the order of its contracts counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from daemon.domain.dates import ist_date
from daemon.domain.instrument import Instrument
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.errors import ConfigError
from daemon.settings.config import (
    Config,
    InstrumentConfig,
    OptionsConfig,
    UnderlyingConfig,
    UniverseConfig,
)
from feeds.contracts.aliases import aliases_in, resolve_strategies
from feeds.contracts.expiries import FUTURES, FutureExpiry, expired_at, future, option_expiry
from feeds.contracts.facts import ContractLookup
from feeds.contracts.lookup import Chain, Contracts, suggest_any_case
from feeds.contracts.universe import as_config, build_universe, is_written_out
from feeds.files.candle_files import SessionSpan
from feeds.replay import Recording


class ResolvedConfig(NamedTuple):
    """A configuration that names the recording's contracts, and notes for the trader."""

    config: Config
    notes: tuple[str, ...] = ()


def resolve_on_recording(
    config: Config,
    contracts: ContractLookup,
    session: SessionSpan,
    data_dir: Path | None = None,
) -> ResolvedConfig:
    """Return the configuration with `underlyings` and aliases resolved from its replay files.

    One without them comes back unchanged, with nothing read. What the recording lacks is left out
    with a note. Raises ConfigError if it has none of it, or a strategy needs what is missing;
    FeedError for an unusable file.
    """
    used = aliases_in(config)
    underlyings = config.universe.underlyings
    if config.feed.kind != "replay" or not (underlyings or used):
        return ResolvedConfig(config)
    wanted = replace(config.universe, underlyings=[])
    recording = Recording(
        config.feed.replay, replace(wanted, instruments=[]), contracts=contracts, session=session,
        data_dir=data_dir,
    )  # fmt: skip
    lost = _lost(wanted, recording) if underlyings else []
    kept = [instrument for instrument in wanted.instruments if instrument not in lost]
    singles = replace(wanted, instruments=kept)
    table = _table(singles, recording, contracts, data_dir)
    words = _ExpiryWords(table, contracts, _start(recording), session)
    selection = _Selection(words, singles)
    for number, underlying in enumerate(underlyings):
        selection.add(number, underlying)
    aliases = selection.aliases if underlyings else words.aliases()
    resolved = resolve_strategies(
        replace(config, universe=selection.universe() if underlyings else singles),
        aliases,
        unknown=f"is not among the contracts of the recording on {words.date}",
        todo="write one of",
    )
    named = list(aliases) if underlyings else used
    meanings = [*(f"{alias} is {aliases[alias]}" for alias in named), *selection.meanings]
    return ResolvedConfig(resolved, tuple(_notes(words.date, meanings, lost, selection.notes)))


def _notes(
    date: dt.date, meanings: list[str], lost: list[InstrumentConfig], notes: list[str]
) -> Iterator[str]:
    yield f"The contracts of {date}, the recording's first date: {', '.join(meanings)}."
    for instrument in lost:
        yield f"universe.instruments: the recording has no {instrument.tradingsymbol}."
    for note in notes:
        yield f"{note}."


def _lost(wanted: UniverseConfig, recording: Recording) -> list[InstrumentConfig]:
    """Return the single instruments that the recording does not name."""
    if wanted.instruments_file:
        return []
    known = set(recording.universe.symbols)
    return [
        instrument
        for instrument in wanted.instruments
        if not is_written_out(instrument) and instrument.tradingsymbol not in known
    ]


def _start(recording: Recording) -> int:
    found = recording.first_ts()
    if found is None:
        raise ConfigError(
            "universe.underlyings: no row of the recording is replayed, so there is no date to go"
            " by; check the files, --from and --to"
        )
    return found


def _named(instruments: Sequence[Instrument]) -> list[InstrumentConfig]:
    """Return instruments in the form of the configuration; assumed fields are not written."""
    return [
        as_config([instrument])[0]
        if instrument.has_contract_row
        else InstrumentConfig(tradingsymbol=instrument.tradingsymbol)
        for instrument in instruments
    ]


def _table(
    singles: UniverseConfig, recording: Recording, contracts: ContractLookup, data_dir: Path | None
) -> Contracts:
    """Return the contracts written out and those of the recording, with their expiries."""
    rows = {instrument.tradingsymbol: instrument for instrument in recording.universe}
    if singles.instruments:
        named = list(recording.universe)
        written = build_universe(singles, named, contracts, data_dir=data_dir)
        rows |= {instrument.tradingsymbol: instrument for instrument in written}
    known = [
        instrument
        for instrument in rows.values()
        if instrument.expiry or not instrument.is_contract
    ]
    if not any(instrument.is_contract for instrument in known):
        raise ConfigError(
            "universe.underlyings: the recording names no contract with an expiry, so neither they"
            " nor names such as NIFTY:FUT:current mean anything on it; name an"
            " `instruments_file`, or write the contracts under `instruments`"
        )
    return Contracts(known)


class _ExpiryWords:
    """What `current`, `weekly` and so on mean when a recording begins."""

    def __init__(
        self,
        table: Contracts,
        contracts: ContractLookup,
        start: int,
        session: SessionSpan,
    ) -> None:
        self.table = table
        self.date = ist_date(start)
        self._expiries = contracts.expiries
        self._is_expired = expired_at(start, self.date, session)

    def future(self, chain: Chain, word: FutureExpiry, where: str) -> Instrument:
        """Return the future that a word means. Raises ConfigError if the recording lacks it."""
        days = self._coming(chain, self._expiries.coming_monthly)
        at = FUTURES.index(word)
        if at >= len(days):
            return future(chain, word, self._is_expired, where)
        for contract in chain.futures:
            if contract.expiry == days[at]:
                return contract
        known = ", ".join(contract.expiry for contract in chain.futures) or "none"
        raise ConfigError(
            f"{where}: the recording has no {word!r} future of {chain.name}: that expires on"
            f" {days[at]}, it has {known}"
        )

    def option_expiry(self, chain: Chain, config: OptionsConfig, where: str) -> str:
        """Return the option expiry that a word means.

        Raises ConfigError if the recording lacks it.
        """
        word = config.expiry
        is_weekly = word in ("weekly", "next_weekly")
        days = self._coming(
            chain, self._expiries.coming if is_weekly else self._expiries.coming_monthly
        )
        at = 1 if word.startswith("next_") else 0
        if at >= len(days):
            return option_expiry(chain, word, self._is_expired, where)
        if days[at] in chain.options:
            return days[at]
        known = ", ".join(chain.options) or "none"
        raise ConfigError(
            f"{where}: the recording has no {word} options of {chain.name}: those expire on"
            f" {days[at]}, it has {known}"
        )

    def aliases(self) -> dict[str, str]:
        """Return every alias that strategies may use on this recording, and its tradingsymbol."""
        found: dict[str, str] = {}
        for name in self.table.underlyings:
            chain, spot = self.table.chain(name), self.table.spot(name)
            if spot is not None:
                found[f"{name}:INDEX"] = spot.tradingsymbol
            for word in FUTURES:
                try:
                    assert chain is not None
                    found[f"{name}:FUT:{word}"] = self.future(chain, word, "").tradingsymbol
                except ConfigError:
                    continue  # a strategy that uses this alias is refused, with the known ones
        return found

    def _coming(
        self, chain: Chain, days: Callable[[str, str, dt.date], Iterator[dt.date]]
    ) -> list[str]:
        """Return an underlying's next expiry days by the dated rules, as far as they reach."""
        contract = chain.example()
        today = replace(contract, expiry=self.date.isoformat())
        start = self.date + dt.timedelta(days=self._is_expired(today))
        coming = islice(days(contract.exchange, chain.name, start), len(FUTURES))
        return [day.isoformat() for day in coming]


class _Selection:
    """The instruments that `universe.underlyings` finds in a recording."""

    def __init__(self, words: _ExpiryWords, singles: UniverseConfig) -> None:
        self._singles = singles
        self._found: list[Instrument] = []
        self.aliases: dict[str, str] = {}
        self.notes: list[str] = []
        self.meanings: list[str] = []
        self._words = words

    def universe(self) -> UniverseConfig:
        """Return what was found and the single instruments.

        Raises ConfigError if there are none.
        """
        written = {instrument.tradingsymbol for instrument in self._singles.instruments}
        found = _named(
            [instrument for instrument in self._found if instrument.tradingsymbol not in written]
        )
        if not found and not written:
            raise ConfigError("; ".join(self.notes))
        return replace(self._singles, instruments=[*found, *self._singles.instruments])

    def add(self, number: int, config: UnderlyingConfig) -> None:
        """Add what the recording has of one entry; note what it lacks."""
        where, table = f"universe.underlyings[{number}]", self._words.table
        chain, spot = table.chain(config.name), table.spot(config.name)
        if config.index and spot is not None:
            self._take([spot])
            self.aliases[f"{config.name}:INDEX"] = spot.tradingsymbol
        elif config.index:
            self.notes.append(
                f"{where}.index: the recording has no index or share of {config.name}"
            )
        if chain is None:
            is_known = config.name in INDEX_SYMBOLS
            hint = "" if is_known else suggest_any_case(config.name, table.underlyings)
            self.notes.append(
                f"{where}: the recording has no futures or options of {config.name}{hint}"
            )
            return
        for at, word in enumerate(config.futures):
            try:
                found = self._words.future(chain, word, f"{where}.futures[{at}]")
            except ConfigError as error:
                self.notes.append(str(error))
                continue
            self._take([found])
            self.aliases[f"{config.name}:FUT:{word}"] = found.tradingsymbol
        if config.options is not None:
            self._add_options(chain, config.options, f"{where}.options")

    def _add_options(self, chain: Chain, config: OptionsConfig, where: str) -> None:
        try:
            expiry = self._words.option_expiry(chain, config, f"{where}.expiry")
        except ConfigError as error:
            self.notes.append(str(error))
            return
        rows = [
            option for option in chain.options[expiry] if option.instrument_type in config.types
        ]
        strikes = sorted({option.strike_paise for option in rows})
        wanted = 2 * config.strikes_each_side + 1
        if len(strikes) < wanted:
            span = f" ({strikes[0] / 100:g} to {strikes[-1] / 100:g})" if strikes else ""
            self.notes.append(
                f"{where}.strikes_each_side: {config.strikes_each_side} wants {wanted} strikes of"
                f" {chain.name} {expiry}, the recording has {len(strikes)}{span}"
            )
        self._take(rows)
        self.meanings.append(f"{config.expiry} options of {chain.name} are those of {expiry}")

    def _take(self, instruments: Sequence[Instrument]) -> None:
        self._found += [instrument for instrument in instruments if instrument not in self._found]
