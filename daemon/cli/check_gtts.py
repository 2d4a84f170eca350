"""Warnings about the GTTs that a script asks for."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.gtt_requests import DeleteGtt
from daemon.runtime.build import Parts
from strategies.near_names import did_you_mean


def gtt_warnings(parts: Parts) -> Iterator[str]:
    """Tell of GTTs that are refused whatever the market does."""
    asked = parts.strategies.timed_gtts
    mode = parts.config.execution.fill_mode
    if asked and mode != "depth":
        yield (
            f"a script asks for GTTs: with `fill_mode: {mode}` they are refused `no_exchange`; "
            "they need `fill_mode: depth`"
        )
        return
    universe = parts.feed.universe
    for timed in asked:
        request = timed.request
        if isinstance(request, DeleteGtt):
            continue
        symbol = request.terms.tradingsymbol
        if universe.index_of(symbol) is None:
            yield (
                f"a script's GTT of {symbol!r} is refused `unknown_symbol`: it is not in the "
                f"universe{did_you_mean(symbol, universe.symbols)}"
            )
            return
