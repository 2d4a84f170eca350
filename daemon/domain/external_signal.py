"""What a program outside wants a named strategy to trade: values of an input, recorded."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from daemon.domain.intent import QUANTITY_MAX

SIGNALS_MAX: Final = 10
"""Intents of one signal."""
Rupees = Annotated[float, Meta(gt=0, le=1e9)]


class ExternalIntent(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """An entry or an exit; `qty` in units, levels in rupees. The rest is the strategy's."""

    symbol: Annotated[str, Meta(min_length=1, max_length=64)]
    signal: Literal["BUY", "SELL", "EXIT"]
    qty: Annotated[int, Meta(ge=0, le=QUANTITY_MAX)] = 0
    stop: Rupees | None = None
    target: Rupees | None = None
    reason: Annotated[str, Meta(max_length=80)] = ""


class ExternalSignal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Intents that are taken together, in their order, as of one input."""

    strategy: Annotated[str, Meta(min_length=1, max_length=40)]
    intents: Annotated[tuple[ExternalIntent, ...], Meta(min_length=1, max_length=SIGNALS_MAX)]
