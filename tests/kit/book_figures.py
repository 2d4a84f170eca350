"""How a book behaves, measured from its rows alone: the rules F21 and F22, without the engine.

`resting: cross`, `queue` and `touch` are judged for one lot that joins the best level, buys and
sells in turn, each alone.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
WAIT_NS: Final = 60_000_000_000
WAYS: Final = ("cross", "queue", "touch")


class BookRows(NamedTuple):
    """The rows of one instrument: ns, paise, units; `depth` of shape (rows, 10, 3)."""

    ts: Ints
    ltp: Ints
    ltq: Ints
    volume: Ints
    depth: Ints
    lot: int


class Figures(NamedTuple):
    spread_bps: float
    """The median."""
    lots_in_five: float
    """The median of what five levels of a side hold."""
    fits_10: float
    fits_20: float
    """Shares of snapshots in which 10 and 20 lots fit, both sides taken together."""
    outside: float
    """Share of rows with ltp outside the book."""
    filled: dict[str, float]
    """Share of joined lots that are filled within a minute, by way."""


def figures_of(instruments: list[BookRows], *, joins: int = 400) -> Figures:
    """The figures over all rows of these instruments."""
    spreads, held, outside = [], [], []
    filled: dict[str, list[bool]] = {way: [] for way in WAYS}
    for rows in instruments:
        bid, ask = rows.depth[:, 0, 1], rows.depth[:, 5, 1]
        both = (bid > 0) & (ask > 0)
        spreads.append(((ask - bid) / (ask + bid) * 2e4)[both])
        held += [rows.depth[both, side, 0].sum(axis=1) / rows.lot for side in SIDES]
        outside.append(((rows.ltp < bid) | (rows.ltp > ask))[both])
        last = np.searchsorted(rows.ts, rows.ts[-1] - WAIT_NS)
        for n, row in enumerate(np.linspace(1, last - 1, joins).astype(int).tolist()):
            found = fills_of(rows, row, buys=n % 2 == 0)
            for way in WAYS:
                filled[way].append(found[way])
    lots = np.concatenate(held)
    return Figures(
        float(np.median(np.concatenate(spreads))),
        float(np.median(lots)),
        float((lots >= 10).mean()),
        float((lots >= 20).mean()),
        float(np.concatenate(outside).mean()),
        {way: float(np.mean(values)) for way, values in filled.items()},
    )


SIDES: Final = (slice(0, 5), slice(5, 10))


def fills_of(rows: BookRows, row: int, *, buys: bool) -> dict[str, bool]:
    """Whether one lot that joins the best level at `row` is filled in time, by way."""
    sign = 1 if buys else -1
    own, other = (0, 5) if buys else (5, 0)
    price = int(rows.depth[row, own, 1])
    ahead = int(rows.depth[row, own, 0])
    credit = 0
    high = int(rows.volume[: row + 1].max())
    done: dict[str, bool] = dict.fromkeys(WAYS, False)
    stop = int(np.searchsorted(rows.ts, rows.ts[row] + WAIT_NS, side="right"))
    span = slice(row + 1, stop)
    table = zip(
        rows.ltp[span].tolist(), rows.ltq[span].tolist(), rows.volume[span].tolist(),
        rows.depth[span].tolist(), strict=True,
    )  # fmt: skip
    for ltp, ltq, volume, depth in table:
        if volume < high:  # an older snapshot
            continue
        growth, high = volume - high, volume
        best = depth[other]
        is_crossed = best[0] > 0 and (best[1] - price) * sign <= 0 and best[0] >= rows.lot
        is_through = growth >= rows.lot and (ltp - price) * sign < 0
        is_at = growth > 0 and ltp == price
        if is_crossed:
            return {**done, **dict.fromkeys(WAYS, True)}
        done["touch"] |= is_through or (is_at and growth >= rows.lot)
        if not done["queue"]:
            if is_through:
                done["queue"] = True
            elif is_at:
                ahead -= min(ltq, growth) if ltq else growth
                if ahead < 0:
                    credit, ahead = credit - ahead, 0
                done["queue"] = credit >= rows.lot
            ahead = min(ahead, displayed(depth[own : own + 5], price, sign, ahead))
    return done


def displayed(side: list[list[int]], price: int, sign: int, unknown: int) -> int:
    """What the side shows at a price; `unknown` where the price is beyond its five levels."""
    for quantity, level, _ in side:
        if level == price and quantity > 0:
            return quantity
    fifth: Any = side[4]
    is_whole = fifth[0] <= 0
    return 0 if is_whole or (price - fifth[1]) * sign > 0 else unknown
