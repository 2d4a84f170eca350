"""Two runs held against each other: totals, strategies, and the trades that differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from daemon.domain import account_totals
from daemon.metrics.fill_quality import whole_paise
from daemon.report.model import Point
from daemon.report.numbers import max_drawdown
from daemon.web.day_charts.curves import curve
from daemon.web.fold.book import Book
from daemon.web.fold.rows import ROWS_MAX, Row

_MINUTE_MS: Final = 60_000
_SAME: Final = ("quantity", "entry_paise", "exit_paise", "reason", "net_paise")
Key = tuple[Any, ...]


def compare(a: Book, name_a: str, b: Book, name_b: str) -> Row:
    """Return both totals, both curves and how the trades differ.

    Trades are the same if strategy, symbol, side and the minute of the entry are: ids count up, and
    say nothing across runs.
    """
    trades_a, trades_b = _trades(a), _trades(b)
    curve_a, curve_b = _curve(a), _curve(b)
    return {
        "a": _totals(a, name_a, trades_a.values(), curve_a),
        "b": _totals(b, name_b, trades_b.values(), curve_b),
        "curves": curve(
            f"{name_a} and {name_b}",
            "net P&L of closed trades",
            [(name_a, "a", curve_a), (name_b, "b", curve_b)],
        ),
        "by_strategy": _by_strategy(a, b),
        "trades_only_a": _only(trades_a, trades_b),
        "trades_only_b": _only(trades_b, trades_a),
        "different": _different(trades_a, trades_b),
    }


def _trades(book: Book) -> dict[Key, Row]:
    """Return the trades that left something, each with its exits summed up, by what they are."""
    by_id: dict[str, Row] = {}
    for row in (msgspec.json.decode(each) for each in book.closed.rows(0, len(book.closed))):
        known = by_id.get(row["trade"])
        if known is None:
            names = ("part", "is_last", "words")
            by_id[row["trade"]] = {k: v for k, v in row.items() if k not in names}
            continue
        for name in ("quantity", "gross_paise", "charges_paise", "net_paise"):
            known[name] += row[name]
        for name in ("exit_ms", "exit_paise", "reason"):
            known[name] = row[name]
    found: dict[Key, Row] = {}
    for trade in by_id.values():
        key = (trade["strategy"], trade["symbol"], trade["side"], trade["entry_ms"] // _MINUTE_MS)
        number = 0
        while (*key, number) in found:
            number += 1
        found[(*key, number)] = trade
    return found


def _totals(book: Book, name: str, trades: Iterable[Row], closed: list[Point]) -> Row:
    nets = [trade["net_paise"] for trade in trades]
    ledger = book.ledger
    return {
        "run": name,
        "orders": ledger.total_orders,
        "trades": len(nets),
        "won": sum(net > 0 for net in nets),
        "lost": sum(net < 0 for net in nets),
        "refused": sum(ledger.refusals.values()),
        "gross_paise": account_totals.realized_paise(ledger),
        "charges_paise": whole_paise(account_totals.charges(ledger)),
        "net_paise": book.net_paise,
        "max_drawdown_paise": max_drawdown(closed).depth_paise,
        "best_paise": max(nets, default=None),
        "worst_paise": min(nets, default=None),
    }


def _curve(book: Book) -> list[Point]:
    """Return net P&L after each exit; it ends at the total, charges of open positions included."""
    points = book.net.points()
    if points and points[-1][1] != book.net_paise:
        points.append((book.last_fill_ts, book.net_paise))
    return points


def _by_strategy(a: Book, b: Book) -> list[Row]:
    rows = []
    for name in sorted(a.ledger.strategies.keys() | b.ledger.strategies.keys()):
        trades_a, net_a = _of_strategy(a, name)
        trades_b, net_b = _of_strategy(b, name)
        rows.append(
            {
                "strategy": name,
                "a_trades": trades_a,
                "b_trades": trades_b,
                "a_net_paise": net_a,
                "b_net_paise": net_b,
                "difference_paise": net_b - net_a,
            }
        )
    return rows


def _of_strategy(book: Book, name: str) -> tuple[int, int]:
    tally = book.ledger.strategies.get(name)
    if tally is None:
        return 0, 0
    return tally.closed, tally.realized_paise - whole_paise(tally.charges)


def _only(these: dict[Key, Row], those: dict[Key, Row]) -> list[Row]:
    return [row for key, row in these.items() if key not in those][:ROWS_MAX]


def _different(these: dict[Key, Row], those: dict[Key, Row]) -> list[Row]:
    rows = []
    for key, a in these.items():
        b = those.get(key)
        if b is None or all(a[name] == b[name] for name in _SAME):
            continue
        rows.append(
            {
                "strategy": a["strategy"],
                "symbol": a["symbol"],
                "side": a["side"],
                "entry_ms": a["entry_ms"],
                "a_trade": a["trade"],
                "b_trade": b["trade"],
                "a_entry_paise": a["entry_paise"],
                "b_entry_paise": b["entry_paise"],
                "a_exit_paise": a["exit_paise"],
                "b_exit_paise": b["exit_paise"],
                "a_reason": a["reason"],
                "b_reason": b["reason"],
                "a_net_paise": a["net_paise"],
                "b_net_paise": b["net_paise"],
                "difference_paise": b["net_paise"] - a["net_paise"],
            }
        )
    return rows[:ROWS_MAX]
