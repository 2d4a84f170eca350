"""How a run was filled: by which rules, how deep into the book, and what was missed.

Everything follows from the events: the evidence of each fill, and the ends of exchange orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from daemon.domain.booked_fills import BookedFill
from daemon.domain.events import ExchangeOrderMoved, Fill, OrderMoved, TradingEvent
from daemon.domain.exchange_order import OVER_STATES
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState

TAKE: Final = "take"
AT_EXCHANGE: Final = frozenset({TAKE, "cross", "through", "at", "touch"})
_BASES: Final = {
    "depth": "depth", "mid": "mid", "ltp_for_mid": "mid", "ltp": "ltp", "bid": "bid_ask",
    "ask": "bid_ask", "ltp_for_bid": "bid_ask", "ltp_for_ask": "bid_ask",
}  # fmt: skip
"""Rules of fills that took at once, and the fill mode that has them."""
_ENDS: Final = ("filled", "cancelled", "rejected")
_NO_PRICE: Final = "no_price"
"""The only refusal that is a miss: any other was a decision and not a lack of a counterparty."""


class RuleSums(msgspec.Struct, kw_only=True):
    """The fills by one rule. `beyond_units` were taken behind the best level that was shown."""

    fills: int = 0
    units: int = 0
    beyond_units: int = 0
    unsized_units: int = 0
    """Of levels whose size was not shown, or not looked at."""


class AtOnce(msgspec.Struct, kw_only=True):
    """Fills that took at once, and what they would have paid by the other fill modes, paise.

    What was paid is signed: what bought is positive. The other modes are without slippage.
    """

    mode: str = ""
    """The mode of these fills; empty without any, or where a run has fills of several."""
    fills: int = 0
    units: int = 0
    value_paise: int = 0
    """Traded value, without a sign."""
    paid_paise: int = 0
    ltp_paise: int = 0
    mid_paise: int = 0
    bid_ask_paise: int = 0

    def kinder_paise(self, mode: str) -> int | None:
        """Return by how many paise `mode` would have been kinder; None where not known."""
        if not self.fills:
            return None
        if mode == self.mode and mode == "depth":
            return 0
        paid: int | None = getattr(self, f"{mode}_paise", None)
        return None if paid is None else self.paid_paise - paid


class Execution(msgspec.Struct, kw_only=True):
    """What a run says of its fills. Paise; units as contracts count them."""

    by_rule: dict[str, RuleSums] = {}
    sweeps: int = 0
    """Moments at which an order took from the levels that were shown."""
    levels: int = 0
    """The levels that these took from, together."""
    most_levels: int = 0
    over_best_paise: int = 0
    """What was paid beyond the best price shown, all units of all sweeps."""
    best_value_paise: int = 0
    """What these units would have cost at the best price."""
    at_once: AtOnce = msgspec.field(default_factory=AtOnce)
    missed: dict[str, int] = {}
    """Entries that were sent and never filled, by reason."""
    missed_units: int = 0
    rests: int = 0
    """Exchange orders of entries that ended with a rest although their trade has a fill."""
    rest_units: int = 0
    sent_again: int = 0
    """Exits that stood unfilled and were replaced."""
    near_misses: int = 0
    refused: dict[str, int] = {}
    """Refusals of the exchange, by reason."""

    @property
    def is_at_exchange(self) -> bool:
        """Return whether any order of the run was at the paper exchange."""
        return bool(self.refused or self.rests or AT_EXCHANGE.intersection(self.by_rule))

    @property
    def over_best_bps(self) -> float | None:
        """Return what was paid beyond the best price in basis points, None without a sweep."""
        if not self.best_value_paise:
            return None
        return self.over_best_paise * 10_000 / self.best_value_paise

    @property
    def levels_average(self) -> float | None:
        """Return the levels of an average sweep."""
        return self.levels / self.sweeps if self.sweeps else None


class ExecutionFold:
    """Sums of fills, and the sweeps of the input in work: as small for a year as for a day."""

    def __init__(self) -> None:
        self.sums: Final = Execution()
        self._input_no = -1
        self._levels: dict[str, int] = {}

    def add(self, event: TradingEvent, booked: BookedFill | None, ledger: Ledger) -> None:
        """Fold one event; `ledger` is the one before it."""
        if booked is not None:
            self._add_fill(booked, ledger)
        if isinstance(event, ExchangeOrderMoved):
            self._add_exchange(event, ledger)
        elif isinstance(event, OrderMoved) and event.from_state is OrderState.SUBMITTED:
            self._look_for_a_miss(event, ledger)

    def _add_fill(self, booked: BookedFill, ledger: Ledger) -> None:
        fill, evidence = booked.fill, booked.evidence
        rule = fill.rule if evidence is None else evidence.rule
        sums = self.sums.by_rule.setdefault(rule, RuleSums())
        sums.fills += 1
        sums.units += fill.quantity
        if fill.rule in _BASES:
            self._add_at_once(fill, ledger.orders[booked.event.order_id].tick_paise)
            shown = None if evidence is None or evidence.queue is None else evidence.queue.displayed
            if shown is None:
                sums.unsized_units += fill.quantity
            elif _best(fill) and _level(fill) != _best(fill):
                sums.beyond_units += fill.quantity
        if evidence is not None and rule == TAKE:
            self._add_sweep(evidence, fill)

    def _add_sweep(self, evidence: ExchangeOrderMoved, fill: Fill) -> None:
        sums = self.sums
        if evidence.input_no != self._input_no:
            self._input_no = evidence.input_no
            self._levels.clear()
        levels = self._levels.get(evidence.exchange_id, 0) + 1
        self._levels[evidence.exchange_id] = levels
        sums.sweeps += levels == 1
        sums.levels += 1
        sums.most_levels = max(sums.most_levels, levels)
        best = _best(fill) or _level(fill)
        sums.over_best_paise += _sign(fill) * (fill.price_paise - best) * fill.quantity
        sums.best_value_paise += best * fill.quantity

    def _add_at_once(self, fill: Fill, step: int) -> None:
        sums, mode = self.sums.at_once, _BASES[fill.rule]
        sums.mode = mode if not sums.fills or sums.mode == mode else ""
        sums.fills += 1
        sums.units += fill.quantity
        signed = _sign(fill) * fill.quantity
        sums.value_paise += fill.price_paise * fill.quantity
        sums.paid_paise += fill.price_paise * signed
        sums.ltp_paise += fill.ltp_paise * signed
        sums.mid_paise += _mid(fill, step) * signed
        sums.bid_ask_paise += fill.bid_ask_paise * signed

    def _add_exchange(self, event: ExchangeOrderMoved, ledger: Ledger) -> None:
        sums = self.sums
        if event.kind == "rejected":
            sums.refused[event.reason] = sums.refused.get(event.reason, 0) + 1
        elif event.kind == "cancelled" and not event.is_exit:
            if event.order_id in ledger.positions:
                sums.rests += 1
                sums.rest_units += event.quantity - event.filled
        elif event.kind == "accepted" and event.replaces:
            sums.sent_again += 1
        if event.state in OVER_STATES and event.kind in _ENDS:
            sums.near_misses += event.near_misses

    def _look_for_a_miss(self, event: OrderMoved, ledger: Ledger) -> None:
        is_cancelled = event.to_state is OrderState.CANCELLED
        if is_cancelled or (event.to_state is OrderState.REJECTED and event.reason == _NO_PRICE):
            missed = self.sums.missed
            missed[event.reason] = missed.get(event.reason, 0) + 1
            self.sums.missed_units += ledger.orders[event.order_id].quantity


def execution_dict(execution: Execution) -> Mapping[str, object]:
    """Return the sums as summary.json keeps them: rupees, null where not known."""
    bps, average = execution.over_best_bps, execution.levels_average
    at_once = execution.at_once
    return {
        "by_rule": {
            rule: msgspec.structs.asdict(sums) for rule, sums in sorted(execution.by_rule.items())
        },
        "sweeps": execution.sweeps,
        "levels_average": None if average is None else round(average, 2),
        "most_levels": execution.most_levels,
        "paid_over_best": execution.over_best_paise / 100,
        "paid_over_best_bps": None if bps is None else round(bps, 2),
        "at_once": {
            "fills": at_once.fills,
            "units": at_once.units,
            "value": at_once.value_paise / 100,
            **{f"{mode}_kinder_by": _rupees(at_once.kinder_paise(mode)) for mode in MODES},
        },
        "missed": dict(sorted(execution.missed.items())),
        "missed_units": execution.missed_units,
        "rests": execution.rests,
        "rest_units": execution.rest_units,
        "sent_again": execution.sent_again,
        "near_misses": execution.near_misses,
        "refused": dict(sorted(execution.refused.items())),
    }


MODES: Final = ("ltp", "mid", "bid_ask", "depth")


def _rupees(paise: int | None) -> float | None:
    return None if paise is None else paise / 100


def _sign(fill: Fill) -> int:
    return 1 if fill.transaction_type == "BUY" else -1


def _mid(fill: Fill, step: int) -> int:
    """Return what `fill_mode: mid` would have paid: to the nearest step, a tie against the order.

    Without both sides that is the last price.
    """
    if not (fill.bid_paise and fill.ask_paise):
        return fill.ltp_paise
    both = fill.bid_paise + fill.ask_paise
    if fill.transaction_type == "BUY":
        return (both + step) // (2 * step) * step
    return -((step - both) // (2 * step)) * step


def _best(fill: Fill) -> int:
    """Return the best price of the side that a fill took from, 0 if that was not shown."""
    return fill.ask_paise if fill.transaction_type == "BUY" else fill.bid_paise


def _level(fill: Fill) -> int:
    return fill.base_half_paise // 2
