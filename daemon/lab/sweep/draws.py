"""Parameters drawn from a seed, all of them before the first run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from daemon.lab.sweep.terms import RandomDraws, Range

_DECIMALS: Final = 10
"""Of a drawn number, so that 0.1 x 3 is drawn as 0.3."""


def drawn(random: RandomDraws) -> Iterator[dict[str, Any]]:
    """Yield the parameters of each draw; the same seed and space, the same draws."""
    uniform = np.random.Generator(np.random.PCG64(np.random.SeedSequence([random.seed])))
    for _ in range(random.draws):
        yield {key: _value(values, uniform.random()) for key, values in random.space.items()}


def _value(values: list[Any] | Range, at: float) -> Any:
    """Return what lies at a share from 0 to below 1 of a space."""
    if isinstance(values, list):
        return values[int(at * len(values))]
    is_whole = isinstance(values.low, int) and isinstance(values.high, int)
    step = values.step if values.step is not None else (1 if is_whole and not values.log else None)
    if step is not None:
        count = math.floor((values.high - values.low) / step + 1e-9) + 1
        found = values.low + int(at * count) * step
        return found if isinstance(found, int) else round(found, _DECIMALS)
    if values.log:
        found = values.low * (values.high / values.low) ** at
    else:
        found = values.low + at * (values.high - values.low)
    return round(found) if is_whole else round(found, _DECIMALS)
