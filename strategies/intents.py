"""Complete what a strategy returned to intents, or say what is wrong with it."""

from __future__ import annotations

import math
from decimal import Decimal
from operator import index
from typing import Final, SupportsIndex

import msgspec

from daemon.domain.dates import parse_timeframe
from daemon.domain.intent import (
    TAG_MAX,
    ExitOverrides,
    Level,
    OrderIntent,
    Rel,
    Signal,
    check_exits,
    check_intent,
)
from daemon.domain.strategy_actions import (
    Asked,
    Basket,
    Cancel,
    Close,
    Keep,
    Lock,
    Modify,
    Steps,
    StrategyAction,
    Wanted,
    Watch,
)
from daemon.settings.config import StrategyConfig

_ACTIONS: Final = (Modify, Cancel, Close, Basket, Watch)
_DAY_S: Final = 86_400
_NOTHING_SET: Final = ExitOverrides()


def as_actions(returned: object) -> list[OrderIntent | StrategyAction]:
    """Return the actions of one call, without HOLD. Raises TypeError for anything else."""
    if returned is None:
        return []
    actions: list[OrderIntent | StrategyAction] = []
    for action in returned if isinstance(returned, list | tuple) else [returned]:
        if isinstance(action, OrderIntent):
            if action.signal != Signal.HOLD:
                actions.append(action)
        elif isinstance(action, _ACTIONS):
            actions.append(action)
        else:
            raise TypeError(f"expected OrderIntent, a list of them or None, was {action!r}")
    return actions


def wanted_of(action: OrderIntent | StrategyAction, config: StrategyConfig) -> Wanted:
    """Return an action with what the engine must know of its strategy. Raises as `completed`."""
    if isinstance(action, OrderIntent):
        return completed(action, config)
    if isinstance(action, Basket):
        return Asked(config.id, _with_complete_intents(action, config))
    if isinstance(action, Watch):
        return Asked(config.id, _checked_watch(action))
    _check_action(action)
    return Asked(config.id, action)


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
    if complete.signal is not Signal.EXIT:  # which makes no order
        _check_tag(complete.tag)
    return complete


def _check_tag(tag: str) -> None:
    if len(tag) > TAG_MAX:
        raise ValueError(f"expected a tag of at most {TAG_MAX} characters, was {tag!r}")


def _with_complete_intents(basket: Basket, config: StrategyConfig) -> Basket:
    """Return a basket of complete entries with its tag, or say what is wrong with it."""
    if not basket.intents or basket.if_incomplete not in ("unwind", "keep"):
        raise ValueError(f"expected entries, and unwind or keep, was {basket!r}")
    if not 0 < basket.within_s <= _DAY_S:
        raise ValueError(f"expected within_s above 0, in seconds, was {basket.within_s!r}")
    if type(basket.tag) is not str:
        raise TypeError(f"expected a tag as text, was {basket.tag!r}")
    _check_tag(basket.tag)
    intents = tuple(
        completed(msgspec.structs.replace(each, tag=each.tag or basket.tag), config)
        for each in basket.intents
    )
    for intent in intents:
        if intent.signal not in (Signal.BUY, Signal.SELL):
            raise ValueError(f"expected BUY or SELL in a basket, was {intent.signal}")
    return msgspec.structs.replace(basket, intents=intents)


def _checked_watch(watch: Watch) -> Watch:
    """Return a watch of numbers, or say what is wrong; whether its levels will do is a refusal."""
    if type(watch.tag) is not str or not watch.tag:
        raise ValueError(f"expected the tag of trades to watch, was {watch.tag!r}")
    _check_tag(watch.tag)
    for kind, part in ((Steps, watch.trail), (Lock, watch.lock)):
        if part is not None and not isinstance(part, kind):
            raise TypeError(f"expected {kind.__name__} or None, was {part!r}")
    numbers = [watch.stop, watch.target]
    for part in (watch.trail, watch.lock):
        numbers += [] if part is None else msgspec.structs.astuple(part)
    for number in numbers:
        _level(number)
    return watch


def _check_action(action: Modify | Cancel | Close) -> None:
    """Raise TypeError if a field has a wrong type; whether it will do is for a refusal."""
    if type(action.id) is not str:
        raise TypeError(f"expected the id of a trade as text, was {action.id!r}")
    if isinstance(action, Close):
        if action.quantity is not None:
            index(action.quantity)
        if type(action.reason) is not str:
            raise TypeError(f"expected a reason as text, was {action.reason!r}")
    elif isinstance(action, Modify):
        for level in (action.stop, action.target):
            if not isinstance(level, Keep):
                _stop_or_target(level)
        if not isinstance(action.price, Keep):
            _level(action.price)
        if not isinstance(action.quantity, Keep):
            index(action.quantity)


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
