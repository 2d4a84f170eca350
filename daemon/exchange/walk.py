"""What an order takes from the other side at one moment (F11, F13, F14, F20).

`depth` walks the displayed levels, each at its own price. The simple modes fill whole at one price.
Nothing here changes a book: the caller books what it takes.
"""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.order import Side
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.fills import base_half
from daemon.exchange.slippage import Slippage


class Take(NamedTuple):
    """Units that are taken at one level; `price` is paid, `level` is displayed (paise)."""

    level: int
    price: int
    quantity: int
    displayed: int | None


class Taker:
    """Find what an order would take now, by the configured fill mode."""

    def __init__(self, settings: ExchangeSettings) -> None:
        self._mode = settings.fill_mode
        self._slippage = Slippage(settings.slippage_bps, settings.slippage_ticks)

    def find(self, book: DepthBook, side: Side, limit: int, quantity: int) -> list[Take]:
        """Return what an order for `quantity` takes; `limit` 0 is a MARKET of a simple mode."""
        if self._mode == "depth":
            return self._walk(book, side, limit, quantity)
        return self._whole(book, side, limit, quantity)

    def _walk(self, book: DepthBook, side: Side, limit: int, quantity: int) -> list[Take]:
        is_buy = side == "BUY"
        takes: list[Take] = []
        for level in book.to_take(is_buy):
            price, size = level
            if (price > limit) if is_buy else (price < limit):
                break
            part = min(quantity, book.available(is_buy, level)) // book.lot * book.lot
            if part <= 0:
                continue
            paid = self._within(self._slippage.price(2 * price, side, book.step), limit, is_buy)
            takes.append(Take(price, paid, part, size if book.sized else None))
            quantity -= part
            if quantity < book.lot:
                break
        return takes

    def _whole(self, book: DepthBook, side: Side, limit: int, quantity: int) -> list[Take]:
        bid = book.bids[0][0] if book.bids else 0
        ask = book.asks[0][0] if book.asks else 0
        assert self._mode != "depth"
        base, _ = base_half(book.ltp, bid, ask, side, self._mode)
        price = self._slippage.price(base, side, book.step)
        if limit and ((price > limit) if side == "BUY" else (price < limit)):
            return []
        return [Take(base // 2, price, quantity, None)]

    @staticmethod
    def _within(price: int, limit: int, is_buy: bool) -> int:
        return min(price, limit) if is_buy else max(price, limit)


def continues_unseen(book: DepthBook, is_buy: bool, limit: int) -> bool:
    """Return whether a limit lies beyond all of five displayed levels: it is still taking (F11)."""
    levels = book.opposite(is_buy)
    if not book.sized or len(levels) < 5:
        return False
    return limit > levels[-1][0] if is_buy else limit < levels[-1][0]


def take_crossing(book: DepthBook, order: ExchangeOrder, quantity: int) -> None:
    """Book what a cross took at the levels within the price, best first."""
    for level in book.opposite(order.is_buy):
        part = min(quantity, book.available(order.is_buy, level))
        if part > 0:
            book.take(order.is_buy, level[0], part)
            quantity -= part
        if not quantity:
            return
