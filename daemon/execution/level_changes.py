"""Other levels for a trade, as its strategy asks: checked, recorded, watched from now on."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import structs

from daemon.domain.intent import Level, Rel, as_price, as_relative
from daemon.domain.order import Order, OrderState
from daemon.domain.position import Position
from daemon.domain.strategy_actions import KEEP, Keep, RefusalCode
from daemon.execution.builder import level_on_tick
from daemon.execution.closing import Closing
from daemon.execution.exits.runner import ExitRunner
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.relative_levels import EntryLevels, check_relative, levels_at


class _Asked(NamedTuple):
    """The levels that a trade is to have, and those of them that are relative to its entry."""

    order: Order
    is_price: bool
    """Whether every level that was given is a price."""


class LevelChanges:
    """Replace stop and target of a trade."""

    def __init__(
        self, recorder: Recorder, quotes: Quotes, runner: ExitRunner, closing: Closing
    ) -> None:
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._quotes = quotes
        self._runner = runner
        self._closing = closing

    def change(
        self, order: Order, stop: Level | Keep | None, target: Level | Keep | None
    ) -> RefusalCode | None:
        """Set the levels; return why not, having changed nothing."""
        position = self._ledger.positions.get(order.order_id)
        if position is None and order.state is not OrderState.SUBMITTED:
            return "already_over"
        if position is not None and position.pending is not None:
            return "already_over"
        asked = _with_levels(order, position, stop, target)
        if not asked.is_price or check_relative(asked.order) is not None:
            return "bad_level"
        if position is None:
            return self._of_entry(order, asked.order)
        return self._of_position(order, asked.order, position)

    def _of_entry(self, order: Order, asked: Order) -> RefusalCode | None:
        """Set the levels of an entry that waits: what is wrong with them at its fill, it says."""
        levels = EntryLevels(asked.sl_paise, asked.tp_paise)
        if not _in_order(order.sign, levels):
            return "bad_level"
        self._record(order, asked, levels, stop_from=order.sl_paise or 0, steps=0, ltp=0)
        return None

    def _of_position(self, order: Order, asked: Order, position: Position) -> RefusalCode | None:
        book = self._quotes.book_of(order.tradingsymbol)
        quote = self._quotes.quote_of(book)
        ltp = position.entry_paise if quote is None else quote.ltp
        cost = position.opened_cost_paise or position.entry_paise * position.opened_quantity
        levels = levels_at(asked, cost, position.opened_quantity)
        if levels == (position.stop_paise, position.target_paise) and _is_same(order, asked):
            return None
        if not _in_order(order.sign, levels) or _is_met(position.sign, levels, ltp):
            return "bad_level"
        self._record(
            order, asked, levels,
            stop_from=position.stop_paise or 0, steps=position.ladder_steps, ltp=ltp,
        )  # fmt: skip
        self._runner.refresh(position)
        self._closing.stop_moved(position, book)
        return None

    def _record(
        self, order: Order, asked: Order, levels: EntryLevels, *, stop_from: int, steps: int,
        ltp: int,
    ) -> None:  # fmt: skip
        self._recorder.levels_modified(
            order,
            levels,
            stop_from=stop_from,
            steps=steps,
            ltp_paise=ltp,
            rel=(asked.sl_rel, asked.tp_rel),
        )


def _with_levels(
    order: Order,
    position: Position | None,
    stop: Level | Keep | None,
    target: Level | Keep | None,
) -> _Asked:
    """Return a copy of the order with other levels; a kept one is where it stands now."""
    sl, sl_rel, tp, tp_rel = order.sl_paise, order.sl_rel, order.tp_paise, order.tp_rel
    if position is not None:
        if position.stop_moved_by or sl_rel is None:
            sl, sl_rel = position.stop_paise, None
        if tp_rel is None:
            tp = position.target_paise
    is_price = True
    buy, tick = order.sign > 0, order.tick_paise
    if stop is not KEEP:
        sl, sl_rel = _paise(stop, tick, ties_up=not buy)
        is_price = is_price and (stop is None or sl_rel is not None or (sl or 0) >= tick)
    if target is not KEEP:
        tp, tp_rel = _paise(target, tick, ties_up=buy)
        is_price = is_price and (target is None or tp_rel is not None or (tp or 0) >= tick)
    asked = structs.replace(order, sl_paise=sl, sl_rel=sl_rel, tp_paise=tp, tp_rel=tp_rel)
    return _Asked(asked, is_price)


def _is_same(order: Order, asked: Order) -> bool:
    return (order.sl_rel, order.tp_rel) == (asked.sl_rel, asked.tp_rel)


def _paise(level: Level | None, tick: int, *, ties_up: bool) -> tuple[int | None, Rel | None]:
    return level_on_tick(as_price(level), tick, ties_up=ties_up), as_relative(level)


def _in_order(sign: int, levels: EntryLevels) -> bool:
    """Return whether the target lies beyond the stop, where there are both."""
    stop, target = levels
    return stop is None or target is None or sign * (target - stop) > 0


def _is_met(sign: int, levels: EntryLevels, ltp: int) -> bool:
    """Return whether a price is already at a level, or beyond it on its wrong side."""
    stop, target = levels
    if stop is not None and sign * (ltp - stop) <= 0:
        return True
    return target is not None and sign * (target - ltp) <= 0
