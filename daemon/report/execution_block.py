"""How a run was filled, as lines of a terminal: by rule, how deep, and what was missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.domain.money import rupees_text
from daemon.report.block import Block
from daemon.report.execution import MODES, Execution, RuleSums
from daemon.report.text import ABSENT, count, plain_words, signed

RULES: Final = {
    "take": "taken from the levels shown",
    "cross": "rested; the other side came to the price",
    "through": "rested; the market traded beyond the price",
    "at": "rested; its turn in the queue at the price",
    "touch": "rested; the market traded at the price",
    "mid": "whole, at mid",
    "ltp": "whole, at the last price",
    "bid": "whole, at the bid",
    "ask": "whole, at the ask",
    "ltp_for_mid": "whole, at the last price for want of a mid",
    "ltp_for_bid": "whole, at the last price for want of a bid",
    "ltp_for_ask": "whole, at the last price for want of an ask",
    "settlement": "settled at expiry",
    "last_quote": "forced at the close",
}
_HEADER: Final = ("fills by rule", "fills", "units", "behind the best", "size not known")


def rules_block(execution: Execution) -> Block:
    """Return how much each rule filled, and the share that no size shown at the best backs."""
    rows = [
        [
            RULES.get(rule, plain_words(rule)),
            count(sums.fills),
            count(sums.units),
            _share(sums.beyond_units, sums),
            _share(sums.unsized_units, sums),
        ]
        for rule, sums in sorted(execution.by_rule.items(), key=lambda item: -item[1].units)
    ]
    return Block(
        title="HOW IT WAS FILLED",
        header=_HEADER if rows else (),
        rows=rows,
        right=frozenset({1, 2, 3, 4}),
    )


def execution_block(execution: Execution) -> Block:
    """Return how deep orders went, what other fill modes would have paid, and what was missed."""
    rows = execution_rows(execution)
    return Block(title="EXECUTION", rows=rows, right=frozenset({1}) if rows else frozenset())


def execution_rows(execution: Execution) -> list[list[str]]:
    """Return what there is to say, a name and a text each."""
    return [*_depth(execution), *_other_modes(execution), *_missed(execution)]


def _depth(execution: Execution) -> list[list[str]]:
    average, bps = execution.levels_average, execution.over_best_bps
    if average is None or bps is None:
        return []
    return [
        ["levels taken at once, on average and at most", f"{average:.1f}, {execution.most_levels}"],
        [
            "paid beyond the best price shown",
            f"{_plain(execution.over_best_paise)} ({bps:.1f} bps)",
        ],
    ]


def _other_modes(execution: Execution) -> list[list[str]]:
    """Return by how much P&L would have been better by each fill mode, fills at once only."""
    at_once = execution.at_once
    rows = []
    for mode in MODES:
        kinder = at_once.kinder_paise(mode)
        if mode != at_once.mode and at_once.fills:
            known = kinder is not None
            text = signed(kinder) if kinder is not None else ABSENT
            note = "" if known else " (this run did not look at the levels)"
            rows.append([f"fills at once, at {mode} instead{note}", text])
    return rows


def _missed(execution: Execution) -> list[list[str]]:
    rows = []
    if execution.missed:
        rows.append(
            [
                "entries that never filled",
                f"{_reasons(execution.missed)}; {count(execution.missed_units)} units",
            ]
        )
    if execution.rests:
        orders, units = count(execution.rests), count(execution.rest_units)
        rows.append(["rests of entries that never filled", f"{orders} orders, {units} units"])
    if execution.sent_again:
        rows.append(["exits sent again, as they stood unfilled", count(execution.sent_again)])
    if execution.near_misses:
        rows.append(["ticks that came near to a resting order", count(execution.near_misses)])
    if execution.refused:
        rows.append(["refused by the exchange", _reasons(execution.refused)])
    return rows


def _reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{plain_words(name)} {count(number)}" for name, number in sorted(counts.items())
    )


def _plain(paise: int) -> str:
    """Return a cost, which carries a sign only where it was none."""
    return rupees_text(paise) if paise >= 0 else signed(paise)


def _share(units: int, sums: RuleSums) -> str:
    return f"{units / sums.units:.0%}" if units else ABSENT
