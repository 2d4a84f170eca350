"""A price chart for each symbol and day of entry, its axis as long as its trades lived.

A weekly option is not a needle on the axis of half a year: a chart begins a little before its
first entry and ends a little after its last exit, be that minutes or days.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_date
from daemon.report.curve_data import packed
from daemon.report.levels import LevelStep
from daemon.report.model import ExitRow, Marker, Point
from daemon.report.text import words
from daemon.report.thin import thin
from daemon.visible import visible

POINTS_TOTAL: Final = 24_000
"""Price points of all charts together."""
POINTS_MAX: Final = 400
POINTS_MIN: Final = 40
QUIET_CHARTS_MAX: Final = 6
"""Charts of a run without fills: symbols over the whole of it."""
_MARGIN: Final = 0.15
_MARGIN_MIN_NS: Final = 10 * MINUTE_NS


class TradeChart(msgspec.Struct):
    """One chart's trades, prices and times. UTC ns."""

    symbol: str
    day: dt.date | None
    start: int
    end: int
    markers: list[Marker]


def trade_charts(
    markers: Sequence[Marker],
    exits: Sequence[ExitRow],
    prices: Mapping[str, Sequence[Point]],
    last_ts: int,
) -> list[TradeChart]:
    """Return the charts by day and symbol; an open trade lives until `last_ts`."""
    if not markers:
        return _quiet(prices)
    entered = {row.order_id: row.entry_ts for row in exits}
    # from the last to the first, as an entry in parts begins with its first
    entered |= {marker.order_id: marker.ts for marker in reversed(markers) if marker.is_entry}
    left = {row.order_id: row.exit_ts for row in exits if row.is_last}
    charts: dict[tuple[dt.date, str], TradeChart] = {}
    for marker in markers:
        start = entered.get(marker.order_id, marker.ts)
        key = (ist_date(start), marker.tradingsymbol)
        chart = charts.get(key)
        if chart is None:
            chart = charts[key] = TradeChart(marker.tradingsymbol, key[0], start, start, [])
        chart.end = max(chart.end, marker.ts, left.get(marker.order_id, last_ts))
        chart.start = min(chart.start, start)
        chart.markers.append(marker)
    return [chart for _, chart in sorted(charts.items())]


def _quiet(prices: Mapping[str, Sequence[Point]]) -> list[TradeChart]:
    known = [symbol for symbol in sorted(prices) if prices[symbol]][:QUIET_CHARTS_MAX]
    return [
        TradeChart(symbol, None, prices[symbol][0][0], prices[symbol][-1][0], [])
        for symbol in known
    ]


def charts_data(
    charts: Sequence[TradeChart],
    prices: Mapping[str, Sequence[Point]],
    levels: Mapping[str, Sequence[LevelStep]],
) -> list[dict[str, Any]]:
    """Return the charts for the page's script; times are seconds after the chart's `at`."""
    points_max = max(POINTS_MIN, min(POINTS_MAX, POINTS_TOTAL // max(1, len(charts))))
    return [_chart(chart, prices.get(chart.symbol, ()), levels, points_max) for chart in charts]


def _chart(
    chart: TradeChart,
    prices: Sequence[Point],
    levels: Mapping[str, Sequence[LevelStep]],
    points_max: int,
) -> dict[str, Any]:
    at = chart.start // SECOND_NS
    trades = list(dict.fromkeys(marker.order_id for marker in chart.markers))
    number = {trade: index for index, trade in enumerate(trades)}
    return {
        "symbol": visible(chart.symbol),
        "day": str(chart.day) if chart.day else "",
        "at": at,
        "prices": packed(thin(_around(prices, chart), points_max)),
        "trades": [visible(trade) for trade in trades],
        "fills": [_fill(marker, number[marker.order_id], at) for marker in chart.markers],
        "levels": [_levels(levels.get(trade, ()), at) for trade in trades],
    }


def _around(prices: Sequence[Point], chart: TradeChart) -> Sequence[Point]:
    """Return the prices of the chart's life, with a margin to see where it came from."""
    if chart.day is None:
        return prices
    margin = max(_MARGIN_MIN_NS, int((chart.end - chart.start) * _MARGIN))
    first = bisect_left(prices, chart.start - margin, key=_ts)
    last = bisect_right(prices, chart.end + margin, key=_ts)
    return prices[first:last]


def _fill(marker: Marker, trade: int, at: int) -> list[int | str]:
    """Return seconds, paise, units (negative: sold), trade, and of an exit its P&L and reason."""
    units = marker.quantity if marker.is_buy else -marker.quantity
    fill: list[int | str] = [marker.ts // SECOND_NS - at, marker.price_paise, units, trade]
    if not marker.is_entry:
        fill += [marker.gross_paise, visible(words(marker.reason))]
    return fill


def _levels(steps: Sequence[LevelStep], at: int) -> list[list[list[int | None]]]:
    """Return the steps of the stop and those of the target, each only where it changes."""
    stops = ((step.ts, step.stop_paise) for step in steps)
    targets = ((step.ts, step.target_paise) for step in steps)
    return [_changes(stops, at), _changes(targets, at)]


def _changes(steps: Iterable[tuple[int, int | None]], at: int) -> list[list[int | None]]:
    changes: list[list[int | None]] = []
    last: int | None = None
    for ts, paise in steps:
        if paise != last:
            changes.append([ts // SECOND_NS - at, paise])
        last = paise
    return changes


def _ts(point: Point) -> int:
    return point[0]
