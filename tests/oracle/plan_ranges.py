"""Ranges of breakouts in formation, P13 read aloud.

Where the text is silent this reading decides:

- A range is kept per plan, date and leg; a round is told of it at `to`, or at its start.
- The range of `of: premium` begins at the timestamp in which its contract was fixed, at `from` with
  the ticks after it; without a tick in it: `no_range`.
- A range is incomplete if the first input of the run came after `from` and more than five seconds
  after the open (nothing trades before it), or a gap in [from, to).
  A silence of the feed is not a gap.
- `of: underlying` takes S whatever its age; only legs of `legs` have ranges.
- A leg that a new round entered at once takes the day's range as its stop as soon as there is one.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.plan_choose import Never, NotYet
from tests.oracle.plan_roll import Rolls
from tests.oracle.plan_scenario import SECOND, Plan, Setup, date_of
from tests.oracle.plan_states import Round


class Ranges(Rolls):
    """Every range of every day."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self.first: int | None = None

    def range_begins(self, plan: Plan, key: Any, leg: Any, start: int, end: int) -> None:
        assert self.first is not None
        spec, opens = leg["breakout"], [each.open for each in self.setup.sessions]
        is_late = self.first > start and not any(0 <= self.first - o <= 5 * SECOND for o in opens)
        self.ranges[key] = {
            "plan": plan, "leg": leg, "from": start, "to": end, "contract": None, "since": start,
            "prices": [], "code": "range_incomplete" if is_late else "", "over": False,
            "underlying": spec.get("of", "premium") == "underlying",
            "fixes": spec.get("of", "premium") == "premium" or spec.get("strike_at") == "start",
        }  # fmt: skip
        self.fix(self.ranges[key], start)

    def fix(self, found: dict[str, Any], since: int) -> None:
        """Choose the contract of a range if it can be."""
        if not found["fixes"] or found["contract"] is not None:
            return
        scratch = Round(plan=found["plan"], id="", began=self.now)
        try:
            found["contract"] = self.choose(scratch, found["leg"]["id"])
        except (NotYet, Never):
            return
        found["since"] = since

    def sample(self, found: dict[str, Any]) -> None:
        if found["over"] or not found["from"] <= self.now < found["to"]:
            return
        self.fix(found, self.now)
        if found["underlying"] and self.market.reference_ticked(found["plan"], self.now):
            s = self.market.reference(found["plan"], self.now, believed=False)
            if s is not None:
                found["prices"].append(s)

    def range_ends(self, key: Any) -> None:
        found = self.ranges.get(key)
        if found is None:
            return
        found["over"] = True
        contract = found["contract"]
        if not found["underlying"] and contract is not None:
            ticks = self.market.ticks[contract.symbol]
            found["prices"] = [price for ts, price in ticks if found["since"] <= ts < found["to"]]
        if any(found["from"] <= ts < found["to"] for ts in self.market.gaps):
            found["code"] = "range_incomplete"
        if not found["code"] and (not found["prices"] or (found["fixes"] and contract is None)):
            found["code"] = "no_range"
        if not found["code"]:
            found["high"], found["low"] = max(found["prices"]), min(found["prices"])
        for round_ in self.rounds:
            same = round_.plan["id"] == key[0] and date_of(round_.began) == key[1]
            if not same or round_.over:
                continue
            for wait in [each for each in round_.waits if each.leg == key[2]]:
                if wait.goal == "breakout":
                    self.publish(round_, wait)
            if key[2] in round_.batch:
                self.tell_stop(round_, key[2])
            self.progress(round_)
