"""The deepest fall of an account's net P&L, folded point by point."""

from __future__ import annotations

import msgspec


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """The deepest fall of net P&L below its high so far; an account starts at 0.

    Paise; times are UTC ns, 0 for the account's start.
    """

    depth_paise: int = 0
    """>= 0."""
    peak_paise: int = 0
    """The high that the deepest fall is measured from."""
    peak_ts: int = 0
    trough_ts: int = 0
    highest_paise: int = 0
    """The highest point so far, which later falls are measured from."""
    highest_ts: int = 0

    def after(self, ts: int, paise: int) -> Drawdown:
        """Return the drawdown after one more point, which is later than all before."""
        replace = msgspec.structs.replace
        if paise > self.highest_paise:
            return replace(self, highest_paise=paise, highest_ts=ts)
        if self.highest_paise - paise <= self.depth_paise:
            return self
        return replace(
            self,
            depth_paise=self.highest_paise - paise,
            peak_paise=self.highest_paise,
            peak_ts=self.highest_ts,
            trough_ts=ts,
        )


class EquityState(msgspec.Struct, frozen=True, kw_only=True):
    """The state that the next day's equity of an account starts from."""

    drawdown: Drawdown = Drawdown()
    marks: dict[str, int] = {}
    """The last price, paise, of every symbol with an open position."""
