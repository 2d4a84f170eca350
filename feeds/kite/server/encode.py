"""Encode blocks of ticks as Kite's packets and frames, the inverse of `feeds.kite.frames`."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from daemon.domain.instrument import Universe
from daemon.domain.ticks import ABSENT, Int64s, Ticks
from feeds.kite.wire import (
    DAY_NAMES,
    FULL,
    KINDS,
    LAYOUTS,
    LEVELS,
    NS_PER_SECOND,
    U16_MAX,
    U32_MAX,
    Mode,
    encode_frame,
)

__all__ = ["Mode", "encode_frame", "encode_packets"]


class _Facts(NamedTuple):
    """The instrument facts that packets need, as columns over a universe."""

    tokens: Int64s
    is_index: npt.NDArray[np.bool_]
    lots: Int64s


def encode_packets(block: Ticks, universe: Universe, mode: Mode) -> list[bytes]:
    """Return one packet per row, of the kind that the mode implies for its instrument.

    What a block does not have is zero, and so is an absent value, since a packet cannot express it
    otherwise. Numbers beyond 32 bits are sent as the largest. Times lose their fraction of a
    second. A row without depth has `bid` and `ask` as its best levels, of one lot. Raises
    ValueError for a row that no packet can carry: an unknown instrument, a token or an ltp outside
    0..4294967295.
    """
    facts = _facts(universe)
    _check(block, facts)
    contract, index = KINDS[mode]
    is_index = facts.is_index[block.instrument]
    if contract == index or not is_index.any():
        return _pack(block, facts, contract)
    packets = np.empty(len(block), dtype=np.object_)
    packets[~is_index] = _pack(block.take(~is_index), facts, contract)
    packets[is_index] = _pack(block.take(is_index), facts, index)
    return packets.tolist()


@lru_cache(maxsize=4)
def _facts(universe: Universe) -> _Facts:
    return _Facts(
        np.array([instrument.instrument_token for instrument in universe], dtype=np.int64),
        np.array([instrument.is_index for instrument in universe], dtype=np.bool_),
        np.array([instrument.lot_size for instrument in universe], dtype=np.int64),
    )


def _check(block: Ticks, facts: _Facts) -> None:
    known = (block.instrument >= 0) & (block.instrument < len(facts.tokens))
    if not known.all():
        raise ValueError(f"expected known instruments, row {int(np.argmin(known))} has none")
    for name, column in (("token", facts.tokens[block.instrument]), ("ltp", block.ltp)):
        fits = (column >= 0) & (column <= U32_MAX)
        if not fits.all():
            row = int(np.argmin(fits))
            raise ValueError(f"expected a {name} of 0..{U32_MAX}, row {row} has {column[row]}")


def _pack(block: Ticks, facts: _Facts, length: int) -> list[bytes]:
    """Return packets of one length."""
    packets = np.zeros(len(block), dtype=LAYOUTS[length])
    names = packets.dtype.names
    assert names is not None
    packets["token"] = facts.tokens[block.instrument]
    packets["ltp"] = block.ltp
    columns = {"ltq": block.ltq, "volume": block.volume, "oi": block.oi}
    if block.exchange_ts is not None:
        columns["exchange_ts"] = block.exchange_ts // NS_PER_SECOND
    if block.day is not None:
        columns |= zip(DAY_NAMES, block.day.T, strict=True)
        columns["last_trade_ts"] = block.day[:, -1] // NS_PER_SECOND
    for name, column in columns.items():
        if name in names and column is not None:
            packets[name] = np.clip(column, 0, U32_MAX)
    if length == FULL:
        levels = _levels(block, facts.lots[block.instrument])
        for name, side in (("bids", levels[:, :LEVELS]), ("asks", levels[:, LEVELS:])):
            packets[name]["quantity"] = np.clip(side[..., 0], 0, U32_MAX)
            packets[name]["price"] = _price(side[..., 1])
            packets[name]["orders"] = np.clip(side[..., 2], 0, U16_MAX)
    raw = packets.tobytes()
    return [raw[at : at + length] for at in range(0, len(raw), length)]


def _levels(block: Ticks, lots: Int64s) -> Int64s:
    """Return the depth (rows, 10, 3); a row without one gets its bid and ask as best levels."""
    bare: npt.NDArray[np.bool_]
    if block.depth is None:
        levels = np.zeros((len(block), 2 * LEVELS, 3), dtype=np.int64)
        bare = np.ones(len(block), dtype=np.bool_)
    else:
        levels = block.depth
        bare = (levels == 0).all(axis=(1, 2))
        if not bare.any():
            return levels
        levels = levels.copy()
    for level, column in ((0, block.bid), (LEVELS, block.ask)):
        prices = _price(np.full(len(block), ABSENT) if column is None else column)
        there = bare & (prices > 0)
        levels[there, level, 0] = lots[there]
        levels[there, level, 1] = prices[there]
        levels[there, level, 2] = 1
    return levels


def _price(prices: Int64s) -> Int64s:
    """Return prices, with 0 for those absent or too large for a packet."""
    return np.where((prices < 0) | (prices > U32_MAX), 0, prices)
