"""What the engine's positions and entries block: the last gate, and the figures that are told.

Nothing is computed at a tick. The gate computes once for an entry, if there is a capital; the
figures are computed at every passed minute of a session while anything is held or waits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from daemon.domain.carry_over import CarryOver
from daemon.domain.inputs import BrokerMargin
from daemon.domain.instrument import Instrument
from daemon.domain.ledger import Ledger
from daemon.domain.order import Order, Side
from daemon.domain.risk_arrays import RiskArrays
from daemon.domain.statistics import MarginStatus
from daemon.execution.broker_figure import BrokerFigure
from daemon.execution.costs import Costs
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.margin_account import MarginAccount, paise_up
from daemon.execution.margin_held import Held, open_positions
from daemon.execution.margin_market import (
    Line,
    MarginMarket,
    RatesOf,
    prices_of,
)
from daemon.execution.margin_minutes import MarginMinutes
from daemon.execution.quotes import Quotes
from daemon.execution.untraded_holdings import UntradedHoldings
from daemon.execution.working_entries import WorkingEntries
from daemon.margin.baskets import BasketLeg, basket_ask
from daemon.margin.funds import Ask
from daemon.margin.levels import Use
from daemon.margin.models import margins, model_of
from daemon.margin.portfolio import Holding
from daemon.margin.unknown import MarginUnknown
from daemon.market.schedule import Schedule, Sessions
from daemon.risk.gates import Refusal, insufficient_margin


class MarginTerms(NamedTuple):
    """What margins are computed with: the account's capital in paise, None without a gate."""

    capital_paise: int | None
    rates_of: RatesOf
    squares_off: bool = False
    """Whether positions of an account that is short are closed."""
    asks_broker: bool = False
    """Whether a broker's figures correct the model's (`BrokerMargin`)."""
    arrays: RiskArrays | None = None
    """Those of the clearing house, None for the scenario model."""


