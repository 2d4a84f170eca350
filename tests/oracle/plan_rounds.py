"""How a round of a plan goes: the batch, the plan's step, re-entries.

Where the text is silent this reading decides:

- A batch moves WAITING -> ENTERING (`entry`) when its first order is sent and ENTERING -> OPEN
  (`complete`, or `kept`) when it is over; a round without a batch WAITING -> OPEN at its first
  fill.
- A momentum leg of the first entry is chosen for itself at `entry.at`, not with the batch.
- Triggers ask a tick of their instrument in this timestamp, after the reference was taken.
- Under `keep` shorts that wait for a hedge that failed are dropped: no naked short.
- The range of `of: premium` begins at the timestamp in which its contract was fixed.
- A re-entry tells `reentry` (asap, momentum) or `armed` (cost, lazy) in (3); `dropped` and
  `not_reentered` carry their `code`. A count is used when it is told, not when it fills; a
  refused re-entry is `not_reentered` and not tried again.
- `square_off: complete` acts on a stop and on a target of a leg, and needs the exit to be filled.
- A plain re-entry keeps the side of the attempt that left.
- An overall re-entry starts in the moment in which the round is DONE, on the same quotes.
- Where both the stop and the target of a round are met, the stop is told.
- A round that leaves before anything filled is SKIPPED: `nothing_filled` if an order was sent, else
  the code of its last failed choice, else `not_triggered`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.oracle.plan_choose import Chooser, Never, NotYet
from tests.oracle.plan_desk import STOPS, TARGETS, Attempt, Desk, Round, Wait, other
from tests.oracle.plan_levels import distance
from tests.oracle.plan_scenario import SECOND, Contract, Plan, date_of, moment, paise

FOREVER = 1 << 62


def entry_of(plan: Plan) -> Mapping[str, Any]:
    found: Mapping[str, Any] = plan.get("entry") or {}
    return found


def within(plan: Plan) -> int:
    return int(entry_of(plan).get("within_s", 30)) * SECOND


class Rounds(Desk):
    """Rounds, one moment at a time."""

    # ------------------------------------------------------------------ start

    def new_round(self, plan: Plan) -> Round:
        day = f"{date_of(self.now):%Y%m%d}"
        prefix = f"{plan['id']}-{day}-"
        number = sum(each.id.startswith(prefix) for each in self.rounds) + 1
        round_ = Round(plan=plan, id=f"{prefix}{number}", began=self.now)
        self.rounds.append(round_)
        return round_

    def start(self, round_: Round, reason: str, began: int, all_at_once: bool = False) -> None:
        round_.began = began
        self.move(round_, "WAITING", reason)
        limit = self.until(round_)
        for leg in round_.plan["legs"]:
            name = leg["id"]
            side = round_.side(name)
            if all_at_once or not (leg.get("momentum") or leg.get("breakout")):
                round_.batch.append(name)
            elif leg.get("momentum"):
                wait = Wait(name, "choose", side, "momentum", limit, True, "momentum")
                wait.momentum = leg["momentum"]
                round_.waits.append(wait)
            else:
                wait = Wait(name, "breakout", side, "breakout", limit, True)
                round_.waits.append(wait)
                self.publish(round_, wait)
        self.choices(round_)
        self.progress(round_)

    def until(self, round_: Round) -> int:
        found = entry_of(round_.plan).get("until")
        return moment(date_of(round_.began), found) if found else FOREVER

    # ------------------------------------------------------------------ choices

    def choose(self, round_: Round, name: str, others: dict[str, int] | None = None) -> Contract:
        strikes: dict[str, int] = {}
        for attempt in round_.attempts:
            strikes[attempt.leg] = attempt.contract.strike_paise
        if round_.chosen:
            for leg, contract in round_.chosen.items():
                strikes.setdefault(leg, contract.strike_paise)
        strikes.update(others or {})
        leg = dict(round_.leg(name))
        leg["expiry"] = round_.expiries.get(name, leg["expiry"])
        return Chooser(self.market, round_.plan, leg, self.now, strikes).choose()

    def choose_batch(self, round_: Round) -> None:
        """P10: all in one moment or none; legs that others name come first."""
        found: dict[str, Contract] = {}
        left = list(round_.batch)
        try:
            while left:
                ready = [each for each in left if self.named(round_, each) not in left]
                for name in ready or left:
                    strikes = {leg: each.strike_paise for leg, each in found.items()}
                    found[name] = self.choose(round_, name, strikes)
                    left.remove(name)
        except NotYet as failed:
            round_.code = str(failed)
            return
        except Never as failed:
            self.move(round_, "SKIPPED", str(failed))
            return
        sides = {name: round_.side(name) for name in found}
        sold = {each.symbol for name, each in found.items() if sides[name] == "sell"}
        bought = {each.symbol for name, each in found.items() if sides[name] == "buy"}
        if sold & bought:
            self.move(round_, "SKIPPED", "same_contract")
            return
        round_.chosen = {name: found[name] for name in round_.batch}
        self.send_batch(round_)

    def named(self, round_: Round, name: str) -> str | None:
        wanted = round_.leg(name).get("strike")
        return wanted.get("leg") if isinstance(wanted, dict) else None

    def send_batch(self, round_: Round) -> None:
        code = self.gate(round_.plan)
        if code is not None:
            self.move(round_, "SKIPPED", "nothing_filled", numbers={"code": code})
            return
        self.move(round_, "ENTERING", "entry")
        legs = list(round_.batch)
        if entry_of(round_.plan).get("hedges_first", True):
            bought = [each for each in legs if round_.side(each) == "buy"]
            if bought and len(bought) < len(legs):
                round_.held_back = [each for each in legs if each not in bought]
                legs = bought
        self.send_legs(round_, legs)

    def send_legs(self, round_: Round, legs: list[str]) -> None:
        assert round_.chosen is not None
        for name in legs:
            self.send(round_, name, round_.chosen[name], round_.side(name), "entry")

    def choices(self, round_: Round) -> None:
        """(5): the waiting batch, then what waits by leg."""
        if round_.state == "WAITING" and round_.batch and round_.chosen is None:
            self.choose_batch(round_)
        for wait in self.by_leg(round_):
            if round_.over or wait not in round_.waits or wait.goal != "choose":
                continue
            try:
                contract = self.choose(round_, wait.leg)
            except NotYet as failed:
                round_.code = str(failed)
            except Never as failed:
                self.give_up(round_, wait, str(failed))
            else:
                self.choice_made(round_, wait, contract)

    def by_leg(self, round_: Round) -> list[Wait]:
        return sorted(round_.waits, key=lambda wait: round_.position(wait.leg))

    def choice_made(self, round_: Round, wait: Wait, contract: Contract) -> None:
        if wait.then == "enter":
            self.enter(round_, wait, contract)
            return
        assert wait.momentum is not None
        if wait.momentum.get("of", "premium") == "underlying":
            found = self.market.reference(round_.plan, self.now)
        else:
            price = self.market.price(contract.symbol, self.now)
            found = None if price is None else Fraction(price)
        if found is None:
            round_.code = "no_reference"
            return
        wait.goal, wait.contract, wait.reference, wait.since = (
            "momentum", contract, found, self.now,
        )  # fmt: skip
        wait.deadline = self.until(round_) if wait.first else FOREVER
        round_.code = "not_triggered"
        self.note(round_, "reference", wait.leg, reference=float(found), symbol=contract.symbol)

    def enter(self, round_: Round, wait: Wait, contract: Contract) -> None:
        round_.waits.remove(wait)
        attempt = self.send(round_, wait.leg, contract, wait.side, wait.why)
        if attempt.state == "FAILED" and not wait.first:
            self.note(round_, "not_reentered", wait.leg, code="refused")

    def give_up(self, round_: Round, wait: Wait, code: str) -> None:
        round_.waits.remove(wait)
        round_.code = code
        self.note(round_, "dropped" if wait.first else "not_reentered", wait.leg, code=code)

    # ------------------------------------------------------------------ ranges

    def publish(self, round_: Round, wait: Wait) -> None:
        """Tell a range that is over to a round that waits for it."""
        found = self.range_of(round_, wait.leg)
        if not found.get("over"):
            return
        if found["code"]:
            self.give_up(round_, wait, found["code"])
            return
        self.note(round_, "range", wait.leg, high=float(found["high"]), low=float(found["low"]))

    def range_of(self, round_: Round, leg: str) -> dict[str, Any]:
        day = date_of(round_.began)
        return self.ranges.get((round_.plan["id"], day, leg), {})

    # ------------------------------------------------------------------ the plan's step

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
            if s < found["low"] if breakout["side"] == "high" else s > found["high"]:
                return "leg_stop_underlying"
        return None

    # ------------------------------------------------------------------ round exits

    def value(self, round_: Round) -> int:
        """P40: gross, in paise."""
        total = 0
        for attempt in round_.attempts:
            if attempt.state == "OVER":
                total += attempt.pnl(attempt.exit)
            elif attempt.state in ("OPEN", "LEAVING"):
                price = self.market.last(attempt.contract.symbol)
                assert price is not None
                total += attempt.pnl(price)
        return total

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

    def leave(self, round_: Round, reason: str, **numbers: Any) -> None:
        """Everything of a round leaves; what may still enter does not."""
        round_.waits.clear()
        round_.held_back.clear()
        if not any(each.filled for each in round_.attempts):
            for attempt in round_.alive:
                self.demand(attempt, reason)
            code = "nothing_filled" if round_.attempts else round_.code
            self.move(round_, "SKIPPED", code)
            return
        round_.leaving = reason
        if round_.state != "EXITING":
            self.move(round_, "EXITING", reason, numbers=numbers)
        self.demand_all(round_.alive, reason)

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

    def too_late(self, round_: Round) -> bool:
        limit = round_.plan.get("no_reentry_after")
        return limit is not None and self.now >= moment(date_of(self.now), limit)

    # ------------------------------------------------------------------ triggers

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

    # ------------------------------------------------------------------ progress

    def progress(self, round_: Round) -> None:
        """(6): the batch, then the end of the round."""
        if round_.state == "ENTERING":
            self.batch_progress(round_)
        if round_.state == "EXITING" and not round_.alive:
            self.done(round_, round_.leaving)
        elif round_.state == "OPEN" and not round_.alive and not round_.waits:
            self.done(round_, "flat")
        elif round_.state == "WAITING" and not (round_.alive or round_.waits or round_.batch):
            code = "nothing_filled" if round_.attempts else round_.code
            self.move(round_, "SKIPPED", code)

    def batch_attempts(self, round_: Round) -> dict[str, Attempt]:
        return {
            each.leg: each for each in round_.attempts if each.n == 0 and each.leg in round_.batch
        }

    def batch_progress(self, round_: Round) -> None:
        found = self.batch_attempts(round_)
        if any(each.state == "FAILED" and not each.filled for each in found.values()):
            self.incomplete(round_)
            return
        if round_.held_back and all(each.filled for each in found.values()):
            legs, round_.held_back = round_.held_back, []
            self.send_legs(round_, legs)
            self.batch_progress(round_)
        elif not round_.held_back and all(each.filled for each in found.values()):
            self.move(round_, "OPEN", "complete")

    def incomplete(self, round_: Round) -> None:
        """P11."""
        found = self.batch_attempts(round_)
        any_filled = any(each.filled for each in round_.attempts)
        if entry_of(round_.plan).get("if_incomplete", "unwind") == "unwind" or not any_filled:
            self.leave(round_, "leg_incomplete")
            return
        round_.held_back.clear()
        for attempt in found.values():
            if attempt.state == "WORKING":
                self.demand(attempt, "leg_incomplete")
        self.move(round_, "OPEN", "kept")

    def done(self, round_: Round, reason: str) -> None:
        self.move(round_, "DONE", reason, numbers={"pnl": self.value(round_)})
        kinds = {"overall_target": "target", "overall_stop": "stop"}
        kinds |= {"overall_trail": "stop", "overall_lock": "stop"}
        key = kinds.get(reason)
        spec = (round_.plan.get("overall") or {}).get(f"reentry_on_{key}") if key else None
        if not spec or key is None or self.too_late(round_) or self.gate(round_.plan):
            return
        if round_.overall_used.get(key, 0) >= spec.get("most", 1):
            return
        anew = self.new_round(round_.plan)
        anew.overall_used = dict(round_.overall_used)
        anew.overall_used[key] = anew.overall_used.get(key, 0) + 1
        anew.flipped = round_.flipped != spec["as"].endswith("_reverse")
        self.start(anew, "reentry", self.now, all_at_once=spec["as"].startswith("asap"))
