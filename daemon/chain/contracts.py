"""The contracts of one underlying that a run can trade, found once in its universe (P8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from daemon.chain.strikes import Strikes
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.symbols import INDEX_SYMBOLS


class UnderlyingContracts(msgspec.Struct, frozen=True):
    """Indices into the universe; `spot` is None where the run has no price of the underlying."""

    name: str
    spot: int | None
    futures: Mapping[str, int]
    """By expiry (ISO)."""
    options: Mapping[str, Strikes]
    """By expiry (ISO)."""


def contracts_of(universe: Universe, underlying: str) -> UnderlyingContracts:
    """Return the contracts of an underlying (`NIFTY`); one that is unknown has none."""
    futures: dict[str, int] = {}
    options: dict[str, list[tuple[int, Instrument]]] = defaultdict(list)
    for index, instrument in enumerate(universe):
        if instrument.name != underlying:
            continue
        if instrument.is_option:
            options[instrument.expiry].append((index, instrument))
        elif instrument.instrument_type == "FUT":
            futures[instrument.expiry] = index
    return UnderlyingContracts(
        underlying,
        _spot(universe, underlying),
        {expiry: futures[expiry] for expiry in sorted(futures)},
        {expiry: Strikes(options[expiry]) for expiry in sorted(options)},
    )


def _spot(universe: Universe, underlying: str) -> int | None:
    symbol = INDEX_SYMBOLS.get(underlying, underlying)
    for index, instrument in enumerate(universe):
        if instrument.is_index and instrument.name == underlying:
            return index
    at = universe.index_of(symbol)
    return at if at is not None and not universe[at].is_contract else None
