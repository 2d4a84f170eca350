"""The vocabulary of a report: what a run was, and every row that is shown of it.

Money is integer paise; charges are exact rupees (`Decimal`) until they are shown; time is UTC ns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from daemon.domain.plan_round import AttemptName
from daemon.domain.statistics import MarginStatus, StrategyStatus
from daemon.metrics.fill_quality import FillProfile, whole_paise

NO_CHARGES: Final = Decimal(0)

Point = tuple[int, int]
"""(UTC ns, paise)."""


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal's trading events do not say about their run."""

    run_id: str
    profile: FillProfile
    account: str = ""
    engine: str = "v3"
    feed: str = ""
    version: str = ""
    ticks: int = 0
    data_from_ts: int = 0
    """The first tick of the run, accepted or not, UTC ns; 0 without one."""
    data_to_ts: int = 0
    """The last instant that the run saw."""
    refused_ticks: Mapping[str, int] = {}
    """Tick rows refused by the intake, by reason."""
    quality: Mapping[str, int] = {}
    """Other counters of the data (`late_for_candle`, `gaps`, ...), by name."""
    strategies: Mapping[str, StrategyStatus] = {}
    """The counters of each strategy and when it failed, by its id."""
    margin: MarginStatus | None = None
    """What was blocked, approximately; None if it was not computed."""
    notes: Sequence[str] = ()
    """Sentences a reader must see, such as a symbol whose lot size is a default."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """How believable one fill was."""

    rule: str
    quote_age_ns: int
    old: bool
    stale: bool
    walked: bool
    after_gap: bool
    optimistic: bool


class ExitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One exit fill with its share of the entry: a line of the table of trades.

    A position that leaves in parts has several; `charges` are the exit's own and its share of the
    entry's, so that the rows of a closed position add up to what was booked.
    """

    order_id: str
    part: int
    is_last: bool
    strategy_id: str
    tradingsymbol: str
    sign: int
    quantity: int
    entry_ts: int
    exit_ts: int
    entry_paise: int
    exit_paise: int
    reason: str
    gross_paise: int
    bid_ask_paise: int
    charges: Decimal
    evidence: Evidence
    best_paise: int | None = None
    """The best last price that the whole position saw; only on its last exit."""
    worst_paise: int | None = None
    attempt: AttemptName | None = None
    """Of which plan's leg it is an entry, None if it is of none."""

    @property
    def side(self) -> str:
        """Return LONG or SHORT."""
        return "LONG" if self.sign > 0 else "SHORT"

    @property
    def net_paise(self) -> int:
        """Return gross less charges, whole paise."""
        return self.gross_paise - whole_paise(self.charges)


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """One fill, to be marked on the price."""

    ts: int
    tradingsymbol: str
    order_id: str
    price_paise: int
    quantity: int
    is_buy: bool
    is_entry: bool
    reason: str
    gross_paise: int


class NoPart(msgspec.Struct, frozen=True, kw_only=True):
    """A stop at which a part of the position should leave, and no whole lots make such a part."""

    order_id: str
    tradingsymbol: str
    quantity: int
    lot_size: int
    partial_exit_pct: float


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One closed position, all its parts together: what is counted as won or lost."""

    order_id: str
    strategy_id: str
    closed_ts: int
    gross_paise: int
    charges: Decimal

    @property
    def net_paise(self) -> int:
        """Return gross less charges, whole paise."""
        return self.gross_paise - whole_paise(self.charges)


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was refused by a gate, or cancelled before its fill."""

    ts: int
    order_id: str
    strategy_id: str
    tradingsymbol: str
    transaction_type: str
    quantity: int
    reason: str
    numbers: Mapping[str, int | str]
    """What was compared with what; the key's ending says its unit."""


class StrategyResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy came to: closed trades, open positions, refused orders."""

    name: str
    trades: int
    wins: int
    losses: int
    gross_paise: int
    charges: Decimal
    """Of entries still open too."""
    open: int
    unrealized_paise: int | None
    """Of its open positions; None if one has no price."""
    refused: int

    @property
    def net_paise(self) -> int:
        """Return gross of what was closed less all charges, whole paise."""
        return self.gross_paise - whole_paise(self.charges)


class Group(msgspec.Struct, kw_only=True):
    """Booked P&L under one name: a strategy, a symbol or an exit reason."""

    name: str
    exits: int = 0
    gross_paise: int = 0
    charges: Decimal = NO_CHARGES

    @property
    def net_paise(self) -> int:
        """Return gross less charges, whole paise."""
        return self.gross_paise - whole_paise(self.charges)
