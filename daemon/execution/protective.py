"""Whether an order may enter where it would: its levels, the spread (SEMANTICS, "Fills")."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.money import ratio
from daemon.domain.order import Order
from daemon.domain.order_kind import MARKET, STOP_KINDS
from daemon.risk.gates import Refusal


def check_protective(order: Order, entry: int, ltp: int) -> Refusal | None:
    """Refuse a stop that is not behind entry and ltp, a target that is not beyond both (paise)."""
    sign, stop, target = order.sign, order.sl_paise, order.tp_paise
    if stop is not None and (sign * (entry - stop) <= 0 or sign * (ltp - stop) <= 0):
        numbers: dict[str, int | str] = {"sl_paise": stop, "fill_paise": entry, "ltp_paise": ltp}
        return Refusal("stop_not_protective", numbers)
    if target is not None and (sign * (target - entry) <= 0 or sign * (target - ltp) <= 0):
        numbers = {"tp_paise": target, "fill_paise": entry, "ltp_paise": ltp}
        return Refusal("target_not_beyond_entry", numbers)
    return None


class ArrivalTerms(NamedTuple):
    """An entry that arrives: where it would fill first (paise, 0 if it would rest), and ltp."""

    entry: ExchangeOrder
    first_paise: int
    ltp_paise: int


def unprotected(order: Order, at: ArrivalTerms) -> Refusal | None:
    """Refuse an entry that arrives if its levels would not protect it where it would fill first.

    That is what it takes first, together with ltp. A LIMIT that would rest fills at its limit. A
    stop fills at its trigger at the earliest, whatever the price is now.
    """
    entry = at.entry
    limit, trigger = entry.limit_paise, entry.trigger_paise
    if entry.kind in STOP_KINDS:
        return check_protective(order, limit or trigger, trigger)
    if at.first_paise or entry.kind == MARKET:
        return check_protective(order, at.first_paise or limit or at.ltp_paise, at.ltp_paise)
    return check_protective(order, limit, limit)


class SpreadLimit:
    """Refuse entries that would take from a book whose spread is too wide; None: any spread."""

    def __init__(self, max_spread_pct: float | None) -> None:
        self._written = max_spread_pct
        self._most = None if max_spread_pct is None else ratio(max_spread_pct)

    def refuse(self, bid: int, ask: int) -> Refusal | None:
        """Refuse a spread (paise) above the limit, in percent of the middle.

        A side that is absent (0) makes a spread of 200 %; without both there is nothing to judge.
        """
        if self._most is None or not (bid or ask):
            return None
        most, whole = self._most
        if 200 * (ask - bid if bid and ask else bid + ask) * whole <= most * (bid + ask):
            return None
        limit = f"{self._written:g}"
        return Refusal("wide_spread", {"bid_paise": bid, "ask_paise": ask, "limit_pct": limit})
