"""The reasons to refuse an entry before it is an order in the market.

Gates are asked in the order of `BEFORE_LEVELS` and `AFTER_LEVELS`; the first refusal wins and is
journaled with the numbers behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from daemon.domain.dates import MINUTE_NS, ist_date
from daemon.domain.instrument import Instrument
from daemon.domain.intent import StrategyLimits
from daemon.domain.ledger import RiskStanding, StrategyTally
from daemon.domain.money import PAISE_PER_RUPEE, paise_exact
from daemon.domain.order import Order
from daemon.domain.risk_state import RiskState
from daemon.margin.funds import Ask, shortfall
from daemon.settings.config import RiskConfig


class Refusal(NamedTuple):
    """Why an intent or an order was refused, with the numbers behind it."""

    reason: str
    numbers: dict[str, int | str]


NO_LIMITS: Final = StrategyLimits()
_NEVER: Final = 1 << 62


class Held(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is open and waiting already; 0 where no limit asks for it."""

    lots_of_strategy: int = 0
    lots_of_underlying: int = 0
    notional_paise: int = 0
    order_notional_paise: int = 0
    """Of the order itself."""


NOTHING_HELD: Final = Held()


class Situation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Hold what the gates look at. Times UTC ns, money paise.

    `instrument` None means that the symbol is not in the universe.
    """

    order: Order
    instrument: Instrument | None
    now: int
    open_ts: int
    close_ts: int
    square_off_ts: int
    is_over: bool
    killed: bool
    strategy_off: bool
    standing: RiskStanding
    freeze_quantity: int
    open_or_waiting: int
    """Not counted where no limit asks for it."""
    result_today_paise: int
    """What `daily_loss_counts` counts."""
    orders_this_minute: int
    held: Held
    tally: StrategyTally
    limits: StrategyLimits
    risk: RiskConfig
    delivery_ts: int = _NEVER
    """From when on the contract is not carried: it would be delivered in shares."""


Gate = Callable[[Situation], Refusal | None]


def unknown_symbol(at: Situation) -> Refusal | None:
    """Refuse a symbol that is not in the universe."""
    if at.instrument is None:
        return Refusal("unknown_symbol", {"symbol": at.order.tradingsymbol})
    return None


def not_tradable(at: Situation) -> Refusal | None:
    """Refuse an index, which has a price and no orders."""
    if at.instrument is not None and at.instrument.is_index:
        return Refusal("not_tradable", {"symbol": at.order.tradingsymbol})
    return None


def expired(at: Situation) -> Refusal | None:
    """Refuse a contract after its expiry date."""
    expiry = "" if at.instrument is None else at.instrument.expiry
    if expiry and expiry < ist_date(at.now).isoformat():
        return Refusal("expired", {"expiry": expiry})
    return None


def strategy_off(at: Situation) -> Refusal | None:
    """Refuse a strategy that was switched off."""
    if at.strategy_off:
        return Refusal("strategy_off", {"strategy_id": at.order.strategy_id})
    return None


def kill_switch(at: Situation) -> Refusal | None:
    """Refuse everything after the kill switch."""
    return Refusal("kill_switch", {}) if at.killed else None


def reducing(at: Situation) -> Refusal | None:
    """Refuse everything new while the account only reduces what it has."""
    is_reducing = at.standing.state is RiskState.REDUCING
    return Refusal("reducing", standing_numbers(at.standing)) if is_reducing else None


def halted(at: Situation) -> Refusal | None:
    """Refuse everything new while the account is halted; say until when."""
    is_halted = at.standing.state is RiskState.HALTED
    return Refusal("halted", standing_numbers(at.standing)) if is_halted else None


def standing_numbers(standing: RiskStanding) -> dict[str, int | str]:
    """Return why the account is in its state and, where that is known, until when."""
    numbers: dict[str, int | str] = {"because": standing.reason}
    if standing.until_ts:
        numbers["until_ts"] = standing.until_ts
    return numbers


def market_closed(at: Situation) -> Refusal | None:
    """Refuse an order outside the instrument's session, or from a session that is over."""
    if at.open_ts <= at.now < at.close_ts and not at.is_over:
        return None
    return Refusal("market_closed", {"open_ts": at.open_ts, "close_ts": at.close_ts})


