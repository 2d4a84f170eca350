"""What Kite says that a portfolio blocks: its basket margin, which places no order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from daemon.domain.held_rows import HeldRow
from daemon.domain.instrument import Universe
from feeds.kite.credentials import Credentials
from feeds.kite.http import BasketRow, KiteHttp


def margin_asker(
    api_url: str, read_credentials: Callable[[], Credentials], universe: Universe
) -> Callable[[Sequence[HeldRow]], int]:
    """Return a function from what is held to whole rupees of span and exposure, rounded up.

    It blocks, and raises what KiteHttp raises.
    """

    def ask(held: Sequence[HeldRow]) -> int:
        with KiteHttp(api_url, read_credentials()) as http:
            return math.ceil(http.basket_margin([_row(universe, *each) for each in held]))

    return ask


def _row(universe: Universe, symbol: str, product: str, quantity: int) -> BasketRow:
    index = universe.index_of(symbol)
    assert index is not None, symbol  # a live start refuses positions without a contract
    return BasketRow(
        exchange=universe[index].exchange,
        tradingsymbol=symbol,
        transaction_type="BUY" if quantity > 0 else "SELL",
        product=product,
        quantity=abs(quantity),
    )
