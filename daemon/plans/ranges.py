"""Ranges of breakouts in formation: highs and lows of [from, to) (P13)."""

from __future__ import annotations

from typing import Final

import msgspec

from daemon.chain.choice import Chosen
from daemon.domain.dates import SECOND_NS, ist_date
from daemon.domain.plan_round import LegWait, Told
from daemon.plans.choosing import choose_leg
from daemon.plans.levels import leaves_by_range
from daemon.plans.run import PlanRun, changed, told_of
from daemon.plans.terms.leg import Leg

OPENING_NS: Final = 5 * SECOND_NS
"""A run whose first input comes this soon after the open has missed nothing of the day."""


class Forming(msgspec.Struct, kw_only=True):
    """One leg's range of one date. Times UTC ns, prices paise."""

    leg: Leg
    start: int
    end: int
    samples_reference: bool
    fixes_contract: bool
    code: str = ""
    """Why there is no range, "" while there may be one."""
    index: int = -1
    """The contract, -1 until it is chosen."""
    basis: Told = {}
    since: int = 0
    mark: int = -1
    high: int = -1
    low: int = -1
    is_over: bool = False

    def see(self, price: int) -> None:
        """Take a price into the range."""
        self.high = price if self.high < 0 else max(self.high, price)
        self.low = price if self.low < 0 else min(self.low, price)


class Ranges:
    """The ranges of a plan's legs on the day in work.

    A start later than `from` leaves a hole, but for one at the open, before which nothing trades.
    """

    def __init__(self, run: PlanRun) -> None:
        self._run = run
        self._forming: dict[str, Forming] = {}

    @property
    def is_forming(self) -> bool:
        """Return whether the end of every timestamp matters to a range."""
        return any(
            not each.is_over
            and each.start <= self._run.desk.now < each.end
            and (each.samples_reference or (each.fixes_contract and each.index < 0))
            for each in self._forming.values()
        )

    def contracts(self) -> list[int]:
        """Return the contracts whose ranges form now."""
        return [each.index for each in self._forming.values() if each.index >= 0]

    def start_day(self) -> None:
        """Forget the ranges of the day before."""
        for found in self._forming.values():
            self._release(found)
        self._forming.clear()

    def begin(self, leg_id: str, start: int, end: int, first_ts: int) -> None:
        """Begin a leg's range; incomplete if the first input came after its start."""
        leg = self._run.plan.leg(leg_id)
        assert leg.breakout is not None, leg_id
        found = self._forming[leg_id] = Forming(
            leg=leg,
            start=start,
            end=end,
            samples_reference=leg.breakout.of == "underlying",
            fixes_contract=leg.breakout.fixes_contract,
            code="range_incomplete" if self._is_late(start, first_ts) else "",
        )
        self._fix(found, start)

    def _is_late(self, start: int, first_ts: int) -> bool:
        run = self._run
        tradable, day = run.market.tradable, ist_date(start)
        open_ts = run.desk.session(tradable[0], day)[0] if tradable else 0
        return first_ts > start and first_ts > open_ts + OPENING_NS

    def sample(self) -> None:
        """Take what a timestamp has shown: S, and a contract that can be chosen now."""
        market, now = self._run.market, self._run.desk.now
        for found in self._forming.values():
            if found.is_over or not found.start <= now < found.end:
                continue
            self._fix(found, now)
            if found.samples_reference and market.reference_ticked():
                price = market.seen_reference()
                if price is not None:
                    found.see(price)

    def note_gap(self, ts: int) -> None:
        """Note that data is missing."""
        for found in self._forming.values():
            if found.start <= ts < found.end:
                found.code = "range_incomplete"

    def end(self, leg_id: str) -> None:
        """End a leg's range, and tell a round that waits for it."""
        found = self._forming.get(leg_id)
        if found is None:
            return
        found.is_over = True
        self._take_extremes(found)
        has_no_contract = found.fixes_contract and found.index < 0
        if not found.code and (found.high < 0 or has_no_contract):
            found.code = "no_range"
        self._release(found)
        round_ = self._run.round
        if round_ is None:
            return
        wait = round_.waits.get(leg_id)
        if wait is not None and wait.goal == "breakout":
            self.publish(wait)
        elif round_.at_once:
            self.tell_stop(found.leg)

    def publish(self, wait: LegWait) -> None:
        """Tell a leg that waits for its range what it is, or that it has none."""
        found, run = self._forming.get(wait.leg), self._run
        if found is None or not found.is_over:
            return
        if wait.is_first and ist_date(found.start) != ist_date(run.active.began):
            return  # a later day's range is not that of a round which began before it
        if found.code:
            run.drop(wait, found.code)
            return
        symbol = run.symbol_of(found.index) if found.index >= 0 else ""
        run.note(
            "range",
            wait.leg,
            {"high_paise": found.high, "low_paise": found.low},
            changed(wait, symbol=symbol, basis=found.basis),
        )

    def tell_stop(self, leg: Leg) -> None:
        """Tell a leg that entered without waiting for its range what its stop is (P45, P49)."""
        found, run = self._forming.get(leg.id), self._run
        if found is None or not found.is_over or found.code or not leaves_by_range(leg):
            return
        if ist_date(found.start) == ist_date(run.active.began):
            run.note("range", leg.id, {"high_paise": found.high, "low_paise": found.low})

    def _fix(self, found: Forming, since: int) -> None:
        """Choose the contract of a range if it can be chosen now."""
        if not found.fixes_contract or found.index >= 0:
            return
        choice = choose_leg(self._run, found.leg.id, {})
        if not isinstance(choice, Chosen):
            return
        found.index, found.basis, found.since = choice.index, told_of(choice.basis), since
        if not found.samples_reference:
            if self._run.market.has_ticked(choice.index) and since == self._run.desk.now:
                price = self._run.market.last(choice.index)
                assert price is not None
                found.see(price)
            found.mark = self._run.desk.mark(choice.index)

    def _take_extremes(self, found: Forming) -> None:
        quote = None if found.mark < 0 else self._run.desk.last(found.index)
        if quote is None or quote.ts < found.since:
            return
        for price in self._run.desk.extremes(found.index, found.mark, quote.ltp_paise):
            found.see(price)

    def _release(self, found: Forming) -> None:
        if found.mark >= 0:
            self._run.desk.unmark(found.index, found.mark)
            found.mark = -1