def after_square_off(at: Situation) -> Refusal | None:
    """Refuse a fresh intraday position once square-off has begun."""
    if at.order.product == "MIS" and at.now >= at.square_off_ts:
        return Refusal("after_square_off", {"square_off_ts": at.square_off_ts})
    return None


def physical_settlement(at: Situation) -> Refusal | None:
    """Refuse to carry a contract on a share into its delivery."""
    if at.order.product == "NRML" and at.now >= at.delivery_ts:
        expiry = "" if at.instrument is None else at.instrument.expiry
        return Refusal("physical_settlement", {"expiry": expiry})
    return None


def lot_size(at: Situation) -> Refusal | None:
    """Refuse a quantity that is not a positive multiple of the lot."""
    quantity, lot = at.order.quantity, at.order.lot_size
    if quantity <= 0 or quantity % lot:
        return Refusal("lot_size", {"quantity": quantity, "lot_size": lot})
    return None


def max_order_quantity(at: Situation) -> Refusal | None:
    """Refuse more than the configured largest order."""
    limit = at.risk.max_order_quantity
    if limit is not None and at.order.quantity > limit:
        return Refusal("max_order_quantity", {"quantity": at.order.quantity, "limit": limit})
    return None


def freeze_quantity(at: Situation) -> Refusal | None:
    """Refuse more than the exchange's largest order, where it is known."""
    limit = at.freeze_quantity
    if limit and at.order.quantity > limit:
        return Refusal("freeze_quantity", {"quantity": at.order.quantity, "limit": limit})
    return None


def max_open_positions(at: Situation) -> Refusal | None:
    """Refuse one more than the limit of open positions and waiting entries together."""
    limit = at.risk.max_open_positions
    if limit is not None and at.open_or_waiting >= limit:
        return Refusal("max_open_positions", {"open": at.open_or_waiting, "limit": limit})
    return None


def daily_loss(at: Situation) -> Refusal | None:
    """Refuse after the day's loss over all strategies: realized and gross, or net and open."""
    limit = at.risk.daily_loss_rupees
    if limit is None or -at.result_today_paise < (most := paise_exact(round(limit, 2))):
        return None
    is_net = at.risk.daily_loss_counts == "net_open"
    counted = "net_open_paise" if is_net else "realized_today_paise"
    return Refusal("daily_loss", {counted: at.result_today_paise, "limit_paise": most})


def max_lots(at: Situation) -> Refusal | None:
    """Refuse more lots open and waiting than a strategy, or an underlying, may have."""
    lots = at.order.quantity // at.order.lot_size
    for name, held, limit in (
        ("strategy", at.held.lots_of_strategy, at.risk.max_lots.strategy),
        ("underlying", at.held.lots_of_underlying, at.risk.max_lots.underlying),
    ):
        if limit is not None and held + lots > limit:
            return Refusal("max_lots", {"of": name, "held": held, "lots": lots, "limit": limit})
    return None


def max_notional(at: Situation) -> Refusal | None:
    """Refuse more contract value open and waiting than the configured most."""
    limit = at.risk.max_notional_rupees
    if limit is None:
        return None
    most, held = paise_exact(round(limit, 2)), at.held.notional_paise
    more = at.held.order_notional_paise
    if held + more <= most:
        return None
    return Refusal(
        "max_notional",
        {"held_paise": held, "order_paise": more, "limit_paise": most},
    )


