"""The plan's step at the end of a timestamp: P21, P30 to P33, P40 to P45 read aloud.

Where the text is silent this reading decides:

- A re-entry tells `reentry` (asap, momentum) or `armed` (cost, lazy) in (3); `dropped` and
  `not_reentered` carry their `code`. A count is used when it is told, not when it fills.
- `square_off: complete` acts on a stop and on a target of a leg, and needs the exit to be filled.
- A plain re-entry keeps the side of the attempt that left; a lazy leg has its own.
- Levels of the underlying ask a tick of S in this timestamp; the stop before the target.
- Where both the stop and the target of a round are met, the stop is told.
- `premium_percent` and `points` are of the legs of `legs` alone, lazy legs are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.oracle.plan_entries import FOREVER, within
from tests.oracle.plan_levels import distance
from tests.oracle.plan_scenario import paise
from tests.oracle.plan_states import STOPS, TARGETS, Attempt, Round, Wait, other
from tests.oracle.plan_triggers import Triggers


class Rounds(Triggers):
    """Rounds, one moment at a time."""

    def plan_step(self, round_: Round) -> None:
        """P30a, at the end of a timestamp."""
        self.underlying_levels(round_)
        self.round_exits(round_)
        for attempt in [each for each in round_.attempts if self.has_left(each)]:
            attempt.handled = True
            if round_.state in ("ENTERING", "OPEN"):
                self.leg_left(round_, attempt)
        self.triggers(round_)
        self.choices(round_)
        self.progress(round_)

    def has_left(self, attempt: Attempt) -> bool:
        return attempt.state == "OVER" and not attempt.handled

    def underlying_levels(self, round_: Round) -> None:
        s = self.seen_reference(round_)
        ticked = self.market.reference_ticked(round_.plan, self.now)
        for attempt in round_.attempts:
            if attempt.state != "OPEN" or s is None:
                continue
            if attempt.filled_ts == self.now:
                attempt.reference = s
            elif ticked:
                reason = self.underlying_reached(round_, attempt, s)
                if reason:
                    self.demand(attempt, reason)

    def underlying_reached(self, round_: Round, attempt: Attempt, s: Fraction) -> str | None:
        leg = round_.leg(attempt.leg)
        up_is_good = attempt.long == (attempt.contract.kind != "PE")
        move = (s - (attempt.reference or s)) * (1 if up_is_good else -1)
        for key, sign in (("stop", -1), ("target", 1)):
            spec = leg.get(key) or {}
            for name in ("points", "percent"):
                if f"underlying_{name}" in spec:
                    far = distance({name: spec[f"underlying_{name}"]}, attempt.reference or s)
                    if sign * move >= far:
                        return f"leg_{key}_underlying"
        breakout = leg.get("breakout") or {}
        if "range" in (leg.get("stop") or {}) and breakout.get("of") == "underlying":
            found = self.range_of(round_, attempt.leg)
            low, high = found.get("low"), found.get("high")  # entered at once there may be none
            is_high = breakout["side"] == "high"
            if low is None or high is None:
                return None
            if s < low if is_high else s > high:
                return "leg_stop_underlying"
        return None

    # ------------------------------------------------------------------ round exits

    def bound(self, round_: Round, spec: Mapping[str, Any] | None) -> Fraction | None:
        """P41, P42: a stop or a target in paise."""
        if not spec:
            return None
        if "rupees" in spec:
            return paise(spec["rupees"])
        if "points" in spec:
            lots = [round_.quantity(leg["id"]) for leg in round_.plan["legs"]]
            lot = min(
                each.lot
                for each in self.setup.contracts
                if each.underlying == round_.plan["underlying"] and each.kind != "INDEX"
            )
            return paise(spec["points"]) * min(lots) * lot
        first = {leg["id"] for leg in round_.plan["legs"]}
        basis = sum(
            each.sign * each.entry * each.quantity
            for each in round_.attempts
            if each.n == 0 and each.filled and each.leg in first and each.contract.kind != "FUT"
        )
        found = abs(basis) * Fraction(str(spec["premium_percent"])) / 100
        return found or None

    def floors(self, round_: Round, best: int) -> list[tuple[Fraction, str]]:
        """The stop, trailed or not, and the lock, that a best P&L gives."""
        overall = round_.plan.get("overall") or {}
        found: list[tuple[Fraction, str]] = []
        stop = self.bound(round_, overall.get("stop"))
        trail, lock = overall.get("trail"), overall.get("lock")
        if stop is not None:
            steps = math.floor(best / paise(trail["every"])) if trail else 0
            by = paise(trail["by"]) if trail else Fraction(0)
            found.append((steps * by - stop, "overall_trail" if steps else "overall_stop"))
        if lock and best >= paise(lock["at"]):
            floor = paise(lock["keep"])
            if lock.get("every"):
                steps = math.floor((best - paise(lock["at"])) / paise(lock["every"]))
                floor += steps * paise(lock["by"])
            found.append((floor, "overall_lock"))
        return found

    def round_exits(self, round_: Round) -> None:
        if round_.state not in ("ENTERING", "OPEN") or not any(
            each.filled for each in round_.attempts
        ):
            return
        pnl = self.value(round_)
        floors = self.floors(round_, round_.best)
        target = self.bound(round_, (round_.plan.get("overall") or {}).get("target"))
        if floors and pnl <= max(floors)[0]:
            highest = max(floors)[0]
            reasons = [reason for floor, reason in floors if floor == highest]
            self.leave(round_, reasons[-1], pnl=pnl, level=float(highest))
        elif target is not None and pnl >= target:
            self.leave(round_, "overall_target", pnl=pnl, level=float(target))
        elif pnl > round_.best:
            before = {reason: floor for floor, reason in floors}
            round_.best = pnl
            for floor, reason in self.floors(round_, pnl):
                if reason != "overall_stop" and before.get(reason) != floor:
                    said = "floor" if reason == "overall_lock" else "trail_step"
                    self.note(round_, said, floor=float(floor))

    # ------------------------------------------------------------------ a leg has left

    def leg_left(self, round_: Round, attempt: Attempt) -> None:
        """P30, P31, P32."""
        if attempt.reason not in STOPS + TARGETS:
            return
        if round_.plan.get("square_off", "partial") == "complete":
            self.leave(round_, "complete")
            return
        if attempt.reason in STOPS and attempt.reason != "to_cost":
            self.move_to_cost(round_, attempt)
        self.reenter(round_, attempt)

    def move_to_cost(self, round_: Round, left: Attempt) -> None:
        spec = round_.plan.get("move_to_cost")
        if not spec:
            return
        of = spec["of"]
        opposite = {"CE": "PE", "PE": "CE"}.get(left.contract.kind)
        for attempt in round_.attempts:
            if attempt.state != "OPEN" or attempt.stop is None:
                continue
            if of == "opposite" and attempt.contract.kind != opposite:
                continue
            if isinstance(of, list) and attempt.leg not in of:
                continue
            if attempt.sign * (attempt.entry - attempt.stop) > 0:
                self.set_stop(attempt, attempt.entry, "to_cost")

    def reenter(self, round_: Round, left: Attempt) -> None:
        key = "stop" if left.reason in STOPS else "target"
        spec = round_.leg(left.leg).get(f"reentry_on_{key}")
        used = round_.used.get((left.leg, key), 0)
        if not spec or used >= spec.get("most", 1):
            return
        if self.too_late(round_):
            self.note(round_, "not_reentered", left.leg, code="no_reentry_after")
            return
        how, _, turn = spec["as"].partition("_")
        name = spec["leg"] if how == "lazy" else left.leg
        if how == "lazy" and self.busy(round_, name):
            self.note(round_, "not_reentered", left.leg, code="lazy_busy")
            return
        round_.used[(left.leg, key)] = used + 1
        side = other(left.side) if turn else left.side
        wait = Wait(name, "choose", side, how, self.now + within(round_.plan))
        if how == "lazy":
            self.arm_lazy(round_, wait)
        elif how == "cost":
            self.arm_cost(round_, wait, left, spec.get("cost_of", "first"))
        else:
            if how == "momentum":
                wait.then = "momentum"
                wait.momentum = spec.get("momentum") or round_.leg(name)["momentum"]
            self.note(round_, "reentry", name)
        round_.waits.append(wait)
        if wait.goal == "breakout":
            self.publish(round_, wait)

    def busy(self, round_: Round, name: str) -> bool:
        waits = any(each.leg == name for each in round_.waits)
        return waits or any(each.leg == name for each in round_.alive)

    def arm_lazy(self, round_: Round, wait: Wait) -> None:
        leg = round_.leg(wait.leg)
        wait.side = round_.side(wait.leg)
        if leg.get("momentum"):
            wait.then, wait.momentum = "momentum", leg["momentum"]
        elif leg.get("breakout"):
            wait.goal, wait.deadline = "breakout", FOREVER
        self.note(round_, "armed", wait.leg)

    def arm_cost(self, round_: Round, wait: Wait, left: Attempt, of: str) -> None:
        same = [
            each.entry
            for each in round_.attempts
            if each.leg == left.leg and each.contract == left.contract and each.filled
        ]
        e0 = same[0] if of == "first" else same[-1]
        wait.goal, wait.contract, wait.reference = "cost", left.contract, Fraction(e0)
        wait.since, wait.deadline = self.now, FOREVER
        wait.above = None if left.exit == e0 else left.exit > e0
        self.note(round_, "armed", left.leg, level=float(e0))
