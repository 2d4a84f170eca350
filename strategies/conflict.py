"""Several strategies, one symbol, one boundary: which entry goes through (semantics.md 9)."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from daemon.domain.intent import OrderIntent, Signal

Rule = Literal["highest_confidence", "priority", "net_out"]


class Proposal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A complete intent with the place of its strategy in the configured order."""

    intent: OrderIntent
    rank: int
    priority: int


class Resolution(msgspec.Struct, frozen=True):
    """The intents that go through, in order, and the ids of the strategies that lost one each."""

    intents: list[OrderIntent]
    lost: list[str]


def resolve(proposals: list[Proposal], rule: Rule) -> Resolution:
    """At most one entry per symbol. An EXIT, and what a gate will refuse anyway, just passes."""
    kept: dict[int, OrderIntent] = {}
    rivals: dict[str, list[int]] = {}
    for number, each in enumerate(proposals):
        if each.intent.signal == Signal.EXIT or each.intent.qty <= 0:
            kept[number] = each.intent
        else:
            rivals.setdefault(each.intent.symbol, []).append(number)
    for numbers in rivals.values():
        if len(numbers) == 1:
            kept[numbers[0]] = proposals[numbers[0]].intent
        elif rule == "net_out":
            kept.update(_net_out(proposals, numbers))
        else:
            winner = min(numbers, key=lambda n: _KEYS[rule](proposals[n]))
            kept[winner] = proposals[winner].intent
    lost = [e.intent.strategy_id for number, e in enumerate(proposals) if number not in kept]
    return Resolution([kept[number] for number in sorted(kept)], lost)


# `min` keeps the first of equals, which is the order of delivery within one strategy.
_KEYS: Final = {
    "highest_confidence": lambda each: (-each.intent.confidence, each.rank),
    "priority": lambda each: (-each.priority, each.rank),
}


def _net_out(proposals: list[Proposal], numbers: list[int]) -> dict[int, OrderIntent]:
    net = sum(signed_quantity(proposals[number].intent) for number in numbers)
    if net == 0:
        return {}
    side = Signal.BUY if net > 0 else Signal.SELL
    first = next(number for number in numbers if proposals[number].intent.signal == side)
    return {first: msgspec.structs.replace(proposals[first].intent, qty=abs(net))}


def signed_quantity(intent: OrderIntent) -> int:
    """Units, above 0 for a buy and below 0 for a sell."""
    return intent.qty if intent.signal == Signal.BUY else -intent.qty
