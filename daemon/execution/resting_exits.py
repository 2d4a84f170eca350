"""Stops and targets of trades that lie at the exchange: placed, moved, replaced (F33 and F6).

What a position wants there follows from its levels (exits/at_exchange.py). Once a step, after all
of its fills, what lies there is brought in line with it by as few requests as will do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from daemon.domain.exchange_order import (
    MAX_MODIFICATIONS,
    OVER_STATES,
    ExchangeOrder,
    Modification,
    OrderTerms,
)
from daemon.domain.position import Position
from daemon.exchange.reports import ExecutionReport
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exits.at_exchange import (
    AtExchange,
    Place,
    Wanted,
    is_met,
    wanted_stops,
    wanted_target,
)
from daemon.market.book import Book

REPLACED: Final = "replaced"
_STOPS: Final = (Place.STOP, Place.REST)


class Lying(msgspec.Struct, gc=False):
    """An order that lies for a trade, as it was last asked for. Paise; `quantity` is its total."""

    exchange_id: str
    place: Place
    trigger: int
    limit: int
    quantity: int
    moves: int = 0
    leaves: bool = False
    """A cancel, or an order that replaces it, is on its way."""

    def ask(self, wanted: Wanted, quantity: int) -> None:
        """Note that a modification to these terms was sent."""
        self.moves += 1
        self.trigger, self.limit, self.quantity = wanted.trigger, wanted.limit, quantity

    def stay(self, order: ExchangeOrder) -> None:
        """Note that a modification was refused: the order is as it was."""
        self.trigger, self.limit = order.trigger_paise, order.limit_paise
        self.quantity = order.quantity

    def count(self, quantity: int) -> None:
        """Note how large the exchange has left the order."""
        self.quantity = quantity

    def go(self, *, leaves: bool = True) -> None:
        """Note that the order is about to end, or not after all."""
        self.leaves = leaves

    def take_place(self, place: Place) -> None:
        """Become another exit of the trade."""
        self.place = place


class RestingExits:
    """What lies at the exchange for each trade."""

    def __init__(self, desk: ExchangeDesk, held: AtExchange) -> None:
        self._desk = desk
        self._held = held
        self._of_trade: dict[str, dict[str, Lying]] = {}
        self._places: dict[str, Place] = {}
        """Which exit an order or its slices are, by root."""
        self._unsent: dict[str, int] = {}
        """Units of slices that are not sent yet, by root."""

    # what is there

    def place_of(self, order: ExchangeOrder) -> Place | None:
        """Return which exit an order is, None for one that leaves at the market."""
        return None if order.kind == "MARKET" else self._places.get(order.root)

    def splits(self, order_id: str) -> bool:
        """Return whether the stop of a trade lies in two parts."""
        lying = self._of_trade.get(order_id, {}).values()
        return any(each.place is Place.REST and not each.leaves for each in lying)

    def forget(self, order_id: str) -> None:
        """Forget a trade that is over."""
        for each in self._of_trade.pop(order_id, {}).values():
            self._places.pop(self._order(each).root, None)

    def hear(self, order_id: str, order: ExchangeOrder, report: ExecutionReport) -> None:
        """Take in what happened to an order of `place_of`."""
        place = self._places[order.root]
        lying = self._of_trade.setdefault(order_id, {})
        if report.kind == "accepted":
            self._unsent[order.root] -= order.quantity
            terms = order.terms
            lying[order.order_id] = Lying(
                order.order_id, place, terms.trigger_paise, terms.price_paise, order.quantity
            )
        elif report.state in OVER_STATES:
            lying.pop(order.order_id, None)
            if report.kind == "rejected" and (old := lying.get(order.replaces)) is not None:
                old.go(leaves=False)
        elif (own := lying.get(order.order_id)) is not None:
            if report.kind == "modify_refused":
                own.stay(order)
            elif report.kind != "filled":
                own.count(report.filled + report.pending)

    # what should be there

    def arrange(self, position: Position, book: Book, ltp: int) -> bool:
        """Ask for what a position wants; False if the price has met its stop, which must leave."""
        held = self._held
        stops = wanted_stops(position) if held.holds_stop(position) else []
        target = wanted_target(position) if held.holds_target(position) else []
        self._promote_rest(position.order_id, stops)
        wanted = {each.place: each for each in (*stops, *target)}
        for place in Place:
            if not self._arrange_place(position, book, place, wanted.get(place), ltp):
                return False
        return True

    def drop_stops(self, order_id: str, reason: str) -> None:
        """Cancel the stops of a trade."""
        for each in self._own(order_id, _STOPS):
            self._cancel(each, reason)

    def drop_target(self, order_id: str, reason: str) -> None:
        """Cancel the target of a trade."""
        for each in self._own(order_id, (Place.TARGET,)):
            self._cancel(each, reason)

    def _arrange_place(
        self, position: Position, book: Book, place: Place, wanted: Wanted | None, ltp: int
    ) -> bool:
        own = self._own(position.order_id, (place,))
        if wanted is None:
            for each in own:
                self._cancel(each, REPLACED)
            return True
        left = wanted.quantity - self._on_the_way(position.order_id, place)
        plan = self._shares(own, left)
        missing = left - sum(plan.values())
        if missing and len(own) == 1 and self._may_grow(own[0], plan[own[0].exchange_id] + missing):
            plan[own[0].exchange_id] += missing
            missing = 0
        changed = [each for each in own if self._differs(each, wanted, plan[each.exchange_id])]
        if (changed or missing) and place is not Place.TARGET and is_met(position, ltp):
            return False
        for each in changed:
            self._change(position, book, each, wanted, plan[each.exchange_id])
        if missing:
            self._send(position, book, wanted, missing)
        return True

    def _shares(self, own: Iterable[Lying], quantity: int) -> dict[str, int]:
        """Return what each order keeps pending of a quantity; the last gives first."""
        shares: dict[str, int] = {}
        for each in own:
            shares[each.exchange_id] = share = min(self._pending(each), quantity)
            quantity -= share
        return shares

    def _differs(self, own: Lying, wanted: Wanted, pending: int) -> bool:
        at_price = (own.trigger, own.limit) == (wanted.trigger, wanted.limit)
        return not at_price or self._pending(own) != pending

    def _may_grow(self, own: Lying, pending: int) -> bool:
        order = self._order(own)
        freeze = self._desk.freeze_quantity(order.terms.instrument)
        return not freeze or order.filled + pending <= freeze

    def _promote_rest(self, order_id: str, stops: list[Wanted]) -> None:
        """Make the stop of the rest the stop, once the part is out."""
        own = self._own(order_id, _STOPS)
        if len(stops) != 1 or not own or any(each.place is Place.STOP for each in own):
            return
        for each in own:
            each.take_place(Place.STOP)
            self._places[self._order(each).root] = Place.STOP

    # requests

    def _send(
        self, position: Position, book: Book, wanted: Wanted, quantity: int, replaces: str = ""
    ) -> None:
        terms = OrderTerms(
            instrument=book.index,
            side=position.closing_side,
            quantity=quantity,
            kind=wanted.kind,
            price_paise=wanted.limit,
            trigger_paise=wanted.trigger,
            product=position.product,
            group=position.order_id,
            is_exit=True,
        )
        root = self._desk.next_id(position.order_id)
        self._places[root] = wanted.place
        self._unsent[root] = quantity
        self._desk.send_as(root, position.order_id, terms, book, replaces=replaces)

    def _change(
        self, position: Position, book: Book, own: Lying, wanted: Wanted, pending: int
    ) -> None:
        order = self._order(own)
        if pending <= 0:
            self._cancel(own, REPLACED)
            return
        if own.moves >= MAX_MODIFICATIONS - 1:
            own.go()
            self._send(position, book, wanted, pending, replaces=own.exchange_id)
            return
        quantity = order.filled + pending
        change = Modification(
            quantity=None if quantity == order.quantity else quantity,
            price_paise=None if own.limit == wanted.limit else wanted.limit,
            trigger_paise=None if own.trigger == wanted.trigger else wanted.trigger,
        )
        own.ask(wanted, quantity)
        self._desk.modify_one(own.exchange_id, change)

    def _cancel(self, own: Lying, reason: str) -> None:
        own.go()
        self._desk.cancel_one(own.exchange_id, reason)

    # the orders

    def _own(self, order_id: str, places: Iterable[Place]) -> list[Lying]:
        """Return what lies at some places and can still be moved, in the order sent."""
        return [
            each
            for each in self._of_trade.get(order_id, {}).values()
            if each.place in places and not each.leaves and not self._order(each).triggered
        ]

    def _on_the_way(self, order_id: str, place: Place) -> int:
        """Return the units of slices that will still be sent."""
        roots = {self._order(each).root for each in self._own(order_id, (place,))}
        return sum(self._unsent[root] for root in roots)

    def _pending(self, own: Lying) -> int:
        return own.quantity - self._order(own).filled

    def _order(self, own: Lying) -> ExchangeOrder:
        return self._desk.exchange.orders[own.exchange_id]
