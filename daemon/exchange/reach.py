"""Which resting orders some rows can concern: those within reach of their prices and levels.

`RestingSide.near` says it of one tick, here it is said of many rows at once.
"""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

import numpy as np

from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.ticks import DEPTH_LEVELS, Int64s
from daemon.exchange.depth_book import LEVELS, DepthBook, Levels
from daemon.exchange.resting import RestingOrders
from daemon.exchange.row_columns import UNSEEN, Window


class Reach(NamedTuple):
    """What some rows may concern: the lowest and highest last price, and limits beyond which
    nothing happens to an order. Paise."""

    low: int
    high: int
    lowest_buy: int
    highest_sell: int


class Price(NamedTuple):
    """The orders that rest at one price of a side, in paise."""

    is_buy: bool
    limit: int
    orders: list[ExchangeOrder]

    @property
    def least_ahead(self) -> int:
        """The shortest queue of its orders."""
        return min(ahead_of(order) for order in self.orders)


def ahead_of(order: ExchangeOrder) -> int:
    """Return the units of others ahead of an order, UNSEEN where that is not known."""
    return UNSEEN if order.market_part is None else order.market_part


def prices_near(window: Window, book: DepthBook, resting: RestingOrders) -> list[Price]:
    """Return the prices with orders that a row of a window may concern (`RestingSide.near`)."""
    if not resting:
        return []
    return prices_within(reach_of(window, book, bool(resting.buys), bool(resting.sells)), resting)


def prices_within(reach: Reach, resting: RestingOrders) -> list[Price]:
    """Return the prices with orders within a reach."""
    prices: list[Price] = []
    if resting.buys:
        prices += _by_price(resting, is_buy=True, reach=-reach.lowest_buy)
    if resting.sells:
        prices += _by_price(resting, is_buy=False, reach=reach.highest_sell)
    return prices


def _by_price(resting: RestingOrders, *, is_buy: bool, reach: int) -> list[Price]:
    side = resting.buys if is_buy else resting.sells
    return [
        Price(is_buy, abs(limit), [entry[2] for entry in entries])
        for limit, entries in groupby(side.within(reach), key=lambda entry: entry[0])
    ]


def reach_of(window: Window, book: DepthBook, buys: bool, sells: bool) -> Reach:
    """Return what rows may concern; nothing on a side that is not asked for."""
    bids, asks = window.before
    lowest, highest = UNSEEN, 0
    if not window.is_sized:
        shown = [side[0][0] for side in (bids, asks) if side]
        lowest = min(_least(window.bid), _least(window.ask), *shown, UNSEEN)
        highest = max(int(window.bid.max()), int(window.ask.max()), *shown, 0)
    # without a fault the other side is no nearer than the fifth level of one's own
    if window.is_sized and buys:
        lowest = min(int(window.level(DEPTH_LEVELS - 1).min()), _last(bids))
    if window.is_sized and sells:
        ask = window.level(2 * DEPTH_LEVELS - 1)
        is_whole = not _last(asks) or ask.min() <= 0
        highest = UNSEEN if is_whole else max(int(ask.max()), _last(asks))
    low, high = int(window.ltp.min()), int(window.ltp.max())
    return Reach(low, high, min(low, lowest - book.step), max(high, highest + book.step))


def _last(levels: Levels) -> int:
    """Return the price of the last of five levels, 0 for a side that is shown whole."""
    return levels[-1][0] if len(levels) == LEVELS else 0


def _least(prices: Int64s) -> int:
    """Return the lowest of some prices that are there."""
    lowest = int(prices.min())
    return lowest if lowest > 0 else int(np.where(prices > 0, prices, UNSEEN).min())
