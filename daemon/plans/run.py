"""One plan that runs: its round, and the verbs with which every rule acts on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from msgspec import structs

from daemon.chain.choice import Basis, rupees_of
from daemon.chain.expiries import ListedExpiries
from daemon.domain.dates import ist_date, ist_midnight
from daemon.domain.events import TradingEvent
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.order import OrderState, Side
from daemon.domain.plan_round import (
    Attempt,
    LegWait,
    NotAdmitted,
    Numbers,
    PlanOrigin,
    Round,
    RoundMove,
    RoundState,
    Told,
)
from daemon.plans.desk import Desk
from daemon.plans.levels import exits_of, needs_reference, stop_of, target_of, trail_of
from daemon.plans.plan_market import PlanMarket
from daemon.plans.terms.leg import Leg
from daemon.plans.terms.plan import Plan

NOT_TRIGGERED: Final = "not_triggered"
OTHER: Final[dict[Side, Side]] = {"BUY": "SELL", "SELL": "BUY"}


class PlanRun:
    """A plan with its market. What it knows of its round is the ledger's, the fold of the journal.

    `code` says why nothing could be chosen last, for the reason of a round that is skipped, and
    `because` says it in words, with what was seen.
    `left` are the orders that have left since the last step.
    """

    def __init__(self, plan: Plan, place: int, desk: Desk, listed: ListedExpiries) -> None:
        self.plan: Final = plan
        self.place: Final = place
        self.desk: Final = desk
        self.market: Final = PlanMarket(plan, desk, listed)
        self.code = NOT_TRIGGERED
        self.because = ""
        self.left: list[str] = []
        self._places = {leg.id: at for at, leg in enumerate((*plan.legs, *plan.lazy_legs))}

    # what is there

    @property
    def round(self) -> Round | None:
        """Return the round that is not over."""
        return self.desk.round_of(self.plan.id)

    @property
    def active(self) -> Round:
        """Return the round where there must be one."""
        found = self.round
        assert found is not None, self.plan.id
        return found

    @property
    def today(self) -> dt.date:
        """Return the Indian date of now."""
        return ist_date(self.desk.now)

    def at_clock(self, day: dt.date, clock_ns: int) -> int:
        """Return a time of day of a date, UTC ns."""
        return ist_midnight(day) + clock_ns

    def side_of(self, leg: str) -> Side:
        """Return the side of a leg's first entry in this round."""
        side = self.plan.leg(leg).order_side
        return OTHER[side] if self.active.is_reversed else side

    def lots_of(self, leg: Leg) -> int:
        """Return the lots of a leg's attempts."""
        return leg.lots * self.plan.multiplier

    def by_leg(self) -> list[LegWait]:
        """Return what waits, in the order of the legs."""
        round_ = self.round
        waits = () if round_ is None else round_.waits.values()
        return sorted(waits, key=lambda wait: self._places[wait.leg])

    def index_of(self, symbol: str) -> int:
        """Return the index of a contract in the universe."""
        index = self.desk.universe.index_of(symbol)
        assert index is not None, symbol
        return index

    def symbol_of(self, index: int) -> str:
        """Return the symbol of an index."""
        return self.desk.universe[index].tradingsymbol

    def kind_of(self, attempt: Attempt) -> str:
        """Return CE, PE or FUT."""
        return self.desk.universe[self.index_of(attempt.symbol)].instrument_type

    def is_too_late(self) -> bool:
        """Return whether re-entries are over for today (P32)."""
        limit = self.plan.no_reentry_after_ns
        return limit is not None and self.desk.now >= self.at_clock(self.today, limit)

    def until_of_first(self) -> int:
        """Return when first entries end, 0 without an end of their own (P13)."""
        until = self.plan.entry.until_ns
        return 0 if until is None else self.at_clock(ist_date(self.active.began), until)

    # what is said

    def begin(self, move: RoundMove) -> None:
        """Begin a new round: WAITING, or SKIPPED at once."""
        day = ist_date(self.desk.moment)
        tally = self.desk.ledger.plans.get(self.plan.id)
        number = tally.rounds + 1 if tally is not None and tally.day == day.isoformat() else 1
        name = f"{self.plan.id}-{day:%Y%m%d}-{number}"
        self.desk.round_moved(self.plan.id, name, RoundState.ARMED, move)

    def move(
        self,
        to: RoundState,
        reason: str,
        numbers: Numbers | None = None,
        *,
        batch: dict[str, str] | None = None,
        bases: dict[str, Told] | None = None,
    ) -> None:
        """Move the round to another state."""
        self._say(RoundMove(to, reason, numbers=numbers, batch=batch, bases=bases))

    def note(
        self,
        reason: str,
        leg: str = "",
        numbers: Numbers | None = None,
        wait: LegWait | None = None,
    ) -> None:
        """Say something of the round or a leg; `wait` is what the leg waits for from now on."""
        waits = None if wait is None else (wait,)
        self._say(RoundMove(self.active.state, reason, leg, waits=waits, numbers=numbers))

    def note_waits(self, reason: str, numbers: Numbers, waits: tuple[LegWait, ...]) -> None:
        """Say what several legs wait for from now on."""
        self._say(RoundMove(self.active.state, reason, waits=waits, numbers=numbers))

    def cannot(self, code: str, because: str = "") -> None:
        """Remember why nothing can be chosen now."""
        self.code, self.because = code, because

    def drop(self, wait: LegWait, code: str, because: str = "") -> None:
        """Give up what a leg waits for, and say why."""
        self.cannot(code, because)
        reason = "dropped" if wait.is_first else "not_reentered"
        self.note(reason, wait.leg, {"code": code, **_why(because)})

    def skip(self, code: str | None = None) -> None:
        """Skip a round in which nothing was ever filled."""
        round_ = self.active
        reason = "nothing_filled" if round_.attempts else code or self.code
        because = self.because if reason == self.code else ""
        self.move(RoundState.SKIPPED, reason, _why(because) or None)

    def _say(self, move: RoundMove) -> None:
        round_ = self.active
        self.desk.round_moved(self.plan.id, round_.round_id, round_.state, move)

    # orders

    def intent_of(self, leg_id: str, symbol: str, side: Side, why: str) -> OrderIntent:
        """Return the entry of a leg in a contract."""
        leg, index = self.plan.leg(leg_id), self.index_of(symbol)
        is_long, ltp = side == "BUY", self.market.last(index)
        range_ = self.active.ranges.get(leg_id)
        return OrderIntent(
            symbol=symbol,
            signal=Signal.BUY if is_long else Signal.SELL,
            qty=self.lots_of(leg) * self.desk.universe[index].lot_size,
            sl_price=stop_of(leg, is_long=is_long, range_=range_, ltp=ltp),
            tp_price=target_of(leg, is_long=is_long, ltp=ltp),
            strategy_id=self.plan.id,
            product=self.plan.product,
            reason=why,
            tag=leg_id,
            exits=exits_of(leg),
        )

    def send(
        self, leg_id: str, symbol: str, side: Side, why: str, basis: Told | None = None
    ) -> Attempt:
        """Send the next entry of a leg; return its attempt, which may have failed at once."""
        leg, round_ = self.plan.leg(leg_id), self.active
        number = sum(attempt.leg == leg_id for attempt in round_.attempts)
        refused = None
        if needs_reference(leg) and self.market.seen_reference() is None:
            refused = NotAdmitted("no_reference", {"underlying": self.plan.underlying})
        origin = PlanOrigin(
            plan=self.plan.id,
            round=round_.round_id,
            leg=leg_id,
            attempt=number,
            basis=basis or {},
        )
        intent = self.intent_of(leg_id, symbol, side, why)
        trail = trail_of(leg) if intent.sl_price is not None else None
        self.desk.enter(intent, origin, trail, refused)
        return round_.attempts[-1]

    def demand(self, attempt: Attempt, reason: str) -> None:
        """Close an attempt, or cancel its entry; nothing if it leaves already."""
        if attempt.state in ("WORKING", "OPEN"):
            self.desk.leave(attempt.order_id, reason)

    def demand_all(self, attempts: Iterable[Attempt], reason: str) -> None:
        """Close attempts: shorts by number, then longs by number (P45a)."""
        wanted = {attempt.order_id for attempt in attempts}
        by_number = [each for each in self.active.attempts if each.order_id in wanted]
        for attempt in sorted(by_number, key=lambda each: each.sign):
            self.demand(attempt, reason)

    def leave(self, reason: str, numbers: Numbers | None = None) -> None:
        """Let everything of the round leave; what may still enter does not."""
        round_ = self.active
        if not round_.has_filled:
            self.demand_all(round_.alive, reason)
            if round_.alive:  # a cancel is on its way, and a fill may come before it
                self.note("leaving", numbers={"because": reason})
            else:
                self.skip()
            return
        if round_.state is not RoundState.EXITING:
            self.move(RoundState.EXITING, reason, numbers)
        elif round_.leaving != reason:  # what ends it for good takes the place of what may go on
            self.note("leaving", numbers={"because": reason})
        self.demand_all(round_.alive, reason)

    # what happens to its orders

    def hear(self, event: TradingEvent, state: OrderState | None) -> None:
        """Take note of what an order of the plan did, in the step in which it does it."""
        round_ = self.round
        if round_ is None:
            return
        if state is OrderState.ACTIVE:
            if round_.state is RoundState.WAITING:
                self.move(RoundState.OPEN, "entry")
            self._tell_of_room(event.order_id)
        elif state is OrderState.CLOSED:
            self.left.append(event.order_id)

    def _tell_of_room(self, order_id: str) -> None:
        """Say which level of a new position had no room on the price scale (P20a)."""
        order, position = self.desk.ledger.orders[order_id], self.desk.ledger.positions[order_id]
        attempt = self.active.by_order(order_id)
        if attempt is None or attempt.exited or position.exit_fills:
            return
        for name, asked, level in (
            ("stop", order.sl_rel, position.stop_paise),
            ("target", order.tp_rel, position.target_paise),
        ):
            if asked is not None and level is None:
                self.note("no_room", attempt.leg, {"level": name, "attempt": attempt.number})


def _why(because: str) -> Numbers:
    return {"because": because} if because else {}


def told_of(basis: Basis) -> Told:
    """Return the basis of a choice for the journal, prices in rupees."""
    told: Told = {"expiry": basis.expiry}
    if basis.reference_paise:
        told["reference"] = rupees_of(basis.reference_paise)
    if basis.atm_paise:
        told["atm"] = rupees_of(basis.atm_paise)
    if basis.moneyness is not None:
        told["moneyness"] = basis.moneyness
    return told | dict(basis.numbers)


def changed(wait: LegWait, **fields: object) -> LegWait:
    """Return a wait with other fields."""
    return structs.replace(wait, **fields)
