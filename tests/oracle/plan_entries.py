"""How a round begins, goes on and ends: its choices, its batch, its last move.

Where the text is silent this reading decides:

- A batch moves WAITING -> ENTERING (`entry`) when its first order is sent and ENTERING -> OPEN
  (`complete`, or `kept`) when it is over; a round without a batch WAITING -> OPEN at its first
  fill.
- A momentum leg of the first entry is chosen for itself at `entry.at`, not with the batch; its
  reference must be believed.
- Under `keep` shorts that wait for a hedge that failed are dropped: no naked short.
- A refused re-entry is `not_reentered` with its code and not tried again.
- An overall re-entry starts in the moment in which the round is DONE, on the same quotes.
- A round that leaves before anything filled is SKIPPED: `nothing_filled` if an order was sent, else
  the code of its last failed choice, else `not_triggered`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.oracle.plan_choose import Chooser, Never, NotYet
from tests.oracle.plan_desk import Desk
from tests.oracle.plan_scenario import SECOND, Contract, Plan, date_of, moment
from tests.oracle.plan_states import Attempt, Round, Wait

FOREVER = 1 << 62


def entry_of(plan: Plan) -> Mapping[str, Any]:
    found: Mapping[str, Any] = plan.get("entry") or {}
    return found


def within(plan: Plan) -> int:
    return int(entry_of(plan).get("within_s", 30)) * SECOND


class Entries(Desk):
    """Choices, batches and ends."""

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
        for name in round_.batch:
            self.tell_stop(round_, name)
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
        spec = dict(round_.leg(name))
        spec["expiry"] = round_.expiries.get(name, spec["expiry"])
        return Chooser(self.market, round_.plan, spec, self.now, strikes).choose()

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
            self.note(round_, "not_reentered", wait.leg, code=attempt.reason)

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

    def tell_stop(self, round_: Round, name: str) -> None:
        """Tell the day's range to a leg that entered at once and has its other end as its stop."""
        leg, found = round_.leg(name), self.range_of(round_, name)
        is_stop = "range" in (leg.get("stop") or {})
        of = (leg.get("breakout") or {}).get("of")
        if is_stop and of == "underlying" and "high" in found:
            self.note(round_, "range", name, high=float(found["high"]), low=float(found["low"]))

    def range_of(self, round_: Round, leg: str) -> dict[str, Any]:
        day = date_of(round_.began)
        return self.ranges.get((round_.plan["id"], day, leg), {})

    # ------------------------------------------------------------------ progress

    def progress(self, round_: Round) -> None:
        """(6): the batch, then the end of the round."""
        if round_.state == "ENTERING":
            self.batch_progress(round_)
        if round_.state == "OPEN" and self.lacks_its_long(round_):
            self.leave(round_, "leg_incomplete")
        if round_.state == "EXITING" and not round_.alive:
            self.done(round_, round_.leaving)
        elif round_.state == "OPEN" and not round_.alive and not round_.waits:
            self.done(round_, "flat")
        elif round_.state == "WAITING" and not (round_.alive or round_.waits or round_.batch):
            code = "nothing_filled" if round_.attempts else round_.code
            self.move(round_, "SKIPPED", code)

    def lacks_its_long(self, round_: Round) -> bool:
        """P47: a long was not rolled, and a short is left without it."""
        last = {each.leg: each for each in round_.attempts}
        lost = [e for e in last.values() if e.state == "FAILED" and e.why == "roll" and e.long]
        return bool(lost) and any(not each.long for each in round_.alive)

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

    # ------------------------------------------------------------------ ends

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

    def too_late(self, round_: Round) -> bool:
        limit = round_.plan.get("no_reentry_after")
        return limit is not None and self.now >= moment(date_of(self.now), limit)
