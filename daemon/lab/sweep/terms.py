"""A sweep as it is written: which keys of a configuration vary, how, and over what."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from daemon.lab.numbers.walk_forward import Select, WalkForward

VERSION: Final = 1
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}\Z")]
Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
FillMode = Literal["mid", "bid_ask", "ltp", "depth"]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a sweep file; a key that it does not have is an error."""


class Range(Part, frozen=True, kw_only=True):
    """Numbers from `low` to `high`, both included; whole ones where both are whole."""

    low: int | float
    high: int | float
    step: int | float | None = None
    log: bool = False
    """Whether each decade is as likely as the next one; without a step."""

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"expected low ({self.low}) below high ({self.high})")
        if self.step is not None and (self.step <= 0 or self.log):
            raise ValueError("expected a step above 0, and none with log")
        if self.log and self.low <= 0:
            raise ValueError("expected low above 0 with log")


Space = dict[str, list[Any] | Range]
"""A dotted key -> its values, or their range."""


class RandomDraws(Part, frozen=True, kw_only=True):
    """Variants that are drawn, all of them before the first run."""

    draws: Positive
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    space: Space


class OptunaTrials(Part, frozen=True, kw_only=True):
    """Variants that optuna proposes in batches of 16, by the results of those before."""

    trials: Positive
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    space: Space
    select: Select = "sharpe"


class Sweep(Part, frozen=True, kw_only=True):
    """What varies, how it is cut, and what is shown of it."""

    name: Name
    grid: dict[str, list[Any]] = {}
    """A dotted key -> its values in order; all combinations are run."""
    singles: list[dict[str, Any]] = msgspec.field(default_factory=list, name="list")
    """Single variants, after the grid."""
    random: RandomDraws | None = None
    optuna: OptunaTrials | None = None
    split: Literal["range", "day"] = "range"
    warmup_sessions: Annotated[int, Meta(ge=0, le=250)] | None = None
    """Sessions whose candles are shown before each day, for `split: day`."""
    profiles: tuple[FillMode, ...] = ()
    """Fill modes that the best 20 are run under as well."""
    batch: Annotated[int, Meta(ge=1, le=10_000)] = 100
    """The most variants that share one pass over the data."""
    where: str = ""
    """What a variant must satisfy to be among the best, such as `trades >= 30`."""
    walk_forward: WalkForward | None = None
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    """Of the bootstrap."""

    @property
    def select(self) -> Select:
        """Return what "best" means: as optuna or walk-forward select, else the Sharpe ratio."""
        if self.optuna is not None:
            return self.optuna.select
        return self.walk_forward.select if self.walk_forward is not None else "sharpe"


class SweepFile(Part, frozen=True, kw_only=True):
    """A sweep file as written."""

    version: Literal[1]
    config: str
    """The configuration, relative to this file."""
    sweep: Sweep
