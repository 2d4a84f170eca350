"""What a waiting leg waits for: momentum, breakout, cost; P12, P13, P32 read aloud.

Where the text is silent this reading decides:

- Triggers ask a tick of their instrument in this timestamp, after the reference was taken.
- `one_of` is asked in the plan's step: of two legs reached in one timestamp the first enters, and
  its fill drops the others at once.
- A breakout of the underlying whose strike is not choosable is tried for `within_s`.
"""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.plan_entries import Entries, within
from tests.oracle.plan_levels import distance
from tests.oracle.plan_states import Round, Wait


class Triggers(Entries):
    """Step (4)."""

    def triggers(self, round_: Round) -> None:
        """(4): momentum, breakout and cost by leg."""
        if round_.state not in ("WAITING", "ENTERING", "OPEN"):
            return
        if round_.batch and round_.chosen is None:
            return
        for wait in self.by_leg(round_):
            if wait not in round_.waits or not self.one_of_allows(round_, wait):
                continue
            if self.reached(round_, wait):
                self.fire(round_, wait)
        for wait in self.by_leg(round_):
            self.one_of_allows(round_, wait)

    def one_of_allows(self, round_: Round, wait: Wait) -> bool:
        group = round_.plan.get("one_of") or []
        if not wait.first or wait.leg not in group:
            return True
        rest = [each for each in round_.attempts if each.leg in group and each.leg != wait.leg]
        if any(each.filled for each in rest):
            round_.waits.remove(wait)
            self.note(round_, "dropped", wait.leg, code="one_of")
            return False
        return not any(each.state == "WORKING" for each in rest)

    def price_of(self, round_: Round, symbol: str | None) -> Fraction | None:
        """The last price of a trigger's instrument if it ticked now; None: S."""
        if symbol is not None:
            last = self.market.last(symbol)
            found = None if last is None else Fraction(last)
            return found if self.market.ticked(symbol, self.now) else None
        if not self.market.reference_ticked(round_.plan, self.now):
            return None
        return self.seen_reference(round_)

    def reached(self, round_: Round, wait: Wait) -> bool:
        if wait.goal == "momentum":
            return self.momentum_reached(round_, wait)
        if wait.goal == "breakout":
            return self.breakout_reached(round_, wait)
        if wait.goal != "cost":
            return False
        assert wait.contract is not None
        assert wait.reference is not None
        price = self.price_of(round_, wait.contract.symbol)
        if price is None or self.now <= wait.since:
            return False
        if wait.above is None:
            return True
        return price <= wait.reference if wait.above else price >= wait.reference

    def momentum_reached(self, round_: Round, wait: Wait) -> bool:
        assert wait.momentum
        assert wait.contract
        assert wait.reference is not None
        underlying = wait.momentum.get("of", "premium") == "underlying"
        price = self.price_of(round_, None if underlying else wait.contract.symbol)
        if price is None:
            return False
        up = "up" in wait.momentum
        far = distance(wait.momentum["up" if up else "down"], wait.reference)
        return price >= wait.reference + far if up else price <= wait.reference - far

    def breakout_reached(self, round_: Round, wait: Wait) -> bool:
        spec = round_.leg(wait.leg)["breakout"]
        found = self.range_of(round_, wait.leg)
        if not found.get("over") or self.now < max(found["to"], round_.began):
            return False
        underlying = spec.get("of", "premium") == "underlying"
        wait.contract = found["contract"]
        symbol = None if underlying else found["contract"].symbol
        price = self.price_of(round_, symbol)
        if price is None:
            return False
        return bool(price > found["high"] if spec["side"] == "high" else price < found["low"])

    def fire(self, round_: Round, wait: Wait) -> None:
        if wait.contract is not None:
            self.enter(round_, wait, wait.contract)
        else:
            wait.goal, wait.deadline = "choose", self.now + within(round_.plan)
