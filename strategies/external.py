"""Trade what other programs send, such as the hooks of charting services."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.domain.external_signal import ExternalIntent, ExternalSignal
from daemon.domain.inputs import TimedIntent
from daemon.domain.intent import OrderIntent, Product, Signal
from daemon.settings.config import StrategyConfig
from strategies.intents import completed

_REASON = "signal"


class External:
    """Decides nothing itself and needs no candles.

    Its intents come while the daemon runs; product, exits and limits are those of its
    configuration, as with any strategy.
    """

    def timed_intents(self, product: Product) -> list[TimedIntent]:
        """Return nothing: no intent is known beforehand."""
        return []


def intents_of(
    signal: ExternalSignal, strategies: Iterable[StrategyConfig]
) -> tuple[OrderIntent, ...]:
    """Return a signal's intents with what its strategy's configuration says.

    Raises ValueError or TypeError where one of them cannot be, or no strategy has the name.
    """
    for config in strategies:
        if config.id == signal.strategy:
            return tuple(_complete(each, config) for each in signal.intents)
    raise ValueError(f"no strategy {signal.strategy!r} is configured")


def _complete(wanted: ExternalIntent, config: StrategyConfig) -> OrderIntent:
    if wanted.signal != Signal.EXIT and wanted.qty <= 0:
        raise ValueError(f"expected a qty above 0 for {wanted.signal} of {wanted.symbol}")
    intent = OrderIntent(
        symbol=wanted.symbol,
        signal=Signal(wanted.signal),
        qty=wanted.qty,
        sl_price=wanted.stop,
        tp_price=wanted.target,
        reason=wanted.reason or _REASON,
    )
    return completed(intent, config)
