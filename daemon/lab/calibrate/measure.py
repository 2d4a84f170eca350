"""Measure real orders against what paper would have paid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from daemon.domain.dates import iso_ist, ist_day
from daemon.lab.calibrate.calibration import GroupError, MeasuredOrder, RuleError, Width
from daemon.lab.calibrate.draws import Draws
from daemon.lab.calibrate.figures import Units
from daemon.lab.calibrate.fill_rules import PROFILES, Floats
from daemon.lab.calibrate.groups import BY, Place, grouped
from daemon.lab.calibrate.paper_prices import LATENCIES_MS, PaperPrices, errors, unmeasured
from daemon.lab.calibrate.quotes import Places
from daemon.lab.calibrate.real_order import Omission, RealOrder
from daemon.lab.calibrate.recorded import Recorded
from daemon.lab.calibrate.suggestion import MIN_DAYS, Scores

_RUNS_MAX: Final = 250


class Measured(NamedTuple):
    """Orders that every rule prices; errors in paise by order, profile and latency."""

    orders: list[RealOrder]
    latencies_ms: tuple[int, ...]
    errors: Floats
    omissions: list[Omission]


def measured(
    orders: Sequence[RealOrder], paper: PaperPrices, recorded: Recorded, *, has_latency: bool
) -> Measured:
    """Return the errors of the orders that every rule prices, and why others are left out."""
    latencies_ms = LATENCIES_MS if has_latency else LATENCIES_MS[:1]
    prices = paper.prices(orders, latencies_ms)
    without = unmeasured(orders, prices, recorded)
    kept = [number for number in range(len(orders)) if number not in without]
    orders_kept = [orders[number] for number in kept]
    omissions = [Omission(where=orders[number].where, why=why) for number, why in without.items()]
    return Measured(orders_kept, latencies_ms, errors(orders_kept, prices[kept]), omissions)


class Measures:
    """Errors of measured orders as figures, with the draws that say how sure they are."""

    def __init__(self, found: Measured, recorded: Recorded, seed: int) -> None:
        self._found = found
        self._recorded = recorded
        contracts = [recorded.contract(order) for order in found.orders]
        ticks = [contract.tick_paise for contract in contracts]
        self.units: Final = Units(found.orders, ticks)
        dates = [ist_day(order.moment_ts) for order in found.orders]
        self.days: Final = len(set(dates))
        self.drawn_by: Final = "day" if self.days >= MIN_DAYS else "order"
        by = np.array(dates) if self.drawn_by == "day" else _runs(len(dates))
        self.draws: Final = Draws(np.unique(by, return_inverse=True)[1], seed)
        self.ticks: Final = found.errors / np.array(ticks, dtype=np.float64)[:, None, None]

    def scores(self) -> Scores:
        """Return what rules are compared by: distances in ticks."""
        return Scores(np.abs(self.ticks), self._found.latencies_ms, self.draws)

    def rules(self) -> list[RuleError]:
        """Return how wrong each rule is at each latency."""
        return [
            self._rule(profile, latency)
            for profile in range(len(PROFILES))
            for latency in range(len(self._found.latencies_ms))
        ]

    def _rule(self, profile: int, latency: int) -> RuleError:
        ticks = self.ticks[:, profile, latency]
        low, high = self.draws.interval(ticks)
        return RuleError(
            profile=PROFILES[profile], latency_ms=self._found.latencies_ms[latency],
            distance_ticks=float(np.abs(ticks).mean()),
            figures=self.units.figures(self._found.errors[:, profile, latency]),
            low_ticks=low, high_ticks=high,
        )  # fmt: skip

    def width(self, rule: RuleError) -> Width:
        """Return how sure a rule's mean error is; the width falls with the root of the orders."""
        half = (rule.high_ticks - rule.low_ticks) / 2
        needed = int(np.ceil(len(self._found.orders) * half**2))
        return Width(ticks=half, orders_for_one_tick=needed, drawn_by=self.drawn_by)

    def groups(self, nearest: RuleError) -> dict[str, list[GroupError]]:
        """Return the errors apart by premium, moneyness, lots, minute and days to expiry."""
        places = [self._place(order) for order in self._found.orders]
        latency = self._found.latencies_ms.index(nearest.latency_ms)
        own = self._found.errors[:, PROFILES.index(nearest.profile), latency]
        return {
            by: [
                self._group(name, np.array(numbers), latency, own)
                for name, numbers in grouped(by, places).items()
            ]
            for by in BY
        }

    def _group(self, name: str, numbers: Places, latency: int, own: Floats) -> GroupError:
        means = self.ticks[numbers, :, latency].mean(axis=0)
        return GroupError(
            name=name, orders=len(numbers),
            mean_ticks={profile: float(means[at]) for at, profile in enumerate(PROFILES)},
            figures=self.units.figures(own, numbers),
        )  # fmt: skip

    def _place(self, order: RealOrder) -> Place:
        return order, self._recorded.contract(order), self._recorded.spot(order)

    def orders(self) -> list[MeasuredOrder]:
        """Return every order with its errors in ticks, for other programs."""
        latencies_ms = self._found.latencies_ms
        names = [
            profile if len(latencies_ms) == 1 else f"{profile}+{latency}ms"
            for profile in PROFILES
            for latency in latencies_ms
        ]
        return [
            MeasuredOrder(
                where=order.where, order_id=order.order_id, time=iso_ist(order.moment_ts),
                symbol=order.symbol, side=order.side, quantity=order.quantity,
                real=round(order.price_paise / 100, 4),
                errors_ticks=dict(zip(names, np.round(ticks, 4).ravel().tolist(), strict=True)),
            )
            for order, ticks in zip(self._found.orders, self.ticks, strict=True)
        ]  # fmt: skip

    def unidentifiable(self, paper: PaperPrices) -> list[str]:
        """Return what no such measurement can tell, with how many orders it concerns."""
        orders = self._found.orders
        modes = [PROFILES.index(name) for name in PROFILES]
        ltp, mid, bid_ask, depth = (self._found.errors[:, at, 0] for at in modes)
        within = int((bid_ask == depth).sum())
        inside = paper.count_inside(orders)
        seconds = Counter((order.symbol, order.filled_ts) for order in orders)
        shared = sum(count for count in seconds.values() if count > 1)
        same = int((ltp == mid).sum())
        return [
            f"bid_ask and depth pay the same for what the best level holds: {within} of "
            f"{len(orders)} orders",
            f"mid and ltp are alike while the last price lies inside the book: {inside} of "
            f"{len(orders)} orders; they paid the same for {same}",
            f"several own orders in one contract and second: which came first is not in the file, "
            f"{shared} of {len(orders)} orders",
        ]


def _runs(count: int) -> Places:
    """Return what is drawn where days are few: orders, many of them in runs of neighbours."""
    return np.arange(count) * min(count, _RUNS_MAX) // count
