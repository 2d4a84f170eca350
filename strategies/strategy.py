"""Define what a strategy is and what it sees, with helpers that keep one short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, runtime_checkable

from daemon.domain.candle import Candle
from daemon.domain.gtt_requests import TimedGtt
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Instrument
from daemon.domain.intent import ExitOverrides, Level, OrderIntent, Product, Rel, Signal
from daemon.domain.order_kind import OrderKind, Validity
from daemon.domain.tick_view import TickView

__all__ = [
    "BaseStrategy", "Intents", "Strategy", "TickStrategy", "TickView", "TimedStrategy", "View",
    "pct", "points", "r",
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


Intents = OrderIntent | list[OrderIntent] | None
"""All intents of a list are taken, in order: two BUYs of one symbol are two orders."""


class View(Protocol):
    """The market as a strategy may see it: prices in rupees, quantities in units, times in UTC ns.

    A symbol that is not in the universe raises ValueError.
    """

    @property
    def now(self) -> int:
        """Return the engine's time."""

    @property
    def session_open(self) -> int:
        """Return when the session of the instrument being shown opened."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the strategy's own symbols as configured, or all of the universe."""

    def ltp(self, symbol: str) -> float | None:
        """Return the last price, None before the first tick (and during warm-up)."""

    def position(self, symbol: str) -> int:
        """Return this strategy's signed open quantity: above 0 long, below 0 short."""

    def waiting(self, symbol: str) -> int:
        """Return how many of this strategy's entries are not filled yet.

        Entries requested at an earlier candle of the same boundary count too.
        """

    def instrument(self, symbol: str) -> Instrument:
        """Return the contract: lot size, tick size, type, strike, expiry."""

    def history(self, symbol: str) -> Sequence[Candle]:
        """Return closed candles of the strategy's timeframe, newest last, at most `warmup_candles`.

        Includes the candle being shown. Only the strategy's own symbols have a history.
        """


class Strategy(Protocol):
    """A plain class whose parameters are the keyword arguments of its `__init__`.

    It may also have `on_tick` (see TickStrategy). It keeps its own state per symbol.
    """

    def on_candle(self, candle: Candle, view: View) -> Intents:
        """Decide on a closed candle of one of its symbols."""


@runtime_checkable
class TickStrategy(Protocol):
    """A strategy that asks for ticks by having this method."""

    def on_tick(self, tick: TickView, view: View) -> Intents:
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

    def size(self, quantity: int, symbol: str, view: View) -> int:
        """Return `quantity` units, or one lot of the contract if that is 0."""
        return quantity or view.instrument(symbol).lot_size
