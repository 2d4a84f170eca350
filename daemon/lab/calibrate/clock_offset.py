"""How far the recording's clock is from the exchange's: asked before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from daemon.domain.dates import MILLISECOND_NS, SECOND_NS
from daemon.lab.calibrate.fill_rules import Floats, simple_prices
from daemon.lab.calibrate.paper_prices import MOMENTS, PaperPrices
from daemon.lab.calibrate.real_order import RealOrder

REACH_MS: Final = 10_000
STEP_MS: Final = 100
LARGE_MS: Final = 1_500
"""A larger offset is reported, and so is another one as good that is this far away."""
_NEARLY: Final = 1.1
_GRID: Final = MOMENTS[0] + np.arange(
    -REACH_MS // STEP_MS, REACH_MS // STEP_MS + len(MOMENTS), dtype=np.int64
) * (STEP_MS * MILLISECOND_NS)
OFFSETS_MS: Final = np.arange(-REACH_MS, REACH_MS + STEP_MS, STEP_MS, dtype=np.int64)


class ClockOffset(msgspec.Struct, frozen=True, kw_only=True):
    """The offset at which real prices are nearest to bid and ask.

    It is added to the exchange's times to find the same moment in the recording: below 0 the
    recording's clock is slow. `doubts` say why it is reported as `clock_offset`: `edge`,
    `not_unique`, `large`.
    """

    offset_ms: int
    mean_paise: float
    """Mean distance of real price and `bid_ask` at the offset."""
    mean_at_zero_paise: float
    orders: int
    doubts: list[str] = []
    applied: bool = False

    @property
    def spoils(self) -> bool:
        """Return whether measurements without a change of clock, or with it, mean little."""
        return "edge" in self.doubts or ("large" in self.doubts and not self.applied)


def clock_offset(orders: Sequence[RealOrder], paper: PaperPrices) -> ClockOffset | None:
    """Return argmin over +-10 s in steps of 100 ms of mean |real - bid_ask|.

    Taken are the orders with a believed quote at all of these times; None if there are none.
    """
    distances = _distances(orders, paper)
    if not len(distances):
        return None
    means = distances.mean(axis=0)
    lowest = float(means.min())
    near = np.flatnonzero(means == lowest)
    best = int(near[np.argmin(np.abs(OFFSETS_MS[near]))])
    offset_ms = int(OFFSETS_MS[best])
    return ClockOffset(
        offset_ms=offset_ms, mean_paise=lowest,
        mean_at_zero_paise=float(means[REACH_MS // STEP_MS]), orders=len(distances),
        doubts=_doubts(offset_ms, means, lowest),
    )  # fmt: skip


def shifted(orders: Sequence[RealOrder], offset_ms: int) -> list[RealOrder]:
    """Return the orders with the broker's times as the recording's clock would show them.

    Times of a run's decisions are of that clock already.
    """
    offset = offset_ms * MILLISECOND_NS
    return [
        replace(
            order,
            filled_ts=order.filled_ts + offset if order.filled_ts else 0,
            over_ts=order.over_ts + offset if order.over_ts else 0,
            sent_ts=order.sent_ts + offset
            if order.sent_ts and not order.sent_is_exact
            else order.sent_ts,
        )
        for order in orders
    ]


def _distances(orders: Sequence[RealOrder], paper: PaperPrices) -> Floats:
    """Return |real - bid_ask| in paise, of shape (orders, offsets), by the second of each fill."""
    at_fill = [replace(order, sent_ts=0, sent_is_exact=False) for order in orders]
    real = np.array([order.price_paise for order in orders])
    found = [np.empty((0, len(OFFSETS_MS)))]
    for batch in paper.batches(at_fill):
        grid = batch.moments[:, :1] - MOMENTS[0] + _GRID
        rows, known = paper.rows_now(batch.quotes, grid)
        prices = simple_prices("bid_ask", batch.quotes, rows.ravel(), is_buy=batch.is_buy)
        means = _means_of_ten(prices.reshape(rows.shape).astype(np.float64))
        distances = np.abs(real[batch.numbers][:, None] - means)
        found.append(distances[known.all(axis=1)])
    return np.concatenate(found)


def _means_of_ten(prices: Floats) -> Floats:
    """Return the mean over each second of the grid: its moments are those of the offsets too."""
    windows = np.lib.stride_tricks.sliding_window_view(prices, len(MOMENTS), axis=1)
    means: Floats = windows.mean(axis=2)
    return means


def _doubts(offset_ms: int, means: Floats, lowest: float) -> list[str]:
    doubts = []
    if abs(offset_ms) == REACH_MS:
        doubts.append("edge")
    elsewhere = np.abs(OFFSETS_MS - offset_ms) > LARGE_MS
    if (means[elsewhere] <= _NEARLY * lowest).any():
        doubts.append("not_unique")
    if abs(offset_ms) > LARGE_MS:
        doubts.append("large")
    return doubts


assert len(_GRID) - len(MOMENTS) + 1 == len(OFFSETS_MS)
assert len(MOMENTS) * STEP_MS * MILLISECOND_NS == SECOND_NS
