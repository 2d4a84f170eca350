"""Lines of a script that place, modify or delete GTTs: `{"ts": .., "do": "gtt", ..}`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.domain.exchange_order import ExchangeProduct
from daemon.domain.gtt import GttLeg, GttTerms
from daemon.domain.gtt_requests import DeleteGtt, GttRequest, ModifyGtt, PlaceGtt
from daemon.domain.money import paise_exact
from daemon.domain.order import Side

Units = Annotated[int, Meta(ge=1, le=10**9)]
Rupees = Annotated[float, Meta(gt=0, le=10**9)]


class ScriptLeg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A trigger and the LIMIT order that it sends, rupees and units."""

    trigger: Rupees
    side: Side
    qty: Units
    price: Rupees
    product: ExchangeProduct = "NRML"


class GttLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line; `gtt` is the id of the GTT to modify or delete, as its event tells it.

    With `symbol` and `legs` (one, or two for an OCO, the lower trigger first) it is placed, or
    modified if `gtt` names one; with `gtt` alone it is deleted. `last_price` counts only where the
    contract has shown no price.
    """

    ts: str | int
    do: Literal["gtt"]
    gtt: Annotated[int, Meta(ge=1)] | None = None
    symbol: str | None = None
    legs: list[ScriptLeg] | None = None
    last_price: Annotated[float, Meta(ge=0, le=10**9)] | None = None


class _Kind(msgspec.Struct, frozen=True):
    do: str = ""


def is_gtt_line(row: bytes) -> bool:
    """Return whether a line is about a GTT. Raises msgspec.DecodeError for what is no JSON."""
    return msgspec.json.decode(row, type=_Kind).do == "gtt"


def read_gtt_line(row: bytes) -> tuple[str | int, GttRequest]:
    """Return the time of a line as written, and what it asks for.

    Raises msgspec.ValidationError, BadNumber or ValueError for a line that does not say it.
    """
    line = msgspec.json.decode(row, type=GttLine)
    return line.ts, _request(line)


def _request(line: GttLine) -> GttRequest:
    if line == GttLine(ts=line.ts, do="gtt", gtt=line.gtt) and line.gtt is not None:
        return DeleteGtt(line.gtt)
    if not line.symbol or not line.legs:
        raise ValueError("expected symbol and legs, or gtt alone to delete one")
    terms = GttTerms(
        tradingsymbol=line.symbol,
        triggers=tuple(paise_exact(leg.trigger) for leg in line.legs),
        legs=tuple(
            GttLeg(
                side=leg.side,
                quantity=leg.qty,
                price_paise=paise_exact(leg.price),
                product=leg.product,
            )
            for leg in line.legs
        ),
        last_paise=paise_exact(line.last_price or 0),
    )
    return PlaceGtt(terms) if line.gtt is None else ModifyGtt(line.gtt, terms)
