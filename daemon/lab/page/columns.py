"""How each number of a variant is called and shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.lab.numbers.neighbours import Value
from daemon.report.markup import html_text
from daemon.report.tables import money_class, money_text
from daemon.report.text import ABSENT, count, typographic, words

Kind = Literal["money", "amount", "share", "ratio", "count", "flag", "text"]
"""`money` is a gain or a loss, `amount` has no sign to show; both rupees."""


class Column(NamedTuple):
    """A number that the page knows."""

    name: str
    label: str
    kind: Kind


KNOWN: Final = (
    Column("net_rupees", "Net P&L", "money"),
    Column("sharpe", "Sharpe", "ratio"),
    Column("sortino", "Sortino", "ratio"),
    Column("calmar", "Calmar", "ratio"),
    Column("max_drawdown_rupees", "Max drawdown", "amount"),
    Column("max_drawdown_percent", "Max drawdown of capital", "share"),
    Column("annual_return", "Annual return", "share"),
    Column("volatility", "Volatility", "share"),
    Column("trades", "Trades", "count"),
    Column("win_rate", "Win rate", "share"),
    Column("payoff", "Payoff", "ratio"),
    Column("expectancy_r", "Expectancy, R", "ratio"),
    Column("gross_rupees", "Gross", "money"),
    Column("exposure", "Exposure", "share"),
    Column("return_on_peak_margin", "Return on peak margin", "share"),
    Column("mean_adverse_rupees", "Mean worst of a trade", "money"),
    Column("mean_favourable_rupees", "Mean best of a trade", "money"),
    Column("doubtful_gross_rupees", "Doubtful gross", "money"),
    Column("doubtful_net_rupees", "Doubtful net", "money"),
    Column("drawdown_sessions", "Drawdown, sessions", "count"),
    Column("drawdown_is_open", "Drawdown not over", "flag"),
    Column("wins", "Won", "count"),
    Column("losses", "Lost", "count"),
    Column("flat", "Flat", "count"),
    Column("trades_without_stop", "Without a stop", "count"),
    Column("doubtful_trades", "Doubtful trades", "count"),
    Column("days", "Days", "count"),
    Column("missing_days", "Missing days", "count"),
    Column("too_few_days", "Too few days", "flag"),
)
_BY_NAME: Final = {column.name: column for column in KNOWN}


def columns_of(names: Sequence[str]) -> list[Column]:
    """Return a column for each name: those that are known in their order, then the others."""
    present = set(names)
    known = [column for column in KNOWN if column.name in present]
    others = [Column(name, words(name), "ratio") for name in names if name not in _BY_NAME]
    return known + others


def column_of(name: str) -> Column:
    """Return the column of a number."""
    return _BY_NAME.get(name) or Column(name, words(name), "ratio")


def shown(column: Column, value: Value) -> str:
    """Return a value as a person reads it, for the page; no markup."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    match column.kind:
        case "money":
            return money_text(round(value * PAISE_PER_RUPEE))
        case "amount":
            return money_text(round(value * PAISE_PER_RUPEE)).lstrip("+")
        case "share":
            return typographic(f"{value:.1%}")
        case "count":
            return count(round(value))
        case _:
            return typographic(f"{value:.2f}" if isinstance(value, float) else str(value))


def cell(column: Column, value: Value) -> str:
    """Return a cell that sorts by the value itself; one without a value sorts below all others."""
    text = html_text(shown(column, value))
    if isinstance(value, str):
        return f"<td>{text}</td>"
    key = "" if value is None else f"{float(value):.6g}"
    colour = ""
    if column.kind == "money" and value is not None and not isinstance(value, str):
        colour = f" {money_class(round(float(value) * PAISE_PER_RUPEE))}"
    return f'<td class="n{colour}" data-v="{key or "-1e300"}">{text}</td>'