def cooldown(at: Situation) -> Refusal | None:
    """Refuse an entry of a strategy that has just lost, until its pause is over."""
    ends = at.tally.lost_ts + at.risk.cooldown_ns
    if at.risk.cooldown_after_loss_s is None or not at.tally.lost_ts or at.now >= ends:
        return None
    return Refusal("cooldown", {"lost_ts": at.tally.lost_ts, "until_ts": ends})


def max_orders_per_minute(at: Situation) -> Refusal | None:
    """Refuse more entries in this minute of the clock than the configured most."""
    limit = at.risk.max_orders_per_minute
    if limit is None or at.orders_this_minute < limit:
        return None
    until = (at.now // MINUTE_NS + 1) * MINUTE_NS
    numbers: dict[str, int | str] = {"orders": at.orders_this_minute, "limit": limit}
    return Refusal("max_orders_per_minute", numbers | {"until_ts": until})


def max_trades_per_day(at: Situation) -> Refusal | None:
    """Refuse more than the strategy's trades of the day, waiting entries included."""
    limit = at.limits.max_trades_per_day
    if limit is not None and at.tally.trades_today >= limit:
        return Refusal("max_trades_per_day", {"trades": at.tally.trades_today, "limit": limit})
    return None


def max_loss_streak(at: Situation) -> Refusal | None:
    """Refuse after the strategy's losing positions of the day in a row."""
    limit = at.limits.max_loss_streak
    if limit is not None and at.tally.loss_streak >= limit:
        return Refusal("max_loss_streak", {"streak": at.tally.loss_streak, "limit": limit})
    return None


def insufficient_margin(ask: Ask, *, cash: int, reserved: int) -> Refusal | None:
    """Refuse what the cash does not cover; `reserved` is the premium of other working buys, paise.

    Asked last, with the margin that no other gate needs.
    """
    short = shortfall(ask, cash=cash, reserved=reserved)
    if short is None:
        return None
    numbers: dict[str, int | str] = {
        "required_paise": short.required,
        "available_paise": short.available,
        "blocked_before_paise": ask.blocked_before * PAISE_PER_RUPEE,
        "blocked_after_paise": ask.blocked_after * PAISE_PER_RUPEE,
        "premium_paise": ask.premium,
        "charges_paise": ask.charges,
        "cash_paise": cash,
        "reserved_paise": reserved,
    }
    return Refusal("insufficient_margin", numbers)


BEFORE_LEVELS: Final[tuple[Gate, ...]] = (
    unknown_symbol, not_tradable, expired, strategy_off, kill_switch, reducing, halted,
    market_closed,
    after_square_off, physical_settlement, lot_size,
)  # fmt: skip
AFTER_LEVELS: Final[tuple[Gate, ...]] = (
    max_order_quantity, freeze_quantity, max_open_positions, daily_loss, max_trades_per_day,
    max_loss_streak, max_lots, max_notional, cooldown, max_orders_per_minute,
)  # fmt: skip
ADDED_UNITS: Final[tuple[Gate, ...]] = (kill_switch, reducing, halted, max_lots, max_notional)
"""What units are asked that a modification adds to an entry."""


def after_levels(risk: RiskConfig) -> tuple[Gate, ...]:
    """Return the gates after the levels without those that are switched off, in their order."""
    limits: dict[Gate, object] = {
        max_order_quantity: risk.max_order_quantity,
        max_open_positions: risk.max_open_positions,
        daily_loss: risk.daily_loss_rupees,
        max_notional: risk.max_notional_rupees,
        cooldown: risk.cooldown_after_loss_s,
        max_orders_per_minute: risk.max_orders_per_minute,
    }
    return tuple(gate for gate in AFTER_LEVELS if gate not in limits or limits[gate] is not None)


def first_refusal(gates: tuple[Gate, ...], at: Situation) -> Refusal | None:
    """Return the first refusal in the order of the gates."""
    for gate in gates:
        refusal = gate(at)
        if refusal is not None:
            return refusal
    return None
