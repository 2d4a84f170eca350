"""Select the instruments of a live day, and those watched from the start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import BSE_UNDERLYINGS
from daemon.errors import ConfigError
from daemon.settings.config import UniverseConfig
from feeds.contracts.expiries import IsExpired
from feeds.contracts.facts import ContractLookup
from feeds.contracts.lookup import Contracts
from feeds.contracts.underlyings import Underlying, resolve
from feeds.kite.http import Exchange
from feeds.kite.singles import single_instruments
from feeds.kite.strike_window import MOST_SUBSCRIBED, AtmWindow, SpotWatchlist


class Selection(NamedTuple):
    """The instruments of a day, as indices of `universe`, which stays the same all day."""

    universe: Universe
    fixed: frozenset[int]
    """Always subscribed: spots, futures, single instruments, and those of open positions."""
    windows: tuple[AtmWindow, ...]
    spots: Mapping[str, int]
    """Underlying -> its index or share, where that is in the universe."""
    aliases: Mapping[str, str]
    """`NIFTY:FUT:current`, `NIFTY:INDEX` -> today's tradingsymbol."""
    notes: tuple[str, ...]
    """Notes for the trader on the dump and the windows."""

    def watchlist(self) -> SpotWatchlist:
        """Return the watchlist that follows the spots. It shares the windows, so make only one."""
        mute = frozenset(
            index
            for index, instrument in enumerate(self.universe)
            if instrument.instrument_token <= 0
        )
        return SpotWatchlist(self.fixed, self.windows, self.spots, mute)


def exchanges_needed(config: UniverseConfig) -> tuple[Exchange, ...]:
    """Return the exchanges whose dumps `select` needs."""
    named = {instrument.exchange for instrument in config.instruments}
    underlyings = {underlying.name for underlying in config.underlyings}
    bse = named & {"BSE", "BFO"} or BSE_UNDERLYINGS & underlyings
    return ("NFO", "NSE", "BFO", "BSE") if bse else ("NFO", "NSE")


def spot_keys(config: UniverseConfig, dump: Contracts) -> dict[str, str]:
    """Return underlyings with options mapped to their spot's quote key, such as `NSE:NIFTY 50`.

    One that the dump does not know is left out: `select` reports it.
    """
    found = {
        underlying.name: dump.spot(underlying.name)
        for underlying in config.underlyings
        if underlying.options
    }
    return {
        name: f"{spot.exchange}:{spot.tradingsymbol}"
        for name, spot in found.items()
        if spot is not None
    }


def select(
    config: UniverseConfig,
    dump: Contracts,
    *,
    is_expired: IsExpired,
    spots: Mapping[str, int] | None = None,
    held: Sequence[Instrument] = (),
    known: Sequence[Instrument] | None = None,
    contracts: ContractLookup | None = None,
    data_dir: Path | None = None,
) -> Selection:
    """Select the instruments that may be wanted during the day, and those wanted from the start.

    `spots` (paise by underlying) opens the windows; one without a spot opens at its first tick.
    `held` are the instruments of open positions, kept even if the dump no longer has them. `known`
    is the universe of the recording that the run continues: it is used unchanged, and `is_expired`
    should then be for the time when that recording began, so that words mean what they meant then.
    Raises ConfigError for what is unknown, expired, in doubt, or more than Kite sends.
    """
    spots = spots or {}
    singles = single_instruments(config, dump, is_expired, contracts, data_dir)
    underlyings = [
        resolve(number, underlying, dump, singles, is_expired, spots.get(underlying.name))
        for number, underlying in enumerate(config.underlyings)
    ]
    always = [*_always(underlyings), *singles]
    if known is None:
        wanted = [*always, *(option for underlying in underlyings for option in underlying.options)]
        universe = _universe(wanted, singles, held)
    else:
        universe = Universe(known)
    fixed = _indices(universe, [*always, *held])
    _check_count(len(fixed), config)
    windows = tuple(_windows(underlyings, universe, spots))
    return Selection(
        universe=universe, fixed=fixed, windows=windows, spots=_spots(universe, dump),
        aliases=_aliases(underlyings), notes=(*dump.notes, *_lost(universe, always, windows)),
    )  # fmt: skip


def _always(underlyings: Iterable[Underlying]) -> Iterator[Instrument]:
    for underlying in underlyings:
        if underlying.spot is not None:
            yield underlying.spot
        yield from underlying.futures.values()


