"""IV and Greeks of one expiry at one moment: all contracts in one call, when first asked for."""

from __future__ import annotations

from typing import Final

import numpy as np

from daemon.chain.contracts import UnderlyingContracts
from daemon.chain.quotes import LastQuote, Quotes
from daemon.chain.reference import Reference, synthetic_price
from daemon.chain.strikes import OptionKind, Strikes
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.pricing.black76 import YEAR_SECONDS, Greeks, greeks

_SIGNS: Final[tuple[tuple[OptionKind, float], ...]] = (("CE", 1.0), ("PE", -1.0))
_NS_IN_YEAR: Final = YEAR_SECONDS * 1e9


class ChainGreeks:
    """Black-76 on the synthetic forward, the rounding of `daemon.pricing`.

    A contract whose price is not believed, or implies no volatility, has none.
    """

    def __init__(
        self,
        contracts: UnderlyingContracts,
        expiry: str,
        strikes: Strikes,
        quotes: Quotes,
        left_ns: int,
    ) -> None:
        """Take the time to the contracts' close in ns, 0 or less when they are over."""
        self._contracts = contracts
        self._expiry = expiry
        self._strikes = strikes
        self._quotes = quotes
        self._left_ns = left_ns
        self._forward_paise = self._find_forward()
        self._known: dict[int, dict[str, float]] | None = None

    @property
    def forward(self) -> float | None:
        """Return the forward in rupees, None while no price of the underlying is believed."""
        return None if not self._forward_paise else self._forward_paise / PAISE_PER_RUPEE

    def of(self, index: int) -> dict[str, float]:
        """Return the Greeks of a contract by their names in a quote, empty without any."""
        if self._known is None:
            self._known = self._computed()
        return self._known.get(index, {})

    def delta(self, index: int, /) -> float | None:
        """Return a contract's delta, None where it has none."""
        return self.of(index).get("delta")

    def _find_forward(self) -> int:
        """Return K + CE - PE at the money, else the future of the same expiry, else the spot."""
        match synthetic_price(self._contracts, self._strikes, self._quotes):
            case Reference(paise) if paise > 0:
                return paise
        for index in (self._contracts.futures.get(self._expiry), self._contracts.spot):
            last = None if index is None else self._quotes.last(index)
            if last is not None and last.is_believed:
                return last.ltp_paise
        return 0

    def _computed(self) -> dict[int, dict[str, float]]:
        rows = self._priced()
        if not rows or not self._forward_paise or self._left_ns <= 0:
            return {}
        indices, prices, strikes, signs = zip(*rows, strict=True)
        found = greeks(
            np.array(prices),
            np.array(self._forward_paise / PAISE_PER_RUPEE),
            np.array(strikes),
            np.array(self._left_ns / _NS_IN_YEAR),
            np.array(signs),
        )
        return {
            index: numbers
            for index, numbers in zip(indices, _by_contract(found), strict=True)
            if numbers
        }

    def _priced(self) -> list[tuple[int, float, float, float]]:
        """Return (index, price, strike, sign) of the contracts with a believed price, rupees."""
        rows = []
        for kind, sign in _SIGNS:
            for strike in self._strikes.of_kind(kind):
                index = self._strikes.index_of(strike, kind)
                assert index is not None
                last = self._quotes.last(index)
                if last is not None and last.is_believed:
                    rows.append((index, _price(last), strike / PAISE_PER_RUPEE, sign))
        return rows


def _price(last: LastQuote) -> float:
    """Return the mid if both sides are there, else the last price, rupees."""
    if last.bid_paise > 0 and last.ask_paise > 0:
        return (last.bid_paise + last.ask_paise) / (2 * PAISE_PER_RUPEE)
    return last.ltp_paise / PAISE_PER_RUPEE


def _by_contract(found: Greeks) -> list[dict[str, float]]:
    """Return the numbers of each contract, empty where a price implies none."""
    columns = [column.tolist() for column in found]
    return [
        {} if row[0] != row[0] else dict(zip(Greeks._fields, row, strict=True))
        for row in zip(*columns, strict=True)
    ]
