"""The engine as the plans of a run see it: quotes, orders, levels and what is recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from daemon.chain.quotes import LastQuote
from daemon.domain.dates import ist_date
from daemon.domain.events import RoundMoved
from daemon.domain.intent import OrderIntent, Product
from daemon.domain.ledger import Ledger
from daemon.domain.order import StepTrail
from daemon.domain.plan_round import NotAdmitted, PlanOrigin, Round, RoundMove, RoundState
from daemon.execution.admission import Admission
from daemon.execution.batch_gate import BatchGate
from daemon.execution.costs import Costs
from daemon.execution.demands import Demands
from daemon.execution.entries import Entries
from daemon.execution.excursions import Excursions
from daemon.execution.exits.break_even import cost_with_charges
from daemon.execution.exits.rule import StopMove
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.market.agenda import Agenda, Phase
from daemon.market.moment import Moment
from daemon.market.timestamp_end import TimestampEnd
from daemon.risk.gates import Refusal


class PlanHands(NamedTuple):
    """The parts of an engine that plans act on."""

    recorder: Recorder
    quotes: Quotes
    entries: Entries
    gate: BatchGate
    demands: Demands
    admission: Admission
    runner: ExitRunner
    excursions: Excursions
    costs: Costs
    agenda: Agenda
    ends: TimestampEnd
    square_off_ns: int


class PlanDesk:
    """What `daemon/plans` asks of an engine (its Protocol `Desk`)."""

    def __init__(self, hands: PlanHands, at: Moment) -> None:
        self._hands = hands
        self._at = at
        self.ledger: Ledger = hands.recorder.ledger
        self.universe = hands.quotes.universe
        self._marks = 0

    @property
    def now(self) -> int:
        """Return the time as of which is decided, UTC ns."""
        return self._at.now

    @property
    def moment(self) -> int:
        """Return when what is decided was due, else now."""
        return self._at.due_ts or self._at.now

    # the market

    def last(self, index: int, /) -> LastQuote | None:
        """Return the last quote of an instrument and whether an order may fill on it now."""
        quotes = self._hands.quotes
        book = quotes.books[index]
        quote = quotes.quote_of(book)
        if quote is None:
            return None
        is_fresh = quotes.fresh_quote(book) is not None
        is_believed = is_fresh and ist_date(quote.ts) == ist_date(self._at.now)
        return LastQuote(quote.ltp, quote.ts, is_believed, quote.bid, quote.ask)

    def count_value(self, age_ns: int, /) -> None:
        """Count what was decided by a P&L whose oldest price has an age."""
        self._hands.quotes.count_value(age_ns)

    def session(self, index: int, date: dt.date, /) -> tuple[int, int]:
        """Return an instrument's session on a date, (0, 0) without one."""
        return self._hands.quotes.schedule.span(index, date)

    def mark(self, index: int, /) -> int:
        """Begin to gather the extremes of an instrument; return a mark."""
        self._marks += 1
        book = self._hands.quotes.books[index]
        self._hands.quotes.quote_of(book)
        self._hands.excursions.begin_mark(-self._marks, book)  # positions count up
        return self._marks

    def extremes(self, index: int, mark: int, ltp: int, /) -> tuple[int, int]:
        """Return the highest and lowest price of (ltp and) all ticks since a mark."""
        book = self._hands.quotes.books[index]
        self._hands.quotes.quote_of(book)
        return self._hands.excursions.since_mark(-mark, book, ltp)

    def unmark(self, index: int, mark: int, /) -> None:
        """Gather no extremes since a mark any more."""
        self._hands.excursions.end_mark(-mark, self._hands.quotes.books[index])

    # orders

    def enter(
        self,
        intent: OrderIntent,
        origin: PlanOrigin,
        trail: StepTrail | None,
        refused: NotAdmitted | None,
    ) -> str:
        """Send the entry of a leg, or record that it is refused; return its id."""
        refusal = None if refused is None else Refusal(*refused)
        return self._hands.entries.process_leg(intent, origin, trail, refusal)

    def refusals(
        self, intents: Sequence[OrderIntent], /, *, hedges_first: bool
    ) -> list[NotAdmitted | None]:
        """Return why each entry of a batch would be refused now, whatever their margin."""
        refusals = self._hands.gate.refusals(intents, hedges_first=hedges_first)
        return [None if refusal is None else NotAdmitted(*refusal) for refusal in refusals]

    def shortfall(
        self, intents: Sequence[OrderIntent], /, *, hedges_first: bool
    ) -> NotAdmitted | None:
        """Return why the cash does not cover a batch, None if it does."""
        refusal = self._hands.gate.shortfall(intents, hedges_first=hedges_first)
        return None if refusal is None else NotAdmitted(*refusal)

    def round_refusal(self, plan: str, /) -> NotAdmitted | None:
        """Return why the risk settings let no round of a plan begin now."""
        risk, tally = self._hands.admission.risk, self.ledger.plans.get(plan)
        running, most = len(self.ledger.rounds), risk.max_rounds_at_once
        if most is not None and running >= most:
            return NotAdmitted("max_rounds_at_once", {"running": running, "limit": most})
        pause = risk.between_rounds_ns
        since = self.moment - (0 if tally is None else tally.ended_ts)
        if pause and tally is not None and tally.ended_ts and since < pause:
            return NotAdmitted("min_minutes_between_rounds", {"since_ns": since, "limit_ns": pause})
        return None

    def closed_for(self, index: int, product: Product, /) -> str:
        """Return why nothing new of a product is taken now, "" if it is."""
        open_ts, close_ts = self.session(index, ist_date(self.now))
        if self._hands.admission.killed:
            return "kill_switch"
        if not open_ts <= self.now < close_ts:
            return "market_closed"
        is_over = product == "MIS" and self.now >= close_ts - self._hands.square_off_ns
        return "after_square_off" if is_over else ""

    def leave(self, order_id: str, reason: str, /) -> None:
        """Cancel an entry that works, or ask for the exit of a position."""
        self._hands.demands.exit_order(order_id, reason)

    def move_stop(self, order_id: str, stop_paise: int, reason: str, /) -> None:
        """Move the stop of an open position; it acts from the next tick."""
        position = self.ledger.positions[order_id]
        quotes = self._hands.quotes
        quote = quotes.quote_of(quotes.book_of(position.tradingsymbol))
        ltp = 0 if quote is None else quote.ltp
        move = StopMove(stop_paise, position.ladder_steps, ltp, reason)
        self._hands.runner.shift_stop(position, move)

    def cost_with_charges(self, order_id: str, /) -> int | None:
        """Return the price at which a position pays for its charges, None without one."""
        return cost_with_charges(self.ledger.positions[order_id], self._hands.costs)

    # what is said and what is waited for

    def round_of(self, plan: str, /) -> Round | None:
        """Return the round of a plan that is not over."""
        for round_ in self.ledger.rounds.values():
            if round_.plan == plan:
                return round_
        return None

    def round_moved(self, plan: str, round_id: str, before: RoundState, move: RoundMove, /) -> None:
        """Record what a round does."""
        at = self._at
        self._hands.recorder.lifecycle.record(
            RoundMoved(
                seq=self.ledger.seq + 1,
                ts=at.stamp,
                input_no=at.input_no,
                due_ts=at.due_ts,
                plan=plan,
                round=round_id,
                from_state=before.value,
                to_state=move.to.value,
                reason=move.reason,
                leg=move.leg,
                batch=move.batch,
                bases=move.bases,
                waits=move.waits,
                numbers=move.numbers,
            )
        )

    def watch(self, waiter: int, index: int, below: int | None, above: int | None, /) -> None:
        """Wake the plans at the first price at or beyond a level."""
        book = self._hands.quotes.books[index]
        book.triggers.set(waiter, below=below, above=above)
        book.arm()

    def unwatch(self, waiter: int, index: int, /) -> None:
        """Wait for none of its levels."""
        book = self._hands.quotes.books[index]
        book.triggers.clear(waiter)
        book.arm()

    def ask_end(self) -> None:
        """Ask for the end of the timestamp in work."""
        self._hands.ends.ask()

    def add_due(self, due: int, phase: Phase, key: int, item: object, /) -> None:
        """Put something on the agenda."""
        self._hands.agenda.add(due, phase, key, item)
