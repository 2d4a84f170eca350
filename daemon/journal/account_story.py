"""The story of a GTT, of an order without a trade, or of the risk state, in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from daemon.domain.dates import iso_ist
from daemon.domain.events import ExchangeOrderMoved, GttMoved, RiskMoved, TradingEvent
from daemon.domain.untraded import strategy_of
from daemon.journal.account_words import AccountWords
from daemon.journal.exchange_words import exchange_lines
from daemon.journal.words import fill_lines, wall_time

RISK: Final = "risk"
_GTT: Final = re.compile(r"gtt[- ]?(\d+)", re.IGNORECASE)
_INDENT: Final = " " * 14


def explain_account(events: Sequence[TradingEvent], name: str) -> list[str]:
    """Return the lines of what `name` means among events without a trade; none if nothing does.

    `name` is `GTT-7`, the id of an exchange order, or `risk`.
    """
    is_meant = _meant(events, name)
    words, lines, day = AccountWords(), list[str](), ""
    for event in events:
        line = words.take(event)
        if not is_meant(event):
            continue
        if (date := iso_ist(event.ts)[:10]) != day:
            day = date
            lines.append(f"{date}, times in IST:")
        said = [line.words + "."] if line is not None else []
        if isinstance(event, ExchangeOrderMoved) and event.exchange_id:
            said = exchange_lines(event)
            said += [_whose(event)] if event.kind == "accepted" else []
            said += [] if event.fill is None else fill_lines(event.fill)[1:]
        first, *rest = said
        lines += [f"{wall_time(event.ts)}  {first}", *(_INDENT + each for each in rest)]
    return lines


def _whose(event: ExchangeOrderMoved) -> str:
    """Say whose an order is, and why if it closes what such orders hold."""
    why = f", which closes what is open: {event.tag}" if event.is_exit else ""
    return f"Strategy {strategy_of(event)}{why}."


def is_account_name(name: str) -> bool:
    """Return whether a name means a GTT or the risk state, whether or not there is one."""
    return name == RISK or _GTT.fullmatch(name) is not None


def _meant(events: Sequence[TradingEvent], name: str) -> Callable[[TradingEvent], bool]:
    if name == RISK:
        return lambda event: isinstance(event, RiskMoved)
    if (found := _GTT.fullmatch(name)) is None:
        return lambda event: _is_of(event, {name})
    gtt_id = int(found[1])
    own = [each for each in events if isinstance(each, GttMoved) and each.gtt_id == gtt_id]
    orders = {each.exchange_id for each in own if each.exchange_id}
    return lambda event: (
        _is_of(event, orders) or (isinstance(event, GttMoved) and event.gtt_id == gtt_id)
    )


def _is_of(event: TradingEvent, orders: set[str]) -> bool:
    """Return whether an event is of one of these exchange orders, or of a slice of one."""
    if not isinstance(event, ExchangeOrderMoved) or not event.exchange_id:
        return False
    return event.exchange_id.partition("/")[0] in orders
