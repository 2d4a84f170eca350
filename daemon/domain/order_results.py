"""What became of a program's request for an order: ids, or a refusal and its kind."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class RefusalKind(StrEnum):
    """What a refusal is about; a face chooses its error by it."""

    INPUT = "input"
    """A value of the request cannot be right: quantity, price, symbol, validity."""
    MARGIN = "margin"
    """The account cannot pay for it."""
    RATE = "rate"
    """Too many orders in a second, a minute or a day."""
    ORDER = "order"
    """Anything else: gates of risk, an order that is not known or over, the market is closed."""


_INPUTS: Final = frozenset(
    {
        "unknown_symbol", "not_tradable", "lot_size", "price_step", "bad_level", "bad_validity",
        "bad_quantity", "bad_iceberg", "bad_product", "same_product", "bad_gtt", "no_protection",
    }
)  # fmt: skip
_KINDS: Final = dict.fromkeys(_INPUTS, RefusalKind.INPUT) | {
    "insufficient_margin": RefusalKind.MARGIN,
    "order_rate": RefusalKind.RATE,
}


class RefusedRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why nothing was sent or changed, with the numbers that were compared (paise, units)."""

    kind: RefusalKind
    reason: str
    numbers: dict[str, int | str] = {}


class OrderResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a request did: the orders that it sent or changed, or the GTT, or why neither.

    Ids are the engine's; slices that are still to be sent are among them.
    """

    order_ids: tuple[str, ...] = ()
    gtt_id: int = 0
    refusal: RefusedRequest | None = None


def refused(reason: str, numbers: dict[str, int | str] | None = None) -> OrderResult:
    """Return the result of a request that was refused for a reason."""
    return OrderResult(refusal=RefusedRequest(kind=kind_of(reason), reason=reason,
                                              numbers=numbers or {}))  # fmt: skip


def kind_of(reason: str) -> RefusalKind:
    """Return what the refusal for a reason is about."""
    return _KINDS.get(reason, RefusalKind.ORDER)
