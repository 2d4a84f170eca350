"""What a strategy wants, in rupees, before anything has been checked."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

Product = Literal["MIS", "NRML"]


class Signal(StrEnum):
    """BUY and SELL open a position, EXIT closes the strategy's own, HOLD is dropped."""

    BUY = "BUY"
    SELL = "SELL"
    EXIT = "EXIT"
    HOLD = "HOLD"


class ExitOverrides(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exit settings of one strategy or intent; None leaves the setting of the level above."""

    enable_partial_exit: bool | None = None
    partial_exit_pct: float | None = None
    partial_exit_when: Literal["losing", "always"] | None = None
    enable_trailing: bool | None = None
    trail_step_r: float | None = None
    enable_time_stop: bool | None = None
    time_stop_bars: int | None = None


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's wish (semantics.md section 9). `qty` in units, levels in rupees.

    `time_stop_bars` None means the configured number, 0 means off. `timeframe` empty means the
    strategy's own. The engine checks everything; nothing here is trusted.
    """

    symbol: str
    signal: Signal
    qty: int = 0
    sl_price: float | None = None
    tp_price: float | None = None
    time_stop_bars: int | None = None
    strategy_id: str = ""
    timeframe: str = ""
    product: Product = "MIS"
    reason: str = ""
    tag: str = ""
    confidence: float = 1.0
    exits: ExitOverrides | None = None


class StrategyLimits(msgspec.Struct, frozen=True):
    """A strategy's own limits per session day; None = no limit."""

    max_trades_per_day: int | None = None
    max_loss_streak: int | None = None
