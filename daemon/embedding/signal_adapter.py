"""Turn another program's signal, with the usual names, into an intent; refuse what is odd."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from daemon.domain.dates import parse_timeframe
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "symbol": ("symbol", "tradingsymbol"),
    "signal": ("signal", "action", "side", "transaction_type"),
    "qty": ("qty", "quantity"),
    "sl_price": ("sl_price", "stop_loss", "stop_price", "sl"),
    "tp_price": ("tp_price", "take_profit", "target", "target_price", "tp"),
    "time_stop_bars": ("time_stop_bars",),
    "strategy_id": ("strategy_id", "strategy"),
    "timeframe": ("timeframe",),
    "product": ("product",),
    "reason": ("reason",),
    "tag": ("tag",),
    "confidence": ("confidence",),
    "exits": ("exits",),
    "order_type": ("order_type",),
    "price": ("price", "limit_price"),
    "trigger_price": ("trigger_price",),
    "validity": ("validity",),
    "validity_ttl": ("validity_ttl",),
    "market_protection": ("market_protection",),
}
_FIELD_OF: Final = {name: field for field, names in _NAMES.items() for name in names}


def convert_to_order_intent(signal: Mapping[str, Any] | object, **defaults: Any) -> OrderIntent:
    """Read an intent from a mapping or object with the usual names; `defaults` fill in the rest.

    Names: symbol | tradingsymbol; signal | action | side (BUY, SELL, EXIT, HOLD in any case); qty |
    quantity; sl_price | stop_loss | sl; tp_price | target | take_profit; time_stop_bars,
    strategy_id, timeframe, product, reason, tag, confidence, exits; order_type, price |
    limit_price, trigger_price, validity, validity_ttl, market_protection. An unknown name is a
    ValueError: a misspelt stop must not trade without a stop.
    """
    if isinstance(signal, OrderIntent):
        return signal
    given = _fields(defaults, "default") | _fields(_as_mapping(signal), "signal")
    symbol = given.get("symbol")
    if not isinstance(symbol, str) or not symbol:
        raise ValueError(f"expected a symbol, was {symbol!r}")
    wanted = _signal(given.get("signal"))
    return OrderIntent(
        symbol=symbol,
        signal=wanted,
        qty=_quantity(given.get("qty"), wanted),
        sl_price=_price(given, "sl_price"),
        tp_price=_price(given, "tp_price"),
        time_stop_bars=_bars(given.get("time_stop_bars"), "time_stop_bars"),
        strategy_id=str(given.get("strategy_id", "")),
        timeframe=_timeframe(given.get("timeframe", "")),
        product=_checked(given.get("product", "MIS"), OrderIntent, "product"),
        reason=str(given.get("reason", "")),
        tag=str(given.get("tag", "")),
        confidence=_checked(given.get("confidence", 1.0), OrderIntent, "confidence"),
        exits=_exits(given.get("exits")),
        order_type=_checked(given.get("order_type", "MARKET"), OrderIntent, "order_type"),
        price=_price(given, "price"),
        trigger_price=_price(given, "trigger_price"),
        validity=_checked(given.get("validity", "DAY"), OrderIntent, "validity"),
        validity_ttl=_bars(given.get("validity_ttl"), "validity_ttl"),
        market_protection=_price(given, "market_protection"),
    )


def _as_mapping(signal: Mapping[str, Any] | object) -> Mapping[str, Any]:
    if isinstance(signal, Mapping):
        return signal
    found = {name: getattr(signal, name) for name in _FIELD_OF if hasattr(signal, name)}
    if not found:
        raise ValueError(f"expected a mapping or an object with a symbol, was {signal!r}")
    return found


def _fields(given: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return the values by field, without None. Two names of one field must agree."""
    fields: dict[str, Any] = {}
    for name, value in given.items():
        field = _FIELD_OF.get(name)
        if field is None:
            raise ValueError(f"unknown key {name!r} in the {what}; known: {', '.join(_FIELD_OF)}")
        if value is None:
            continue
        if field in fields and fields[field] != value:
            raise ValueError(f"two values for {field}: {fields[field]!r} and {value!r}")
        fields[field] = value
    return fields


def _signal(value: Any) -> Signal:
    text = value.value if isinstance(value, Signal) else value
    if isinstance(text, str) and text.upper() in Signal.__members__:
        return Signal[text.upper()]
    raise ValueError(f"expected BUY, SELL, EXIT or HOLD, was {value!r}")


def _quantity(value: Any, signal: Signal) -> int:
    if value is None and signal in (Signal.EXIT, Signal.HOLD):
        return 0
    return _whole(value, "qty")


def _bars(value: Any, name: str) -> int | None:
    return None if value is None else _whole(value, name)


def _whole(value: Any, name: str) -> int:
    try:
        whole = int(value)
        if isinstance(value, bool | str) or whole != value:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"expected a whole number for {name}, was {value!r}") from None
    return whole


def _price(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    try:
        price = float(value)
        if isinstance(value, bool | str) or not math.isfinite(price):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"expected a finite price for {name}, was {value!r}") from None
    return price


def _timeframe(value: Any) -> str:
    if value != "":
        parse_timeframe(str(value))
    return str(value)


def _checked(value: Any, struct: type[OrderIntent], name: str) -> Any:
    """Return the value as the field's type. Raises ValueError with the field's name."""
    field = next(each for each in msgspec.structs.fields(struct) if each.name == name)
    try:
        return msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}, was {value!r}") from error


def _exits(value: Any) -> ExitOverrides | None:
    if value is None or isinstance(value, ExitOverrides):
        return value
    try:
        return msgspec.convert(value, ExitOverrides)
    except msgspec.ValidationError as error:
        raise ValueError(f"exits: {error}") from error
