"""The margin of a portfolio from a clearing house's risk arrays.

span = max(0, the largest loss of 16, at least 0, + calendar charges - net option value), at the
file's own prices; exposure as in the scenario model, at the market's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.domain.risk_arrays import SCENARIOS, CalendarRow, RiskArrays, RiskRow
from daemon.margin.portfolio import Contract, Underlying
from daemon.margin.scenario_margin import (
    ALL_CASES,
    HELD_ALONE,
    MICRO_RUPEE,
    Margin,
    UnderlyingMargin,
    exposure_parts,
)
from daemon.margin.scenarios import MICRO, OptionRisks, option_risks
from daemon.margin.unknown import MarginUnknown

_OPTIONS: Final = ("CE", "PE")


class ArrayModel:
    """Compute margins of one business date from its arrays."""

    def __init__(self, arrays: RiskArrays) -> None:
        self._date = arrays.date
        self._rows = {row.key: row for row in arrays.rows}
        self._calendars: dict[str, list[CalendarRow]] = {}
        for each in arrays.calendars:
            self._calendars.setdefault(each.name, []).append(each)

    def risks_of(self, underlyings: Sequence[Underlying]) -> list[OptionRisks]:
        """Return nothing, having looked that all is known. Raises MarginUnknown."""
        for underlying in underlyings:
            self._check(underlying)
        return [option_risks([])] * len(underlyings)

    def margin_with(self, underlying: Underlying, _: OptionRisks) -> UnderlyingMargin:
        """Return the margin of an underlying that was checked."""
        is_idle = not any(holding.buys or holding.sells for holding in underlying.holdings)
        cases = HELD_ALONE if is_idle else ALL_CASES
        held, *others = (
            Margin(
                self._span(underlying, [each.quantities()[case] for each in underlying.holdings]),
                exposure_parts(underlying, case),
            )
            for case in cases
        )
        working = max((held, *others), key=lambda margin: margin.blocked)
        return UnderlyingMargin(held, working, max(0, self._alone(underlying) - held.span))

    def _check(self, underlying: Underlying) -> None:
        contracts = [each.contract for each in underlying.holdings if each.contract.kind != "EQ"]
        if contracts and underlying.today != self._date:
            raise MarginUnknown(f"the SPAN file is of {self._date}, not of {underlying.today}")
        for contract in contracts:
            if _key(underlying, contract) not in self._rows:
                raise MarginUnknown(f"{contract.symbol} is not in the SPAN file of {self._date}")

    def _span(self, underlying: Underlying, quantities: Sequence[int]) -> int:
        """Return the span of contracts, in parts of a rupee."""
        held = [
            (self._rows[_key(underlying, holding.contract)], quantity)
            for holding, quantity in zip(underlying.holdings, quantities, strict=True)
            if holding.contract.kind != "EQ" and quantity
        ]
        if not held:
            return 0
        losses = [
            sum(quantity * row.losses[number] for row, quantity in held)
            for number in range(SCENARIOS)
        ]
        value = sum(row.price * quantity for row, quantity in held if row.kind in _OPTIONS)
        scan = max(0, *losses)
        return max(0, (scan - value) * MICRO_RUPEE + self._calendar(underlying.name, held))

    def _calendar(self, name: str, held: Sequence[tuple[RiskRow, int]]) -> int:
        """Return the charges for opposite deltas of two expiries, in parts of a rupee.

        A delta that one charge has paired is not paired again.
        """
        deltas: dict[str, int] = {}
        for row, quantity in held:
            deltas[row.expiry] = deltas.get(row.expiry, 0) + row.delta * quantity
        charged = 0
        for each in self._calendars.get(name, ()):
            first, second = deltas.get(each.first, 0), deltas.get(each.second, 0)
            if first * second >= 0:
                continue
            paired = min(abs(first), abs(second))
            way = 1 if first > 0 else -1
            deltas[each.first], deltas[each.second] = first - way * paired, second + way * paired
            charged += paired * each.rate
        return charged * (MICRO_RUPEE // MICRO)

    def _alone(self, underlying: Underlying) -> int:
        """Return the spans of the positions, each as if it were the only one, rupees."""
        none = [0] * len(underlying.holdings)
        total = 0
        for at, holding in enumerate(underlying.holdings):
            alone = [*none[:at], holding.held, *none[at + 1 :]]
            total += Margin(self._span(underlying, alone)).span
        return total


def _key(underlying: Underlying, contract: Contract) -> tuple[str, str, str, int]:
    strike = contract.strike_paise if contract.kind in _OPTIONS else 0
    return underlying.name, contract.kind, contract.expiry, strike
