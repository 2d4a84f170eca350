"""What a run came to, as one value: printed at its end, kept as summary.json, drawn as a page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from daemon.domain.account_totals import return_on_peak_margin
from daemon.domain.dates import iso_ist
from daemon.domain.drawdown import Drawdown
from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.position_row import PositionRow
from daemon.metrics.fill_quality import FillQuality, m2m_in_rupees, rupees_2dp, whole_paise
from daemon.metrics.plan_results import PlanResult, plan_results
from daemon.metrics.untraded import UntradedResult
from daemon.report import numbers
from daemon.report.execution import Execution, execution_dict
from daemon.report.fold import RunFold
from daemon.report.model import (
    ExitRow,
    Group,
    Point,
    RefusedRow,
    RunFacts,
    StrategyResult,
)
from daemon.report.numbers import TradeNumbers
from daemon.report.strategies import strategy_results, unrealized_of
from daemon.rules.contract_note import LINES, ContractNote

SUMMARY_VERSION: Final = 1
_ATTEMPT: Final = ("plan", "round", "leg", "attempt")
"""What an exit of a plan's trade has more."""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is said about a run. Paise, UTC ns."""

    facts: RunFacts
    fill_quality: FillQuality
    seq: int
    first_ts: int
    last_ts: int
    total_orders: int
    orders_by_state: Mapping[str, int]
    refusals: Mapping[str, int]
    exits: Sequence[ExitRow]
    open_rows: Sequence[PositionRow]
    untraded: UntradedResult = msgspec.field(default_factory=UntradedResult)
    """What orders without a trade hold and made; no figure of trades has it."""
    numbers: TradeNumbers
    drawdown: Drawdown
    is_marked: bool
    """True if the drawdown saw open positions at market, not realized P&L only."""
    by_strategy: Sequence[Group]
    by_symbol: Sequence[Group]
    by_reason: Sequence[Group]
    contract_notes: Sequence[tuple[dt.date, ContractNote]] = ()
    """The charges of each day as its contract note rounds them."""
    refused: Sequence[RefusedRow] = ()
    strategies: Sequence[StrategyResult] = ()
    plans: Sequence[PlanResult] = ()
    """What the rounds of plans came to since the journal began, by leg and attempt too."""
    execution: Execution = msgspec.field(default_factory=Execution)
    """By which rules and how deep into the book it was filled."""
    m2m_paise: int = 0
    """What daily marks of carried futures have paid, less than 0 where they took."""
    m2m_open_paise: int = 0
    """The part of it that is of positions still open."""
    has_marks: bool = False
    paths: Sequence[str] = ()
    """The files that the run wrote, for the reader to open."""

    @property
    def unrealized_paise(self) -> int:
        """Return gross P&L of what is still open, at the last known prices."""
        return sum(row.unrealized_paise or 0 for row in self.open_rows)

    @property
    def return_on_peak_margin(self) -> float | None:
        """Return the account's net P&L by the most that was blocked, None if nothing was."""
        return return_on_peak_margin(self.account_net_paise, self.facts.margin)

    @property
    def account_net_paise(self) -> int:
        """Return net P&L of trades and of orders without one."""
        realized = self.fill_quality.gross_paise + self.untraded.realized_paise
        return realized - whole_paise(self.fill_quality.charges + self.untraded.charges)

    @property
    def account_net_with_open_paise(self) -> int | None:
        """Return the same with all that is open at the last prices, None if one has no price."""
        trades, others = unrealized_of(self.open_rows), self.untraded.unrealized_paise
        if trades is None or others is None:
            return None
        return self.account_net_paise + trades + others

    @property
    def contract_notes_total(self) -> Decimal:
        """Return what all contract notes together charge, rupees."""
        return sum((note.total for _, note in self.contract_notes), Decimal(0))

    @property
    def net_with_open_paise(self) -> int | None:
        """Return net P&L if what is open were closed at the last prices, free of charges.

        None if a position has no price.
        """
        unrealized = unrealized_of(self.open_rows)
        return None if unrealized is None else self.fill_quality.net_paise + unrealized


