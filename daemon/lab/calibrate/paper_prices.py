"""What each rule and latency would have paid for each real order.

A time that is known to the second only stands for ten moments in it, 50, 150 .. 950 ms: the price
is the mean of the rule's price at these. The best quote in the second would be too kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from daemon.domain.dates import MILLISECOND_NS, iso_ist, ist_date
from daemon.domain.ticks import Int64s
from daemon.lab.calibrate.exchange_run import PaperOrder, run_order
from daemon.lab.calibrate.fill_rules import (
    PROFILES,
    Floats,
    depth_prices,
    protected_limits,
    simple_prices,
)
from daemon.lab.calibrate.quotes import Bools, Places, QuoteColumns, Silences
from daemon.lab.calibrate.real_order import RealOrder
from daemon.lab.calibrate.recorded import Recorded

MOMENTS: Final = np.arange(50, 1_000, 100, dtype=np.int64) * MILLISECOND_NS
"""Of a second."""
LATENCIES_MS: Final = (0, 150, 300, 500, 1_000)


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """When a quote may be traded against, ns (SEMANTICS, "Fills")."""

    quote_max_age_ns: int
    reject_after_ns: int


class Batch(NamedTuple):
    """The orders of one side of one instrument: their numbers, moments and quantities."""

    quotes: QuoteColumns
    is_buy: bool
    numbers: Places
    moments: Int64s
    """When they were sent, of shape (orders, 10)."""
    quantity: Int64s


class PaperPrices:
    """Price orders by every rule and latency against what was recorded."""

    def __init__(self, recorded: Recorded, belief: Belief) -> None:
        self._recorded = recorded
        self._silences: Silences = recorded.silences
        self._belief = belief

    def prices(self, orders: Sequence[RealOrder], latencies_ms: Sequence[int]) -> Floats:
        """Return paise of shape (orders, profiles, latencies); NaN where there is no price."""
        found = np.full((len(orders), len(PROFILES), len(latencies_ms)), np.nan)
        for batch in self.batches(orders):
            for at, latency_ms in enumerate(latencies_ms):
                found[batch.numbers, :, at] = self._priced(batch, latency_ms * MILLISECOND_NS)
        return found

    def mids(self, orders: Sequence[RealOrder]) -> Floats:
        """Return the middle of bid and ask when each order was sent, paise; NaN without a book."""
        found = np.full(len(orders), np.nan)
        for batch in self.batches(orders):
            rows, known = self.rows_now(batch.quotes, batch.moments)
            bid, ask = batch.quotes.bid[rows], batch.quotes.ask[rows]
            middle = np.where(known & (bid > 0) & (ask > 0), (bid + ask) / 2, np.nan)
            found[batch.numbers] = middle.mean(axis=1)
        return found

    def are_bare(self, orders: Sequence[RealOrder]) -> bool:
        """Return whether no instrument of the orders ever shows a bid or an ask."""
        return not any(
            batch.quotes.bid.any() or batch.quotes.ask.any() for batch in self.batches(orders)
        )

    def count_inside(self, orders: Sequence[RealOrder]) -> int:
        """Return how many orders found the last price strictly inside bid and ask throughout."""
        found = 0
        for batch in self.batches(orders):
            rows, _ = self.rows_now(batch.quotes, batch.moments)
            ltp, bid, ask = batch.quotes.ltp[rows], batch.quotes.bid[rows], batch.quotes.ask[rows]
            found += int(((bid > 0) & (bid < ltp) & (ltp < ask)).all(axis=1).sum())
        return found

    def batches(self, orders: Sequence[RealOrder]) -> Iterator[Batch]:
        """Yield the orders whose instrument has quotes, by instrument and side."""
        grouped: dict[tuple[int, bool], list[int]] = {}
        for number, order in enumerate(orders):
            at = self._recorded.universe.index_of(order.symbol)
            if at is not None and at in self._recorded.quotes:
                grouped.setdefault((at, order.side == "BUY"), []).append(number)
        for (at, is_buy), numbers in grouped.items():
            yield Batch(
                self._recorded.quotes[at], is_buy, np.array(numbers),
                np.array([_moments(orders[number]) for number in numbers]),
                np.array([orders[number].quantity for number in numbers]),
            )  # fmt: skip

    def rows_now(self, quotes: QuoteColumns, moments: Int64s) -> tuple[Places, Bools]:
        """Return the row in force at each moment, and whether its quote is believed then."""
        rows = quotes.last_at(moments)
        ts = quotes.ts[np.maximum(rows, 0)]
        known = (rows >= 0) & (moments - ts <= self._belief.quote_max_age_ns)
        known &= ~self._silences.between(ts, moments)
        return np.maximum(rows, 0), known

    def _rows_later(
        self, quotes: QuoteColumns, moments: Int64s, latency_ns: int
    ) -> tuple[Places, Bools]:
        """Return the first row from the end of the latency on, and whether it is in time."""
        rows = quotes.next_from(moments + latency_ns)
        is_there = rows < len(quotes.ts)
        rows = np.minimum(rows, len(quotes.ts) - 1)
        known = is_there & (quotes.ts[rows] - moments <= self._belief.reject_after_ns)
        return rows, known & ~self._silences.between(moments, quotes.ts[rows])

    def _priced(self, batch: Batch, latency_ns: int) -> Floats:
        """Return the mean over the moments, of shape (orders, profiles)."""
        quotes, moments = batch.quotes, batch.moments
        now, known = self.rows_now(quotes, moments)
        rows, is_known = now, known
        if latency_ns:
            rows, is_known = self._rows_later(quotes, moments, latency_ns)
        flat = rows.ravel()
        found = np.empty((len(batch.numbers), len(PROFILES)))
        for at, profile in enumerate(PROFILES):
            if profile == "depth":
                priced = self._deep(batch, now, rows, latency_ns, is_known)
            else:
                column = simple_prices(profile, quotes, flat, is_buy=batch.is_buy)
                priced = column.reshape(rows.shape).astype(np.float64)
            priced[~is_known] = np.nan
            found[:, at] = priced.mean(axis=1)
        return found

    def _deep(
        self, batch: Batch, now: Places, rows: Places, latency_ns: int, known: Bools
    ) -> Floats:
        """Return what `depth` pays; what five levels do not hold goes through the exchange."""
        quotes = batch.quotes
        sent = np.where(quotes.ts[now] <= batch.moments, now, rows)  # before any row: at arrival
        limits = protected_limits(quotes, sent.ravel(), is_buy=batch.is_buy)
        quantity = np.repeat(batch.quantity, rows.shape[1])
        flat = depth_prices(quotes, rows.ravel(), quantity, limits, is_buy=batch.is_buy)
        priced = flat.reshape(rows.shape)
        tried: dict[tuple[int, int], float] = {}
        for order, moment in np.argwhere(np.isnan(priced) & known).tolist():
            key = (order, int(batch.moments[order, moment]))
            if key not in tried:
                tried[key] = self._through(batch, *key, latency_ns)
            priced[order, moment] = tried[key]
        return priced

    def _through(self, batch: Batch, order: int, moment: int, latency_ns: int) -> float:
        quantity = int(batch.quantity[order])
        paper = PaperOrder(
            "BUY" if batch.is_buy else "SELL", quantity, moment,
            moment + self._belief.reject_after_ns,
        )  # fmt: skip
        fill = run_order(batch.quotes, paper, latency_ns=latency_ns)
        return fill.price_paise if fill.filled == quantity else float("nan")


def _moments(order: RealOrder) -> Int64s:
    if order.sent_is_exact:
        return np.full(len(MOMENTS), order.sent_ts, dtype=np.int64)
    return order.moment_ts + MOMENTS


def errors(orders: Sequence[RealOrder], prices: Floats) -> Floats:
    """Return side x (real - paper), paise: above 0 the order paid more than paper says."""
    real = np.array([order.price_paise for order in orders])
    sign = np.array([order.sign for order in orders])
    by_order = (slice(None), *(None,) * (prices.ndim - 1))
    return sign[by_order] * (real[by_order] - prices)


def unmeasured(orders: Sequence[RealOrder], prices: Floats, recorded: Recorded) -> dict[int, str]:
    """Return why orders have no price under some rule, by their number."""
    return {
        int(number): _why(orders[number], recorded, prices[number])
        for number in np.flatnonzero(np.isnan(prices).any(axis=(1, 2))).tolist()
    }


def _why(order: RealOrder, recorded: Recorded, prices: Floats) -> str:
    at, date = recorded.universe.index_of(order.symbol), iso_ist(order.moment_ts)[:10]
    if at is None:
        return f"{order.symbol} is not in the recordings"
    if date not in recorded.dates:
        return f"there is no recording of {date}"
    if at not in recorded.quotes or not recorded.quotes[at].has_day(ist_date(order.moment_ts)):
        return f"{order.symbol} is not in the recording of {date}"
    if np.isnan(prices[: PROFILES.index("depth")]).any():
        return "no recorded quote that paper would have believed"
    return "more units than the recorded book gave within the time that paper waits"
