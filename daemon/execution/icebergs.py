"""Icebergs: equal legs of an order, each sent when the one before is COMPLETE.

The next leg goes out at the first input after a leg has completed, as an order with an id of its
own, through every gate again, at the price that the leg before had last. A leg that ends in any
other way ends the iceberg.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import structs

from daemon.domain.exchange_order import ExchangeOrder, ExchangeOrderState, OrderTerms
from daemon.market.agenda import Agenda, Phase
from daemon.market.moment import Moment

Send = Callable[[OrderTerms], None]
"""Send an order under a new id."""


class NextLeg(msgspec.Struct, frozen=True):
    """The leg that is due, by the id of the one before it."""

    after: str


class Icebergs:
    """Remember what follows a leg that works, and send it when the leg has completed."""

    def __init__(self, agenda: Agenda, at: Moment, send: Send) -> None:
        self._agenda = agenda
        self._at = at
        self._send = send
        self._following: dict[str, OrderTerms] = {}
        """The next leg by the id of the one that completed."""

    def take(self, order: ExchangeOrder) -> None:
        """Look at a leg after a report: what has completed is followed by the next one."""
        terms = order.terms
        if order.state is not ExchangeOrderState.COMPLETE or terms.leg >= terms.legs:
            return
        price = order.limit_paise if terms.kind == order.kind == "LIMIT" else terms.price_paise
        self._following[order.order_id] = structs.replace(
            terms, leg=terms.leg + 1, price_paise=price
        )
        self._agenda.add(self._at.now + 1, Phase.COMMAND, 0, NextLeg(order.order_id))

    def send_next(self, due: NextLeg) -> None:
        """Send the leg after one that has completed, unless it is not wanted any more."""
        terms = self._following.pop(due.after, None)
        if terms is not None:
            self._send(terms)

    def drop(self, wanted: Callable[[int, str], bool]) -> None:
        """Send no more legs of the instruments and products that are wanted."""
        self._following = {
            after: terms
            for after, terms in self._following.items()
            if not wanted(terms.instrument, terms.product)
        }