def summarize(
    events: Iterable[TradingEvent],
    facts: RunFacts,
    *,
    marks: Mapping[str, int],
    equity: Sequence[Point] = (),
    drawdown: Drawdown | None = None,
    paths: Sequence[str] = (),
    ledger: Ledger | None = None,
) -> RunSummary:
    """Fold a journal into its summary; `marks` are last prices by tradingsymbol, paise.

    `drawdown` is that of the whole life of the account up to the last point of `equity`, which is
    thinned; without one it is that of `equity`.

    `ledger` is the one before the events, if older ones were archived; it is used up.
    """
    fold = RunFold(events, ledger)
    return summary_of(fold, facts, marks=marks, equity=equity, drawdown=drawdown, paths=paths)


def summary_of(
    fold: RunFold,
    facts: RunFacts,
    *,
    marks: Mapping[str, int],
    equity: Sequence[Point] = (),
    drawdown: Drawdown | None = None,
    paths: Sequence[str] = (),
) -> RunSummary:
    """Return the summary of a journal that was folded already."""
    ledger, still_open = fold.ledger, fold.open_rows(marks)
    return RunSummary(
        facts=facts,
        fill_quality=FillQuality.of(ledger, facts.profile),
        seq=ledger.seq,
        first_ts=fold.first_ts,
        last_ts=fold.last_ts,
        total_orders=ledger.total_orders,
        orders_by_state=dict(sorted(ledger.orders_by_state().items())),
        refusals=dict(sorted(ledger.refusals.items())),
        exits=tuple(fold.exits),
        open_rows=tuple(still_open),
        untraded=fold.untraded(marks),
        numbers=numbers.trade_numbers(fold.trades),
        drawdown=_drawdown(fold, equity, drawdown),
        is_marked=bool(equity),
        by_strategy=numbers.by_strategy(fold.exits, still_open),
        by_symbol=numbers.by_symbol(fold.exits, still_open),
        by_reason=numbers.by_reason(fold.exits, still_open),
        contract_notes=tuple(fold.contract_notes()),
        refused=tuple(fold.refused),
        strategies=strategy_results(
            facts.strategies, fold.exits, fold.trades, still_open, fold.refused
        ),
        plans=tuple(plan_results(ledger)),
        execution=fold.execution.sums,
        m2m_paise=ledger.m2m_paise,
        m2m_open_paise=ledger.m2m_open_paise(),
        has_marks=bool(ledger.marks),
        paths=tuple(paths),
    )


def _drawdown(fold: RunFold, equity: Sequence[Point], known: Drawdown | None) -> Drawdown:
    """Return the drawdown that is known, continued with the fills after it."""
    if known is None:
        return numbers.max_drawdown(equity or fold.booked)
    last = equity[-1][0] if equity else 0
    return numbers.max_drawdown([point for point in fold.booked if point[0] > last], known)


def summary_dict(summary: RunSummary) -> dict[str, Any]:
    """Return the summary as summary.json keeps it: rupees, IST times, stable names, never NaN."""
    facts = summary.facts
    return {
        "schema_version": SUMMARY_VERSION,
        "run_id": facts.run_id,
        "account": facts.account,
        "engine": facts.engine,
        "feed": facts.feed,
        "version": facts.version,
        "first_event": iso_ist(summary.first_ts) if summary.seq else None,
        "last_event": iso_ist(summary.last_ts) if summary.seq else None,
        "data_from": iso_ist(facts.data_from_ts) if facts.data_from_ts else None,
        "data_to": iso_ist(facts.data_to_ts) if facts.data_to_ts else None,
        "seq": summary.seq,
        "total_orders": summary.total_orders,
        "orders_by_state": dict(summary.orders_by_state),
        **summary.fill_quality.as_dict(),
        "execution": execution_dict(summary.execution),
        "contract_notes": [_note(date, note) for date, note in summary.contract_notes],
        "contract_notes_total": float(summary.contract_notes_total),
        "unrealized_pnl": rupees_2dp(summary.unrealized_paise),
        "net_pnl_with_open": _rupees(summary.net_with_open_paise),
        "untraded": summary.untraded.in_rupees(),
        "account_net_pnl": rupees_2dp(summary.account_net_paise),
        "account_net_pnl_with_open": _rupees(summary.account_net_with_open_paise),
        **_trade_numbers(summary.numbers),
        "max_drawdown": rupees_2dp(summary.drawdown.depth_paise),
        "max_drawdown_is_marked": summary.is_marked,
        "margin": None if facts.margin is None else facts.margin.in_rupees(),
        "return_on_peak_margin": _share(summary.return_on_peak_margin),
        "m2m": m2m_in_rupees(paid=summary.m2m_paise, still_open=summary.m2m_open_paise),
        "ticks": facts.ticks,
        "refused_ticks": dict(sorted(facts.refused_ticks.items())),
        "quality": dict(sorted(facts.quality.items())),
        "refusals": dict(summary.refusals),
        "by_strategy": [_group(group) for group in summary.by_strategy],
        "by_symbol": [_group(group) for group in summary.by_symbol],
        "by_exit_reason": [_group(group) for group in summary.by_reason],
        "strategy_results": [_strategy(result) for result in summary.strategies],
        "plans": [{"plan": each.plan, **each.in_rupees()} for each in summary.plans],
        "strategies": {name: dict(status) for name, status in sorted(facts.strategies.items())},
        "exits": [_exit(row) for row in summary.exits],
        "open_positions": [row.in_summary() for row in summary.open_rows],
        "refused_orders": [_refused(row) for row in summary.refused],
        "notes": list(facts.notes),
        "paths": list(summary.paths),
    }


