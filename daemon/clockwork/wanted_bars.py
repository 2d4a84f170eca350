"""Whose candles an engine makes."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.domain.dates import is_timeframe
from daemon.domain.instrument import Universe
from daemon.domain.intent import CANDLE_CLOSE, OrderIntent, StopBasis
from daemon.domain.ledger import Ledger
from daemon.execution.builder import DEFAULT_TIMEFRAME
from daemon.execution.context import Strategies


def bars_wanted(
    strategies: Strategies, ledger: Ledger, universe: Universe, stop_basis: StopBasis
) -> Mapping[str, frozenset[int]]:
    """Return whose candles are made: those of strategies, and those that levels go by.

    Timeframe -> indices into the universe. `stop_basis` is what orders go by that do not say.
    """
    wanted = {name: set(of) for name, of in strategies.subscriptions.items()}
    asked = [
        (position.tradingsymbol, position.timeframe)
        for position in ledger.open_positions()
        if position.exits.stop_basis == CANDLE_CLOSE
    ]
    for intent in (timed.intent for timed in strategies.timed_intents):
        if type(intent) is not OrderIntent:
            continue
        if ((intent.exits and intent.exits.stop_basis) or stop_basis) == CANDLE_CLOSE:
            asked.append((intent.symbol, intent.timeframe or DEFAULT_TIMEFRAME))
    for symbol, timeframe in asked:
        index = universe.index_of(symbol)
        if index is not None and is_timeframe(timeframe):
            wanted.setdefault(timeframe, set()).add(index)
    return {timeframe: frozenset(indices) for timeframe, indices in wanted.items()}
