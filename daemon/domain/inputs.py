"""Everything that can reach the engine besides ticks (SEMANTICS, "Inputs and time")."""

from __future__ import annotations

from typing import Literal

import msgspec

from daemon.domain.candle import Candle
from daemon.domain.intent import EntryChange, OrderIntent
from daemon.domain.order_requests import OrderRequest
from daemon.domain.ticks import Ticks


class Clock(msgspec.Struct, frozen=True, tag="clock"):
    """Time passes without a tick. `ts` UTC ns."""

    ts: int


class Command(msgspec.Struct, frozen=True, kw_only=True, tag="command", omit_defaults=True):
    """A command from a person or program, or `square_off` when the daemon stops.

    `target` is an order id for `manual_exit`, a strategy id for `strategy_on` and `strategy_off`.
    The command `order` carries what a program asks of an order, a position or a GTT, and `signal`
    the complete intents that one has for the strategy `target`, in their order. A program's
    `client_id` says that it is the same request when it comes again.
    """

    ts: int
    command: Literal[
        "kill_switch", "manual_exit", "strategy_on", "strategy_off", "square_off", "risk_active",
        "risk_reducing", "risk_halted", "order", "signal",
    ]  # fmt: skip
    target: str = ""
    client_id: str = ""
    order: OrderRequest | None = None
    intents: tuple[OrderIntent, ...] = ()


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag="gap"):
    """Data was missed from `since` to `ts`; no symbols means the whole feed."""

    ts: int
    since: int
    symbols: tuple[str, ...] = ()


class Settlement(msgspec.Struct, frozen=True, kw_only=True, tag="settlement"):
    """The official close of an underlying on an expiry date (ISO), in paise."""

    ts: int
    underlying: str
    date: str
    close_paise: int


class ConfigChange(msgspec.Struct, frozen=True, kw_only=True, tag="config_change"):
    """The part of the configuration that changes from here on, a `LiveChange` as JSON."""

    ts: int
    config: str


class History(msgspec.Struct, frozen=True, kw_only=True, tag="history"):
    """Closed candles from another source, shown to the strategies as warm-up; never traded on."""

    ts: int
    candles: tuple[Candle, ...]


class BrokerMargin(msgspec.Struct, frozen=True, kw_only=True, tag="broker_margin"):
    """What a broker says that some positions block, whole rupees; asked outside the engine."""

    ts: int
    held: tuple[tuple[str, str, int], ...]
    """`held_rows` of the positions that it was asked about."""
    blocked_rupees: int


class TimedIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What a scripted strategy wants, due at the first input at or after `ts` (UTC ns)."""

    ts: int
    intent: OrderIntent | EntryChange


Input = Ticks | Clock | Command | Gap | Settlement | ConfigChange | History | BrokerMargin