def _trade_numbers(judged: TradeNumbers) -> dict[str, Any]:
    return {
        "trades": judged.trades,
        "wins": judged.wins,
        "losses": judged.losses,
        "win_rate": None if judged.win_rate is None else round(judged.win_rate, 4),
        "profit_factor": None if judged.profit_factor is None else round(judged.profit_factor, 4),
        "expectancy": _rupees(judged.expectancy_paise),
        "average_win": _rupees(judged.average_win_paise),
        "average_loss": _rupees(judged.average_loss_paise),
    }


def _share(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _rupees(paise: int | None) -> float | None:
    return None if paise is None else rupees_2dp(paise)


def _note(date: dt.date, note: ContractNote) -> dict[str, Any]:
    lines = {line: float(getattr(note, line)) for line in LINES}
    return {"date": date.isoformat(), **lines, "total": float(note.total)}


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "exits": group.exits,
        "gross_pnl": rupees_2dp(group.gross_paise),
        "charges": rupees_2dp(whole_paise(group.charges)),
        "net_pnl": rupees_2dp(group.net_paise),
    }


def _strategy(result: StrategyResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "trades": result.trades,
        "wins": result.wins,
        "losses": result.losses,
        "gross_pnl": rupees_2dp(result.gross_paise),
        "charges": rupees_2dp(whole_paise(result.charges)),
        "net_pnl": rupees_2dp(result.net_paise),
        "open_positions": result.open,
        "unrealized_pnl": _rupees(result.unrealized_paise),
        "refused_orders": result.refused,
    }


def _refused(row: RefusedRow) -> dict[str, Any]:
    return {
        "order_id": row.order_id,
        "strategy_id": row.strategy_id,
        "time": iso_ist(row.ts),
        "tradingsymbol": row.tradingsymbol,
        "transaction_type": row.transaction_type,
        "quantity": row.quantity,
        "reason": row.reason,
        "numbers": dict(row.numbers),
    }


def _exit(row: ExitRow) -> dict[str, Any]:
    named = row.attempt
    plan = {} if named is None else dict(zip(_ATTEMPT, named, strict=True))
    return {
        "order_id": row.order_id,
        "part": row.part,
        "closes": row.is_last,
        "strategy_id": row.strategy_id,
        "tradingsymbol": row.tradingsymbol,
        "side": row.side,
        "quantity": row.quantity,
        "entry_time": iso_ist(row.entry_ts),
        "exit_time": iso_ist(row.exit_ts),
        "entry_price": rupees_2dp(row.entry_paise),
        "exit_price": rupees_2dp(row.exit_paise),
        "reason": row.reason,
        "gross_pnl": rupees_2dp(row.gross_paise),
        "charges": rupees_2dp(whole_paise(row.charges)),
        "net_pnl": rupees_2dp(row.net_paise),
        "bid_ask_pnl": rupees_2dp(row.bid_ask_paise),
        "best_price": _rupees(row.best_paise),
        "worst_price": _rupees(row.worst_paise),
        "rule": row.evidence.rule,
        "quote_age_s": row.evidence.quote_age_ns / 1_000_000_000,
        **plan,
    }
