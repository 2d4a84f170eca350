"""Which instruments a live day knows, and which of them are watched from the start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import BSE_UNDERLYINGS
from daemon.errors import ConfigError
from daemon.settings.config import UniverseConfig
from feeds.contracts.expiries import IsOver
from feeds.contracts.facts import ContractLookup
from feeds.contracts.lookup import Contracts
from feeds.contracts.underlyings import Underlying, resolve
from feeds.kite.http import Exchange
from feeds.kite.singles import single_instruments
from feeds.kite.strike_window import MOST_SUBSCRIBED, AtmWindow, SpotWatchlist


class Selection(NamedTuple):
    """The instruments of a day. Numbers are indices of `universe`, which stays the same all day."""

    universe: Universe
    fixed: frozenset[int]
    """Always subscribed: spots, futures, single instruments, those of open positions."""
    windows: tuple[AtmWindow, ...]
    spots: Mapping[str, int]
    """Underlying -> its index or share, as far as it is in the universe."""
    aliases: Mapping[str, str]
    """`NIFTY:FUT:current`, `NIFTY:INDEX` -> today's tradingsymbol."""
    notes: tuple[str, ...]
    """What the trader should know of the dump and the windows."""

    def watchlist(self) -> SpotWatchlist:
        """What is subscribed, following the spots. The windows are shared, so make one only."""
        mute = frozenset(at for at, each in enumerate(self.universe) if each.instrument_token <= 0)
        return SpotWatchlist(self.fixed, self.windows, self.spots, mute)


def exchanges_needed(config: UniverseConfig) -> tuple[Exchange, ...]:
    """The exchanges whose dumps `select` should be given."""
    named = {each.exchange for each in config.instruments}
    bse = named & {"BSE", "BFO"} or BSE_UNDERLYINGS & {each.name for each in config.underlyings}
    return ("NFO", "NSE", "BFO", "BSE") if bse else ("NFO", "NSE")


def spot_keys(config: UniverseConfig, dump: Contracts) -> dict[str, str]:
    """Underlying with options -> the key of its spot for a quote, such as `NSE:NIFTY 50`.

    One that the dump does not know is left out: `select` says why.
    """
    found = {each.name: dump.spot(each.name) for each in config.underlyings if each.options}
    return {
        name: f"{spot.exchange}:{spot.tradingsymbol}"
        for name, spot in found.items()
        if spot is not None
    }


def select(
    config: UniverseConfig,
    dump: Contracts,
    *,
    is_over: IsOver,
    spots: Mapping[str, int] | None = None,
    held: Sequence[Instrument] = (),
    known: Sequence[Instrument] | None = None,
    contracts: ContractLookup | None = None,
    data_dir: Path | None = None,
) -> Selection:
    """The instruments that may be wanted during the day, and those that are from the start.

    `spots` (paise by underlying) opens the windows; one without a spot opens at its first tick.
    `held` are the instruments of open positions; they have a place even if the dump lost them.
    `known` is the universe of a recording that goes on: it is taken as it is, and `is_over` should
    then be of the time when that recording began, so that words mean what they meant then.
    Raises ConfigError for what is unknown, expired, in doubt, or more than Kite sends.
    """
    spots = spots or {}
    singles = single_instruments(config, dump, is_over, contracts, data_dir)
    underlyings = [
        resolve(number, each, dump, singles, is_over, spots.get(each.name))
        for number, each in enumerate(config.underlyings)
    ]
    always = [*_always(underlyings), *singles]
    if known is None:
        wanted = [*always, *(option for each in underlyings for option in each.options)]
        universe = _universe(wanted, singles, held)
    else:
        universe = Universe(known)
    fixed = _indices(universe, [*always, *held])
    _check_count(len(fixed), config)
    windows = tuple(_windows(underlyings, universe, spots))
    return Selection(
        universe=universe,
        fixed=fixed,
        windows=windows,
        spots=_spots(universe, dump),
        aliases=_aliases(underlyings),
        notes=(*dump.notes, *_lost(universe, always, windows)),
    )


def _always(underlyings: Iterable[Underlying]) -> Iterator[Instrument]:
    for each in underlyings:
        if each.spot is not None:
            yield each.spot
        yield from each.futures.values()


