"""Turn journal events into what the strategies hear of them, in the order of the events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from msgspec import structs

from daemon.domain.events import (
    ExchangeOrderMoved,
    Fill,
    OrderMoved,
    StopMoved,
    TradingEvent,
)
from daemon.domain.ledger import Ledger
from daemon.domain.money import PAISE_PER_RUPEE, rupees
from daemon.domain.order import Order
from daemon.domain.own_trade import OwnTrade
from daemon.domain.position import Position
from daemon.domain.strategy_actions import RefusalCode
from daemon.domain.update import Update
from daemon.market.book import Book, Quote
from daemon.market.moment import Moment

STOP_MOVED = "stop_moved"
_PAISE = "_paise"


class LastQuotes(Protocol):
    """Know the last quote of a symbol; `Quotes` does."""

    def book_of(self, tradingsymbol: str) -> Book:
        """Return the book of a symbol of the universe."""

    def quote_of(self, book: Book) -> Quote | None:
        """Return the last quote of a book."""


class Heard(NamedTuple):
    """An update that waits for its strategy."""

    strategy_id: str
    update: Update


class Updates:
    """Keep the updates of the strategies that want to hear them, until they are delivered.

    Nothing is made for the others.
    """

    def __init__(self, ledger: Ledger, at: Moment, quotes: LastQuotes | None) -> None:
        self.waiting: deque[Heard] = deque()
        self.recent: dict[str, OwnTrade] = {}
        """The trades of waiting updates, some of which the ledger may have archived by then."""
        self._heard: frozenset[str] = frozenset()
        self._on_first: Callable[[], None] | None = None
        self._ledger = ledger
        self._at = at
        self._quotes = quotes
        self._states: dict[str, str] = {}
        """The last state of each exchange order that was told."""

    def attach(self, heard: frozenset[str], on_first: Callable[[], None]) -> None:
        """Keep updates of some strategies; `on_first` is called when one comes and none waits."""
        self._heard = heard
        self._on_first = on_first

    def take(self, event: TradingEvent) -> None:
        """Take an event that the ledger has just applied."""
        order = self._ledger.orders.get(event.order_id)
        if order is None or order.strategy_id not in self._heard:
            return
        update = self.update_of(event, order)
        if update is None:
            return
        if not self.waiting:
            self.recent.clear()
        self.recent[order.order_id] = own_trade(order, self._ledger, self._quotes)
        self._put(order.strategy_id, update)

    def refuse(self, strategy_id: str, id_: str, code: RefusalCode, order: Order | None) -> None:
        """Tell a strategy that an action of its own changed nothing; a foreign order stays so."""
        if strategy_id not in self._heard:
            return
        seq, now = self._ledger.seq, self._at.stamp
        if order is None:
            update = Update(
                seq=seq, ts=now, kind="trade", id=id_, tag="", symbol="", side="", old="", new="",
                reason=code, quantity=0, filled=0,
            )  # fmt: skip
        else:
            state = str(order.state)
            update = structs.replace(
                self._of_trade(order, seq, now), id=id_, old=state, new=state, reason=code
            )
        self._put(strategy_id, update)

    def tell(self, strategy_id: str, update: Update) -> None:
        """Tell a strategy what no event of a trade says."""
        if strategy_id in self._heard:
            self._put(strategy_id, update)

    def update_of(self, event: TradingEvent, order: Order) -> Update | None:
        """Return what an event says to the strategy of its trade, None if that is nothing."""
        match event:
            case OrderMoved():
                return self._of_move(event, order)
            case ExchangeOrderMoved():
                return self._of_exchange(event, order)
            case StopMoved():
                return self._of_stop(event, order)
            case _:
                return None

    def _put(self, strategy_id: str, update: Update) -> None:
        if not self.waiting and self._on_first is not None:
            self._on_first()
        self.waiting.append(Heard(strategy_id, update))

    def _of_move(self, event: OrderMoved, order: Order) -> Update:
        update = self._of_trade(order, event.seq, event.ts)
        numbers = dict(in_rupees(event.numbers))
        if event.demand is not None:
            numbers |= in_rupees(
                {"level_paise": event.demand.level_paise, "ltp_paise": event.demand.ltp_paise}
            )
        return structs.replace(
            update,
            old=str(event.from_state),
            new=str(event.to_state),
            reason=event.reason,
            price=_price(event.fill),
            numbers=numbers,
        )

    def _of_stop(self, event: StopMoved, order: Order) -> Update:
        levels: dict[str, int | str] = {
            "stop_from_paise": event.stop_from_paise, "stop_to_paise": event.stop_to_paise,
            "target_to_paise": event.target_to_paise, "ltp_paise": event.ltp_paise,
        }  # fmt: skip
        return structs.replace(
            self._of_trade(order, event.seq, event.ts),
            old=str(order.state),
            new=STOP_MOVED,
            reason=event.reason,
            numbers=in_rupees(levels),
        )

    def _of_exchange(self, event: ExchangeOrderMoved, order: Order) -> Update:
        before = self._states.get(event.exchange_id, "")
        self._states[event.exchange_id] = event.state
        # a request that was refused leaves the order as it was
        old = event.state if event.kind.endswith("_refused") else before
        new = event.state if old != event.state or event.kind.endswith("_refused") else event.kind
        return structs.replace(
            self._of_trade(order, event.seq, event.ts),
            kind="order",
            id=event.exchange_id,
            side=event.side,
            old=old,
            new=new,
            reason=event.reason or event.kind,
            quantity=event.quantity,
            filled=event.filled,
            price=rupees(event.last_paise) if event.last_quantity else None,
            numbers=in_rupees(event.numbers),
        )

    def _of_trade(self, order: Order, seq: int, ts: int) -> Update:
        realized, gain = self._money(order)
        return Update(
            seq=seq,
            ts=ts,
            kind="trade",
            id=order.order_id,
            tag=order.tag,
            symbol=order.tradingsymbol,
            side=order.transaction_type,
            old="",
            new="",
            reason="",
            quantity=order.quantity,
            filled=order.filled_quantity,
            realized=realized,
            open_pnl=gain,
        )

    def _money(self, order: Order) -> tuple[float, float]:
        """Return what a trade has realized and would realize now, rupees."""
        own = own_trade(order, self._ledger, self._quotes)
        realized = 0 if own.position is None else own.position.realized_paise
        return rupees(realized), rupees(own.open_paise)


def own_trade(order: Order, ledger: Ledger, quotes: LastQuotes | None) -> OwnTrade:
    """Return a trade with its position, open or closed, and what that would realize now."""
    position = ledger.positions.get(order.order_id) or ledger.closed.get(order.order_id)
    return OwnTrade(order, position, 0 if position is None else open_paise(position, quotes))


def open_paise(position: Position, quotes: LastQuotes | None) -> int:
    """Return what closing a position at the last price would add, gross, paise."""
    if not position.quantity or quotes is None:
        return 0
    quote = quotes.quote_of(quotes.book_of(position.tradingsymbol))
    ltp = position.entry_paise if quote is None else quote.ltp
    return position.unrealized_paise(ltp)


def in_rupees(numbers: Mapping[str, int | str] | None) -> dict[str, float]:
    """Return the numbers of an event: paise as rupees without their suffix, texts left out."""
    found: dict[str, float] = {}
    for name, number in (numbers or {}).items():
        if isinstance(number, str):
            continue
        if name.endswith(_PAISE):
            found[name.removesuffix(_PAISE)] = number / PAISE_PER_RUPEE
        else:
            found[name] = float(number)
    return found


def _price(fill: Fill | None) -> float | None:
    return None if fill is None else rupees(fill.price_paise)
