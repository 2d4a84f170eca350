"""What must hold of the account after every event: GTTs, risk states, and the books' sums.

It follows the events alone, over restarts, so it notices what a process forgot or did twice.
"""

from __future__ import annotations

from collections import defaultdict

from daemon.broker.account_books import AccountBooks
from daemon.broker.executions import Execution
from daemon.broker.positions import Mark
from daemon.domain.events import (
    ExchangeOrderMoved,
    GttMoved,
    OrderMoved,
    RiskMoved,
    TradingEvent,
)
from daemon.domain.instrument import Universe
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState

CAPITAL = 10_000_000_00
STATUSES = {
    "created": {""},
    "modified": {"active", "disabled"},
    "triggered": {"active"},
    "disabled": {"active"},
    "deleted": {"active", "disabled"},
    "cancelled": {"active", "disabled"},
    "expired": {"active", "disabled"},
}
"""From which status a GTT may come: SEMANTICS ("GTTs"), written again."""


class AccountWatch:
    """Follow one account; `take` raises AssertionError where a promise is broken."""

    def __init__(self, universe: Universe) -> None:
        self.state = "ACTIVE"
        self.gtts: dict[int, str] = {}
        self.legs: dict[int, int] = {}
        """The leg that each fired GTT sent."""
        self._next_order = ""
        self._books = BooksWatch(universe)

    def take(self, event: TradingEvent, ledger: Ledger) -> None:
        """Look at one event, which `ledger` has folded."""
        self._check_sent(event, ledger)
        if isinstance(event, RiskMoved):
            assert event.state in ("ACTIVE", "REDUCING", "HALTED")
            assert event.state != self.state or event.reason == "command", "no move"
            self.state = event.state
        elif isinstance(event, GttMoved):
            self._gtt(event)
        elif isinstance(event, OrderMoved) and event.to_state is OrderState.SUBMITTED:
            assert self.state == "ACTIVE", f"an entry was accepted while {self.state}"
        self._books.take(event, ledger)

    def _check_sent(self, event: TradingEvent, ledger: Ledger) -> None:
        """A leg's order comes right after its GTT fired, once, and no other way."""
        is_sent = isinstance(event, ExchangeOrderMoved) and event.kind in ("accepted", "rejected")
        if self._next_order:
            assert is_sent, "no order after a GTT that fired"
            assert isinstance(event, ExchangeOrderMoved)
            assert event.exchange_id == self._next_order
            self._next_order = ""
        elif isinstance(event, ExchangeOrderMoved) and event.kind == "accepted":
            assert event.tag != "gtt", "an order of a GTT that no trigger sent"
        if isinstance(event, ExchangeOrderMoved) and not event.order_id and self.state != "ACTIVE":
            self._check_reduces(event, ledger)

    def _check_reduces(self, event: ExchangeOrderMoved, ledger: Ledger) -> None:
        """An order without a trade that is accepted now takes from what the account holds."""
        if event.kind != "accepted" or event.is_exit:
            return
        held = self._books.units(event.tradingsymbol, ledger)
        signed = event.quantity if event.side == "BUY" else -event.quantity
        is_less = held * signed < 0 and abs(signed) <= abs(held)
        assert is_less, f"{signed} units were accepted at {held} while {self.state}"

    def _gtt(self, event: GttMoved) -> None:
        if event.kind == "refused":
            return
        before = self.gtts.get(event.gtt_id, "")
        assert before in STATUSES[event.kind], f"{event.kind} from {before!r}"
        self.gtts[event.gtt_id] = event.status
        if event.kind in ("created", "modified"):
            assert self.state != "HALTED", "a GTT works while HALTED"
        if event.kind == "triggered":
            assert self.state != "HALTED", "a GTT fired while HALTED"
            assert event.gtt_id not in self.legs, "a second leg"
            self.legs[event.gtt_id] = event.leg
            self._next_order = event.exchange_id


class BooksWatch:
    """Positions and results of the books against the trades of the ledger and all other fills."""

    def __init__(self, universe: Universe) -> None:
        self._books = AccountBooks(universe, CAPITAL)
        self._untraded: list[Execution] = []
        self._marks: dict[str, Mark] = {}

    def take(self, event: TradingEvent, ledger: Ledger) -> None:
        """Fold an event; compare where it brought a fill."""
        execution = self._books.apply(event)
        if execution is None:
            return
        self._marks[execution.tradingsymbol] = Mark(last_paise=execution.price_paise + 5)
        if not execution.order_id:
            self._untraded.append(execution)
        self._compare(ledger)

    def units(self, symbol: str, ledger: Ledger) -> int:
        """Return what the account holds of a contract, below 0 for a short."""
        untraded = (each for each in self._untraded if each.tradingsymbol == symbol)
        traded = (each for each in ledger.positions.values() if each.tradingsymbol == symbol)
        sold = sum(each.sign * each.quantity for each in traded)
        return sold + sum(each.sign * each.quantity for each in untraded)

    def _compare(self, ledger: Ledger) -> None:
        held: dict[tuple[str, str], int] = defaultdict(int)
        result = ledger.realized_paise
        for each in self._untraded:
            signed = each.sign * each.quantity
            held[each.tradingsymbol, each.product] += signed
            result += signed * self._marks[each.tradingsymbol].last_paise
            result -= each.sign * each.value_paise
        for position in ledger.positions.values():
            held[position.tradingsymbol, position.product] += position.sign * position.quantity
            result += position.unrealized_paise(self._marks[position.tradingsymbol].last_paise)
        rows = self._books.positions.net(self._marks)
        for row in rows:
            key = (row.tradingsymbol, row.product)
            assert row.quantity == held.pop(key, 0), f"{key}: {row}"
        assert not any(held.values()), held
        found = self._books.positions.banked_paise + sum(row.pnl_paise for row in rows)
        assert found == result, f"the books say {found}, trades and orders {result}"
