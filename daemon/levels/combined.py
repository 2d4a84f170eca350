"""A combined level at work: valued at the end of a timestamp, armed in between.

See SEMANTICS, "Combined levels". Exact: what valuing at the end of every timestamp would decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from daemon.levels.floors import NO_STEPS, FloorSteps, Verdict, ceiling_of, floor_of, judge
from daemon.levels.intervals import Interval, interval, reach_of
from daemon.levels.stake import NOTHING, Stake
from daemon.levels.terms import CombinedTerms, Money

ANY_PRICE: Final = Interval(below=1 << 61, above=None)
"""The interval of an instrument that has shown no price yet: its first one ends it."""


class LastPrice(NamedTuple):
    """The last price of an instrument (paise), whatever its age, and its time (UTC ns)."""

    paise: int
    ts: int


class Market(Protocol):
    """Last prices, and who is called when one leaves an interval."""

    def last_price(self, index: int) -> LastPrice | None:
        """Return the last price of an instrument, None before its first."""

    def wait(self, key: int, index: int, until: Interval) -> None:
        """Call the combined level `key` when a price of the instrument ends an interval."""

    def forget(self, key: int, index: int) -> None:
        """Call it for no price of the instrument any more."""

    def ask(self) -> None:
        """Ask for the end of the present timestamp."""


class Decision(NamedTuple):
    """What was found at the end of a timestamp: a level reached, or new steps of the floor.

    `result` in paise; `oldest_ts` is the time of the oldest price in it, 0 if nothing is open.
    """

    verdict: Verdict
    result: Money
    oldest_ts: int


class CombinedLevels:
    """Levels over a stake that changes. `is_due` says that it is valued at the next end."""

    def __init__(
        self, key: int, terms: CombinedTerms, market: Market, steps: FloorSteps = NO_STEPS
    ) -> None:
        """Begin with a stake of nothing. Raises ValueError for terms with a fault."""
        self.key = key
        self.steps = steps
        self.stake = NOTHING
        self.is_due = False
        self._market = market
        self._armed: set[int] = set()
        self.terms = _checked(terms)

    def move(self, *, stop: Money | None, target: Money | None) -> None:
        """Take another stop and target, paise, and keep the steps. Raises ValueError as above."""
        self.terms = _checked(self.terms._replace(stop=stop, target=target))
        self.reach()

    def hold(self, stake: Stake) -> None:
        """Take another stake: a fill has changed quantities or what is realized."""
        self.stake = stake
        self.reach()

    def reach(self) -> None:
        """Be valued at the end of this timestamp: a price has left its interval."""
        self.is_due = True
        self._market.ask()

    def expect_prices(self, stake: Stake) -> None:
        """Take a stake from before the first input, to be valued when prices come."""
        self.stake = stake
        for index in stake.quantities:
            self._wait(index, ANY_PRICE)

    def result(self) -> tuple[Money, int] | None:
        """Return the result (paise) and the time of its oldest price; None if a price lacks."""
        prices, oldest_ts = self._prices()
        if len(prices) < len(self.stake.quantities):
            return None
        return self.stake.result(prices), oldest_ts

    def decide(self, stake: Stake | None = None) -> Decision | None:
        """Value the stake at the end of a timestamp and arm it again; None if nothing changes.

        A `stake` that is given replaces the one that was held.
        """
        self.is_due = False
        self.stake = self.stake if stake is None else stake
        prices, oldest_ts = self._prices()
        if len(prices) < len(self.stake.quantities):
            self._expect_missing(prices)
            return None
        result = self.stake.result(prices)
        verdict = judge(self.terms, self.steps, result)
        if verdict.reached is not None:
            self.disarm()
            return Decision(verdict, result, oldest_ts)
        before, self.steps = self.steps, verdict.steps
        self._arm(result, prices)
        if before.lock == self.steps.lock and (
            before.trail == self.steps.trail or self.terms.stop is None
        ):
            return None
        return Decision(verdict, result, oldest_ts)

    def disarm(self) -> None:
        """Wait for no price."""
        for index in self._armed:
            self._market.forget(self.key, index)
        self._armed.clear()

    def _prices(self) -> tuple[dict[int, int], int]:
        """Return the last prices that are known (paise), and the time of the oldest, else 0."""
        prices: dict[int, int] = {}
        oldest_ts = 0
        for index in self.stake.quantities:
            last = self._market.last_price(index)
            if last is not None:
                prices[index] = last.paise
                oldest_ts = min(oldest_ts or last.ts, last.ts)
        return prices, oldest_ts

    def _arm(self, result: Money, prices: Mapping[int, int]) -> None:
        """Wait for the first price at which the result may have met its floor or its ceiling."""
        for index in self._armed - self.stake.quantities.keys():
            self._market.forget(self.key, index)
        self._armed &= self.stake.quantities.keys()
        floor = floor_of(self.terms, self.steps)
        if floor is not None and result <= floor.paise:  # steps so steep that they overtake it
            self.reach()
        if not self.stake.quantities:
            return
        lowest = None if floor is None else floor.paise
        reach = reach_of(self.stake, result, lowest, ceiling_of(self.terms, self.steps))
        for index, quantity in self.stake.quantities.items():
            self._wait(index, interval(quantity, prices[index], reach))

    def _expect_missing(self, known: Mapping[int, int]) -> None:
        """Decide nothing until every instrument has shown a price."""
        self.disarm()
        for index in self.stake.quantities.keys() - known.keys():
            self._wait(index, ANY_PRICE)

    def _wait(self, index: int, until: Interval) -> None:
        self._armed.add(index)
        self._market.wait(self.key, index, until)


def _checked(terms: CombinedTerms) -> CombinedTerms:
    fault = terms.fault()
    if fault:
        raise ValueError(fault)
    return terms
