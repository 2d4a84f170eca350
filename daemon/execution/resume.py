"""The state that an engine resumes from and hands to the next one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import itemgetter

from msgspec import structs

from daemon.domain.carry_over import CarryOver
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.execution.account_desk import AccountDesk
from daemon.execution.admission import Admission
from daemon.execution.closing import Closing
from daemon.execution.entries import Entries
from daemon.execution.excursions import Excursions
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.execution.session_end import SessionEnd
from daemon.market.moment import Moment


class Resume:
    """Resume entries, exits and positions that a ledger left open; gather what no event holds."""

    def __init__(
        self,
        ledger: Ledger,
        at: Moment,
        quotes: Quotes,
        holdings: Holdings,
        excursions: Excursions,
        admission: Admission,
        entries: Entries,
        closing: Closing,
        runner: ExitRunner,
        session_end: SessionEnd,
        account: AccountDesk,
        until: int,
    ) -> None:
        self._ledger = ledger
        self._at = at
        self._quotes = quotes
        self._holdings = holdings
        self._excursions = excursions
        self._admission = admission
        self._entries = entries
        self._closing = closing
        self._runner = runner
        self._session_end = session_end
        self._account = account
        self._until = until

    def restore(self, carry: CarryOver) -> None:
        """Resume what was open; what waited waits again, in the order in which it began to wait."""
        waits: list[tuple[int, Callable[[], None]]] = []
        for order in self._ledger.orders.values():
            if order.state is OrderState.SUBMITTED:
                book = self._quotes.book_of(order.tradingsymbol)
                waits.append((order.submitted_seq, partial(self._entries.resume, order, book)))
        for position in self._ledger.open_positions():
            book = self._quotes.book_of(position.tradingsymbol)
            self._excursions.begin(position, book, ltp=position.entry_paise, input_no=-1)
            self._holdings.opened(position, book.index)
            pending = position.pending
            if not self._session_end.resume(position) and pending is not None:
                waits.append((pending.seq, partial(self._closing.wait, position, book, pending.ts)))
            self._runner.open(position, book)
        for _, wait in sorted(waits, key=itemgetter(0)):
            wait()
        self._runner.recall(carry.remembered)

    def lasting(self) -> CarryOver:
        """Return the part of `carry` that only changes with a decision; look at no position."""
        admission, session_end = self._admission, self._session_end
        settlements = sorted(session_end.settlements.items())
        return CarryOver(
            killed=admission.killed,
            strategies_off=sorted(admission.strategies_off),
            settlements=[(*key, *known) for key, known in settlements],
            settling=sorted(session_end.settling),
            remembered=self._runner.remembered(),
            peak_margin_rupees=self._account.peak_margin_rupees,
            until=max(self._at.now, self._until),  # a start may end before its first input
        )

    def carry(self) -> CarryOver:
        """Return what an engine on another day must know beyond the ledger."""
        excursions = {
            position.order_id: self._excursions.extremes(
                position, self._quotes.book_of(position.tradingsymbol)
            )
            for position in self._ledger.open_positions()
        }
        return structs.replace(self.lasting(), excursions=excursions)
