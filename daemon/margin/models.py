"""The ways to compute a margin, behind one face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from daemon.domain.risk_arrays import RiskArrays
from daemon.margin import scenario_margin
from daemon.margin.array_margin import ArrayModel
from daemon.margin.portfolio import Underlying
from daemon.margin.scenario_margin import UnderlyingMargin
from daemon.margin.scenarios import OptionRisks


class Model(Protocol):
    """Computes margins of underlyings in two steps, as the first serves many quantities."""

    def risks_of(self, underlyings: Sequence[Underlying]) -> list[OptionRisks]:
        """Return what does not depend on quantities. Raises MarginUnknown."""

    def margin_with(self, underlying: Underlying, risks: OptionRisks) -> UnderlyingMargin:
        """Return the margin of one underlying."""


class ScenarioModel:
    """Compute margins from prices and dated rates."""

    def risks_of(self, underlyings: Sequence[Underlying]) -> list[OptionRisks]:
        """Return what a unit of each option loses."""
        return scenario_margin.risks_of(underlyings)

    def margin_with(self, underlying: Underlying, risks: OptionRisks) -> UnderlyingMargin:
        """Return the margin of one underlying."""
        return scenario_margin.margin_with(underlying, risks)


def model_of(arrays: RiskArrays | None) -> Model:
    """Return the model of a clearing house's arrays, or of scenarios without any."""
    return ScenarioModel() if arrays is None else ArrayModel(arrays)


def margins(underlyings: Sequence[Underlying], model: Model) -> list[UnderlyingMargin]:
    """Return the margin of each underlying. Raises MarginUnknown."""
    risks = model.risks_of(underlyings)
    return [
        model.margin_with(underlying, each)
        for underlying, each in zip(underlyings, risks, strict=True)
    ]
