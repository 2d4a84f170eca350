"""What strategies ask of their own trades: modify, cancel, close; or why not, as an update."""

from __future__ import annotations

from typing import Final

from daemon.domain.errors import BadNumber
from daemon.domain.intent import EntryChange
from daemon.domain.money import paise_exact
from daemon.domain.order import DEAD_STATES, Order, OrderState
from daemon.domain.strategy_actions import (
    KEEP,
    Asked,
    Basket,
    Cancel,
    Close,
    Modify,
    RefusalCode,
    Watch,
)
from daemon.domain.tag_watch import WatchTerms
from daemon.execution.admission import Admission
from daemon.execution.baskets import Baskets
from daemon.execution.batch_gate import BatchGate
from daemon.execution.closing import Closing
from daemon.execution.entries import Entries
from daemon.execution.entry_changes import CANCEL_ASKED, EntryChanges
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.level_changes import LevelChanges
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.updates import Updates
from daemon.execution.watch_desk import WatchDesk
from daemon.market.timestamp_end import TimestampEnd

CLOSED_BY_STRATEGY: Final = "strategy_close"
_EXCHANGE: Final = "X-"
_TRADE: Final = "V3-"


class StrategyOrders:
    """Do an action on a trade if it is the strategy's own and not over yet."""

    def __init__(
        self,
        desk: ExchangeDesk,
        recorder: Recorder,
        quotes: Quotes,
        entries: Entries,
        admission: Admission,
        entry_orders: EntryOrders,
        changes: EntryChanges,
        runner: ExitRunner,
        closing: Closing,
        end: TimestampEnd,
    ) -> None:
        self._ledger = recorder.ledger
        self.gate = BatchGate(entries, admission)
        self._entry_orders = entry_orders
        self._changes = changes
        self._levels = LevelChanges(recorder, quotes, runner, closing)
        self._runner = runner
        self.updates = updates = Updates(recorder.ledger, desk.at, quotes)
        self._step = desk.step
        self.watches = WatchDesk(quotes, end, recorder, entries, runner)
        self.baskets = Baskets(
            desk.agenda, desk.at, recorder, entries, self.gate, entry_orders, runner, updates
        )

    def take(self, asked: Asked) -> None:
        """Do what a strategy asks, or tell it why nothing has changed."""
        action = asked.action
        match action:
            case Basket():
                self.baskets.begin(asked.strategy_id, action)
            case Watch():
                self._watch(asked.strategy_id, action)
            case _:
                self._change(asked.strategy_id, action)

    def _watch(self, strategy_id: str, action: Watch) -> None:
        try:
            terms = terms_of_watch(action)
        except BadNumber:
            terms = None
        if terms is None or self.watches.watch(strategy_id, action.tag, terms):
            self.updates.refuse(strategy_id, action.tag, "bad_level", None)

    def _change(self, strategy_id: str, action: Modify | Cancel | Close) -> None:
        order = self._ledger.orders.get(_trade_of(action.id))
        if order is not None and order.strategy_id != strategy_id:
            self.updates.refuse(strategy_id, action.id, "not_yours", None)
            return
        self._step.begin()
        code = self._code(action, order)
        self._step.end()
        if code is not None:
            self.updates.refuse(strategy_id, action.id, code, order)

    def _code(self, action: Modify | Cancel | Close, order: Order | None) -> RefusalCode | None:
        """Do it; return why not."""
        if order is None or order.state in DEAD_STATES:
            return "already_over"
        match action:
            case Modify():
                return self._modify(action, order)
            case Cancel():
                return self._cancel(action, order)
            case Close():
                return self._close(action, order)

    def _cancel(self, action: Cancel, order: Order) -> RefusalCode | None:
        root = self._entry_orders.root_of(order.order_id)
        if action.id not in (order.order_id, root):
            return "already_over"  # an order of an exit, or an entry that is gone
        if root is None and order.state is not OrderState.SUBMITTED:
            return "already_over"
        self._changes.cancel(order.order_id, CANCEL_ASKED)
        return None

    def _close(self, action: Close, order: Order) -> RefusalCode | None:
        reason = action.reason or CLOSED_BY_STRATEGY
        quantity = action.quantity
        position = self._ledger.positions.get(order.order_id)
        if quantity is not None and (quantity <= 0 or quantity % order.lot_size):
            return "bad_quantity"
        if position is None:
            if quantity is not None:
                return "bad_quantity"
            self._changes.cancel(order.order_id, reason)
            return None
        pending = position.pending
        if pending is not None and (quantity is not None or not pending.partial):
            return "already_over"
        if quantity is not None and quantity > position.quantity:
            return "bad_quantity"
        if quantity is None:
            self._entry_orders.drop_rest(order.order_id, reason)
        self._runner.demand(position, reason, quantity or 0)
        return None

    def _modify(self, action: Modify, order: Order) -> RefusalCode | None:
        """Change the entry first: levels of an order that is gone are not left behind."""
        code = self._change_entry(action, order)
        if code is not None:
            return code
        if action.stop is KEEP and action.target is KEEP:
            return None
        return self._levels.change(order, action.stop, action.target)

    def _change_entry(self, action: Modify, order: Order) -> RefusalCode | None:
        price = None if action.price is KEEP else action.price
        quantity = None if action.quantity is KEEP else action.quantity
        if price is None and quantity is None:
            return None
        if self._entry_orders.root_of(order.order_id) is None:
            return "already_over"
        if quantity is not None and (quantity <= 0 or quantity % order.lot_size):
            return "bad_quantity"
        why = self._changes.modify(order.order_id, EntryChange(price=price, qty=quantity))
        if not why:
            return None
        return "bad_level" if why == "bad_level" else "bad_quantity"


def _trade_of(id_: str) -> str:
    """Return the id of a trade, given its own or that of one of its exchange orders."""
    if not id_.startswith(_EXCHANGE):
        return id_
    trade = id_.partition("/")[0].rpartition("-")[0]
    return _TRADE + trade.removeprefix(_EXCHANGE)


def terms_of_watch(watch: Watch) -> WatchTerms:
    """Return the levels of a watch in paise. Raises BadNumber for what is no amount."""
    trail, lock = watch.trail, watch.lock
    return WatchTerms(
        stop_paise=0 if watch.stop is None else paise_exact(watch.stop),
        target_paise=0 if watch.target is None else paise_exact(watch.target),
        trail_every_paise=0 if trail is None else paise_exact(trail.every),
        trail_by_paise=0 if trail is None else paise_exact(trail.by),
        lock_at_paise=0 if lock is None else paise_exact(lock.at),
        lock_keep_paise=0 if lock is None else paise_exact(lock.keep),
        lock_every_paise=0 if lock is None else paise_exact(lock.every),
        lock_by_paise=0 if lock is None else paise_exact(lock.by),
    )
