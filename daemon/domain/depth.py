"""The order book that a tick shows: at most five levels a side."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from daemon.domain.ticks import DEPTH_LEVELS, Int8s, Int64s

SOUND: Final = 0
NEGATIVE: Final = 1
CROSSED: Final = 2
UNSORTED: Final = 3
DUPLICATED: Final = 4
FAULTS: Final = {
    NEGATIVE: "negative", CROSSED: "crossed", UNSORTED: "unsorted", DUPLICATED: "duplicated",
}  # fmt: skip
"""Why a book is not traded against, in the order in which a row is judged: a price or quantity
below zero; a bid above an ask; a level out of its order, or behind an empty one; two levels of one
price."""

Bools = npt.NDArray[np.bool_]
_QUANTITY: Final = 0
_PRICE: Final = 1
_NO_ASK: Final = int(np.iinfo(np.int64).max)
_SIDES: Final = (slice(0, DEPTH_LEVELS), slice(DEPTH_LEVELS, 2 * DEPTH_LEVELS))


class Level(NamedTuple):
    """One price level of a side: paise, units, and the number of orders."""

    price_paise: int
    quantity: int
    orders: int


class Depth(NamedTuple):
    """Bids and asks, the best first; a side is as long as the feed shows it."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


EMPTY: Final = Depth((), ())


def depth_of(levels: Int64s) -> Depth:
    """Return one row of `Ticks.depth`, shape (10, 3), without its empty levels.

    Nothing else is checked: the levels are as the feed sent them.
    """
    shown = [Level(price, quantity, orders) for quantity, price, orders in levels.tolist()]
    return Depth(_side(shown[:DEPTH_LEVELS]), _side(shown[DEPTH_LEVELS:]))


def sound_depth_of(levels: Int64s) -> Depth | None:
    """Return one row of `Ticks.depth` as a book to trade against, None for one with a fault."""
    return None if fault_of(levels.tolist()) != SOUND else depth_of(levels)


def fault_of(levels: list[list[int]]) -> int:
    """Return SOUND or one of FAULTS for one row: what `depth_faults` says, fast for a few rows."""
    if _is_plain_row(levels):
        return SOUND
    best_bid, best_ask = 0, _NO_ASK
    is_unsorted = is_duplicated = False
    for at, (quantity, price, _) in enumerate(levels):
        if quantity < 0 or price < 0:
            return NEGATIVE if any(level[_QUANTITY] for level in levels) else SOUND
        if at in (0, DEPTH_LEVELS):
            before, is_ended = 0, False
        if quantity == 0 or price == 0:
            is_ended = True
            continue
        step = price - before if at >= DEPTH_LEVELS else before - price
        if is_ended or (before and step < 0):
            is_unsorted = True
        elif before and step == 0:
            is_duplicated = True
        before = price
        if at < DEPTH_LEVELS:
            best_bid = max(best_bid, price)
        else:
            best_ask = min(best_ask, price)
    if best_bid > best_ask:
        return CROSSED
    return UNSORTED if is_unsorted else DUPLICATED if is_duplicated else SOUND


def depth_faults(depth: Int64s) -> Int8s:
    """Return SOUND or one of FAULTS for each row of `Ticks.depth`; a row without levels is sound.

    A level is shown if it has a price and a quantity; one side alone is sound.
    """
    return judge_depth(depth)[0]


def judge_depth(depth: Int64s) -> tuple[Int8s, Bools]:
    """Return `depth_faults`, and which rows have any quantity."""
    faults = np.zeros(len(depth), dtype=np.int8)
    shows = _is_plain(depth)
    if shows.all():
        return faults, shows
    rows = np.flatnonzero(~shows)
    levels = _by_level(depth[rows])
    has_some = (levels[_QUANTITY] != 0).any(axis=0)
    shows[rows] = has_some
    if has_some.any():  # else they are rows of an index, which has no levels
        faults[rows[has_some]] = _judge(levels.compress(has_some, axis=2))
    return faults, shows


def _is_plain_row(levels: list[list[int]]) -> bool:
    """Return `_is_plain` of one row: each live tick with a book pays for this."""
    (
        (bids, bid, _), (bids2, bid2, _), (bids3, bid3, _), (bids4, bid4, _), (bids5, bid5, _),
        (asks, ask, _), (asks2, ask2, _), (asks3, ask3, _), (asks4, ask4, _), (asks5, ask5, _),
    ) = levels  # fmt: skip
    return (
        bid > bid2 > bid3 > bid4 > bid5 > 0
        and bid <= ask < ask2 < ask3 < ask4 < ask5
        and bids > 0 < bids2
        and bids3 > 0 < bids4
        and bids5 > 0 < asks
        and asks2 > 0 < asks3
        and asks4 > 0 < asks5
    )


def _is_plain(depth: Int64s) -> Bools:
    """Return the rows of five levels a side in their order, as nearly all are: few passes."""
    price = depth[..., _PRICE]
    plain: Bools = np.ones(len(depth), dtype=np.bool_)
    plain &= price[:, 0] <= price[:, DEPTH_LEVELS]
    plain &= price[:, DEPTH_LEVELS - 1] > 0
    for level in range(DEPTH_LEVELS - 1):
        plain &= price[:, level] > price[:, level + 1]
        plain &= price[:, DEPTH_LEVELS + level] < price[:, DEPTH_LEVELS + level + 1]
    for level in range(2 * DEPTH_LEVELS):
        plain &= depth[:, level, _QUANTITY] > 0
    return plain


def _by_level(depth: Int64s) -> Int64s:
    """Return quantities and prices with all rows of a level together, (2, 10, rows).

    A pass over all rows of a level takes a fifth of one over the levels of each row.
    """
    return np.ascontiguousarray(depth[..., : _PRICE + 1].transpose(2, 1, 0))


def _judge(levels: Int64s) -> Int8s:
    """Return the first fault of each row, SOUND for rows that have none after all."""
    quantity, price = levels
    faults = np.zeros(price.shape[1], dtype=np.int8)
    shown = (quantity > 0) & (price > 0)
    for side in _SIDES:
        ladder = -price[side] if side.start == 0 else price[side]
        here, before = shown[side][1:], shown[side][:-1]
        step = ladder[1:] - ladder[:-1]
        same = here & before & (step == 0)
        wrong = here & (~before | (step < 0))
        faults[same.any(axis=0) & (faults == SOUND)] = DUPLICATED
        faults[wrong.any(axis=0)] = UNSORTED
    bids, asks = _SIDES
    best_bid = np.where(shown[bids], price[bids], 0).max(axis=0)
    best_ask = np.where(shown[asks], price[asks], _NO_ASK).min(axis=0)
    faults[best_bid > best_ask] = CROSSED
    faults[(quantity < 0).any(axis=0) | (price < 0).any(axis=0)] = NEGATIVE
    return faults


def _side(levels: list[Level]) -> tuple[Level, ...]:
    return tuple(level for level in levels if level.price_paise > 0 and level.quantity > 0)
