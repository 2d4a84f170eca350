"""What the page's ledger keeps of an order that has ended, until its day's end archives it.

A day of many orders would else weigh kilobytes for each: its history, and the position that it was.
The page shows ended trades from the rows that it made of them, and one trade from the journal.
"""

from __future__ import annotations

from sys import intern

from daemon.domain.ledger import Ledger
from daemon.domain.order import Order


def forget_the_end_of(order_id: str, ledger: Ledger) -> None:
    """Keep of an ended order what its archiving needs, and of its position nothing."""
    order = ledger.orders[order_id]
    ledger.orders[order_id] = Order(
        order_id=order.order_id,
        number=order.number,
        tradingsymbol=intern(order.tradingsymbol),
        transaction_type=order.transaction_type,
        quantity=order.quantity,
        lot_size=order.lot_size,
        tick_paise=order.tick_paise,
        strategy_id=intern(order.strategy_id),
        state=order.state,
        filled_quantity=order.filled_quantity,
    )
    ledger.closed.pop(order_id, None)
