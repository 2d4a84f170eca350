"""What is said of a run while it goes on: a line for the service manager, lines for the log.

Only of what is on disk (reliability.md R1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from loguru import logger

from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.money import rupees_text
from daemon.report.text import count

_NOTHING_NEW: Final = ("SUBMITTED", "ACTIVE", "ARCHIVED")


def status_text(numbers: Mapping[str, Any]) -> str:
    """State, positions, P&L and seq of the metrics in one line."""
    age = numbers.get("feed_age_s")
    since = "" if age is None else f" ({age:.1f} s ago)"
    return (
        f"feed {numbers['feed_state']}{since}, {count(numbers['ticks'])} ticks, "
        f"{numbers['active_positions']} open, P&L {numbers['total_pnl']:,.2f}, "
        f"seq {numbers['seq']}"
    )


def log_moves(events: Iterable[TradingEvent]) -> None:
    """A line for each fill, exit and refusal."""
    for event in events:
        if not isinstance(event, OrderMoved):
            continue
        fill = event.fill
        if fill is None and event.to_state in _NOTHING_NEW:
            continue
        bound: dict[str, Any] = {"order_id": event.order_id, "seq": event.seq}
        if fill is not None:
            bound |= {"quantity": fill.quantity, "price": rupees_text(fill.price_paise)}
            bound["side"] = fill.transaction_type
        logger.bind(**bound).info("{}: {}", event.to_state.lower(), event.reason)
