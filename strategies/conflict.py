"""Resolve conflicts: strategies with entries on one symbol at one boundary.

See SEMANTICS, "Strategies".

A strategy is no rival of itself: what it asks for at one boundary goes through together or not at
all, and `net_out` sets its BUY against the SELLs of others only (plans, rule 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Final, Literal, NamedTuple

import msgspec

from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.strategy_actions import Asked, Wanted

Rule = Literal["highest_confidence", "priority", "net_out"]


class Proposal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A complete intent, with its strategy's position in the configured order."""

    intent: OrderIntent
    rank: int
    priority: int


class LostIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that did not go through as requested; `kept` of its units did."""

    intent: OrderIntent
    kept: int
    to: str
    """The strategy that won the symbol; empty if both sides were equal."""


class Resolution(msgspec.Struct, frozen=True):
    """What goes through, in order of delivery, and the entries that lost."""

    wanted: list[Wanted]
    lost: list[LostIntent]

    @property
    def intents(self) -> list[OrderIntent]:
        """Return the intents among what goes through."""
        return [each for each in self.wanted if isinstance(each, OrderIntent)]


class _Verdict(NamedTuple):
    """The strategy that wins a symbol, and how many units of each entry on it go through."""

    taker: str
    quantities: list[int]


def resolve(proposals: Sequence[Proposal | Asked], rule: Rule) -> Resolution:
    """Return the intents that go through by the rule.

    EXITs and other actions always do, and so do intents that a gate will refuse anyway.
    """
    stands: dict[int, Wanted] = {}
    entries: dict[str, list[tuple[int, Proposal]]] = {}
    for number, proposal in enumerate(proposals):
        if isinstance(proposal, Asked):
            stands[number] = proposal
            continue
        stands[number] = proposal.intent
        if is_entry(proposal.intent):
            entries.setdefault(proposal.intent.symbol, []).append((number, proposal))
    losses: dict[int, LostIntent] = {}
    for rivals in entries.values():
        if len({proposal.intent.strategy_id for _, proposal in rivals}) == 1:
            continue
        taker, quantities = _RULES[rule]([proposal for _, proposal in rivals])
        for (number, proposal), quantity in zip(rivals, quantities, strict=True):
            intent = proposal.intent
            del stands[number]
            if quantity:
                changed = quantity != intent.qty
                stands[number] = (
                    msgspec.structs.replace(intent, qty=quantity) if changed else intent
                )
            if quantity < intent.qty:
                losses[number] = LostIntent(intent=intent, kept=quantity, to=taker)
    return Resolution(
        [stands[number] for number in sorted(stands)],
        [losses[number] for number in sorted(losses)],
    )


def is_entry(intent: OrderIntent) -> bool:
    """Return whether the intent would open a position and so may have rivals."""
    return intent.signal != Signal.EXIT and intent.qty > 0


def signed_quantity(intent: OrderIntent) -> int:
    """Return the units, above 0 for a buy and below 0 for a sell."""
    return intent.qty if intent.signal == Signal.BUY else -intent.qty


def _highest_confidence(entries: list[Proposal]) -> _Verdict:
    return _all_of(min(entries, key=lambda entry: (-entry.intent.confidence, entry.rank)), entries)


def _priority(entries: list[Proposal]) -> _Verdict:
    return _all_of(min(entries, key=lambda entry: (-entry.priority, entry.rank)), entries)


def _all_of(best: Proposal, entries: list[Proposal]) -> _Verdict:
    """Give the symbol to the best entry's strategy, with all that it asked for."""
    taker = best.intent.strategy_id
    return _Verdict(
        taker, [entry.intent.qty if entry.intent.strategy_id == taker else 0 for entry in entries]
    )


def _net_out(entries: list[Proposal]) -> _Verdict:
    """Give the net quantity to the first strategy of the larger side.

    Its entries of that side share it in order, each at most what it asked for. The last of them
    takes the rest, which includes what other strategies of its side asked for. What is left on both
    sides is one strategy's own and stands.
    """
    intents = [entry.intent for entry in entries]
    left = _less_what_others_offset(intents)
    stands = [intent for intent, quantity in zip(intents, left, strict=True) if quantity]
    if not stands:
        return _Verdict("", left)
    sides = {intent.signal for intent in stands}
    candidates = stands if len(sides) > 1 else intents
    taker = next(intent.strategy_id for intent in candidates if intent.signal in sides)
    quantities = [0] * len(intents)
    for side in sides:
        net = sum(q for intent, q in zip(intents, left, strict=True) if intent.signal == side)
        own = [
            place
            for place, intent in enumerate(intents)
            if intent.strategy_id == taker and intent.signal == side
        ]
        for place in own[:-1]:
            quantities[place] = min(intents[place].qty, net)
            net -= quantities[place]
        quantities[own[-1]] = net
    return _Verdict(taker, quantities)


def _less_what_others_offset(intents: Sequence[OrderIntent]) -> list[int]:
    """Return what is left of each once buys and sells of different strategies are set off."""
    left = [intent.qty for intent in intents]
    for buy, sell in product(range(len(intents)), repeat=2):
        one, other = intents[buy], intents[sell]
        is_pair = one.signal == Signal.BUY and other.signal == Signal.SELL
        if is_pair and one.strategy_id != other.strategy_id:
            offset = min(left[buy], left[sell])
            left[buy] -= offset
            left[sell] -= offset
    return left


_RULES: Final[dict[Rule, Callable[[list[Proposal]], _Verdict]]] = {
    "highest_confidence": _highest_confidence,
    "priority": _priority,
    "net_out": _net_out,
}
