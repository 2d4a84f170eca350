"""Baskets: several entries of a strategy that are meant together, hedges first (P10, P11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal, NamedTuple

import msgspec

from daemon.domain.carry_over import CarryOver, OpenBasket
from daemon.domain.dates import SECOND_NS
from daemon.domain.events import TradingEvent
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.ledger import Ledger
from daemon.domain.order import DEAD_STATES, Order, OrderState
from daemon.domain.strategy_actions import Basket
from daemon.domain.update import Update
from daemon.execution.batch_gate import BatchGate, hedges_of
from daemon.execution.entries import Entries
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.recorder import Recorder
from daemon.execution.updates import Updates
from daemon.market.agenda import Agenda, Phase
from daemon.market.moment import Moment

Outcome = Literal["complete", "leg_incomplete", "kept", "nothing_filled"]
LEG_INCOMPLETE: Final = "leg_incomplete"


class BasketDue(NamedTuple):
    """The end of the time that a basket has."""

    number: int


class _Open(msgspec.Struct):
    """A basket in work: what was sent, and what waits for its hedges."""

    number: int
    strategy_id: str
    basket: Basket
    due: int
    waiting: list[OrderIntent]
    orders: list[Order]

    def send(self, entries: Entries, ledger: Ledger, intents: Iterable[OrderIntent]) -> None:
        """Send entries, and know their orders even when the ledger has archived them."""
        for intent in intents:
            self.orders.append(ledger.orders[entries.process(intent)])

    def hold(self, intents: list[OrderIntent]) -> None:
        """Let entries wait."""
        self.waiting = intents

    @property
    def has_failed(self) -> bool:
        """Return whether an entry ended without its quantity."""
        return any(_is_dead(order) for order in self.orders)

    @property
    def is_filled(self) -> bool:
        """Return whether all that was sent has filled whole."""
        return all(order.filled_quantity >= order.quantity for order in self.orders)


class Baskets:
    """Send entries together; one that does not fill in time undoes or keeps the others.

    They get on after each thing that is due, and at the end of a row's timestamp.
    """

    def __init__(
        self,
        agenda: Agenda,
        at: Moment,
        recorder: Recorder,
        entries: Entries,
        gate: BatchGate,
        entry_orders: EntryOrders,
        runner: ExitRunner,
        updates: Updates,
    ) -> None:
        self.has_work = False
        self._agenda = agenda
        self._at = at
        self._ledger = recorder.ledger
        self._lifecycle = recorder.lifecycle
        self._entries = entries
        self._gate = gate
        self._entry_orders = entry_orders
        self._runner = runner
        self._updates = updates
        self._open: dict[int, _Open] = {}
        self.count = 0
        """Baskets since the account's first one that is known."""
        self._is_hearing = False
        self._on_first: Callable[[], None] | None = None

    def attach(self, on_first: Callable[[], None]) -> None:
        """Call `on_first` when there is something to do."""
        self._on_first = on_first

    def begin(self, strategy_id: str, basket: Basket) -> None:
        """Ask all gates for a basket, then send its first entries: its hedges, or all of them.

        Where it is undone when incomplete, one refusal refuses all of it.
        """
        self._hear()
        self.count += 1
        first = hedges_of(basket.intents, hedges_first=basket.hedges_first)
        rest = [each for each in basket.intents if each not in first]
        due = self._at.stamp + round(basket.within_s * SECOND_NS)
        entry = _Open(self.count, strategy_id, basket, due, rest, [])
        self._begin(entry)
        self._tell(entry, "", "OPEN", "")
        if basket.if_incomplete == "unwind" and self._is_refused(basket):
            self._end(entry, "nothing_filled")
            return
        entry.send(self._entries, self._ledger, first)
        self._wake()

    def _is_refused(self, basket: Basket) -> bool:
        """Return whether the gates refuse a basket; its orders then say why."""
        verdicts = self._gate.verdicts(basket.intents, hedges_first=basket.hedges_first)
        for intent, refusal in zip(basket.intents, verdicts or (), strict=False):
            self._entries.refuse(intent, refusal)
        return verdicts is not None

    def restore(self, carry: CarryOver) -> None:
        """Take up the baskets of an earlier process, as far as their orders are known."""
        self.count = carry.basket_count
        for known in carry.baskets:
            orders = [self._ledger.orders.get(order_id) for order_id in known.order_ids]
            intents = [each for each in known.basket.intents if each.signal is Signal.SELL]
            entry = _Open(
                known.number, known.strategy_id, known.basket, known.due,
                intents[len(intents) - known.waiting :],
                [order for order in orders if order is not None],
            )  # fmt: skip
            self._hear()
            self._begin(entry)
            self.has_work = True

    @property
    def in_work(self) -> list[OpenBasket]:
        """Return the baskets in work."""
        return [
            OpenBasket(
                number=entry.number,
                strategy_id=entry.strategy_id,
                basket=entry.basket,
                order_ids=[order.order_id for order in entry.orders],
                waiting=len(entry.waiting),
                due=entry.due,
            )
            for entry in self._open.values()
        ]

    def due(self, item: BasketDue) -> None:
        """End a basket whose time is over, unless it is done."""
        entry = self._open.get(item.number)
        if entry is not None:
            self._advance(entry)
            if item.number in self._open:
                self._give_up(entry)

    def advance(self) -> None:
        """Send what waited for its hedges, and end what is complete or cannot be."""
        self.has_work = False
        for entry in list(self._open.values()):
            self._advance(entry)

    def _advance(self, entry: _Open) -> None:
        if entry.has_failed:
            self._give_up(entry)
        elif entry.is_filled and entry.waiting:
            waiting = entry.waiting
            entry.hold([])
            entry.send(self._entries, self._ledger, waiting)
            self._wake()
        elif entry.is_filled:
            self._end(entry, "complete")

    def _give_up(self, entry: _Open) -> None:
        """Undo or keep what has filled, and cancel what has not."""
        filled = any(order.filled_quantity for order in entry.orders)
        is_kept = entry.basket.if_incomplete == "keep"
        for order in entry.orders:
            if is_kept and order.filled_quantity:
                self._entry_orders.drop_rest(order.order_id, LEG_INCOMPLETE)
            elif order.state is OrderState.SUBMITTED:
                self._entries.cancel(order, LEG_INCOMPLETE)
        if not is_kept:
            self._close(entry)
        outcome: Outcome = "kept" if is_kept else LEG_INCOMPLETE
        self._end(entry, outcome if filled else "nothing_filled")

    def _close(self, entry: _Open) -> None:
        """Close what is open: shorts by number, then longs by number."""
        for order in sorted(entry.orders, key=lambda order: (order.sign, order.number)):
            position = self._ledger.positions.get(order.order_id)
            if position is not None:
                self._entry_orders.drop_rest(order.order_id, LEG_INCOMPLETE)
                self._runner.demand(position, LEG_INCOMPLETE)

    def _end(self, entry: _Open, outcome: Outcome) -> None:
        del self._open[entry.number]
        self._tell(entry, "OPEN", "DONE", outcome)

    def _begin(self, entry: _Open) -> None:
        self._open[entry.number] = entry
        self._agenda.add(entry.due, Phase.TIMED_INTENT, 0, BasketDue(entry.number))

    def _hear(self) -> None:
        """Hear of events from the first basket on."""
        if not self._is_hearing:
            self._is_hearing = True
            self._lifecycle.tell(self._note)

    def _note(self, event: TradingEvent) -> None:
        for entry in self._open.values():
            if any(order.order_id == event.order_id for order in entry.orders):
                self._wake()
                return

    def _wake(self) -> None:
        if not self.has_work and self._on_first is not None:
            self._on_first()
        self.has_work = True

    def _tell(self, entry: _Open, old: str, new: str, reason: str) -> None:
        self._updates.tell(
            entry.strategy_id,
            Update(
                seq=self._ledger.seq, ts=self._at.stamp, kind="round", id=f"basket#{entry.number}",
                tag=entry.basket.tag, symbol="", side="", old=old, new=new, reason=reason,
                quantity=len(entry.basket.intents),
                filled=sum(order.filled_quantity >= order.quantity for order in entry.orders),
            ),
        )  # fmt: skip


def _is_dead(order: Order) -> bool:
    """Return whether an entry can fill no more and has not filled whole."""
    return order.state in DEAD_STATES and order.filled_quantity < order.quantity
