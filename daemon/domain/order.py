"""An order, its states and its own history."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

import msgspec

from daemon.domain.errors import InvalidTransition
from daemon.domain.intent import (
    PartialExitWhen,
    Product,
    Rel,
    SlLimitBuffer,
    StopBasis,
    StopStyle,
    TargetStyle,
)
from daemon.domain.order_kind import DAY, MARKET, OrderKind, Validity
from daemon.domain.written import written

Side = Literal["BUY", "SELL"]
TRAILING_STOP: Final = "trailing_stop"
"""The rule that moves a stop unless another is named."""
ENTRY_FILL: Final = "entry_fill"
"""Relative levels were made again, as more of the entry was filled."""
MODIFIED: Final = "modified"
"""The strategy changed the levels of its trade."""


class OrderState(StrEnum):
    """The state of an order (SEMANTICS, "Orders and states")."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    FILLED = "FILLED"
    ACTIVE = "ACTIVE"
    SL_PENDING = "SL_PENDING"
    TP_PENDING = "TP_PENDING"
    EXIT_PENDING = "EXIT_PENDING"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    ARCHIVED = "ARCHIVED"

    __hash__ = str.__hash__
    """As fast as a string's hash; Enum's own is a Python function."""


_S = OrderState
NEXT_STATES: Final[dict[OrderState, frozenset[OrderState]]] = {
    _S.CREATED: frozenset({_S.SUBMITTED, _S.REJECTED}),
    _S.SUBMITTED: frozenset({_S.FILLED, _S.REJECTED, _S.CANCELLED}),
    _S.FILLED: frozenset({_S.ACTIVE}),
    _S.ACTIVE: frozenset({_S.SL_PENDING, _S.TP_PENDING, _S.EXIT_PENDING}),
    _S.SL_PENDING: frozenset({_S.ACTIVE, _S.CLOSED}),
    _S.TP_PENDING: frozenset({_S.CLOSED}),
    _S.EXIT_PENDING: frozenset({_S.ACTIVE, _S.CLOSED}),
    _S.CLOSED: frozenset({_S.ARCHIVED}),
    _S.REJECTED: frozenset({_S.ARCHIVED}),
    _S.CANCELLED: frozenset({_S.ARCHIVED}),
    _S.ARCHIVED: frozenset(),
}
assert set(NEXT_STATES) == set(OrderState)

OPEN_STATES: Final = frozenset(
    {_S.FILLED, _S.ACTIVE, _S.SL_PENDING, _S.TP_PENDING, _S.EXIT_PENDING}
)
PENDING_EXIT_STATES: Final = frozenset({_S.SL_PENDING, _S.TP_PENDING, _S.EXIT_PENDING})
DEAD_STATES: Final = frozenset({_S.CLOSED, _S.REJECTED, _S.CANCELLED})


def can_move(state: OrderState, to: OrderState) -> bool:
    """Return whether this move is in the table."""
    return to in NEXT_STATES[state]


class StepTrail(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """A stop that follows in steps: `by` for every whole `every` beyond the entry + `after`.

    With `lock` it stands that far beyond the entry once the move is `after`. Distances are points
    or a percentage of the entry.
    """

    every: Rel
    by: Rel
    after: Rel | None = None
    lock: Rel | None = None


class ExitRules(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """The exit settings of one order with all defaults resolved.

    Fractions and multiples of R are kept as written decimals (read them with `money.ratio`);
    `time_stop_bars` 0 = no time stop, `break_even_at_r` None = no break-even, `trail_after_r`
    None = the ladder begins at the entry. `stop_style` and `target_style` None = the engine watches
    the level, `stop_basis` None = by the last price; `sl_limit_buffer` is that of a stop at the
    exchange.
    """

    enable_partial_exit: bool = False
    partial_exit_pct: float = written(0.5)
    partial_exit_when: PartialExitWhen = written("losing")
    enable_trailing: bool = False
    trail_step_r: float = written(0.5)
    time_stop_bars: int = 0
    break_even_at_r: float | None = None
    break_even_with_charges: bool = False
    trail_after_r: float | None = None
    stop_style: StopStyle | None = None
    target_style: TargetStyle | None = None
    sl_limit_buffer: SlLimitBuffer | None = None
    stop_basis: StopBasis | None = None
    step_trail: StepTrail | None = None

    @property
    def stop_at_exchange(self) -> bool:
        """True if the stop lies at the exchange as an SL."""
        return self.sl_limit_buffer is not None

    @property
    def target_at_exchange(self) -> bool:
        """True if the target lies at the exchange as a LIMIT."""
        return self.target_style is not None


class StateChange(msgspec.Struct, frozen=True, gc=False):
    """One line of an order's own history. `ts` UTC ns."""

    seq: int
    ts: int
    state: OrderState
    reason: str


class Order(msgspec.Struct, kw_only=True, gc=False):
    """One order from intent to archive. Levels in paise, on the tick; quantity in units."""

    order_id: str
    number: int
    """Counts the ledger's orders; "by position number" means this."""
    tradingsymbol: str
    transaction_type: Side
    quantity: int
    product: Product = "MIS"
    lot_size: int = 1
    tick_paise: int = 5
    sl_paise: int | None = None
    tp_paise: int | None = None
    sl_rel: Rel | None = None
    """A stop that is relative to the entry: `sl_paise` is None then. Likewise the target."""
    tp_rel: Rel | None = None
    exits: ExitRules = ExitRules()
    strategy_id: str = ""
    timeframe: str = "1m"
    tag: str = ""
    note: str = ""
    """The strategy's own reason."""
    confidence: float = 1.0
    order_type: OrderKind = MARKET
    price_paise: int = 0
    """The limit of its entry, 0 without one; likewise the trigger."""
    trigger_paise: int = 0
    validity: Validity = DAY
    validity_ttl: int = 0
    """Minutes."""
    market_protection: float | None = None
    """A percentage; None for that of the exchange."""
    state: OrderState = OrderState.CREATED
    created_ts: int = 0
    submitted_ts: int = 0
    submitted_seq: int = 0
    average_price_paise: int = 0
    filled_quantity: int = 0
    status_message: str = ""
    """The reason of the last move."""
    exchange_orders: int = 0
    """The highest number among the ids of its exchange orders, derived ones included."""
    history: list[StateChange] = []

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self.transaction_type == "BUY" else -1

    def move(self, to: OrderState, *, seq: int, ts: int, reason: str) -> None:
        """Make a move of the table. Raises InvalidTransition, having changed nothing."""
        if to not in NEXT_STATES[self.state]:
            raise InvalidTransition(self.order_id, self.state, to)
        self.state = to
        self.status_message = reason
        self.history.append(StateChange(seq, ts, to, reason))
