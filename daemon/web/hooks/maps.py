"""What a service's message means: which contracts, which way, how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from daemon.domain.external_signal import ExternalIntent, Rupees
from daemon.domain.instrument import Instrument
from daemon.web.hooks.store import Hook

_ACTIONS: Final = {
    "buy": "BUY", "long": "BUY", "sell": "SELL", "short": "SELL",
    "exit": "EXIT", "close": "EXIT", "flat": "EXIT",
}  # fmt: skip
_FLAT: Final = "flat"
_SHOWN: Final = 40
Text = Annotated[str, Meta(max_length=80)]


class NotUnderstood(ValueError):
    """A message that no intent can be made of; it changed nothing."""


class Meaning(NamedTuple):
    """The intents of a message, and what of it was left out and why."""

    intents: tuple[ExternalIntent, ...]
    ignored: tuple[str, ...]


class _TradingView(msgspec.Struct, frozen=True, kw_only=True):
    """What a TradingView alert may say, written by its owner; other fields are ignored."""

    symbol: Text
    action: Text = ""
    market_position: Text = ""
    lots: Annotated[int, Meta(ge=1)] | None = None
    stop: Rupees | None = None
    target: Rupees | None = None
    comment: Text = ""


class _Chartink(msgspec.Struct, frozen=True, kw_only=True):
    """What Chartink sends; the prices and the time of its scan are not used."""

    stocks: Annotated[str, Meta(min_length=1)]
    scan_name: str = ""


def meaning_of(hook: Hook, body: bytes, instruments: Mapping[str, Instrument]) -> Meaning:
    """Return what a message asks for. Raises NotUnderstood."""
    try:
        if hook.map == "tradingview":
            return _of_tradingview(hook, msgspec.json.decode(body, type=_TradingView), instruments)
        return _of_chartink(hook, msgspec.json.decode(body, type=_Chartink), instruments)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstood(f"not a message of {hook.map}: {error}") from error


def _of_tradingview(
    hook: Hook, said: _TradingView, instruments: Mapping[str, Instrument]
) -> Meaning:
    """Return the one intent of an alert; a strategy that is flat afterwards asks for an exit."""
    word = _FLAT if said.market_position.strip().lower() == _FLAT else said.action
    lots = hook.lots if said.lots is None else said.lots
    if lots > hook.lots:
        raise NotUnderstood(f"lots: at most {hook.lots} by this hook, was {lots}")
    contract = _contract(hook, said.symbol, instruments)
    return Meaning(
        (_intent(contract, _action(hook, word), lots, said.comment, said.stop, said.target),), ()
    )


def _of_chartink(hook: Hook, said: _Chartink, instruments: Mapping[str, Instrument]) -> Meaning:
    """Return an intent for each stock that is known, the first `at_most` of them."""
    action = _action(hook, "")
    intents: list[ExternalIntent] = []
    ignored: list[str] = []
    for name in dict.fromkeys(each.strip() for each in said.stocks.split(",")):
        try:
            contract = _contract(hook, name, instruments)
        except NotUnderstood as error:
            ignored.append(str(error))
            continue
        if len(intents) == hook.at_most:
            ignored.append(f"{name[:_SHOWN]}: more than {hook.at_most} of one message")
        else:
            intents.append(_intent(contract, action, hook.lots, said.scan_name))
    if not intents:
        raise NotUnderstood("; ".join(ignored[: hook.at_most]))
    return Meaning(tuple(intents), tuple(ignored))


def _action(hook: Hook, word: str) -> str:
    if not word.strip():
        if not hook.action:
            raise NotUnderstood("action: the message has none, and neither has this hook")
        return hook.action
    action = _ACTIONS.get(word.strip().lower())
    if action is None:
        raise NotUnderstood(f"action: expected buy, sell or exit, was {word[:_SHOWN]!r}")
    return action


def _contract(hook: Hook, name: str, instruments: Mapping[str, Instrument]) -> Instrument:
    """Return the contract that a message names, with its exchange in front or without."""
    bare = name.strip().rpartition(":")[2]
    mapped = hook.symbols.get(name.strip()) or hook.symbols.get(bare, "")
    symbol = mapped if hook.symbols else bare
    if not symbol:
        raise NotUnderstood(f"{name[:_SHOWN]}: not among the symbols of this hook")
    contract = instruments.get(symbol)
    if contract is None:
        raise NotUnderstood(f"{symbol[:_SHOWN]}: the daemon has no contract of this name")
    if contract.is_index:
        raise NotUnderstood(f"{symbol[:_SHOWN]}: an index cannot be traded")
    return contract


def _intent(
    contract: Instrument,
    action: str,
    lots: int,
    reason: str,
    stop: float | None = None,
    target: float | None = None,
) -> ExternalIntent:
    is_exit = action == "EXIT"
    return ExternalIntent(
        symbol=contract.tradingsymbol,
        signal=action,  # type: ignore[arg-type]
        qty=0 if is_exit else lots * contract.lot_size,
        stop=None if is_exit else stop,
        target=None if is_exit else target,
        reason=reason[:80],
    )
