"""What the page of a sweep is made of, however it was kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import msgspec

from daemon.lab.numbers.neighbours import Axis, Params, Value
from daemon.lab.numbers.trades import ClosedTrade
from daemon.lab.numbers.walk_forward import Select, WalkForward


class SweptRun(msgspec.Struct, frozen=True, kw_only=True):
    """One variant as it ran, or why it did not."""

    key: str
    status: str
    """`done`, `failed` or `not_run`."""
    cause: str = ""
    reproduce: str = ""
    profile: str = ""
    """The fill profile that it ran with instead of its own; empty for the variant itself."""
    params: Params
    numbers: Mapping[str, Value]
    """By their columns in `runs.parquet`; amounts in rupees."""
    days: Mapping[dt.date, int] = {}
    """Net P&L of each session, paise."""
    trades: Mapping[dt.date, int] = {}
    """Trades that were closed on each session."""


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """A finished sweep."""

    name: str
    axes: Sequence[Axis]
    runs: Sequence[SweptRun]
    split: str = "range"
    select: Select = "sharpe"
    where: str = ""
    walk_forward: WalkForward | None = None
    candidates: Sequence[Sequence[str]] | None = None
    """The variants that each window of the walk-forward may choose among, by key, where each has a
    study of its own: empty before the studies are done. None: all variants."""
    capital_rupees: float | None = None
    sweeps_capital: bool = False
    """Whether `capital_rupees` is swept: amounts of different accounts are not to be compared."""
    seed: int = 0
    """Of the bootstrap."""
    over_nights: bool = False
    """Whether days are drawn in blocks, as positions were carried over nights."""
    tries: int = 0
    """Distinct variants that were ever tried on these data under this name."""
    variants: int = 0
    """Those of the file as it is now."""
    closed_of: Callable[[str], Sequence[ClosedTrade]] = lambda key: ()
    """The closed trades of a variant by its key, read when they are asked for."""
    about: Mapping[str, str] = {}
    """Facts for the top of the page: data, version and so on."""
