"""What happens to no single trade, a sentence each: GTTs, watches, risk, margin, other orders.

The log, the page's tape and the journal's commands show the same sentences. Rupees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from daemon.domain.dates import iso_ist
from daemon.domain.events import (
    ExchangeOrderMoved,
    GttMoved,
    MarginMoved,
    PositionMarked,
    RiskMoved,
    TradingEvent,
    WatchMoved,
)
from daemon.domain.gtt import Gtt, GttLeg
from daemon.domain.ledger import RiskStanding
from daemon.domain.money import rupees_text
from daemon.domain.risk_state import RiskState
from daemon.domain.untraded import SETTLED, strategy_of
from daemon.journal.margin_words import margin_text
from daemon.journal.watch_words import watch_sentence
from daemon.journal.words import EXITS, RULES, money, numbers_text, why

_ENDS: Final = EXITS | {
    "converted": "moved between MIS and NRML, as asked for; nothing was bought or sold",
}
"""Why a position without a trade was left, or changed without an order."""

GTT_REASONS: Final[dict[str, str]] = {
    "user": "it was asked for",
    "expiry": "its contract is over",
    "too_old": "it is a year old",
    "lot_size": "the contract has another lot now",
    "kill_switch": "the kill switch was pulled",
    "halted": "the account is halted",
    "no_exchange": "this fill mode has no exchange to send its order to",
    "bad_gtt": "it has one trigger with one order, or two with two, and stays on its contract",
    "bad_product": "a GTT of a contract is NRML",
    "not_active": "there is no such GTT that is active",
    "trigger_already_met": "the last price is at the trigger already",
    "no_price": "the contract has shown no price and the request names none",
}
"""Why a GTT ended, paused or was refused."""
_REFUSED: Final[dict[str, str]] = {
    "lot_size": "the quantity is not in whole lots of the contract",
    "bad_level": "the last price is not between the two triggers, the lower one first",
}
"""Of a request, where the same code says something else of a GTT or of an order."""
RISK_REASONS: Final[dict[str, str]] = {
    "command": "a person said so",
    "daily_loss": "the day's loss limit was reached",
    "day_over": "the day is over",
}
"""Why the risk state changed."""
_STATES: Final[dict[str, str]] = {
    "ACTIVE": "new entries are taken",
    "REDUCING": "new entries are refused, exits are not",
    "HALTED": "new entries are refused and waiting ones cancelled, exits work",
}
_HARMLESS: Final = ("not_open", "already_filled")
"""Why a request about a close was refused that had left nothing to do."""
_ASIDE: Final = ("accepted", "open", "modified", "trigger_pending", "triggered", "alert")


class AccountLine(NamedTuple):
    """One line: what kind of thing happened, to which contract ("" = none), and the sentence."""

    kind: str
    symbol: str
    words: str


class AccountWords:
    """Tell events without a trade; remembers of which contract each GTT is."""

    def __init__(self, gtts: Iterable[Gtt] = ()) -> None:
        """Begin after events that left these GTTs."""
        self._symbols = {gtt.gtt_id: gtt.terms.tradingsymbol for gtt in gtts}

    def take(self, event: TradingEvent) -> AccountLine | None:
        """Return the line of an event, None if it makes none: one of a trade, or a detail."""
        if event.order_id:
            return None
        if isinstance(event, GttMoved):
            symbol = self._symbol(event)
            return AccountLine("gtt", symbol, gtt_sentence(event, symbol))
        if isinstance(event, RiskMoved):
            return AccountLine("risk", "", risk_sentence(event))
        if isinstance(event, MarginMoved):
            return AccountLine("margin", "", margin_text(event))
        if isinstance(event, WatchMoved):
            return AccountLine("watch", "", watch_sentence(event))
        if isinstance(event, PositionMarked):
            return AccountLine("mark", event.tradingsymbol, mark_sentence(event))
        if isinstance(event, ExchangeOrderMoved) and not _is_aside(event):
            words = untraded_sentence(event)
            return AccountLine(_order_kind(event), event.tradingsymbol, words)
        return None

    def _symbol(self, event: GttMoved) -> str:
        if event.tradingsymbol and event.gtt_id:
            self._symbols[event.gtt_id] = event.tradingsymbol
        return event.tradingsymbol or self._symbols.get(event.gtt_id, "")


def _is_aside(event: ExchangeOrderMoved) -> bool:
    """Return whether an event of an order is a detail that only `explain` tells."""
    is_harmless = event.is_exit and event.reason in _HARMLESS
    return event.kind in _ASIDE or is_harmless


def gtt_sentence(event: GttMoved, symbol: str) -> str:
    """Return what happened to a GTT of a contract."""
    name = f"GTT {event.gtt_id}" if event.gtt_id else "GTT"
    of = f" of {symbol}" if symbol else ""
    if event.kind in ("created", "modified"):
        until = f", until {event.expires}" if event.expires else ""
        verb = "placed" if event.kind == "created" else "modified"
        return f"{name}{of} {verb}: {_terms(event)}{until}"
    if event.kind == "triggered":
        leg = f"leg {event.leg}"
        return f"{name}{of} fired {leg} at {money(event.ltp_paise)}: order {event.exchange_id}"
    behind = _behind(event.numbers)
    is_refused = event.kind == "refused"
    words = _REFUSED.get(event.reason, "") if is_refused else ""
    words = words or GTT_REASONS.get(event.reason) or why(event.reason)
    reason = f"{event.reason}: {words}" if words else event.reason
    verb = "not modified" if is_refused and event.gtt_id else event.kind
    rest = "; it fires no more until it is modified" if event.kind == "disabled" else ""
    return f"{name}{of} {verb}, {reason}{behind}{rest}"


def risk_sentence(event: RiskMoved) -> str:
    """Return to which state the account moved, why, and until when."""
    return _risk_text(event.state, event.reason, event.until_ts, _behind(event.numbers))


def standing_sentence(standing: RiskStanding) -> str:
    """Return in which state the account is, why, and until when; empty while it is ACTIVE."""
    if standing.state is RiskState.ACTIVE:
        return ""
    return _risk_text(standing.state.value, standing.reason, standing.until_ts)


def _risk_text(state: str, reason: str, until_ts: int, behind: str = "") -> str:
    because = RISK_REASONS.get(reason, reason)
    until = f", until {_day_time(until_ts)}" if until_ts else ""
    if not until_ts and state != RiskState.ACTIVE.value:
        until = ", until the command risk_active"
    return f"risk state {state}: {because}{behind}; {_STATES.get(state, '')}{until}"


def mark_sentence(event: PositionMarked) -> str:
    """Return what a daily mark of a position without a trade paid."""
    return (
        f"{event.quantity} {event.tradingsymbol} carried over night, marked to the close "
        f"{money(event.close_paise)}: cash moves by {money(event.m2m_paise)}"
    )


def untraded_sentence(event: ExchangeOrderMoved) -> str:
    """Return what happened to an order without a trade."""
    what = f"{event.side} {event.quantity} {event.tradingsymbol}"
    whose = f", {event.exchange_id}" if event.exchange_id else ""
    if event.kind == SETTLED or event.fill is not None:
        return f"{_fill_words(event)}{whose}"
    verb = {"rejected": "refused", "cancelled": "cancelled"}.get(event.kind)
    reason = _reason(event)
    if verb is None:
        return f"{event.kind.replace('_', ' ')}: {what}, {reason}{whose}"
    left = event.quantity - event.filled
    what = f"{event.side} {left} {event.tradingsymbol}" if verb == "cancelled" else what
    return f"{verb}: {what}, {reason}{whose}"


def _fill_words(event: ExchangeOrderMoved) -> str:
    price = money(event.last_paise)
    done = f"{event.side} {event.last_quantity} {event.tradingsymbol}"
    if event.kind == SETTLED:
        return f"{_exit(event.tag)}: {done} at {price} ({RULES.get(event.rule, event.rule)})"
    why_left = f"{_exit(event.tag)}: " if event.is_exit else ""
    part = f"{event.filled} of {event.quantity}"
    return f"{why_left}{done} filled at {price}, {part}, {strategy_of(event)}"


def _exit(reason: str) -> str:
    return f"{reason}: {_ENDS[reason]}" if reason in _ENDS else reason


def _reason(event: ExchangeOrderMoved) -> str:
    words = why(event.reason)
    text = f"{event.reason}: {words}" if words else event.reason
    return f"{text}{_behind(event.numbers)}"


def _terms(event: GttMoved) -> str:
    triggers, legs = event.triggers or (), event.legs or ()
    below = len(triggers) > 1 or (bool(triggers) and triggers[0] < event.last_paise)
    sides = ("below", "above") if len(triggers) > 1 else ("below" if below else "above",)
    return " or ".join(
        f"{_leg(leg)} once the price is at {money(trigger)} or {side}"
        for leg, trigger, side in zip(legs, triggers, sides, strict=False)
    )


def _leg(leg: GttLeg) -> str:
    return f"{leg.side} {leg.quantity} at Rs {rupees_text(leg.price_paise)}"


def _behind(numbers: Mapping[str, int | str] | None) -> str:
    text = numbers_text(numbers)
    return f" ({text})" if text else ""


def _day_time(ts: int) -> str:
    return f"{iso_ist(ts)[:16].replace('T', ' ')} IST"


def _order_kind(event: ExchangeOrderMoved) -> str:
    if event.fill is None:
        return "refused"
    return "exit" if event.is_exit else "fill"
