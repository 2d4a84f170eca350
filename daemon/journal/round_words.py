"""Rounds of plans in a trader's words: why one began, waited, left, or never traded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.domain.events import RoundMoved
from daemon.domain.plan_round import LegWait, RoundState
from daemon.journal.words import EXITS, REFUSALS, money, numbers_text

SKIPPED: Final[dict[str, str]] = {
    "no_reference": "the price that ATM is counted from was not known in time",
    "no_strike": "the strike that the plan names is not listed",
    "no_premium": "no premium fitted in time, or too few strikes had traded today",
    "no_expiry": "the expiry that the plan names is not in the universe",
    "no_delta": "no option had a delta, as no premium could be inverted in time",
    "outside_window": "the strike would lie outside the listed ones",
    "late_start": "the program began too long after the entry time",
    "not_triggered": "nothing that the legs waited for came in time",
    "nothing_filled": "no order was filled",
    "same_contract": "a bought leg would have had the contract of a sold one",
    "round_open": "the round before was not over yet",
    "no_range": "the contract whose range was to be watched could not be chosen",
    "range_incomplete": "prices of the range were missed, by a gap or a late start",
}
"""Why a round never traded; each is also why a single leg does not enter."""

DROPPED: Final[dict[str, str]] = {
    **SKIPPED,
    "one_of": "another leg of one_of was filled first",
    "no_reentry_after": "the time after which nothing is entered again had come",
    "lazy_busy": "the lazy leg was open or waiting already",
    "left": "the leg had left before",
    "roll_lost": "there was no contract to roll into, or its long had no short",
}

_LEFT: Final[dict[str, str]] = {"flat": "nothing was open and nothing could enter any more"}

_GOALS: Final[dict[str, str]] = {
    "choose": "a contract to be chosen", "roll": "its roll", "momentum": "its momentum",
    "breakout": "the breakout of its range", "cost": "the price to be back at cost",
}  # fmt: skip


def round_lines(event: RoundMoved) -> list[str]:
    """Return what an event of a round says, a sentence a line."""
    if event.from_state == event.to_state:
        return [_note_text(event), *_waits(event)]
    text = _MOVES.get(RoundState(event.to_state), _plain)(event)
    return [f"{event.to_state}: {text}", *_waits(event)]


def _skipped(event: RoundMoved) -> str:
    words = SKIPPED.get(event.reason, event.reason)
    numbers = dict(event.numbers or {})
    because, code = numbers.pop("because", None), numbers.pop("code", None)
    parts = [f"{event.reason}: {words}"]
    if code is not None:
        parts.append(f"{code}: {REFUSALS.get(str(code), 'refused')}")
    if because is not None:
        parts.append(str(because))
    behind = numbers_text(numbers)
    return f"{'; '.join(parts)}{f' ({behind})' if behind else ''}. Nothing was traded."


def _waiting(event: RoundMoved) -> str:
    legs = ", ".join(event.batch or {})
    again = " once more, after an overall exit" if event.reason == "reentry" else ""
    sides = ", on the opposite sides" if (event.numbers or {}).get("is_reversed") else ""
    at_once = f"; {legs} would enter at once" if legs else "; no leg enters at once"
    return f"the round begins{again}{sides}{at_once}."


def _entering(event: RoundMoved) -> str:
    chosen = ", ".join(f"{leg} {symbol}" for leg, symbol in (event.batch or {}).items())
    return f"the contracts are chosen and the orders are sent: {chosen}."


def _open(event: RoundMoved) -> str:
    if event.reason == "kept":
        return "not all of the first legs were filled; the plan keeps those that were."
    return "all first legs are in." if event.reason == "complete" else "the first leg is in."


def _left(event: RoundMoved) -> str:
    return f"{event.reason}: {_why_left(event.reason)}{_numbers(event)}; everything leaves."


def _done(event: RoundMoved) -> str:
    pnl = (event.numbers or {}).get("pnl_paise")
    made = f" It made {money(pnl)}." if isinstance(pnl, int) else ""
    return f"{event.reason}: {_why_left(event.reason)}.{made}"


def _plain(event: RoundMoved) -> str:
    return f"{event.reason}{_numbers(event)}."


_MOVES: Final = {
    RoundState.SKIPPED: _skipped, RoundState.WAITING: _waiting, RoundState.ENTERING: _entering,
    RoundState.OPEN: _open, RoundState.EXITING: _left, RoundState.DONE: _done,
}  # fmt: skip


def _note_text(event: RoundMoved) -> str:
    numbers = event.numbers or {}
    leg = f"{event.leg} " if event.leg else ""
    if event.reason in ("dropped", "not_reentered"):
        code = str(numbers.get("code", ""))
        verb = "does not enter" if event.reason == "dropped" else "is not entered again"
        words = DROPPED.get(code) or REFUSALS.get(code) or EXITS.get(code) or code
        return f"{event.reason}: {leg}{verb}: {code}, {words}{_seen(numbers)}."
    text = _NOTES.get(event.reason)
    return f"{event.reason}: {leg}{text or 'moves on'}{_numbers(event)}."


def _seen(numbers: Mapping[str, int | str]) -> str:
    """Return what was seen when a leg was given up: in words, then the numbers."""
    rest = {name: value for name, value in numbers.items() if name not in ("code", "because")}
    because = numbers.get("because")
    told = f"; {because}" if because else ""
    return f"{told} ({numbers_text(rest)})" if rest else told


_NOTES: Final[dict[str, str]] = {
    "reference": "is compared with the price of now from here on",
    "range": "has its range, and waits for a price beyond it",
    "armed": "is armed",
    "reentry": "is entered again",
    "floor": "the profit that is locked has grown",
    "trail_step": "the overall stop has moved up",
    "rolling": "is closed and comes back in another contract",
    "roll": "the open legs are rolled",
    "leaving": "what still works is cancelled",
    "no_room": "has no room for the level, which is left out",
}


def _why_left(reason: str) -> str:
    return _LEFT.get(reason) or EXITS.get(reason) or REFUSALS.get(reason) or "as decided"


def _numbers(event: RoundMoved) -> str:
    behind = numbers_text(event.numbers)
    return f" ({behind})" if behind else ""


def _waits(event: RoundMoved) -> list[str]:
    return [wait_text(wait) for wait in event.waits or ()]


def wait_text(wait: LegWait) -> str:
    """Return what a leg waits for."""
    where = f" in {wait.symbol}" if wait.symbol else ""
    level = f", from {money(wait.reference_paise)}" if wait.reference_paise else ""
    verb = "buy" if wait.side == "BUY" else "sell"
    return f"{wait.leg} waits to {verb}{where}: for {_GOALS[wait.goal]}{level}."


def basis_text(basis: Mapping[str, int | float | str] | None) -> str:
    """Return what a contract was chosen from: rupees, as an order's event has it."""
    return ", ".join(
        f"{key.replace('_', ' ')} {value:g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in (basis or {}).items()
    )
