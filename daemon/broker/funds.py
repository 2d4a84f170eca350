"""The funds of an account: cash as its executions move it, and what Kite shows of it.

Cash = capital + realized - charges - premium paid + premium received + what daily marks paid for
carried futures (margin contract, 2). The premium of an option moves when it trades; a future or a
share moves cash by what it realizes. Rupees are exact decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from daemon.broker.executions import Execution
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.open_cost import OpenCost


class Margin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is blocked of the cash, rupees; another part of the program works it out."""

    span_rupees: int = 0
    exposure_rupees: int = 0
    delivery_rupees: Decimal = Decimal(0)
    """For shares."""
    working_premium_paise: int = 0
    """Premium of buy orders of options that may still fill, at their limits."""


NO_MARGIN = Margin()


class Funds(msgspec.Struct, frozen=True, kw_only=True):
    """The equity segment in rupees. `net` is what is free: `opening_balance` less `debits`.

    `option_premium` is what options cost today, net of what they brought, with the premium of
    working orders. `m2m_realised` is what futures and shares realized today, with the day's marks.
    `m2m_unrealised` is shown and counts nowhere. `charges` of today are part of `debits`.
    `m2m_carried` is what all daily marks have paid for futures that are still open, a part of cash.
    """

    opening_balance: Decimal
    span: Decimal
    exposure: Decimal
    delivery: Decimal
    option_premium: Decimal
    m2m_realised: Decimal
    m2m_unrealised: Decimal
    charges: Decimal
    m2m_carried: Decimal

    @property
    def debits(self) -> Decimal:
        """Return everything that is used of the opening balance."""
        blocked = self.span + self.exposure + self.delivery
        return blocked + self.option_premium + self.charges - self.m2m_realised

    @property
    def net(self) -> Decimal:
        """Return what is free."""
        return self.opening_balance - self.debits


class FundsBook:
    """Fold executions and daily marks into cash, with the sums of today apart."""

    def __init__(self, capital_paise: int, is_option: Callable[[str], bool]) -> None:
        self._is_option = is_option
        self._opening_paise = capital_paise
        self._opening_charges = Decimal(0)
        self._premium_paise = 0
        self._realized_paise = 0
        self._charges = Decimal(0)
        """Of the whole life of the account, rupees."""
        self._open: dict[str, OpenCost] = {}
        self._symbols: dict[str, str] = {}

    def take(self, execution: Execution) -> None:
        """Move cash by an execution."""
        self._charges += Decimal(execution.charges.total)
        if self._is_option(execution.tradingsymbol):
            self._premium_paise += execution.sign * execution.value_paise
            return
        # trades are never netted with each other; orders without a trade are, by position
        key = execution.order_id or "/".join(execution.key)
        self._symbols[key] = execution.tradingsymbol
        cost = self._open.setdefault(key, OpenCost())
        signed = execution.sign * execution.quantity
        self._realized_paise += cost.trade(signed, execution.price_paise)
        if not cost.quantity:
            del self._open[key], self._symbols[key]

    def mark(self, key: str, close_paise: int) -> None:
        """Mark a carried future to its contract's close: cash moves by the difference.

        `key` is its trade, or `SYMBOL/PRODUCT` without one.
        """
        self._realized_paise += self._open[key].mark(close_paise)

    def roll(self) -> None:
        """Begin another day: its opening balance is the cash there is."""
        self._opening_paise += self._realized_paise - self._premium_paise
        self._opening_charges = self._charges
        self._premium_paise = self._realized_paise = 0

    @property
    def cash_paise(self) -> int:
        """Return the cash before charges, and before anything is blocked."""
        return self._opening_paise + self._realized_paise - self._premium_paise

    @property
    def charges(self) -> Decimal:
        """Return all charges of the account so far, rupees."""
        return self._charges

    @property
    def cash(self) -> Decimal:
        """Return the cash before anything is blocked, rupees."""
        return _rupees(self.cash_paise) - self._charges

    @property
    def carried_paise(self) -> int:
        """Return what daily marks have paid for the futures that are open."""
        return sum(each.marked_paise for each in self._open.values())

    def funds(self, last_paise: Mapping[str, int], margin: Margin = NO_MARGIN) -> Funds:
        """Return what a broker shows; `last_paise` by tradingsymbol, a missing one counts 0."""
        open_result = sum(
            each.result_paise(last_paise[self._symbols[key]]) - each.marked_paise
            for key, each in self._open.items()
            if self._symbols[key] in last_paise
        )
        return Funds(
            opening_balance=_rupees(self._opening_paise) - self._opening_charges,
            span=Decimal(margin.span_rupees),
            exposure=Decimal(margin.exposure_rupees),
            delivery=margin.delivery_rupees,
            option_premium=_rupees(self._premium_paise + margin.working_premium_paise),
            m2m_realised=_rupees(self._realized_paise),
            m2m_unrealised=_rupees(open_result),
            charges=self._charges - self._opening_charges,
            m2m_carried=_rupees(self.carried_paise),
        )


def _rupees(paise: int) -> Decimal:
    return Decimal(paise) / PAISE_PER_RUPEE
