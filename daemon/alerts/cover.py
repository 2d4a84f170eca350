"""Short options that no long one covers."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.domain.instrument import Universe

Sold = tuple[str, str]
"""An underlying and a right (CE or PE)."""


def naked_options(held: Mapping[str, int], universe: Universe) -> dict[Sold, int]:
    """Return the short units that are not covered, by underlying and right.

    `held` are signed units by symbol. A long option covers a short one of its underlying and right
    that expires no later, whatever their strikes: what it may cost is known then.
    """
    chains: dict[Sold, dict[str, int]] = {}
    for symbol, quantity in held.items():
        index = universe.index_of(symbol)
        instrument = None if index is None else universe[index]
        if instrument is None or not instrument.is_option:
            continue
        chain = chains.setdefault((instrument.name, instrument.instrument_type), {})
        chain[instrument.expiry] = chain.get(instrument.expiry, 0) + quantity
    found = {sold: _uncovered(chain) for sold, chain in chains.items()}
    return {sold: quantity for sold, quantity in found.items() if quantity > 0}


def _uncovered(chain: Mapping[str, int]) -> int:
    """Return the most units that are short from some expiry on, net of what is long from there."""
    net = most = 0
    for expiry in sorted(chain, reverse=True):
        net -= chain[expiry]
        most = max(most, net)
    return most
