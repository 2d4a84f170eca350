"""A message: one thing for a trader to know, before any channel has it."""

from __future__ import annotations

from typing import Final, get_args

import msgspec

from daemon.settings.alerts import AlertKind

CHANNEL: Final = "channel"
"""The kind of a message about a channel itself; every channel takes it."""
KINDS: Final[frozenset[str]] = frozenset(get_args(AlertKind))
URGENT: Final = frozenset({"unprotected", "naked_short", "daily_limit", "daemon_gone"})
"""Kinds that neither quiet hours nor the rate hold back."""
_LOGIN_REFUSED: Final = "LOGIN REFUSED"
TITLES: Final[dict[str, str]] = {
    "fill": "Filled",
    "exit": "Exit",
    "refusal": "Refused",
    "unfilled": "UNFILLED",
    "unprotected": "UNPROTECTED",
    "naked_short": "NAKED SHORT",
    "stale_feed": "STALE FEED",
    "daily_limit": "DAILY LIMIT",
    "margin": "Margin",
    "restart": "Daemon",
    "token_refused": _LOGIN_REFUSED,
    "square_off": "Square-off",
    "fallback": "FALLBACK",
    "strategy_disabled": "STRATEGY OFF",
    "day_summary": "Day",
    "daemon_gone": "DAEMON GONE",
    "gtt": "GTT",
    CHANNEL: "Alerts",
}
"""How a line of each kind begins. The word PAPER is in the title of every message."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Say what happened after event `seq`; `ts` is the market's time, UTC ns, 0 without one."""

    kind: str
    text: str
    seq: int = 0
    ts: int = 0

    @property
    def is_urgent(self) -> bool:
        """Return whether it waits for nothing."""
        return self.kind in URGENT
