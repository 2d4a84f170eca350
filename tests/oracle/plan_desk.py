"""Orders of plans: entries, exits and the engine's own stops, targets and trails.

A MARKET order fills at once at a believed ltp, else at its contract's next tick; an entry that
`reject_after_s` finds unfilled is rejected `no_price`, an exit waits. Where the text is silent:

- An `entry` row goes to FILLED, REJECTED or CANCELLED; its reason is how it came (`entry`, `asap`,
  `cost`, `momentum`, `breakout`, `lazy`, `roll`) or why it failed.
- A `price` or range level on the wrong side of E rejects the entry, as the engine does.
- `levels_from` makes no difference, since an order fills at the ltp.
- A trail acts on a leg with a stop only; after `to_cost` it goes on from the first stop, never
  back.
- What is left of a MIS attempt at the session's end, and any at its contract's close, is closed at
  its last price (`square_off`, `expiry`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.oracle.plan_levels import beyond, level, snap, trailed
from tests.oracle.plan_market import Market
from tests.oracle.plan_scenario import SECOND, Contract, Plan, Row, Setup
from tests.oracle.plan_states import SERIAL, Attempt, Round, other

UNDERLYING = ("underlying_points", "underlying_percent")


class Desk:
    """Orders of all rounds, and the list that is told."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.market = Market(setup)
        self.rows: list[Row] = []
        self.attempts: list[Attempt] = []
        self.rounds: list[Round] = []
        self.ranges: dict[tuple[str, Any, str], dict[str, Any]] = {}
        self.now = 0
        self.stamp = 0
        """When the input in work came: an order of a timestamp's end is sent then, not earlier."""
        self.input_no = 0
        self.killed = False

    # ------------------------------------------------------------------ the list

    def tell(self, what: str, round_: Round, **fields: Any) -> None:
        row: Row = {
            "ts": self.now,
            "input_no": self.input_no,
            "what": what,
            "plan": round_.plan["id"],
            "round": round_.id,
            "leg": "",
            "attempt": None,
            "from": "",
            "to": "",
            "reason": "",
            "symbol": "",
            "side": "",
            "quantity": 0,
            "price_paise": None,
            "numbers": {},
        }
        self.rows.append(row | fields)

    def move(self, round_: Round, to: str, reason: str, **fields: Any) -> None:
        self.tell("round", round_, **({"from": round_.state, "to": to, "reason": reason} | fields))
        round_.state = to

    def note(self, round_: Round, reason: str, leg: str = "", **numbers: Any) -> None:
        told = {key: value for key, value in numbers.items() if value is not None}
        self.move(round_, round_.state, reason, leg=leg, numbers=told)

    def tell_attempt(self, what: str, attempt: Attempt, **fields: Any) -> None:
        self.tell(
            what,
            attempt.round,
            leg=attempt.leg,
            attempt=attempt.n,
            symbol=attempt.contract.symbol,
            quantity=attempt.quantity,
            **fields,
        )

    # ------------------------------------------------------------------ orders

    def gate(self, plan: Plan) -> str | None:
        """Why no entry of a plan is let through now."""
        if self.killed:
            return "kill_switch"
        day = next((s for s in self.setup.sessions if s.open <= self.now < s.close), None)
        if day is None:
            return "outside_session"
        mis = plan.get("product", "MIS") == "MIS"
        if mis and day.square_off is not None and self.now >= day.square_off:
            return "after_square_off"
        return None

    def send(self, round_: Round, leg: str, contract: Contract, side: str, why: str) -> Attempt:
        attempt = Attempt(
            number=len(self.attempts) + 1,
            round=round_,
            leg=leg,
            n=sum(each.leg == leg for each in round_.attempts),
            contract=contract,
            side=side,
            quantity=round_.quantity(leg) * contract.lot,
            why=why,
            sent=self.stamp,
        )
        self.attempts.append(attempt)
        round_.attempts.append(attempt)
        specs = [round_.leg(leg).get(key) or {} for key in ("stop", "target")]
        needs_s = any(key in spec for spec in specs for key in UNDERLYING)
        code = self.gate(round_.plan)
        if code is None and needs_s and self.seen_reference(round_) is None:
            code = "no_reference"
        if code is not None:
            self.fail(attempt, "REJECTED", code)
        elif self.market.believed(contract.symbol, self.now):
            self.fill_entry(attempt)
        attempt.queued = next(SERIAL)
        return attempt

    def seen_reference(self, round_: Round) -> Fraction | None:
        return self.market.reference(round_.plan, self.now, believed=False)

    def fail(self, attempt: Attempt, to: str, reason: str) -> None:
        attempt.state, attempt.reason = "FAILED", reason
        self.tell_attempt("entry", attempt, to=to, reason=reason, side=attempt.side.upper())

    def fill_entry(self, attempt: Attempt) -> None:
        price = self.market.last(attempt.contract.symbol)
        assert price is not None
        attempt.entry = attempt.best = price
        self.set_levels(attempt)
        stop, target = attempt.stop, attempt.target
        if stop is not None and attempt.sign * (price - stop) <= 0:
            return self.fail(attempt, "REJECTED", "stop_not_protective")
        if target is not None and attempt.sign * (target - price) <= 0:
            return self.fail(attempt, "REJECTED", "target_not_beyond_entry")
        attempt.state, attempt.filled_ts = "OPEN", self.now
        attempt.reference = self.seen_reference(attempt.round)
        self.tell_attempt(
            "entry",
            attempt,
            to="FILLED",
            reason=attempt.why,
            side=attempt.side.upper(),
            price_paise=price,
            numbers={"stop": stop, "target": target},
        )
        if attempt.round.state == "WAITING":
            self.move(attempt.round, "OPEN", "entry")
        return None

    def set_levels(self, attempt: Attempt) -> None:
        leg, long = attempt.round.leg(attempt.leg), attempt.long
        step = attempt.contract.step_paise
        attempt.stop = level(leg.get("stop"), attempt.entry, step, up=not long)
        attempt.target = level(leg.get("target"), attempt.entry, step, up=long)
        spec = leg.get("stop") or {}
        if "range" in spec and (leg.get("breakout") or {}).get("of", "premium") == "premium":
            found = self.range_of(attempt.round, attempt.leg)
            end = found.get("low" if long else "high")
            if end is not None:
                snapped = snap(Fraction(end), step, up=not long)
                attempt.stop = beyond(snapped, attempt.entry, step, up=not long)
        attempt.first_stop = attempt.stop

    def range_of(self, round_: Round, leg: str) -> dict[str, Any]:
        raise NotImplementedError

    def demand(self, attempt: Attempt, reason: str) -> None:
        """Close an attempt; an entry that works is cancelled."""
        if attempt.state == "WORKING":
            self.fail(attempt, "CANCELLED", reason)
        elif attempt.state == "OPEN":
            attempt.state, attempt.reason = "LEAVING", reason
            attempt.queued = next(SERIAL)
            if self.market.believed(attempt.contract.symbol, self.now):
                self.fill_exit(attempt)

    def demand_all(self, attempts: list[Attempt], reason: str) -> None:
        """P45a: shorts by number, then longs by number."""
        for attempt in sorted(attempts, key=lambda each: (each.long, each.number)):
            self.demand(attempt, reason)

    def fill_exit(self, attempt: Attempt) -> None:
        price = self.market.last(attempt.contract.symbol)
        assert price is not None
        attempt.state, attempt.exit, attempt.exit_ts = "OVER", price, self.now
        self.tell_attempt(
            "exit",
            attempt,
            to="CLOSED",
            reason=attempt.reason,
            side=other(attempt.side).upper(),
            price_paise=price,
            numbers={"pnl": attempt.pnl(price)},
        )

    def close_at_last(self, attempt: Attempt, reason: str) -> None:
        attempt.reason = attempt.reason if attempt.state == "LEAVING" else reason
        self.fill_exit(attempt)

    def set_stop(self, attempt: Attempt, stop: int, reason: str) -> None:
        attempt.stop, attempt.stop_reason = stop, reason
        self.tell_attempt("stop_moved", attempt, reason=reason, numbers={"stop": stop})

    # ------------------------------------------------------------------ a row's own step

    def tick(self, symbol: str) -> None:
        """Waiting fills, then exit rules: target, stop, trail."""
        mine = [each for each in self.attempts if each.contract.symbol == symbol]
        for attempt in sorted(mine, key=lambda each: each.queued):
            if attempt.state == "WORKING" and self.market.believed(symbol, self.now):
                self.fill_entry(attempt)
            elif attempt.state == "LEAVING" and self.market.believed(symbol, self.now):
                self.fill_exit(attempt)
        for attempt in mine:
            if attempt.state == "OPEN":
                self.exit_rules(attempt)

    def exit_rules(self, attempt: Attempt) -> None:
        price = self.market.last(attempt.contract.symbol)
        assert price is not None
        if attempt.target is not None and attempt.sign * (price - attempt.target) >= 0:
            return self.demand(attempt, "take_profit")
        if attempt.stop is not None and attempt.sign * (price - attempt.stop) <= 0:
            return self.demand(attempt, attempt.stop_reason)
        if attempt.sign * (price - attempt.best) > 0:
            attempt.best = price
        self.trail(attempt)
        return None

    def trail(self, attempt: Attempt) -> None:
        spec = attempt.round.leg(attempt.leg).get("trail")
        if not spec or attempt.stop is None or attempt.first_stop is None:
            return
        step = attempt.contract.step_paise
        found = trailed(spec, attempt.entry, attempt.first_stop, attempt.best, step, attempt.long)
        if attempt.sign * (found - attempt.stop) > 0:
            self.set_stop(attempt, found, "trailing_stop")

    def entries_past(self, limit: int) -> list[Attempt]:
        """Entries that work and whose time is over at `limit`."""
        wait = self.setup.reject_after_s * SECOND
        return [
            each for each in self.attempts if each.state == "WORKING" and each.sent + wait <= limit
        ]
