"""Orders that a person places on the page: handed to the daemon as a program's requests are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
from loguru import logger
from msgspec import Meta

from daemon.control.request_messages import Outcome
from daemon.domain.instrument import Universe
from daemon.domain.order_requests import OrderRequest, subject_of, verb_of
from daemon.visible import visible
from daemon.web.daemon_requests import DaemonAway, DaemonRequests
from daemon.web.sources.pending_changes import PendingChanges

CONTRACTS_MAX: Final = 5_000
"""Contracts that the page offers by name; any other can be typed."""
PageId = Annotated[str, Meta(min_length=8, max_length=36)]


class OrderAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a request for an order; with the same id it is done once."""

    client_id: PageId
    order: OrderRequest


class OrderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: whether it was taken, the line to show, and the orders."""

    accepted: bool
    text: str
    orders: tuple[str, ...] = ()


class OrderEntry:
    """The way to one daemon's orders."""

    def __init__(self, directory: Path, changes: PendingChanges) -> None:
        self.requests: Final = DaemonRequests(directory, changes)

    async def ask(self, asked: OrderAsked) -> OrderAnswer:
        """Hand in a request; a refusal and a daemon that is away are answers too."""
        order = asked.order
        what = f"{verb_of(order)} {visible(subject_of(order))}"
        try:
            answer = await self.requests.ask(order, client_id=asked.client_id)
        except DaemonAway as error:
            logger.warning("{}: {}", what, error)
            return OrderAnswer(accepted=False, text=str(error))
        is_done = answer.outcome is Outcome.DONE
        logger.warning("{}: {}: {}", what, answer.outcome, answer.text)
        orders = () if answer.result is None else answer.result.order_ids
        return OrderAnswer(accepted=is_done, text=answer.text, orders=orders)


def contract_rows(universe: Universe) -> list[dict[str, object]]:
    """Return what can be traded, for the form: symbol, lot and price step (paise)."""
    found = [each for each in universe if not each.is_index][:CONTRACTS_MAX]
    return [
        {
            "symbol": visible(each.tradingsymbol),
            "exchange": each.exchange,
            "lot_size": each.lot_size,
            "tick_paise": each.tick_paise,
        }
        for each in found
    ]
