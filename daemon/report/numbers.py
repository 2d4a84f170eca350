"""The numbers that judge a run: won and lost, drawdown, and P&L by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from daemon.domain.drawdown import Drawdown
from daemon.domain.position_row import PositionRow
from daemon.report.model import NO_CHARGES, ExitRow, Group, Point, Trade

STILL_OPEN: Final = "still_open"
"""The exit reason under which the entry charges of open positions are shown."""


class TradeNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Closed positions after charges. Paise; None where there is nothing to divide by."""

    trades: int
    wins: int
    losses: int
    won_paise: int
    lost_paise: int
    """The sum of the losses, <= 0."""

    @property
    def win_rate(self) -> float | None:
        """Return wins divided by closed positions, 0 to 1."""
        return self.wins / self.trades if self.trades else None

    @property
    def profit_factor(self) -> float | None:
        """Return the sum won divided by the sum lost; None without a loss."""
        return self.won_paise / -self.lost_paise if self.lost_paise else None

    @property
    def average_win_paise(self) -> int | None:
        """Return the mean of the wins."""
        return round(self.won_paise / self.wins) if self.wins else None

    @property
    def average_loss_paise(self) -> int | None:
        """Return the mean of the losses, negative."""
        return round(self.lost_paise / self.losses) if self.losses else None

    @property
    def expectancy_paise(self) -> int | None:
        """Return the mean net P&L of a trade."""
        return round((self.won_paise + self.lost_paise) / self.trades) if self.trades else None


def trade_numbers(trades: Iterable[Trade]) -> TradeNumbers:
    """Count what was won and lost, after charges."""
    nets = [trade.net_paise for trade in trades]
    wins = [net for net in nets if net > 0]
    losses = [net for net in nets if net < 0]
    return TradeNumbers(
        trades=len(nets),
        wins=len(wins),
        losses=len(losses),
        won_paise=sum(wins),
        lost_paise=sum(losses),
    )


def drawdown_curve(equity: Sequence[Point]) -> list[Point]:
    """Return how far below its peak the equity is at each point, paise <= 0; a run starts at 0."""
    curve, peak = [], 0
    for ts, paise in equity:
        peak = max(peak, paise)
        curve.append((ts, paise - peak))
    return curve


def max_drawdown(equity: Sequence[Point], drawdown: Drawdown | None = None) -> Drawdown:
    """Return the deepest fall of an equity curve, going on from `drawdown`."""
    drawdown = drawdown or Drawdown()
    for ts, paise in equity:
        drawdown = drawdown.after(ts, paise)
    return drawdown


def by_strategy(exits: Sequence[ExitRow], still_open: Sequence[PositionRow]) -> list[Group]:
    """Return realized P&L by strategy; the groups add up to the ledger."""
    return grouped(exits, still_open, lambda row: row.strategy_id, lambda row: row.strategy_id)


def by_symbol(exits: Sequence[ExitRow], still_open: Sequence[PositionRow]) -> list[Group]:
    """Return realized P&L by symbol; the groups add up to the ledger."""
    return grouped(exits, still_open, lambda row: row.tradingsymbol, lambda row: row.tradingsymbol)


def by_reason(exits: Sequence[ExitRow], still_open: Sequence[PositionRow]) -> list[Group]:
    """Return realized P&L by exit reason; entry charges of open positions are `still_open`."""
    return grouped(exits, still_open, lambda row: row.reason, lambda row: STILL_OPEN)


def grouped(
    exits: Sequence[ExitRow],
    still_open: Sequence[PositionRow],
    name_of_exit: Callable[[ExitRow], str],
    name_of_open: Callable[[PositionRow], str],
) -> list[Group]:
    """Return realized P&L under the names that the functions give, the best net first."""
    groups: dict[str, Group] = {}
    for row in exits:
        group = groups.setdefault(name_of_exit(row), Group(name=name_of_exit(row)))
        group.exits += 1
        group.gross_paise += row.gross_paise
        group.charges += row.charges
    for left in still_open:
        group = groups.setdefault(name_of_open(left), Group(name=name_of_open(left)))
        group.charges += left.open_charges or NO_CHARGES
    return sorted(groups.values(), key=lambda group: (-group.net_paise, group.name))
