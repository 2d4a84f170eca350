"""Keep what others have written apart from what this program says.

A symbol, a strategy's note or an error message could hold words meant for the assistant that reads
them. So every text that is not this program's own goes under `untrusted`, cut short.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from daemon.domain.order import OrderState
from daemon.domain.risk_state import RiskState
from daemon.journal.exchange_reasons import ENDED, REFUSED, TOLD
from daemon.journal.words import EXITS, MOVES, REFUSALS, RULES

UNTRUSTED: Final = "untrusted"
LENGTH_MAX: Final = 64
"""Characters of a text of others."""
_TABLES: Final = (REFUSALS, EXITS, MOVES, RULES, ENDED, REFUSED, TOLD)
_WORDS: Final = (
    "BUY", "SELL", "LONG", "SHORT", "MIS", "NRML", "CNC", "MARKET", "LIMIT", "SL", "SL-M",
    "COMPLETE", "REJECTED", "CANCELLED", "OPEN", "TRIGGER PENDING", "live", "paced", "finished",
    "dead",
    "created", "moved", "stop_moved", "exchange", "filled", "active", "submitted", "v2", "v3", "",
)  # fmt: skip
OWN: Final = frozenset(
    {*_WORDS, *map(str, OrderState), *(state.value for state in RiskState)}
    | {text for table in _TABLES for entry in table.items() for text in entry}
)
"""Every text that may stand outside of `untrusted`; and ids and times."""
_OWN_FORM: Final = re.compile(
    r"V[23]-\d{8}-\d{6}|\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?(\+05:30)?)?", re.ASCII
)
_PAISE: Final = "_paise"


def is_own(text: str) -> bool:
    """Return whether a text is one that this program itself writes."""
    return text in OWN or _OWN_FORM.fullmatch(text) is not None


def separated(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the texts of others under `untrusted`, and paise as rupees."""
    kept: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for key, value in row.items():
        name, shown = _in_rupees(key, value)
        if _has_others(shown):
            others[name] = _all_cut(shown)
        else:
            kept[name] = _inside(shown)
    return {**kept, UNTRUSTED: others} if others else kept


def cut(text: str) -> str:
    """Return at most `LENGTH_MAX` characters."""
    return text if len(text) <= LENGTH_MAX else f"{text[: LENGTH_MAX - 1]}…"


def _inside(value: Any) -> Any:
    if isinstance(value, Mapping):
        return separated(value)
    if isinstance(value, list | tuple):
        return [_inside(each) for each in value]
    return value


def _has_others(value: Any) -> bool:
    """Return whether a value has texts of others outside of a row, which go apart as a whole."""
    if isinstance(value, str):
        return not is_own(value)
    return isinstance(value, list | tuple) and any(map(_has_others, value))


def _all_cut(value: Any) -> Any:
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, Mapping):
        return {key: _all_cut(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_all_cut(each) for each in value]
    return value


def _in_rupees(key: str, value: Any) -> tuple[str, Any]:
    if not key.endswith(_PAISE):
        return key, value
    rupees = value / 100 if isinstance(value, int | float) else value
    return f"{key.removesuffix(_PAISE)}_rupees", rupees
