"""Settings of alerts: which channels are told what, and when they are left in peace."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from daemon.settings.section import PositiveCount, Section

AlertKind = Literal[
    "fill", "exit", "refusal", "unfilled", "unprotected", "naked_short", "stale_feed",
    "daily_limit", "margin", "restart", "token_refused", "square_off", "fallback",
    "strategy_disabled", "day_summary", "daemon_gone", "gtt",
]  # fmt: skip
"""What an alert is about (docs/ALERTS.md)."""
CLOCK_TIME: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z"
ClockTime = Annotated[str, Meta(pattern=CLOCK_TIME)]
"""A time of the Indian day, `22:00`."""
_NAME: Final = r"^[A-Za-z0-9_.-]{1,40}\Z"


class QuietHours(Section, frozen=True, kw_only=True):
    """Hours (IST) in which messages wait and are joined; urgent ones do not wait."""

    begin: ClockTime = "22:00"
    end: ClockTime = "07:00"


class ChannelConfig(Section, frozen=True, kw_only=True):
    """One channel of the channels' file: what it receives."""

    name: Annotated[str, Meta(pattern=_NAME)]
    kinds: list[AlertKind] = []
    """Empty: all of them."""
    quiet: QuietHours | None = None
    per_minute: PositiveCount = 6
    """Messages in a minute; what comes faster is joined. Urgent ones are not held back."""


class AlertsConfig(Section, frozen=True, kw_only=True):
    """Alerts of an account (`run_fno_paper follow`)."""

    enabled: bool = False
    """True: the page's process sends them, or the daemon runs `follow` where there is no page."""
    channels_file: str = ""
    """The file (mode 0600) with the channels' addresses; empty: `alerts.json` in `run_fno_paper`
    in the user's configuration directory."""
    channels: list[ChannelConfig] = []
    """Empty: every channel of the file receives everything."""
