"""What a program asks of orders, positions and GTTs: values of an input, recorded and replayed.

Prices in paise (0 = not given), quantities in units, ids those of the engine. What a value may be
by itself is checked when it is decoded; everything else is decided by the engine.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.gtt import GttLeg, GttTerms
from daemon.domain.order import Side
from daemon.domain.order_kind import OrderKind, Validity

MAX_LEGS = 10
"""Legs of an iceberg at most; there are two at least."""

ApiProduct = Literal["MIS", "NRML"]
Paise = Annotated[int, Meta(ge=0, le=10**12)]
Units = Annotated[int, Meta(ge=0, le=10**9)]
Minutes = Annotated[int, Meta(ge=0, le=1_440)]
Symbol = Annotated[str, Meta(pattern="^[A-Za-z0-9&_. -]{1,64}$")]
Exchange = Annotated[str, Meta(pattern="^[A-Z]{0,8}$")]
Tag = Annotated[str, Meta(pattern="^[A-Za-z0-9 ._:-]{0,20}$")]
OrderId = Annotated[str, Meta(pattern="^X-[0-9/-]{1,40}$")]
GttId = Annotated[int, Meta(ge=1, lt=2**53)]
Protection = Annotated[float, Meta(ge=-1, le=100)]


class PlaceOrder(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="do",
    tag="place",
):
    """A new order of variety regular, or with `iceberg_legs` an iceberg.

    `exchange` is that of the contract, empty to take it as it is. `market_protection` is a
    percentage, -1 for the slab of the price; with 0 a MARKET and an SL-M are refused. With
    `autoslice` a quantity above the freeze limit goes in slices. The legs of an iceberg are
    equal parts of `quantity`; `iceberg_quantity` is a leg's, 0 to work it out.
    """

    tradingsymbol: Symbol
    exchange: Exchange = ""
    side: Side
    quantity: Units
    product: ApiProduct
    order_type: OrderKind
    price_paise: Paise = 0
    trigger_paise: Paise = 0
    validity: Validity = "DAY"
    ttl_minutes: Minutes = 0
    disclosed_quantity: Units = 0
    tag: Tag = ""
    market_protection: Protection = 0
    autoslice: bool = False
    iceberg_legs: Annotated[int, Meta(ge=0, le=1_000)] = 0
    iceberg_quantity: Units = 0


class ModifyOrder(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="do",
    tag="modify",
):
    """Other terms for a working order; None leaves a field as it is. `quantity` is the new total.

    `market_protection` is asked for where the order becomes a MARKET or an SL-M. A disclosed
    quantity is kept and shown and has no other effect.
    """

    order_id: OrderId
    quantity: Units | None = None
    price_paise: Paise | None = None
    trigger_paise: Paise | None = None
    order_type: OrderKind | None = None
    validity: Validity | None = None
    ttl_minutes: Minutes = 0
    disclosed_quantity: Units | None = None
    market_protection: Protection = 0


class CancelOrder(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do",
    tag="cancel",
):  # fmt: skip
    """Cancel what works of an order; of an iceberg the legs that were not sent yet too."""

    order_id: OrderId


class ConvertPosition(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="do",
    tag="convert",
):
    """Move a part of a position that belongs to no trade to the other product.

    `side` is that of the position: BUY for a long one.
    """

    tradingsymbol: Symbol
    exchange: Exchange = ""
    side: Side
    quantity: Units
    old_product: ApiProduct
    new_product: ApiProduct


class ExitPosition(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="do",
    tag="exit",
):
    """Cancel the orders without a trade of a contract and product, and close what they hold."""

    tradingsymbol: Symbol
    exchange: Exchange = ""
    product: ApiProduct


class GttFormLeg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The LIMIT order that a trigger sends."""

    side: Side
    quantity: Units
    price_paise: Paise
    product: ExchangeProduct


class GttForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a GTT is asked to be; one trigger and its leg, or two, the lower first (OCO).

    The last price of its contract counts, `last_paise` only until it has one.
    """

    tradingsymbol: Symbol
    triggers: Annotated[tuple[Paise, ...], Meta(max_length=2)]
    legs: Annotated[tuple[GttFormLeg, ...], Meta(max_length=2)]
    last_paise: Paise = 0

    def terms(self) -> GttTerms:
        """Return it as the engine knows it."""
        legs = tuple(
            GttLeg(
                side=leg.side,
                quantity=leg.quantity,
                price_paise=leg.price_paise,
                product=leg.product,
            )
            for leg in self.legs
        )
        return GttTerms(
            tradingsymbol=self.tradingsymbol,
            triggers=self.triggers,
            legs=legs,
            last_paise=self.last_paise,
        )


class PlaceGttOrder(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do",
    tag="place_gtt",
):  # fmt: skip
    """A new GTT."""

    form: GttForm


class ModifyGttOrder(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do",
    tag="modify_gtt",
):  # fmt: skip
    """Other terms for a GTT of the same contract."""

    gtt_id: GttId
    form: GttForm


class DeleteGttOrder(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do",
    tag="delete_gtt",
):  # fmt: skip
    """A GTT that is not wanted any more."""

    gtt_id: GttId


OrderRequest = (
    PlaceOrder
    | ModifyOrder
    | CancelOrder
    | ConvertPosition
    | ExitPosition
    | PlaceGttOrder
    | ModifyGttOrder
    | DeleteGttOrder
)
"""What a program may ask; `do` says which it is."""


def subject_of(request: OrderRequest) -> str:
    """Return what a request is about, for people: an order, a GTT or a contract."""
    match request:
        case ModifyOrder() | CancelOrder():
            return request.order_id
        case ModifyGttOrder() | DeleteGttOrder():
            return f"GTT {request.gtt_id}"
        case PlaceGttOrder():
            return request.form.tradingsymbol
        case PlaceOrder() | ConvertPosition() | ExitPosition():
            return request.tradingsymbol


def verb_of(request: OrderRequest) -> str:
    """Return what is asked, as `do` says it."""
    return str(request.__struct_config__.tag)
