"""All gates for entries that are sent together, before the first of them is sent (P16)."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.order import Order
from daemon.execution.admission import Admission
from daemon.execution.entries import Entries
from daemon.risk.gates import Refusal


class BatchGate:
    """Ask for a whole batch what is asked for one entry: those of baskets, and of plans."""

    def __init__(self, entries: Entries, admission: Admission) -> None:
        self._entries = entries
        self._admission = admission

    def refusals(
        self, intents: Sequence[OrderIntent], *, hedges_first: bool
    ) -> list[Refusal | None]:
        """Return why each would be refused once those sent before it are admitted.

        Whatever their margin; one that is refused does not count for those after it.
        """
        found: list[Refusal | None] = [None] * len(intents)
        admitted: list[Order] = []
        for place in _in_order(intents, hedges_first=hedges_first):
            intent = intents[place]
            order = self._entries.build(intent)
            found[place] = self._admission.batch_refusal(order, intent, admitted)
            if found[place] is None:
                admitted.append(order)
        return found

    def shortfall(self, intents: Sequence[OrderIntent], *, hedges_first: bool) -> Refusal | None:
        """Return why the cash does not cover them, netted or at their worst; None if it does."""
        margin = self._admission.margin
        if margin is None:
            return None
        orders = [self._entries.build(intent) for intent in intents]
        return margin.basket_refusal(orders, hedges_first=hedges_first)

    def verdicts(
        self, intents: Sequence[OrderIntent], *, hedges_first: bool
    ) -> list[Refusal] | None:
        """Return a refusal of each if one of them, or all together, would be refused."""
        refusals = self.refusals(intents, hedges_first=hedges_first)
        if not any(refusals):
            short = self.shortfall(intents, hedges_first=hedges_first)
            return None if short is None else [short] * len(intents)
        place = next(place for place, refusal in enumerate(refusals) if refusal is not None)
        first = refusals[place]
        assert first is not None
        numbers: dict[str, int | str] = {"because": first.reason, "symbol": intents[place].symbol}
        return [refusal or Refusal("leg_incomplete", numbers) for refusal in refusals]


def hedges_of(intents: Sequence[OrderIntent], *, hedges_first: bool) -> list[OrderIntent]:
    """Return the entries that are sent at once: what is bought, where anything waits for it."""
    bought = [each for each in intents if each.signal is Signal.BUY]
    return bought if hedges_first and bought else list(intents)


def _in_order(intents: Sequence[OrderIntent], *, hedges_first: bool) -> list[int]:
    """Return the places of entries in the order in which they are sent."""
    places = range(len(intents))
    if not hedges_first:
        return list(places)
    return sorted(places, key=lambda place: intents[place].signal is not Signal.BUY)
