"""Resolve one entry of `universe.underlyings` from the day's dump."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from daemon.domain.instrument import Instrument
from daemon.domain.symbols import INDEX_SYMBOLS
from daemon.errors import ConfigError
from daemon.settings.config import OptionsConfig, UnderlyingConfig
from feeds.contracts.expiries import IsExpired, future, option_expiry
from feeds.contracts.lookup import Contracts, suggest_any_case

STRIKES_EACH_SIDE: Final = 200
"""Strikes on each side of the first spot that may enter the day's window."""


class Underlying(NamedTuple):
    """One resolved entry of `universe.underlyings`."""

    config: UnderlyingConfig
    spot: Instrument | None
    futures: Mapping[str, Instrument]
    """By `current`, `next`, `far`."""
    expiry: str
    """The options' expiry (ISO), empty if no options are wanted."""
    options: tuple[Instrument, ...]
    """All options that may enter the window."""


def resolve(
    number: int,
    config: UnderlyingConfig,
    dump: Contracts,
    singles: Sequence[Instrument],
    is_expired: IsExpired,
    spot_paise: int | None,
) -> Underlying:
    """Find an entry's spot, futures and options. Raises ConfigError for what the dump lacks.

    `singles` may hold its index, written out; `spot_paise` bounds the strikes, None if unknown.
    """
    where = f"universe.underlyings[{number}]"
    chain = dump.chain(config.name)
    if chain is None:
        raise ConfigError(f"{where}.name: {_unknown(config.name, dump)}")
    futures: dict[str, Instrument] = {
        word: future(chain, word, is_expired, f"{where}.futures[{at}]")
        for at, word in enumerate(config.futures)
    }
    spot = _spot(config.name, dump, singles) if config.index or config.options else None
    if spot is None and (config.index or config.options):
        raise ConfigError(
            f"{where}.index: no index or share of {config.name} is in the dump; write its index"
            f" under `instruments` with `instrument_type: INDEX` and `name: {config.name}`"
        )
    if config.options is None:
        return Underlying(config, spot, futures, "", ())
    expiry = option_expiry(chain, config.options.expiry, is_expired, f"{where}.options.expiry")
    options = _bounded(chain.options[expiry], config.options, spot_paise)
    if not options:
        raise ConfigError(
            f"{where}.options.types: {config.name} {expiry} has no"
            f" {' or '.join(config.options.types)} in the dump"
        )
    return Underlying(config, spot, futures, expiry, options)


def _unknown(name: str, dump: Contracts) -> str:
    of_index = {symbol: name for name, symbol in INDEX_SYMBOLS.items()}
    known = dump.underlyings
    guess = of_index.get(name.upper(), name.upper())
    hint = f" (did you mean {guess}?)" if guess in known else suggest_any_case(guess, known)
    return (
        f"{name!r} has no futures or options in the day's dump{hint}; write the underlying as in"
        " its column `name`, or a single symbol under `instruments`"
    )


def _spot(name: str, dump: Contracts, singles: Iterable[Instrument]) -> Instrument | None:
    """Return the index that is written out, else the dump's."""
    written = (single for single in singles if single.is_index and single.name == name)
    return next(written, None) or dump.spot(name)


def _bounded(
    rows: Sequence[Instrument], config: OptionsConfig, spot_paise: int | None
) -> tuple[Instrument, ...]:
    """Return the options of the wanted types within reach of the spot."""
    rows = [row for row in rows if row.instrument_type in config.types]
    strikes = sorted({row.strike_paise for row in rows})
    if not spot_paise or not strikes:
        return tuple(rows)
    at = nearest(strikes, spot_paise)
    kept = set(strikes[max(at - STRIKES_EACH_SIDE, 0) : at + STRIKES_EACH_SIDE + 1])
    return tuple(row for row in rows if row.strike_paise in kept)


def nearest(strikes: Sequence[int], spot: int) -> int:
    """Return the position of the strike nearest to the spot, the lower one at a tie.

    `strikes` is ascending and not empty.
    """
    above = bisect_left(strikes, spot)
    if above == 0:
        return 0
    if above == len(strikes):
        return above - 1
    return above if strikes[above] - spot < spot - strikes[above - 1] else above - 1
