"""A comparison for people, and as JSON for programs."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from daemon.domain.dates import iso_ist
from daemon.domain.events import TradingEvent, event_fields
from daemon.domain.money import rupees, rupees_text
from daemon.journal.show import table
from daemon.lab.comparison.compare import Comparison, Pair
from daemon.lab.comparison.first_difference import FirstDifference
from daemon.lab.comparison.trades import ComparedTrade, TradeKey
from daemon.report.text import signed
from daemon.visible import visible, visible_json

VERSION: Final = 1
_LABELS: Final = {
    "quantity": "quantity", "entry_ts": "entry", "entry_paise": "entry price", "exit_ts": "exit",
    "exit_paise": "exit price", "reason": "reason", "net_paise": "net",
}  # fmt: skip
_ABSENT: Final = "-"
Cells = dict[str, Any]


def compared_text(found: Comparison) -> str:
    """Return the comparison as plain text: money in rupees, times of India."""
    parts = [_sums(found)]
    if rows := [row for pair in found.differing for row in _pair_rows(pair)]:
        parts.append(f"Trades that differ\n{table(rows)}")
    for name, trades in (("A", found.only_a), ("B", found.only_b)):
        if trades:
            parts.append(f"Trades that only {name} has\n{table(_only_rows(trades))}")
    if found.first_difference is not None:
        parts.append(_first_text(found.first_difference))
    return "\n\n".join([*parts, verdict(found)])


def verdict(found: Comparison) -> str:
    """Return the last line: whether the runs are equal, and in how much they are not."""
    rest = "" if found.is_whole else "; events in archives that are not here are left out"
    if found.is_equal:
        return f"equal: the same decisions, {len(found.pairs)} trades{rest}"
    return (
        f"DIFFERENT: {len(found.differing)} of {len(found.pairs)} trades that both have, "
        f"{len(found.only_a)} only in A, {len(found.only_b)} only in B{rest}"
    )


def _sums(found: Comparison) -> str:
    counts = [len(found.pairs) + len(only) for only in (found.only_a, found.only_b)]
    nets = found.net_a_paise, found.net_b_paise
    rows: list[Cells] = [
        {"": name, "run": run, "trades": trades, "net": rupees(net)}
        for name, run, trades, net in zip("AB", found.names, counts, nets, strict=True)
    ]
    rows.append(
        {"": "B - A", "run": "", "trades": counts[1] - counts[0], "net": rupees(nets[1] - nets[0])}
    )
    return table(rows)


def _pair_rows(pair: Pair) -> list[Cells]:
    rows: list[Cells] = []
    for name, (ours, theirs) in pair.differences().items():
        rows.append(
            {
                "trade": "" if rows else pair.key.text, "what": _LABELS[name],
                "A": _shown(name, ours), "B": _shown(name, theirs),
                "B - A": _apart(name, ours, theirs),
            }
        )  # fmt: skip
    return rows


def _only_rows(trades: dict[TradeKey, ComparedTrade]) -> list[Cells]:
    return [
        {"trade": key.text}
        | {_LABELS[name]: _shown(name, getattr(trade, name)) for name in _LABELS}
        for key, trade in trades.items()
    ]


def _first_text(first: FirstDifference) -> str:
    events = [(name, event) for name, event in (("A", first.a), ("B", first.b))]
    lines = [f"The first event that differs is number {first.number}"]
    lines += [f"{name}: {_event_text(event)}" for name, event in events]
    rows = [
        {"field": name, "A": _plain(ours), "B": _plain(theirs)}
        for name, (ours, theirs) in first.fields().items()
    ]
    return "\n".join([*lines, *([table(rows)] if rows else [])])


def _event_text(event: TradingEvent | None) -> str:
    if event is None:
        return "has no more"
    fields = event_fields(event)
    names = ("event", "kind", "order_id", "exchange_id", "tradingsymbol", "from_state", "to_state")
    said = [str(fields[name]) for name in (*names, "reason") if fields.get(name)]
    return visible(f"{_time(event.ts)} {' '.join(said)}")


def _shown(name: str, value: Any) -> str:
    if value is None or value == "":
        return _ABSENT
    if name.endswith("_paise"):
        return rupees_text(value)
    return _time(value) if name.endswith("_ts") else str(value)


def _plain(value: Any) -> str:
    """Return a field of an event as `journal export` has it; its name says the unit."""
    return _ABSENT if value is None else str(value)


def _apart(name: str, ours: Any, theirs: Any) -> str:
    if name.endswith("_paise") and ours is not None and theirs is not None:
        return signed(theirs - ours)
    return ""


def _time(ts: int) -> str:
    return iso_ist(ts)[:23].replace("T", " ")


def compared_json(found: Comparison) -> str:
    """Return the comparison as JSON for programs: money in paise, times in UTC ns."""
    text = msgspec.json.format(msgspec.json.encode(_values(found)), indent=1).decode()
    return "\n".join(visible_json(line) for line in text.split("\n"))


def _values(found: Comparison) -> Cells:
    first = found.first_difference
    return {
        "version": VERSION,
        "equal": found.is_equal,
        "runs": list(found.names),
        "whole": found.is_whole,
        "net_paise": [found.net_a_paise, found.net_b_paise],
        "pairs": len(found.pairs),
        "differing": [
            {"key": _key(pair.key), "a": pair.a, "b": pair.b, "differs": list(pair.differences())}
            for pair in found.differing
        ],
        "only_a": [{"key": _key(key), "trade": trade} for key, trade in found.only_a.items()],
        "only_b": [{"key": _key(key), "trade": trade} for key, trade in found.only_b.items()],
        "first_difference": None if first is None else {
            "number": first.number, "a": first.a, "b": first.b, "differs": list(first.fields()),
        },
    }  # fmt: skip


def _key(key: TradeKey) -> Cells:
    return key._asdict()
