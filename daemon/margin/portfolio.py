"""What margin is asked of: the contracts of one underlying, with what is held and what is working.

Prices are in half paise, since a mid can fall between two paise. Quantities are units.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from daemon.domain.margin_rates import MarginRates

HALF_PAISE: Final = 200
"""Half paise in a rupee."""
MONTHS_FAR: Final = 9
"""An option that expires in more months than this moves by a range of its own."""

Kind = Literal["FUT", "CE", "PE", "EQ"]


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """One contract at the time that is asked about. `price_half` is the market's: mid, else ltp.

    `forward_half` is its reference F, `left_ns` the time to its close (less than 0 after it).
    A share has neither. `is_delivery` is about shares: CNC, not MIS.
    """

    symbol: str
    kind: Kind
    price_half: int
    forward_half: int = 0
    expiry: str = ""
    """ISO date."""
    strike_paise: int = 0
    left_ns: int = 0
    is_delivery: bool = False


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """The net quantity held of a contract, and what entries that work would buy and sell."""

    contract: Contract
    held: int = 0
    """Signed."""
    buys: int = 0
    sells: int = 0

    def quantities(self) -> tuple[int, int, int, int]:
        """Return the quantity if no entry fills, all buys, all sells, all of them."""
        held, buys, sells = self.held, self.buys, self.sells
        return held, held + buys, held - sells, held + buys - sells


class Underlying(msgspec.Struct, frozen=True, kw_only=True):
    """All holdings of one underlying, its spot (0: not known), its rates and the date.

    Holdings are in a fixed order, each contract once for each product.
    """

    name: str
    rates: MarginRates
    today: str
    """ISO date."""
    spot_half: int = 0
    holdings: tuple[Holding, ...] = ()

    def contract_of(self, symbol: str, *, is_delivery: bool = False) -> Contract:
        """Return the contract of one of the holdings."""
        return next(
            holding.contract
            for holding in self.holdings
            if holding.contract.symbol == symbol and holding.contract.is_delivery == is_delivery
        )

    def with_added(self, additions: Iterable[Holding]) -> Underlying:
        """Return it with quantities added; contracts that are new come last."""
        holdings = {holding.contract: holding for holding in self.holdings}
        for more in additions:
            before = holdings.get(more.contract) or Holding(contract=more.contract)
            holdings[more.contract] = replace(
                before,
                held=before.held + more.held,
                buys=before.buys + more.buys,
                sells=before.sells + more.sells,
            )
        return replace(self, holdings=tuple(holdings.values()))


@lru_cache(maxsize=16)
def far_after(today: str) -> str:
    """Return the last expiry that is not more than nine months away, as text (ISO dates)."""
    date = dt.date.fromisoformat(today)
    years, month = divmod(date.month - 1 + MONTHS_FAR, 12)
    return f"{date.year + years:04}-{month + 1:02}-{date.day:02}"
