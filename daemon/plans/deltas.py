"""The deltas of an option chain as of a moment: Black-76 on the synthetic forward (P7)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from daemon.chain.contracts import UnderlyingContracts
from daemon.chain.quotes import believed_paise
from daemon.chain.strikes import Strikes
from daemon.domain.dates import SECOND_NS
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.plans.desk import Desk
from daemon.pricing.black76 import YEAR_SECONDS, greeks


class ChainDeltas:
    """Deltas by index in the universe, computed when they are asked for."""

    def __init__(
        self, contracts: UnderlyingContracts, desk: Desk, reference: Callable[[], int | None]
    ) -> None:
        """Take what stands in for the spot where that is not believed: S."""
        self._contracts = contracts
        self._desk = desk
        self._reference = reference
        self._forwards: dict[str, int | None] = {}

    def delta(self, index: int, /) -> float | None:
        """Return an option's delta to 1e-4, None where its premium has none or its time is up."""
        option = self._desk.universe[index]
        premium = believed_paise(self._desk, index)
        years = self._years(index, option.expiry)
        if premium is None or years <= 0:
            return None
        forward = self._forward(option.expiry)
        if forward is None:
            return None
        found = greeks(
            np.array(premium / PAISE_PER_RUPEE),
            np.array(forward / PAISE_PER_RUPEE),
            np.array(option.strike_paise / PAISE_PER_RUPEE),
            np.array(years),
            np.array(1.0 if option.instrument_type == "CE" else -1.0),
        )
        delta = float(found.delta)
        return None if math.isnan(delta) else delta

    def _years(self, index: int, expiry: str) -> float:
        """Return the time to the contract's close."""
        date = np.datetime64(expiry).astype(object)
        _, close_ts = self._desk.session(index, date)
        return (close_ts - self._desk.now) / SECOND_NS / YEAR_SECONDS

    def _forward(self, expiry: str) -> int | None:
        """Return K + CE - PE of the believed pair nearest to the spot (else S), paise.

        Without such a pair the spot, or S, itself.
        """
        if expiry not in self._forwards:
            spot = self._contracts.spot
            middle = None if spot is None else believed_paise(self._desk, spot)
            middle = self._reference() if middle is None else middle
            self._forwards[expiry] = self._synthetic(self._contracts.options[expiry], middle)
        return self._forwards[expiry]

    def _synthetic(self, strikes: Strikes, middle: int | None) -> int | None:
        if middle is None:
            return None
        pairs: list[tuple[int, int, int]] = []
        for strike in strikes.listed:
            prices = []
            for kind in ("CE", "PE"):
                index = strikes.index_of(strike, kind)
                prices.append(None if index is None else believed_paise(self._desk, index))
            if prices[0] is not None and prices[1] is not None:
                pairs.append((abs(strike - middle), strike, strike + prices[0] - prices[1]))
        return min(pairs)[2] if pairs else middle
