"""Whether the levels of an order protect it where it enters (SEMANTICS, "Fills")."""

from __future__ import annotations

from daemon.domain.exchange_order import ExchangeOrder
from daemon.domain.order import Order
from daemon.exchange.depth_book import DepthBook
from daemon.exchange.refusals import Refused
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


def unprotected(order: Order, entry: ExchangeOrder, depth: DepthBook) -> Refused | None:
    """Refuse an entry that arrives if its levels would not protect it where it would fill first."""
    if entry.terms.is_exit:
        return None
    best, limit = depth.best_opposite(entry.is_buy), entry.limit_paise
    is_within = best and (best <= limit if entry.is_buy else best >= limit)
    refusal = check_protective(order, best if is_within else limit, depth.ltp)
    return None if refusal is None else Refused(refusal.reason, refusal.numbers)
