"""Limit orders: which of them filled really, and which on paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from daemon.domain.dates import SECOND_NS
from daemon.lab.calibrate.calibration import Limits
from daemon.lab.calibrate.decisions import Decision
from daemon.lab.calibrate.exchange_run import PaperOrder, run_order
from daemon.lab.calibrate.quotes import QuoteColumns
from daemon.lab.calibrate.real_order import RealOrder
from daemon.lab.calibrate.recorded import Recorded

_HALF_A_SECOND: Final = SECOND_NS // 2


def is_limit(order: RealOrder) -> bool:
    """Return whether an order is a limit whose queue can be tried: neither a stop nor modified."""
    return order.kind == "LIMIT" and not order.is_modified


def tried(orders: Sequence[RealOrder], recorded: Recorded, *, latency_ns: int) -> Limits:
    """Return real fills of limit orders by those of the paper exchange (`fill_mode: depth`).

    Each is tried from the middle of the second it was sent in, until it was cancelled, else until
    the day's rows end. Any filled unit counts.
    """
    pairs = []
    for order in orders:
        at = recorded.universe.index_of(order.symbol)
        if at is None or at not in recorded.quotes:
            continue
        sent_ts = order.sent_ts + (0 if order.sent_is_exact else _HALF_A_SECOND)
        until_ts = order.over_ts or _day_end(recorded.quotes[at], sent_ts)
        paper = PaperOrder(order.side, order.ordered, sent_ts, until_ts, order.limit_paise)
        fill = run_order(recorded.quotes[at], paper, latency_ns=latency_ns)
        pairs.append((order.quantity > 0, fill.filled > 0))
    return _counted(pairs, "the paper exchange, on the recorded rows")


def decided(matched: Sequence[Decision], unanswered: Sequence[Decision]) -> Limits:
    """Return real fills of a run's limit orders by its own: no real trade is no real fill."""
    pairs = [(True, each.paper_filled) for each in matched if each.kind == "LIMIT"]
    pairs += [(False, each.paper_filled) for each in unanswered if each.kind == "LIMIT"]
    return _counted(pairs, "the run itself")


def _day_end(quotes: QuoteColumns, ts: int) -> int:
    later = quotes.days[quotes.days > ts]
    return int(later[0]) - 1 if len(later) else int(quotes.ts[-1])


def _counted(pairs: Iterable[tuple[bool, bool]], source: str) -> Limits:
    found = list(pairs)
    return Limits(
        both=found.count((True, True)), only_real=found.count((True, False)),
        only_paper=found.count((False, True)), neither=found.count((False, False)), source=source,
    )  # fmt: skip