def _universe(
    wanted: Iterable[Instrument], singles: Sequence[Instrument], held: Sequence[Instrument]
) -> Universe:
    """Return all instruments once, in order; what is written out wins over the dump's row."""
    written = {(single.tradingsymbol, single.exchange): single for single in singles}
    found: dict[str, Instrument] = {}
    tokens: dict[int, str] = {}
    for row in wanted:
        instrument = written.get((row.tradingsymbol, row.exchange), row)
        symbol, token = instrument.tradingsymbol, instrument.instrument_token
        before = found.setdefault(symbol, instrument)
        if before.exchange != instrument.exchange:
            raise ConfigError(
                f"universe: {symbol} is wanted of {before.exchange} and of"
                f" {instrument.exchange}; one run can have only one of them"
            )
        other = tokens.setdefault(token, symbol)
        if other != symbol:
            raise ConfigError(
                f"universe: {other} and {symbol} have the same instrument_token"
                f" {token}; correct the one that is written out"
            )
    for instrument in held:
        symbol, token = instrument.tradingsymbol, instrument.instrument_token
        if symbol not in found:
            # Kite reuses tokens after an expiry; then it has none.
            is_free = tokens.setdefault(token, symbol) == symbol
            found[symbol] = (
                instrument if is_free else replace(instrument, instrument_token=-abs(token))
            )
    if not found:
        raise ConfigError(
            "universe: the kite feed needs `underlyings` or `instruments`; neither names any"
        )
    return Universe(found.values())


def _windows(
    underlyings: Iterable[Underlying], universe: Universe, spots: Mapping[str, int]
) -> Iterator[AtmWindow]:
    for underlying in underlyings:
        config, spot = underlying.config.options, underlying.spot
        if config is None or spot is None:
            continue
        grid: dict[int, list[int]] = {}
        for option in underlying.options:
            at = universe.index_of(option.tradingsymbol)
            if at is not None:
                grid.setdefault(option.strike_paise, []).append(at)
        spot_index = universe.index_of(spot.tradingsymbol)
        window = AtmWindow(
            f"{underlying.config.name} {underlying.expiry}",
            -1 if spot_index is None else spot_index,
            grid,
            each_side=config.strikes_each_side,
            hysteresis=config.hysteresis,
        )
        window.follow(spots.get(underlying.config.name, 0))
        yield window


def _indices(universe: Universe, instruments: Iterable[Instrument]) -> frozenset[int]:
    found = (universe.index_of(instrument.tradingsymbol) for instrument in instruments)
    return frozenset(index for index in found if index is not None)


def _check_count(fixed: int, config: UniverseConfig) -> None:
    options = [
        underlying.options for underlying in config.underlyings if underlying.options is not None
    ]
    count = fixed + sum(
        (2 * option.strikes_each_side + 1) * len(option.types) for option in options
    )
    if count > MOST_SUBSCRIBED:
        raise ConfigError(
            f"universe: {count:,} instruments at a time, but Kite sends at most"
            f" {MOST_SUBSCRIBED:,}; name fewer, or lower `strikes_each_side`"
        )


def _spots(universe: Universe, dump: Contracts) -> dict[str, int]:
    """Return the spot of every underlying that the universe has a derivative of."""
    written = {
        instrument.name: instrument.tradingsymbol for instrument in universe if instrument.is_index
    }
    found: dict[str, int] = {}
    for name in dict.fromkeys(instrument.name for instrument in universe if instrument.expiry):
        row = dump.spot(name)
        symbol = written.get(name) or (row.tradingsymbol if row is not None else "")
        at = universe.index_of(symbol)
        if at is not None:
            found[name] = at
    return found


def _aliases(underlyings: Iterable[Underlying]) -> dict[str, str]:
    found: dict[str, str] = {}
    for underlying in underlyings:
        name = underlying.config.name
        if underlying.spot is not None:
            found[f"{name}:INDEX"] = underlying.spot.tradingsymbol
        for word, row in underlying.futures.items():
            found[f"{name}:FUT:{word}"] = row.tradingsymbol
    return found


def _lost(
    universe: Universe, always: Iterable[Instrument], windows: Iterable[AtmWindow]
) -> Iterator[str]:
    """Yield a note on what the universe of a continued recording lacks."""
    symbols = (instrument.tradingsymbol for instrument in always)
    lost = [symbol for symbol in symbols if universe.index_of(symbol) is None]
    lost += [f"the options of {window.label}" for window in windows if not window.strikes]
    if lost:
        yield (
            f"universe: {', '.join(lost)}: not among the instruments that today's recording began"
            " with, so not watched before tomorrow"
        )
