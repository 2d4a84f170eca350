"""Complete what a strategy returned to intents, or say what is wrong with it."""

from __future__ import annotations

import math
from decimal import Decimal
from operator import index
from typing import Final, SupportsIndex

import msgspec

from daemon.domain.dates import parse_timeframe
from daemon.domain.intent import (
    ExitOverrides,
    Level,
    OrderIntent,
    Rel,
    Signal,
    check_exits,
    check_intent,
)
from daemon.settings.config import StrategyConfig

_NOTHING_SET: Final = ExitOverrides()


def as_intents(returned: object) -> list[OrderIntent]:
    """Return the intents of one call, without HOLD. Raises TypeError for anything else."""
    if returned is None:
        return []
    intents: list[OrderIntent] = []
    for intent in returned if isinstance(returned, list | tuple) else [returned]:
        if not isinstance(intent, OrderIntent):
            raise TypeError(f"expected OrderIntent, a list of them or None, was {intent!r}")
        if intent.signal != Signal.HOLD:
            intents.append(intent)
    return intents


def completed(
    intent: OrderIntent, config: StrategyConfig, *, product_given: bool = False
) -> OrderIntent:
    """Return the intent with what it leaves out filled in from its strategy's configuration.

    `MIS` is the default of an intent, so only `NRML` overrides the configuration. Raises TypeError
    or ValueError. Whether symbol, quantity and levels are acceptable is up to the gates.
    """
    if intent.strategy_id not in ("", config.id):
        raise ValueError(f"expected its own strategy_id, was {intent.strategy_id!r}")
    if type(intent.symbol) is not str:
        raise TypeError(f"expected symbol as text, was {intent.symbol!r}")
    if not math.isfinite(intent.confidence):
        raise ValueError(f"expected a finite confidence, was {intent.confidence!r}")
    timeframe = intent.timeframe or config.timeframe
    parse_timeframe(timeframe)
    default_product = intent.product == "MIS" and not product_given
    complete = msgspec.structs.replace(
        intent,
        signal=Signal(intent.signal),
        qty=index(intent.qty),
        sl_price=_stop_or_target(intent.sl_price),
        tp_price=_stop_or_target(intent.tp_price),
        time_stop_bars=_whole(intent.time_stop_bars),
        confidence=float(intent.confidence),
        strategy_id=config.id,
        timeframe=timeframe,
        product=config.product if default_product else intent.product,
        exits=merge_exits(intent.exits, config.exits),
        price=_level(intent.price),
        trigger_price=_level(intent.trigger_price),
        validity_ttl=_whole(intent.validity_ttl),
        market_protection=_level(intent.market_protection),
    )
    check_intent(complete)
    return complete


def merge_exits(over: ExitOverrides | None, under: ExitOverrides) -> ExitOverrides | None:
    """Return the settings of `over`, field by field, else of `under`; None if all are unset."""
    check_exits(over)
    if over is None:
        return None if under == _NOTHING_SET else under
    names = ExitOverrides.__struct_fields__
    upper = {name: getattr(over, name, None) for name in names}
    both = {name: getattr(under, name) if upper[name] is None else upper[name] for name in names}
    return None if both == dict.fromkeys(names) else ExitOverrides(**both)


def _whole(number: SupportsIndex | None) -> int | None:
    return None if number is None else index(number)


def _stop_or_target(price: object) -> Level | None:
    return price if isinstance(price, Rel) else _level(price)


def _level(price: object) -> float | None:
    if price is None:
        return None
    if not isinstance(price, int | float | Decimal):
        raise TypeError(f"expected a price in rupees, was {price!r}")
    return float(price)
