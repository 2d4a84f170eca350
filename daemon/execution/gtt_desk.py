"""GTTs in the engine: requests from outside, levels in the trigger books, orders when they fire."""

from __future__ import annotations

import datetime as dt
from typing import Final

from msgspec import structs

from daemon.broker.gtt import Gtts
from daemon.broker.gtt_checks import GttFault
from daemon.domain.gtt import Gtt, GttStatus, GttTerms
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.risk_state import RiskState
from daemon.execution.account_recorder import AccountRecorder
from daemon.execution.admission import Admission
from daemon.execution.exits.runner import FIRST_OTHER_WAITER
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_orders import UntradedOrders
from daemon.market.book import Book
from daemon.market.moment import Moment
from daemon.risk.gates import standing_numbers

FIRST_WAITER: Final = FIRST_OTHER_WAITER
"""Waiters from here on are GTTs by id."""


class GttDesk:
    """Place, modify and delete GTTs, and fire those whose level a tick has reached.

    They wait in the trigger books of their contracts, so a tick that reaches none is compared with
    the same two prices as ever, whatever their number. Without an exchange every new one is
    refused: its order could not be sent.
    """

    def __init__(
        self,
        universe: Universe,
        at: Moment,
        recorder: AccountRecorder,
        quotes: Quotes,
        admission: Admission,
        orders: UntradedOrders | None,
    ) -> None:
        self._admission = admission
        self._universe = universe
        self._at = at
        self._recorder = recorder
        self._quotes = quotes
        self._gtts: Gtts | None = None
        if orders is not None:
            self._gtts = Gtts(
                recorder.ledger.gtts, self._instrument_of, recorder, orders, Levels(quotes)
            )
            self._gtts.restore()

    def place(self, terms: GttTerms) -> int:
        """Place a GTT; return its id, 0 if it was refused (the event says why).

        It is compared with the last price of its contract, or without one with its own.
        """
        gtt_id = self._recorder.ledger.total_gtts + 1
        gtts, date = self._open(terms), self._at.date
        if gtts is None or date is None:
            return 0
        return gtt_id if gtts.place(gtt_id, self._at_price(terms), date) else 0

    def modify(self, gtt_id: int, terms: GttTerms) -> bool:
        """Give a GTT other terms; return False if that was refused."""
        gtts, date = self._open(terms, gtt_id), self._at.date
        if gtts is None or date is None:
            return False
        return gtts.modify(gtt_id, self._at_price(terms), date)

    def delete(self, gtt_id: int) -> bool:
        """Delete a GTT; return False if no such one could be."""
        return self._gtts is not None and self._gtts.delete(gtt_id)

    def _open(self, terms: GttTerms, gtt_id: int = 0) -> Gtts | None:
        """Return what takes new terms now, None where a refusal was recorded instead.

        `gtt_id` is the GTT that they are for, 0 for a new one.
        """
        reason, numbers = "", dict[str, int | str]()
        ledger = self._recorder.ledger
        if self._gtts is None:
            reason = "no_exchange"
        elif self._at.date is None:
            reason = "market_closed"
        elif self._admission.killed:
            reason = "kill_switch"
        elif ledger.risk.state is RiskState.HALTED:
            reason, numbers = "halted", standing_numbers(ledger.risk)
        if reason:
            self._recorder.gtt_refused(ledger.gtts.get(gtt_id), terms, GttFault(reason, numbers))
            return None
        return self._gtts

    def fire(self, waiter: int, book: Book) -> None:
        """Fire the GTT that waited for the price which a book has just taken."""
        assert self._gtts is not None
        self._gtts.fire(waiter - FIRST_WAITER, book.ltp)

    def start_day(self, date: dt.date) -> None:
        """End what does not outlive the night; without an exchange nothing could fire."""
        if self._gtts is not None:
            self._gtts.start_day(date)
            return
        for _, gtt in sorted(self._recorder.ledger.gtts.items()):
            if gtt.status is GttStatus.ACTIVE:
                self._recorder.gtt_ended(gtt, GttStatus.DISABLED, "no_exchange")

    def end_session(self, indices: frozenset[int], date: str) -> None:
        """Cancel the GTTs of contracts that expire."""
        if self._gtts is not None:
            self._gtts.end_session(indices, date)

    def disable_all(self, reason: str) -> None:
        """Let none of them fire any more."""
        if self._gtts is not None:
            self._gtts.disable_all(reason)

    def _at_price(self, terms: GttTerms) -> GttTerms:
        """Return terms counted from the last price of their contract, if it has shown one."""
        book = self._quotes.find(terms.tradingsymbol)
        quote = None if book is None else self._quotes.quote_of(book)
        return terms if quote is None else structs.replace(terms, last_paise=quote.ltp)

    def _instrument_of(self, tradingsymbol: str) -> tuple[int, Instrument] | None:
        index = self._universe.index_of(tradingsymbol)
        return None if index is None else (index, self._universe[index])


class Levels:
    """The levels of GTTs in the trigger books."""

    def __init__(self, quotes: Quotes) -> None:
        self._quotes = quotes

    def watch(self, gtt: Gtt) -> None:
        """Wait for the levels of an active GTT, in place of those that it waited for."""
        book = self._book_of(gtt)
        if book is not None:
            below, above = gtt.terms.levels()
            book.triggers.set(FIRST_WAITER + gtt.gtt_id, below=below, above=above)
            book.arm()

    def forget(self, gtt: Gtt) -> None:
        """Wait for none of its levels any more."""
        book = self._book_of(gtt)
        if book is not None:
            book.triggers.clear(FIRST_WAITER + gtt.gtt_id)
            book.arm()

    def _book_of(self, gtt: Gtt) -> Book | None:
        return self._quotes.find(gtt.terms.tradingsymbol)
