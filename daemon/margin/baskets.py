"""What a basket asks of an account: its legs netted and filled, or its worst moment on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.margin.funds import Ask
from daemon.margin.portfolio import Contract, Holding, Underlying
from daemon.margin.scenario_margin import margins


class BasketLeg(NamedTuple):
    """A leg with the name of its underlying, its signed quantity, and its limit in paise."""

    underlying: str
    contract: Contract
    quantity: int
    limit_paise: int

    @property
    def premium(self) -> int:
        """What buying it costs at its limit, paise; a seller asks for none."""
        is_option = self.contract.kind in ("CE", "PE")
        return max(0, self.quantity) * self.limit_paise if is_option else 0


def blocked(underlyings: Sequence[Underlying]) -> int:
    """Return what positions and working entries block, rupees."""
    return sum(margin.working.blocked for margin in margins(underlyings))


def basket_ask(
    underlyings: Sequence[Underlying],
    legs: Sequence[BasketLeg],
    *,
    hedges_first: bool,
    charges: int,
) -> Ask:
    """Return what a basket asks: all legs filled, or the peak of the order in which they are sent.

    `underlyings` has one for every leg; `charges` are those of all legs, paise.
    """
    ends = (len(legs),) if hedges_first else range(1, len(legs) + 1)
    premiums = [sum(leg.premium for leg in legs[:end]) for end in ends]
    moments = [
        Ask(0, blocked(list(_filled(underlyings, legs[:end]))), premium, charges)
        for end, premium in zip(ends, premiums, strict=True)
    ]
    peak = max(moments, key=lambda ask: ask.blocked_after * PAISE_PER_RUPEE + ask.premium)
    return peak._replace(blocked_before=blocked(underlyings))


def _filled(underlyings: Sequence[Underlying], legs: Sequence[BasketLeg]) -> Iterator[Underlying]:
    for underlying in underlyings:
        own = [leg for leg in legs if leg.underlying == underlying.name]
        yield underlying.with_added(
            Holding(contract=leg.contract, held=leg.quantity) for leg in own
        )
