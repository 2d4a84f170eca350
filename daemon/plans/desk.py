"""What plans ask of the engine that runs their orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from daemon.chain.quotes import LastQuote
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent, Product
from daemon.domain.ledger import Ledger
from daemon.domain.order import StepTrail
from daemon.domain.plan_round import NotAdmitted, PlanOrigin, Round, RoundMove, RoundState
from daemon.market.agenda import Phase


class Desk(Protocol):
    """The engine as plans see it. Indices are those of the universe, prices paise, times UTC ns."""

    ledger: Ledger
    universe: Universe

    @property
    def now(self) -> int:
        """Return the time as of which is decided."""

    @property
    def moment(self) -> int:
        """Return when what is decided was due, else now."""

    # the market

    def last(self, index: int, /) -> LastQuote | None:
        """Return the last quote of an instrument and whether it may decide something now."""

    def count_value(self, age_ns: int, /) -> None:
        """Count what was decided by a P&L whose oldest price has an age (`round_valued_stale`)."""

    def session(self, index: int, date: dt.date, /) -> tuple[int, int]:
        """Return an instrument's session on a date, (0, 0) without one."""

    def mark(self, index: int, /) -> int:
        """Begin to gather the extremes of an instrument; return a mark."""

    def extremes(self, index: int, mark: int, ltp: int, /) -> tuple[int, int]:
        """Return the highest and lowest price of (ltp and) all ticks since a mark."""

    def unmark(self, index: int, mark: int, /) -> None:
        """Gather no extremes since a mark any more."""

    # orders

    def enter(
        self,
        intent: OrderIntent,
        origin: PlanOrigin,
        trail: StepTrail | None,
        refused: NotAdmitted | None,
    ) -> str:
        """Send the entry of a leg, or record that it is refused; return its id."""

    def refusals(
        self, intents: Sequence[OrderIntent], /, *, hedges_first: bool
    ) -> list[NotAdmitted | None]:
        """Return why each entry of a batch would be refused now, whatever their margin."""

    def shortfall(
        self, intents: Sequence[OrderIntent], /, *, hedges_first: bool
    ) -> NotAdmitted | None:
        """Return why the cash does not cover a batch, netted or at its worst on the way."""

    def round_refusal(self, plan: str, /) -> NotAdmitted | None:
        """Return why the risk settings let no round of a plan begin now."""

    def closed_for(self, index: int, product: Product, /) -> str:
        """Return why nothing new of a product is taken now, "" if it is."""

    def leave(self, order_id: str, reason: str, /) -> None:
        """Cancel an entry that works, or ask for the exit of a position."""

    def move_stop(self, order_id: str, stop_paise: int, reason: str, /) -> None:
        """Move the stop of an open position."""

    def cost_with_charges(self, order_id: str, /) -> int | None:
        """Return the price at which a position pays for its charges, None without one."""

    # what is said and what is waited for

    def round_moved(self, plan: str, round_id: str, before: RoundState, move: RoundMove, /) -> None:
        """Record what a round does."""

    def round_of(self, plan: str, /) -> Round | None:
        """Return the round of a plan that is not over."""

    def watch(self, waiter: int, index: int, below: int | None, above: int | None, /) -> None:
        """Wake the plans at the first price at or beyond a level."""

    def unwatch(self, waiter: int, index: int, /) -> None:
        """Wait for none of its levels."""

    def ask_end(self) -> None:
        """Ask for the end of the timestamp in work."""

    def add_due(self, due: int, phase: Phase, key: int, item: object, /) -> None:
        """Put something on the agenda."""
