"""The pictures of the report: equity, drawdown, and each symbol's price with its trades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.domain.money import rupees_text
from daemon.report.markup import html_text
from daemon.report.model import ExitRow, Marker, Point
from daemon.report.svg import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    MoneyAxis,
    TimeAxis,
    hover_data,
    money_axis,
    polyline,
    steps,
    thin,
)
from daemon.report.text import count, ist_time, rupees_short, signed, typographic, words

EQUITY_PX: Final = 290
DRAWDOWN_PX: Final = 150
PRICE_PX: Final = 260
CURVE_POINTS: Final = 1200
DENSE_MARKERS: Final = 120


def equity_chart(axis: TimeAxis, booked: Sequence[Point], marked: Sequence[Point]) -> str:
    """Return realized P&L as steps; with marks, the marked-to-market curve before it. Rupees."""
    main = thin(marked or booked, CURVE_POINTS)
    quiet = thin(booked, CURVE_POINTS) if marked else []
    values = [paise for _, paise in (*main, *quiet)]
    money = money_axis(values, EQUITY_PX, with_zero=True)
    line = polyline(axis, main, money) if marked else steps(axis, main, money)
    zero = money.y(0)
    first, last = axis.x(main[0][0]), axis.x(main[-1][0])
    parts = [
        _frame(axis, money, is_price=False),
        f'<polygon class="area" points="{first:.1f},{zero:.1f} {line} {last:.1f},{zero:.1f}"/>',
        f'<polyline class="line" points="{line}"/>',
        f'<polyline class="booked" points="{steps(axis, quiet, money)}"/>' if quiet else "",
        f'<circle class="end" cx="{last:.1f}" cy="{money.y(main[-1][1]):.1f}" r="4"/>',
    ]
    label = f"Equity curve, ending at {signed(main[-1][1])} rupees"
    return _svg(parts, money, label, hover_data(axis, main, money))


def drawdown_chart(axis: TimeAxis, curve: Sequence[Point]) -> str:
    """Return a chart of the distance from the peak of the equity. Paise <= 0."""
    points = thin(curve, CURVE_POINTS)
    money = money_axis([paise for _, paise in points], DRAWDOWN_PX, with_zero=True)
    line = steps(axis, points, money)
    zero = money.y(0)
    first, last = axis.x(points[0][0]), axis.x(points[-1][0])
    parts = [
        _frame(axis, money, is_price=False),
        f'<polygon class="down" points="{first:.1f},{zero:.1f} {line} {last:.1f},{zero:.1f}"/>',
        f'<polyline class="downline" points="{line}"/>',
    ]
    deepest = min(paise for _, paise in points)
    label = f"Drawdown, {rupees_text(-deepest)} rupees at its deepest"
    return _svg(parts, money, label, hover_data(axis, points, money))


def price_chart(
    axis: TimeAxis,
    symbol: str,
    prices: Sequence[Point],
    markers: Sequence[Marker],
    exits: Sequence[ExitRow],
    *,
    points_max: int,
) -> str:
    """Return one symbol's price with its fills: triangles up for a buy, down for a sale."""
    points = thin(prices, points_max)
    values = [paise for _, paise in points] + [marker.price_paise for marker in markers]
    money = money_axis(values, PRICE_PX, with_zero=False)
    size = 3.5 if len(markers) > DENSE_MARKERS else 5.5
    parts = [
        _frame(axis, money, is_price=True),
        f'<polyline class="price" points="{polyline(axis, points, money)}"/>',
        *(_trade_line(axis, money, row) for row in exits),
        *(_marker(axis, money, marker, size) for marker in markers),
    ]
    label = f"Price of {symbol} with {len(markers)} fills"
    return _svg(parts, money, label, hover_data(axis, points, money))


def _svg(parts: Sequence[str], money: MoneyAxis, label: str, data: str) -> str:
    body = "".join(parts)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {money.height}" role="img" '
        f'aria-label="{html_text(label)}" data-points="{data}">{body}'
        f'<line class="cross" y1="{TOP}" y2="{money.height - BOTTOM}" hidden/></svg>'
    )


def _frame(axis: TimeAxis, money: MoneyAxis, *, is_price: bool) -> str:
    parts = []
    for paise in money.grid():
        y = money.y(paise)
        kind = "zero" if paise == 0 and not is_price else "grid"
        text = _price_label(paise) if is_price else rupees_short(paise)
        parts.append(
            f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
        )
    bottom = money.height - BOTTOM
    parts.extend(
        f'<line class="night" x1="{day.left - 4:.1f}" x2="{day.left - 4:.1f}" '
        f'y1="{TOP}" y2="{bottom}"/>'
        for day in axis.days[1:]
    )
    several = len(axis.days) > 1
    for x, text in axis.labels():
        anchor = "start" if several else "middle"
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{bottom + 18}" text-anchor="{anchor}">{text}</text>'
        )
    return "".join(parts)


def _price_label(paise: int) -> str:
    text = rupees_text(paise)
    return text.removesuffix(".00")


def _trade_line(axis: TimeAxis, money: MoneyAxis, row: ExitRow) -> str:
    kind = "won" if row.gross_paise >= 0 else "lost"
    return (
        f'<line class="trade {kind}" x1="{axis.x(row.entry_ts):.1f}" '
        f'y1="{money.y(row.entry_paise):.1f}" x2="{axis.x(row.exit_ts):.1f}" '
        f'y2="{money.y(row.exit_paise):.1f}"/>'
    )


def _marker(axis: TimeAxis, money: MoneyAxis, marker: Marker, size: float) -> str:
    x, y = axis.x(marker.ts), money.y(marker.price_paise)
    down = size * 1.7 if marker.is_buy else -size * 1.7
    kind = "entry" if marker.is_entry else ("won" if marker.gross_paise >= 0 else "lost")
    side = "Buy" if marker.is_buy else "Sell"
    title = f"{side} {count(marker.quantity)} at {rupees_text(marker.price_paise)}, "
    title += f"{ist_time(marker.ts)}, {marker.order_id}"
    if not marker.is_entry:
        result = typographic(signed(marker.gross_paise))
        title += f": {words(marker.reason)}, {result}"
    return (
        f'<path class="mark {kind}" d="M{x:.1f} {y:.1f}l{size:.1f} {down:.1f}h{-2 * size:.1f}z">'
        f"<title>{html_text(title)}</title></path>"
    )
