"""What a program asks of the simulated account between two inputs, and what makes no sense."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from daemon.domain.inputs import Command
from daemon.domain.instrument import Instrument
from daemon.domain.order_requests import (
    CancelOrder,
    ConvertPosition,
    ExitPosition,
    ModifyOrder,
    OrderRequest,
    PlaceOrder,
)


def request_of(
    draw: random.Random, now: int, contract: Instrument, price: int, known: Sequence[str]
) -> Command:
    """Return a request about a contract at a price (paise), as an input."""
    product: Any = draw.choice(("MIS", "NRML"))
    limit = max(contract.tick_paise, price + contract.tick_paise * draw.randint(-12, 12))
    kind = draw.randrange(12)
    order: OrderRequest
    if kind < 6 or not known:
        order = _place(draw, contract, limit, product)
    elif kind == 6:
        other: Any = "MIS" if product == "NRML" else "NRML"
        order = ConvertPosition(
            tradingsymbol=contract.tradingsymbol, side=draw.choice(("BUY", "SELL")),
            quantity=contract.lot_size, old_product=product, new_product=other,
        )  # fmt: skip
    elif kind < 9:
        order = ExitPosition(tradingsymbol=contract.tradingsymbol, product=product)
    elif kind == 9:
        order = CancelOrder(order_id=draw.choice(known))
    else:
        quantity = contract.lot_size * draw.choice((1, 2, 4)) if draw.random() < 0.5 else None
        order = ModifyOrder(order_id=draw.choice(known), price_paise=limit, quantity=quantity)
    client_id = f"program-{draw.getrandbits(64):x}"
    return Command(ts=now, command="order", order=order, client_id=client_id)


def _place(draw: random.Random, contract: Instrument, limit: int, product: Any) -> PlaceOrder:
    order_type: Any = draw.choice(("MARKET", "MARKET", "LIMIT", "LIMIT", "LIMIT", "SL"))
    side: Any = draw.choice(("BUY", "SELL"))
    beyond = contract.tick_paise * draw.randint(0, 20) * (1 if side == "BUY" else -1)
    return PlaceOrder(
        tradingsymbol=contract.tradingsymbol,
        exchange=contract.exchange,
        side=side,
        quantity=contract.lot_size * draw.choice((1, 1, 2, 6)) + draw.choice((0,) * 20 + (1,)),
        product=product,
        order_type=order_type,
        price_paise=max(contract.tick_paise, limit + beyond) if order_type == "SL" else limit,
        trigger_paise=limit,
        validity=draw.choice(("DAY", "DAY", "IOC", "TTL")),
        ttl_minutes=1,
        tag="program",
        market_protection=draw.choice((-1, -1, -1, 0, 2)),
        autoslice=draw.random() < 0.5,
        iceberg_legs=draw.choice((0, 0, 0, 2, 3)),
    )
