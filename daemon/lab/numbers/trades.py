"""Closed trades and rounds of plans: what each came to, and figures of all of them.

A round of a plan is one bet with several legs: it counts as one, when it is over. What is measured
trade by trade (excursions, exposure) is of the trades.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec.structs import replace

from daemon.domain.events import TradingEvent
from daemon.domain.money import PAISE_PER_RUPEE, whole_paise
from daemon.domain.position import Position
from daemon.report.fold import RunFold
from daemon.report.model import ExitRow


class ClosedTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A position from its entry to its last exit, or a round of a plan with all its trades.

    Paise; excursions are of the whole quantity.
    """

    order_id: str
    """Of a round its id."""
    strategy_id: str
    tradingsymbol: str
    """Empty for a round."""
    quantity: int
    """0 for a round."""
    entry_ts: int
    """Of a round that of its first entry."""
    closed_ts: int
    net_paise: int
    risk_paise: int
    """Entry to the first stop, times the quantity; 0 without a stop. Of a round the sum of its
    trades', 0 if one has no stop."""
    adverse_paise: int | None
    """How far it was against the position at worst, 0 or below; None where it was not seen, and
    for a round, whose trades are not at their worst together."""
    favourable_paise: int | None
    round_id: str = ""
    round_is_over: bool = True
    trades: tuple[ClosedTrade, ...] = ()
    """The trades of a round, in the order of their last exits."""


class TradeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of closed trades and rounds, net of charges; None where a number has no meaning."""

    trades: int
    wins: int
    losses: int
    flat: int
    win_rate: float | None
    payoff: float | None
    """The average win by the average loss."""
    expectancy_r: float | None
    """The mean of net by risk, of those that had a stop."""
    trades_without_stop: int
    mean_adverse_rupees: float | None
    mean_favourable_rupees: float | None


def closed_trades(events: Iterable[TradingEvent]) -> list[ClosedTrade]:
    """Return the trades that a run closed, in the order of their last exits."""
    fold = RunFold()
    found: list[ClosedTrade] = []
    for event in events:
        position = fold.ledger.positions.get(event.order_id)
        fold.add(event)
        if fold.trades and position is not None:
            found.append(closed_trade(position, fold.exits[-1]))
        fold.forget_rows()
    running = fold.ledger.rounds
    return [
        replace(trade, round_is_over=False) if trade.round_id in running else trade
        for trade in found
    ]


def closed_trade(position: Position, last: ExitRow) -> ClosedTrade:
    """Return the trade of a closed position, by its last exit."""
    sign, entry, quantity = position.sign, position.entry_paise, position.opened_quantity
    return ClosedTrade(
        order_id=position.order_id, strategy_id=position.strategy_id,
        tradingsymbol=position.tradingsymbol, quantity=quantity,
        entry_ts=position.entry_ts, closed_ts=last.exit_ts,
        net_paise=position.realized_paise - whole_paise(position.charges),
        risk_paise=position.r_paise * quantity,
        adverse_paise=_moved(sign, entry, last.worst_paise, quantity, min),
        favourable_paise=_moved(sign, entry, last.best_paise, quantity, max),
        round_id=last.attempt.round_id if last.attempt else "",
    )  # fmt: skip


def joined_rounds(trades: Iterable[ClosedTrade]) -> list[ClosedTrade]:
    """Return what counts as won or lost: each trade of no plan, each round that is over as one.

    A round has the place of its last exit. Trades of rounds that are not over are left out: these
    have come to nothing yet.
    """
    rounds: dict[str, list[ClosedTrade]] = {}
    units: list[ClosedTrade] = []
    for trade in trades:
        if trade.round_id and not trade.trades:
            rounds.setdefault(trade.round_id, []).append(trade)
        else:
            units.append(trade)
    units += [_joined(id_, parts) for id_, parts in rounds.items() if parts[0].round_is_over]
    return sorted(units, key=lambda unit: unit.closed_ts)


def trade_figures(trades: Sequence[ClosedTrade]) -> TradeFigures:
    """Return the figures of these trades, those of a round together."""
    units = joined_rounds(trades)
    nets = [unit.net_paise for unit in units]
    wins, losses = [net for net in nets if net > 0], [net for net in nets if net < 0]
    in_r = [unit.net_paise / unit.risk_paise for unit in units if unit.risk_paise]
    return TradeFigures(
        trades=len(nets), wins=len(wins), losses=len(losses),
        flat=len(nets) - len(wins) - len(losses),
        win_rate=len(wins) / len(nets) if nets else None,
        payoff=_mean(wins) / -_mean(losses) if wins and losses else None,
        expectancy_r=_mean(in_r) if in_r else None,
        trades_without_stop=len(units) - len(in_r),
        mean_adverse_rupees=_rupees(trade.adverse_paise for trade in trades),
        mean_favourable_rupees=_rupees(trade.favourable_paise for trade in trades),
    )  # fmt: skip


def _joined(round_id: str, trades: Sequence[ClosedTrade]) -> ClosedTrade:
    risks = [trade.risk_paise for trade in trades]
    return ClosedTrade(
        order_id=round_id, strategy_id=trades[0].strategy_id, tradingsymbol="", quantity=0,
        entry_ts=min(trade.entry_ts for trade in trades), closed_ts=trades[-1].closed_ts,
        net_paise=sum(trade.net_paise for trade in trades),
        risk_paise=sum(risks) if all(risks) else 0, adverse_paise=None, favourable_paise=None,
        round_id=round_id, trades=tuple(trades),
    )  # fmt: skip


def _moved(
    sign: int, entry: int, price: int | None, quantity: int, bound: Callable[[int, int], int]
) -> int | None:
    return None if price is None else bound(0, sign * (price - entry) * quantity)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _rupees(values: Iterable[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _mean(known) / PAISE_PER_RUPEE if known else None
