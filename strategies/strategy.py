"""Define what a strategy is and what it sees, with helpers that keep one short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol, runtime_checkable

from daemon.domain.candle import Candle
from daemon.domain.gtt_requests import TimedGtt
from daemon.domain.inputs import TimedIntent
from daemon.domain.intent import ExitOverrides, Level, OrderIntent, Product, Rel, Signal
from daemon.domain.order_kind import OrderKind, Validity
from daemon.domain.strategy_actions import (
    KEEP,
    Basket,
    Cancel,
    Close,
    Keep,
    Lock,
    Modify,
    Steps,
    StrategyAction,
    Watch,
)
from daemon.domain.tick_view import TickView
from daemon.domain.timer import Due
from daemon.domain.update import Update
from strategies.chain_view import Chain
from strategies.facts import Margin, Pnl, Quote, Row, Session, Trade
from strategies.timers import Timer
from strategies.view import View

__all__ = [
    "KEEP", "Action", "Actions", "BaseStrategy", "Chain", "Due", "Intents", "Lock", "Margin", "Pnl",
    "Quote", "Row", "Session", "Steps", "Strategy", "TickStrategy", "TickView", "TimedStrategy",
    "Timer", "Trade", "Update", "View", "pct", "points", "r",
]  # fmt: skip


def pct(x: float) -> Rel:
    """Return a level `x` percent of the entry away from it."""
    return Rel("pct", x)


def points(x: float) -> Rel:
    """Return a level `x` rupees away from the entry."""
    return Rel("points", x)


def r(x: float) -> Rel:
    """Return a target `x` times the risk, from entry to stop, away from the entry."""
    return Rel("r", x)


Action = OrderIntent | StrategyAction
"""What a strategy may ask for."""
Actions = Action | Sequence[Action] | None
"""All actions of a list are taken, in order: two BUYs of one symbol are two orders."""
Intents = OrderIntent | list[OrderIntent] | None
"""Actions that are intents only."""


class Strategy(Protocol):
    """A plain class whose parameters are the keyword arguments of its `__init__`.

    It may also have `on_tick` (see TickStrategy), and on a BaseStrategy `on_start`, `schedule`,
    `on_order`, `on_open`, `on_close`, `save` and `load`. It keeps its own state per symbol.
    """

    def on_candle(self, candle: Candle, view: View) -> Actions:
        """Decide on a closed candle of one of its symbols."""


@runtime_checkable
class TickStrategy(Protocol):
    """A strategy that asks for ticks by having this method."""

    def on_tick(self, tick: TickView, view: View) -> Actions:
        """Decide on a tick of one of its symbols, after fills and exits have seen it."""


@runtime_checkable
class TimedStrategy(Protocol):
    """A strategy that knows its intents beforehand; it needs no `on_candle`."""

    def timed_intents(self, product: Product) -> list[TimedIntent]:
        """Return all its intents; `product` is for those that name none."""


@runtime_checkable
class TimedGttStrategy(Protocol):
    """A strategy that knows beforehand what it asks of GTTs."""

    def timed_gtts(self) -> list[TimedGtt]:
        """Return all its requests."""


class BaseStrategy:
    """Helpers that make intents: `return self.buy("NIFTY26NOVFUT", 65, stop=25_000.0)`."""

    default_exits: ClassVar[ExitOverrides] = ExitOverrides()
    """The strategy's own exit settings. `exits` in the configuration or in an intent overrides
    them; a setting that none of the three has comes from `execution`."""

    def buy(
        self,
        symbol: str,
        qty: int,
        *,
        stop: Level | None = None,
        target: Level | None = None,
        time_stop_bars: int | None = None,
        confidence: float = 1.0,
        reason: str = "",
        exits: ExitOverrides | None = None,
        order_type: OrderKind = "MARKET",
        price: float | None = None,
        trigger_price: float | None = None,
        validity: Validity = "DAY",
        validity_ttl: int | None = None,
        market_protection: float | None = None,
        tag: str = "",
    ) -> OrderIntent:
        """Open a long of `qty` units; prices in rupees, `time_stop_bars` 0 = none.

        At the market, or with `price` and `trigger_price` as `order_type` (LIMIT, SL, SL-M) asks.
        `tag` names the order for a later change.
        """
        return OrderIntent(
            symbol=symbol, signal=Signal.BUY, qty=qty, sl_price=stop, tp_price=target,
            time_stop_bars=time_stop_bars, confidence=confidence, reason=reason, exits=exits,
            order_type=order_type, price=price, trigger_price=trigger_price, validity=validity,
            validity_ttl=validity_ttl, market_protection=market_protection, tag=tag,
        )  # fmt: skip

    def sell(
        self,
        symbol: str,
        qty: int,
        *,
        stop: Level | None = None,
        target: Level | None = None,
        time_stop_bars: int | None = None,
        confidence: float = 1.0,
        reason: str = "",
        exits: ExitOverrides | None = None,
        order_type: OrderKind = "MARKET",
        price: float | None = None,
        trigger_price: float | None = None,
        validity: Validity = "DAY",
        validity_ttl: int | None = None,
        market_protection: float | None = None,
        tag: str = "",
    ) -> OrderIntent:
        """Open a short of `qty` units; prices in rupees, `time_stop_bars` 0 = none.

        At the market, or with `price` and `trigger_price` as `order_type` (LIMIT, SL, SL-M) asks.
        `tag` names the order for a later change.
        """
        return OrderIntent(
            symbol=symbol, signal=Signal.SELL, qty=qty, sl_price=stop, tp_price=target,
            time_stop_bars=time_stop_bars, confidence=confidence, reason=reason, exits=exits,
            order_type=order_type, price=price, trigger_price=trigger_price, validity=validity,
            validity_ttl=validity_ttl, market_protection=market_protection, tag=tag,
        )  # fmt: skip

    def exit(self, symbol: str, *, reason: str = "") -> OrderIntent:
        """Close this strategy's positions in `symbol` and cancel its waiting entries there."""
        return OrderIntent(symbol=symbol, signal=Signal.EXIT, reason=reason)

    def modify(
        self,
        id: str,
        *,
        stop: Level | Keep | None = KEEP,
        target: Level | Keep | None = KEEP,
        price: float | Keep = KEEP,
        quantity: int | Keep = KEEP,
    ) -> Modify:
        """Change a trade by its id: levels of what is open, price and quantity of its entry.

        None removes a level; one relative to the entry (`pct`, `points`, `r`) is counted from it.
        """
        return Modify(id=id, stop=stop, target=target, price=price, quantity=quantity)

    def cancel(self, id: str) -> Cancel:
        """Cancel what works of an entry, by the id of its trade or of its exchange order."""
        return Cancel(id=id)

    def close(self, id: str, *, quantity: int | None = None, reason: str = "") -> Close:
        """Close a trade by its id: whole lots of it in units, or all and its working entry."""
        return Close(id=id, quantity=quantity, reason=reason)

    def basket(
        self,
        intents: Sequence[OrderIntent],
        *,
        hedges_first: bool = True,
        within_s: float = 30,
        if_incomplete: Literal["unwind", "keep"] = "unwind",
        tag: str = "",
    ) -> Basket:
        """Open several positions together: what is sold once all that is bought has filled.

        After `within_s` seconds, or when an entry is refused, `unwind` closes what has filled and
        `keep` leaves it. `tag` is that of every entry without its own.
        """
        return Basket(
            intents=tuple(intents), hedges_first=hedges_first, within_s=within_s,
            if_incomplete=if_incomplete, tag=tag,
        )  # fmt: skip

    def watch(
        self,
        tag: str,
        *,
        stop: float | None = None,
        target: float | None = None,
        trail: Steps | None = None,
        lock: Lock | None = None,
    ) -> Watch:
        """Close all trades of a tag when their result reaches a level, in rupees.

        The result is gross, realized and open. A second call replaces the first; without a level
        the watch ends.
        """
        return Watch(tag=tag, stop=stop, target=target, trail=trail, lock=lock)

    def size(self, quantity: int, symbol: str, view: View) -> int:
        """Return `quantity` units, or one lot of the contract if that is 0."""
        return quantity or view.instrument(symbol).lot_size