class MarginDesk:
    """Ask the gate, and keep what is used, free and was used at most."""

    def __init__(
        self,
        terms: MarginTerms,
        desk: ExchangeDesk,
        entries: WorkingEntries,
        sessions: Sessions,
        ledger: Ledger,
        quotes: Quotes,
        schedule: Schedule,
        costs: Costs,
        untraded: UntradedHoldings,
        carry: CarryOver,
    ) -> None:
        peak_rupees = max(carry.peak_margin_rupees, ledger.margin.peak_rupees)
        self.is_gate = terms.capital_paise is not None
        self.capital_paise = terms.capital_paise
        self.squares_off = terms.squares_off
        self.status = MarginStatus(peak_rupees=peak_rupees) if peak_rupees else None
        """None before the first figures of an account."""
        self.model: Final = model_of(terms.arrays)
        self._broker = BrokerFigure(ledger) if terms.asks_broker else None
        self._market = MarginMarket(
            desk.universe, prices_of(quotes), sessions, desk.at, terms.rates_of
        )
        self._universe = desk.universe
        self._ledger = ledger
        self._at = desk.at
        self._quotes = quotes
        self.minutes = MarginMinutes(desk.agenda, desk.at, schedule)
        self._costs = costs
        self._untraded = untraded
        self._account = MarginAccount(
            terms.capital_paise or 0, desk.universe, ledger, quotes, untraded, entries
        )
        self._seen_seq = ledger.seq

    # the gate

    def refusal(
        self,
        order: Order,
        index: int,
        *,
        units: int | None = None,
        limit_paise: int = 0,
        more_premium: int = 0,
    ) -> Refusal | None:
        """Refuse an entry that the cash does not cover, or whose margin cannot be known.

        `units` are those that a modification adds, None for all of the order; `limit_paise` is its
        limit, 0 for the protection of a MARKET. `more_premium` is what a higher limit adds to the
        premium of units that it had, paise.
        """
        if not self.is_gate:
            return None
        units = order.quantity if units is None else units
        limit = limit_paise or self._account.limit_of(order, index)
        try:
            ask = self._ask(order, index, units, limit)
            ask = ask._replace(premium=ask.premium + more_premium)
        except MarginUnknown as error:
            return Refusal("insufficient_margin", {"not_known": str(error)})
        cash, reserved = self._account.cash_paise(), self._account.reserved_paise()
        refusal = insufficient_margin(ask, cash=cash, reserved=reserved)
        if refusal is not None and self._broker is not None:
            refusal.numbers["margin_of"] = self._broker.source
        if refusal is None:
            self._tell(ask.blocked_after, reserved + ask.premium)
        return refusal

    def basket_refusal(self, orders: Sequence[Order], *, hedges_first: bool) -> Refusal | None:
        """Refuse a basket that the cash does not cover: netted, or at its worst on the way."""
        if not self.is_gate:
            return None
        try:
            ask = self._basket_ask(orders, hedges_first=hedges_first)
        except MarginUnknown as error:
            return Refusal("insufficient_margin", {"not_known": str(error)})
        return insufficient_margin(
            ask, cash=self._account.cash_paise(), reserved=self._account.reserved_paise()
        )

    def _basket_ask(self, orders: Sequence[Order], *, hedges_first: bool) -> Ask:
        """Return what orders ask for together, in the order in which they are sent."""
        indices = [self._quotes.index_of(order.tradingsymbol) for order in orders]
        lines, legs, charges = self._account.lines(), [], 0
        for order, index in zip(orders, indices, strict=True):
            lines.setdefault(self._account.key(index, order.product), Line())
        found = self._market.underlyings(lines)
        for order, index in zip(orders, indices, strict=True):
            own = self._market.underlying_name(index)
            limit = order.price_paise or self._account.limit_of(order, index)
            is_delivery = self._account.key(index, order.product)[1]
            contract = found[own].contract_of(order.tradingsymbol, is_delivery=is_delivery)
            legs.append(BasketLeg(own, contract, order.sign * order.quantity, limit))
            instrument, side = self._universe[index], order.transaction_type
            charges += self._charges(instrument, side, order.quantity, limit)
        return basket_ask(list(found.values()), legs, hedges_first=hedges_first, charges=charges)

    def _ask(self, order: Order, index: int, units: int, limit_paise: int) -> Ask:
        """Return what an entry of some units asks for. Raises MarginUnknown."""
        instrument, side = self._universe[index], order.transaction_type
        key = self._account.key(index, order.product)
        lines = self._account.lines()
        lines.setdefault(key, Line())
        found = self._market.underlyings(lines)
        risks = dict(zip(found, self.model.risks_of(list(found.values())), strict=True))
        blocked = {
            name: self.model.margin_with(underlying, risks[name]).working.blocked
            for name, underlying in found.items()
        }
        own = self._market.underlying_name(index)
        contract = found[own].contract_of(instrument.tradingsymbol, is_delivery=key[1])
        buys, sells = (units, 0) if side == "BUY" else (0, units)
        working, filled = (
            self.model.margin_with(found[own].with_added([added]), risks[own]).working.blocked
            for added in (
                Holding(contract=contract, buys=buys, sells=sells),
                Holding(contract=contract, held=buys - sells),
            )
        )
        before = sum(blocked.values()) + self._correction
        return Ask(
            blocked_before=before,
            blocked_after=before - blocked[own] + working,
            blocked_filled=before - blocked[own] + filled,
            premium=limit_paise * buys if instrument.is_option else 0,
            charges=self._charges(instrument, side, units, limit_paise),
        )

    def _charges(self, instrument: Instrument, side: Side, quantity: int, limit_paise: int) -> int:
        if not quantity:
            return 0
        charges = self._costs.of_order(
            instrument, side=side, quantity=quantity, price_paise=limit_paise
        )
        return paise_up(Decimal(charges.total))

    # what is there

    def held(self) -> Held | None:
        """Return what is held against the cash, None if its margin is not known."""
        try:
            underlyings = self._market.underlyings(self._account.held_lines())
        except MarginUnknown:
            return None
        positions = open_positions(self._ledger, self._quotes, self._untraded)
        return Held(
            positions, underlyings, self._account.cash_paise(), self._market, self._universe
        )

    # the figures

    def start_day(self, date: dt.date) -> None:
        """Turn to a date: its minutes are those of its sessions."""
        self.minutes.start_day(date, is_needed=self._account.is_anything_there())

    @property
    def peak_rupees(self) -> int:
        """The most that the account has had blocked."""
        return 0 if self.status is None else self.status.peak_rupees

    def minute_passed(self) -> Use | None:
        """Compute the figures of a passed minute, and again each minute while anything is there.

        Return what is used of the cash; None without a capital, or where a margin is not known.
        """
        use = self.compute()
        self.minutes.passed(is_needed=self._account.is_anything_there())
        return use

    def refresh(self) -> Use | None:
        """Compute the figures again if anything was decided since, where there is a gate.

        Return what is used of the cash, None if nothing was computed.
        """
        if not self.is_gate or self._ledger.seq == self._seen_seq:
            return None
        return self.compute()

    def answered(self, answer: BrokerMargin) -> Use | None:
        """Take the broker's figure of what is held, and compute the figures again.

        Return what is used of the cash, None if nothing was computed.
        """
        if self._broker is None:
            return None
        try:
            held = margins(
                list(self._market.underlyings(self._account.held_lines()).values()), self.model
            )
        except MarginUnknown:
            return None
        self._broker.take(answer, sum(margin.held.blocked for margin in held))
        return self.compute()

    @property
    def _correction(self) -> int:
        return 0 if self._broker is None else self._broker.correction

    def compute(self) -> Use | None:
        """Compute the figures; return what is used of the cash, None where that is not known."""
        self._seen_seq = self._ledger.seq
        try:
            found = margins(
                list(self._market.underlyings(self._account.lines()).values()), self.model
            )
        except MarginUnknown:
            return None
        used = max(0, sum(margin.working.blocked for margin in found) + self._correction)
        reserved = self._account.reserved_paise() if self.is_gate else 0
        return self._tell(used, reserved, sum(margin.hedge_benefit for margin in found))

    def _tell(self, used: int, reserved: int, benefit: int | None = None) -> Use | None:
        before = self.status or MarginStatus()
        use = Use(used, reserved, self._account.cash_paise()) if self.is_gate else None
        self.status = MarginStatus(
            used_rupees=used,
            peak_rupees=max(used, before.peak_rupees),
            hedge_benefit_rupees=before.hedge_benefit_rupees if benefit is None else benefit,
            free_paise=None if use is None else -use.shortfall,
            source="" if self._broker is None else self._broker.source,
        )
        return use
