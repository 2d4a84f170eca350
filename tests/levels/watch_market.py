"""A market in which a strategy watches the trades of a tag."""

from __future__ import annotations

from typing import Any

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import DAY_NS, ist_date
from daemon.domain.events import OrderMoved, TradingEvent, WatchMoved, decode_event, encode_event
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.domain.tag_watch import WatchTerms
from tests.kit.drive import FixedRules
from tests.kit.market import CALL, CLOSE, OPEN, PUT, Market

TAG = "straddle"


def paise(rupees: float) -> int:
    return round(rupees * 100)


def watch_terms(**rupees: float) -> WatchTerms:
    """Terms in rupees by the names without `_paise`."""
    return WatchTerms(**{f"{name}_paise": paise(amount) for name, amount in rupees.items()})


class WatchMarket(Market):
    """Options of lot 65 without charges; nothing but watches closes a trade."""

    def __init__(self, ledger: Ledger | None = None, **config: Any) -> None:
        """Continue from a `ledger`; there is a session on the next date too."""
        defaults = {"charges": False, "enable_partial_exit": False, "enable_trailing": False}
        super().__init__(lot=65, **(defaults | config))
        sessions = [(OPEN + day * DAY_NS, CLOSE + day * DAY_NS) for day in (0, 1)]
        self.engine = PaperEngine(
            self.engine.config,
            universe=self.engine.universe,
            rules=FixedRules({(ist_date(at[0]), "NFO-OPT"): at for at in sessions}),
            ledger=ledger,
        )
        self.clock(0)

    def watch(self, tag: str = TAG, strategy: str = "story", **rupees: float) -> str:
        said = self.engine.engine.account.watches.watch(strategy, tag, watch_terms(**rupees))
        self._keep(self.engine.engine.lifecycle.take_events())
        return said

    def sell_straddle(self, ce: float = 200.0, pe: float = 180.0) -> None:
        """Sell a lot of both at their last prices."""
        self.tick(ce)
        self.tick(pe, symbol=PUT)
        self.signal("SELL", 65, tag=TAG)
        self.signal("SELL", 65, symbol=PUT, tag=TAG)

    def both(self, ce: float, pe: float) -> None:
        """Both legs print in one timestamp, which ends a second later."""
        self.tick(ce)
        self.tick(pe, symbol=PUT, after_s=0)
        self.clock(1)

    def told(self) -> list[tuple[str, str]]:
        """(kind, reason) of every event of a watch."""
        return [(e.kind, e.reason) for e in self.events if isinstance(e, WatchMoved)]

    @property
    def last(self) -> WatchMoved:
        return [event for event in self.events if isinstance(event, WatchMoved)][-1]

    def left(self) -> list[tuple[str, str]]:
        """(symbol, reason) of every trade that was demanded to leave, in that order."""
        symbols = {e.order_id: e.tradingsymbol for e in self.events if hasattr(e, "tradingsymbol")}
        return [
            (symbols[e.order_id], e.reason)
            for e in self.events
            if isinstance(e, OrderMoved) and e.to_state is OrderState.EXIT_PENDING
        ]


def folded(events: list[TradingEvent]) -> Ledger:
    """The ledger of events that went to disk and back."""
    ledger = Ledger()
    for event in events:
        ledger.apply(decode_event(encode_event(event)))
    return ledger


__all__ = ["CALL", "PUT", "TAG", "WatchMarket", "folded", "watch_terms"]