def _universe(
    wanted: Iterable[Instrument], singles: Sequence[Instrument], held: Sequence[Instrument]
) -> Universe:
    """All of them once, in their order; what is written out wins over the dump's row."""
    written = {(each.tradingsymbol, each.exchange): each for each in singles}
    found: dict[str, Instrument] = {}
    tokens: dict[int, str] = {}
    for row in wanted:
        each = written.get((row.tradingsymbol, row.exchange), row)
        before = found.setdefault(each.tradingsymbol, each)
        if before.exchange != each.exchange:
            raise ConfigError(
                f"universe: {each.tradingsymbol} is wanted of {before.exchange} and of"
                f" {each.exchange}; one run can have only one of them"
            )
        other = tokens.setdefault(each.instrument_token, each.tradingsymbol)
        if other != each.tradingsymbol:
            raise ConfigError(
                f"universe: {other} and {each.tradingsymbol} have the same instrument_token"
                f" {each.instrument_token}; correct the one that is written out"
            )
    for each in held:
        symbol, token = each.tradingsymbol, each.instrument_token
        if symbol not in found:
            # tokens are used again after an expiry (domain.md section 2): then it has none
            is_free = tokens.setdefault(token, symbol) == symbol
            found[symbol] = each if is_free else replace(each, instrument_token=-abs(token))
    if not found:
        raise ConfigError(
            "universe: the kite feed needs `underlyings` or `instruments`; neither names any"
        )
    return Universe(found.values())


def _windows(
    underlyings: Iterable[Underlying], universe: Universe, spots: Mapping[str, int]
) -> Iterator[AtmWindow]:
    for each in underlyings:
        config, spot = each.config.options, each.spot
        if config is None or spot is None:
            continue
        grid: dict[int, list[int]] = {}
        for option in each.options:
            at = universe.index_of(option.tradingsymbol)
            if at is not None:
                grid.setdefault(option.strike_paise, []).append(at)
        spot_index = universe.index_of(spot.tradingsymbol)
        window = AtmWindow(
            f"{each.config.name} {each.expiry}",
            -1 if spot_index is None else spot_index,
            grid,
            each_side=config.strikes_each_side,
            hysteresis=config.hysteresis,
        )
        window.follow(spots.get(each.config.name, 0))
        yield window


def _indices(universe: Universe, instruments: Iterable[Instrument]) -> frozenset[int]:
    found = (universe.index_of(each.tradingsymbol) for each in instruments)
    return frozenset(each for each in found if each is not None)


def _check_count(fixed: int, config: UniverseConfig) -> None:
    options = [each.options for each in config.underlyings if each.options is not None]
    count = fixed + sum((2 * each.strikes_each_side + 1) * len(each.types) for each in options)
    if count > MOST_SUBSCRIBED:
        raise ConfigError(
            f"universe: {count:,} instruments at a time, but Kite sends at most"
            f" {MOST_SUBSCRIBED:,}; name fewer, or lower `strikes_each_side`"
        )


def _spots(universe: Universe, dump: Contracts) -> dict[str, int]:
    """The spot of every underlying that the universe has a derivative of."""
    written = {each.name: each.tradingsymbol for each in universe if each.is_index}
    found: dict[str, int] = {}
    for name in dict.fromkeys(each.name for each in universe if each.expiry):
        row = dump.spot(name)
        symbol = written.get(name) or (row.tradingsymbol if row is not None else "")
        at = universe.index_of(symbol)
        if at is not None:
            found[name] = at
    return found


def _aliases(underlyings: Iterable[Underlying]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in underlyings:
        name = each.config.name
        if each.spot is not None:
            found[f"{name}:INDEX"] = each.spot.tradingsymbol
        for word, row in each.futures.items():
            found[f"{name}:FUT:{word}"] = row.tradingsymbol
    return found


def _lost(
    universe: Universe, always: Iterable[Instrument], windows: Iterable[AtmWindow]
) -> Iterator[str]:
    """What the universe of a recording that goes on does not have."""
    lost = [each.tradingsymbol for each in always if universe.index_of(each.tradingsymbol) is None]
    lost += [f"the options of {each.label}" for each in windows if not each.strikes]
    if lost:
        yield (
            f"universe: {', '.join(lost)}: not among the instruments that today's recording began"
            " with, so not watched before tomorrow"
        )
