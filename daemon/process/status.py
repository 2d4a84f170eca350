"""The line that the service manager shows of a run.

Only of what is on disk (ARCHITECTURE, promise R1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.report.text import count


def status_text(numbers: Mapping[str, Any]) -> str:
    """Return state, positions, P&L and seq of the metrics in one line."""
    age = numbers.get("feed_age_s")
    since = "" if age is None else f" ({age:.1f} s ago)"
    return (
        f"feed {numbers['feed_state']}{since}, {count(numbers['ticks'])} ticks, "
        f"{numbers['active_positions']} open, gross P&L {numbers['total_pnl']:,.2f}, "
        f"seq {numbers['seq']}"
    )
