"""The open positions: levels, distances, and what is left of their time."""

from __future__ import annotations

from daemon.domain.dates import MILLISECOND_NS, SECOND_NS
from daemon.domain.position import Position
from daemon.domain.position_row import PositionRow
from daemon.metrics.fill_quality import whole_paise
from daemon.visible import visible
from daemon.web.fold.exchange_orders import exchange_row
from daemon.web.fold.rows import Row, lots_of, ms, side_of
from daemon.web.panels.view import View


def open_panel(view: View) -> list[Row]:
    """Return the open positions, by number."""
    return [
        _row(view, position, row)
        for position, row in zip(view.positions(), view.open_rows, strict=True)
    ]


MARKET_FIELDS = (
    "trade", "ltp_paise", "bid_paise", "ask_paise", "stop_points_paise",
    "stop_rupees_paise", "r_now", "time_left_s", "unrealized_paise", "quote_age_ms",
)  # fmt: skip
"""The fields that the market moves without an event."""


def market_fields(rows: list[Row]) -> list[Row]:
    """Return of each row what the market moves."""
    return [{name: row[name] for name in MARKET_FIELDS if name in row} for row in rows]


def _row(view: View, position: Position, row: PositionRow) -> Row:
    quote = view.quote(row.tradingsymbol)
    ltp, stop, sign = row.ltp_paise, row.stop_paise, row.sign
    points = None if ltp is None or stop is None else sign * (ltp - stop)
    due = view.time_stop_due(position)
    return {
        "trade": row.order_id,
        "strategy": visible(row.strategy_id),
        "symbol": visible(row.tradingsymbol),
        "side": side_of(sign),
        "quantity": row.quantity,
        "lots": lots_of(row.quantity, position.lot_size),
        "lot_size": position.lot_size,
        "entry_ms": ms(row.entry_ts),
        "entry_paise": row.entry_paise,
        "ltp_paise": ltp,
        "bid_paise": None if quote is None else quote.bid or None,
        "ask_paise": None if quote is None else quote.ask or None,
        "quote_age_ms": _age_ms(view, row.tradingsymbol),
        "stop_paise": stop,
        "stop_points_paise": points,
        "stop_rupees_paise": None if points is None else points * row.quantity,
        "target_paise": row.target_paise,
        "r_now": _r_now(position, ltp),
        "time_left_s": None if due is None else max(0, (due - view.clock) // SECOND_NS),
        "unrealized_paise": row.unrealized_paise,
        "realized_paise": row.realized_paise,
        "charges_paise": whole_paise(row.charges),
        "state": row.state,
        "orders": [exchange_row(each) for each in view.book.working.of(row.order_id)],
    }


def _r_now(position: Position, ltp_paise: int | None) -> float | None:
    """Return how far the price is from the entry in multiples of the risk at entry."""
    if ltp_paise is None or not position.r_paise:
        return None
    return round(position.sign * (ltp_paise - position.entry_paise) / position.r_paise, 2)


def _age_ms(view: View, symbol: str) -> int | None:
    """Return how much older than the engine's time a quote is, None without one."""
    quote = view.quote(symbol)
    return None if quote is None else max(0, view.clock - quote.ts) // MILLISECOND_NS
