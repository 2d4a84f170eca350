"""The space of a sweep as distributions of optuna, and what it chose as values of keys."""

from __future__ import annotations

import math
from typing import Any, Final, Protocol

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from daemon.lab.sweep.terms import Range

_DECIMALS: Final = 10
"""Of a chosen number, as of one that is drawn; the last bits may differ from machine to machine."""


class Dimension(Protocol):
    """One key of a space."""

    @property
    def distribution(self) -> BaseDistribution:
        """Return what optuna chooses from."""
        ...

    def value(self, chosen: Any) -> Any:
        """Return the value of the key that a choice stands for."""
        ...


class Listed:
    """Written values. Numbers are near to each other in their order, anything else is not."""

    def __init__(self, values: list[Any]) -> None:
        are_numbers = all(type(value) in (int, float) for value in values)
        self._values = sorted(values) if are_numbers else values
        count = len(values)
        self.distribution: BaseDistribution = (
            IntDistribution(0, count - 1)
            if are_numbers
            else CategoricalDistribution(tuple(range(count)))
        )

    def value(self, chosen: Any) -> Any:
        """Return the value at a place."""
        return self._values[chosen]


class Stepped:
    """Numbers at steps from the lowest."""

    def __init__(self, low: int | float, high: int | float, step: int | float) -> None:
        self._low, self._step = low, step
        count = math.floor((high - low) / step + 1e-9) + 1
        self.distribution: BaseDistribution = IntDistribution(0, count - 1)

    def value(self, chosen: Any) -> Any:
        """Return the number that many steps up."""
        return _rounded(self._low + chosen * self._step)


class Continuous:
    """Numbers between two, or whole ones by their decades."""

    def __init__(self, values: Range) -> None:
        low, high = values.low, values.high
        self.distribution: BaseDistribution = (
            IntDistribution(low, high, log=values.log)
            if isinstance(low, int) and isinstance(high, int)
            else FloatDistribution(low, high, log=values.log)
        )

    def value(self, chosen: Any) -> Any:
        """Return the number."""
        return _rounded(chosen)


def dimension(values: list[Any] | Range) -> Dimension:
    """Return the dimension of a key."""
    if isinstance(values, list):
        return Listed(values)
    if values.step is not None:
        return Stepped(values.low, values.high, values.step)
    return Continuous(values)


def _rounded(value: int | float) -> int | float:
    return value if isinstance(value, int) else round(value, _DECIMALS)
