"""Win rate, payoff, expectancy in R, excursions and exposure of closed trades."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from daemon.domain.dates import IST_OFFSET_NS, MINUTE_NS, SECOND_NS, ist_date
from daemon.domain.events import TradingEvent
from daemon.domain.position import Position
from daemon.report.fold import RunFold


class ClosedTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A position from its entry to its last exit. Paise; excursions are of the whole quantity."""

    order_id: str
    strategy_id: str
    tradingsymbol: str
    quantity: int
    entry_ts: int
    closed_ts: int
    net_paise: int
    risk_paise: int
    """Entry to the first stop, times the quantity; 0 without a stop."""
    adverse_paise: int | None
    """How far it was against the position at worst, 0 or below; None where it was not seen."""
    favourable_paise: int | None


class TradeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of closed trades, net of charges; None where a number has no meaning."""

    trades: int
    wins: int
    losses: int
    flat: int
    win_rate: float | None
    payoff: float | None
    """The average win by the average loss."""
    expectancy_r: float | None
    """The mean of net by risk, of trades that had a stop."""
    trades_without_stop: int
    mean_adverse_rupees: float | None
    mean_favourable_rupees: float | None


Period = Literal["day", "week", "month", "weekday", "hour"]
_KEYS: Final[Mapping[Period, Callable[[dt.datetime], str]]] = {
    "day": lambda at: at.date().isoformat(),
    "week": lambda at: f"{at.isocalendar().year}-W{at.isocalendar().week:02d}",
    "month": lambda at: f"{at:%Y-%m}",
    "weekday": lambda at: f"{at.isoweekday()}",
    "hour": lambda at: f"{at:%H}",
}
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - Indian wall time


def closed_trades(events: Iterable[TradingEvent]) -> list[ClosedTrade]:
    """Return the trades that a run closed, in the order of their last exits."""
    fold = RunFold()
    found: list[ClosedTrade] = []
    for event in events:
        position = fold.ledger.positions.get(event.order_id)
        fold.add(event)
        if fold.trades and position is not None:
            found.append(closed_trade(fold, position))
        fold.forget_rows()
    return found


def closed_trade(fold: RunFold, position: Position) -> ClosedTrade:
    """Return the trade whose last exit is the last row of a fold."""
    trade, last = fold.trades[-1], fold.exits[-1]
    return ClosedTrade(
        order_id=trade.order_id, strategy_id=trade.strategy_id,
        tradingsymbol=position.tradingsymbol, quantity=position.opened_quantity,
        entry_ts=position.entry_ts, closed_ts=trade.closed_ts,
        net_paise=trade.net_paise,
        risk_paise=position.r_paise * position.opened_quantity,
        adverse_paise=_moved(position.sign, position.entry_paise, last.worst_paise,
                             position.opened_quantity, min),
        favourable_paise=_moved(position.sign, position.entry_paise, last.best_paise,
                                position.opened_quantity, max),
    )  # fmt: skip


def trade_figures(trades: Sequence[ClosedTrade]) -> TradeFigures:
    """Return the figures of these trades."""
    nets = [trade.net_paise for trade in trades]
    wins, losses = [net for net in nets if net > 0], [net for net in nets if net < 0]
    in_r = [trade.net_paise / trade.risk_paise for trade in trades if trade.risk_paise]
    return TradeFigures(
        trades=len(nets), wins=len(wins), losses=len(losses),
        flat=len(nets) - len(wins) - len(losses),
        win_rate=len(wins) / len(nets) if nets else None,
        payoff=_mean(wins) / -_mean(losses) if wins and losses else None,
        expectancy_r=_mean(in_r) if in_r else None,
        trades_without_stop=len(trades) - len(in_r),
        mean_adverse_rupees=_rupees(trade.adverse_paise for trade in trades),
        mean_favourable_rupees=_rupees(trade.favourable_paise for trade in trades),
    )  # fmt: skip


def net_by(trades: Iterable[ClosedTrade], period: Period) -> dict[str, int]:
    """Return net (paise) by day, week, month, weekday (1 Monday) or hour of the last exit, IST."""
    sums: dict[str, int] = {}
    for trade in trades:
        wall = _EPOCH + dt.timedelta(seconds=(trade.closed_ts + IST_OFFSET_NS) // SECOND_NS)
        key = _KEYS[period](wall)
        sums[key] = sums.get(key, 0) + trade.net_paise
    return dict(sorted(sums.items()))


def exposure(
    trades: Iterable[ClosedTrade], hours: Mapping[dt.date, tuple[int, int]]
) -> float | None:
    """Return the share of the sessions' minutes in which a trade was open.

    `hours` are open and close (UTC ns) of each session. None without any.
    """
    minutes = sum((close - opens) // MINUTE_NS for opens, close in hours.values())
    held: set[int] = set()
    for trade in trades:
        for date, (opens, close) in hours.items():
            if ist_date(trade.entry_ts) <= date <= ist_date(trade.closed_ts):
                first, last = max(trade.entry_ts, opens), min(trade.closed_ts, close - 1)
                held.update(range(first // MINUTE_NS, last // MINUTE_NS + 1))
    return len(held) / minutes if minutes else None


def _moved(
    sign: int, entry: int, price: int | None, quantity: int, bound: Callable[[int, int], int]
) -> int | None:
    return None if price is None else bound(0, sign * (price - entry) * quantity)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _rupees(values: Iterable[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _mean(known) / 100 if known else None
