"""An order's life in plain words, from the journal alone: what happened, when and why."""

from __future__ import annotations

import difflib
from decimal import Decimal
from typing import Final

from daemon.domain.dates import iso_ist, ist_day
from daemon.domain.events import (
    ExchangeOrderMoved,
    Excursion,
    Fill,
    OrderCreated,
    OrderMoved,
    PositionMarked,
    StopMoved,
    TradingEvent,
)
from daemon.domain.exchange_order import OVER_STATES
from daemon.domain.intent import Rel
from daemon.domain.order import ENTRY_FILL, MODIFIED, TRAILING_STOP, OrderState
from daemon.errors import JournalCorrupt, UsageError
from daemon.journal.account_story import explain_account, is_account_name
from daemon.journal.exchange_reasons import GATES, kite_sentence
from daemon.journal.exchange_words import entry_text, exchange_lines, standing_text
from daemon.journal.explain_round import round_story
from daemon.journal.show import archived_text
from daemon.journal.store import JournalStore
from daemon.journal.words import (
    MOVES,
    demand_text,
    fill_lines,
    levels_text,
    money,
    money_exact,
    refusal_text,
    wall_time,
)
from daemon.visible import visible

_PLAIN: Final[dict[OrderState, str]] = {
    OrderState.SUBMITTED: "the order goes to the paper market.",
    OrderState.ARCHIVED: "put away at the end of the session.",
}
_INDENT: Final = " " * 14


def explain(store: JournalStore, order_id: str) -> str:
    """Return the story of an order or a plan's round, a paragraph an event.

    `order_id` may also be a GTT (`GTT-7`), an exchange order without a trade, or `risk`. Raises
    UsageError naming similar ids.
    """
    events = store.events_of(order_id) if order_id else []
    told = [] if events else round_story(store, order_id)
    if not events and (told := told or explain_account(store.events_of(""), order_id)):
        return "\n".join(map(visible, told)) + "\n"
    if not events:
        raise UsageError(_unknown(store, order_id))
    created = events[0]
    if not isinstance(created, OrderCreated):
        raise JournalCorrupt(f"{store.directory}: order {order_id} was never created")
    story = _Story()
    lines, day = [_title(created)], ist_day(created.ts)
    for event in events:
        if ist_day(event.ts) != day:
            day = ist_day(event.ts)
            lines.append(f"{iso_ist(event.ts)[:10]}:")
        lines += _paragraph(event, story.tell(event))
    lines += ["", *story.result()]
    return "\n".join(map(visible, lines)) + "\n"


class _Parts:
    """Sums over the parts of an entry or an exit."""

    def __init__(self) -> None:
        self.units = self.realized_paise = self._value_paise = 0

    def add(self, fill: Fill) -> None:
        self.units += fill.quantity
        self.realized_paise += fill.realized_paise
        self._value_paise += fill.quantity * fill.price_paise

    def text(self) -> str:
        average = money_exact(Decimal(self._value_paise) / (100 * self.units))
        return f"{self.units} at {average} on average"


class _Story:
    """Tells one event after the other and keeps the sums for the last sentence."""

    def __init__(self) -> None:
        self._open_quantity = 0
        self._fills = 0
        self._gross_paise = 0
        self._bid_ask_paise = 0
        self._charges = Decimal(0)
        self._state = OrderState.CREATED
        self._excursion: Excursion | None = None
        self._ahead: dict[str, int] = {}
        """Units of others ahead of each exchange order when it came to rest."""
        self._entry = _Parts()
        self._exit = _Parts()
        """Of the exit that began last."""
        self._working: dict[str, ExchangeOrderMoved] = {}
        self._quoted = -1
        """The input whose quote was told last."""

    def tell(self, event: TradingEvent) -> list[str]:
        if isinstance(event, OrderCreated):
            return _asked(event)
        if isinstance(event, StopMoved):
            return [_stop_text(event)]
        if isinstance(event, ExchangeOrderMoved):
            return self._tell_exchange(event)
        if isinstance(event, PositionMarked):
            return [_mark_text(event)]
        assert isinstance(event, OrderMoved), event  # a GTT belongs to no trade
        return self._tell_move(event)

    def _tell_move(self, event: OrderMoved) -> list[str]:
        to = event.to_state
        if to is not OrderState.ARCHIVED:
            self._state = to
        self._excursion = event.excursion or self._excursion
        if event.fill is not None:
            lines = self._tell_fill(event)
        elif event.demand is not None:
            self._exit = _Parts()
            lines = [demand_text(event.reason, event.demand, self._open_quantity)]
        elif to in (OrderState.REJECTED, OrderState.CANCELLED):
            lines = [refusal_text(event.reason, event.numbers)]
            said = kite_sentence(event.reason, event.numbers) if event.reason in GATES else ""
            lines += [f"Kite says: {said}"] if said else []
        elif event.levels is not None:
            return [f"{to}: the position is open: {levels_text(event.levels)}."]
        else:
            lines = [_PLAIN.get(to, f"{event.reason}.")]
        if event.levels is not None:
            lines.append(f"{self._open_quantity} stay open: {levels_text(event.levels)}.")
        return [f"{to}: {lines[0]}", *lines[1:]]

    def _tell_exchange(self, event: ExchangeOrderMoved) -> list[str]:
        """Tell of an exchange order; add the money of a fill that makes no move."""
        queue, name = event.queue, event.exchange_id
        if queue is not None and event.kind != "filled" and queue.market_after is not None:
            self._ahead.setdefault(name, max(queue.market_after, 0))
        self._working[name] = event
        if event.state in OVER_STATES:
            del self._working[name]
        lines = exchange_lines(event, self._ahead.get(name))
        fill = event.fill
        if fill is None:
            return lines
        self._book(fill, is_entry=not event.is_exit)
        quote = fill_lines(fill)[1:-1] if event.input_no != self._quoted else []
        self._quoted = event.input_no
        charges = f"Charges {money_exact(Decimal(fill.charges.total))}"
        return [*lines, *quote, f"{charges}; {self._so_far(fill, event.is_exit)}."]

    def _so_far(self, fill: Fill, is_exit: bool) -> str:
        """Return what the parts of an entry, or of an exit, come to so far."""
        if is_exit:
            made = money(fill.realized_paise)
            return f"this part makes {made} before charges, {self._open_quantity} stay open"
        return f"the entry so far is {self._entry.text()}"

    def _tell_fill(self, event: OrderMoved) -> list[str]:
        fill = event.fill
        assert fill is not None
        is_entry = event.to_state is OrderState.FILLED
        self._book(fill, is_entry=is_entry)
        self._quoted = event.input_no
        lines = fill_lines(fill)
        if is_entry:
            return lines
        made = money(fill.realized_paise)
        lines.append(f"This exit ({event.reason}) makes {made} before charges.")
        if self._exit.units > fill.quantity:
            lines[-1] = f"This part of the exit ({event.reason}) makes {made} before charges."
            whole = money(self._exit.realized_paise)
            lines.append(f"The whole exit: {self._exit.text()} makes {whole} before charges.")
        return lines

    def _book(self, fill: Fill, *, is_entry: bool) -> None:
        self._fills += 1
        self._charges += Decimal(fill.charges.total)
        self._open_quantity += fill.quantity if is_entry else -fill.quantity
        self._gross_paise += fill.realized_paise
        self._bid_ask_paise += fill.realized_bid_ask_paise
        (self._entry if is_entry else self._exit).add(fill)

    def result(self) -> list[str]:
        """Return the last sentences: what still works, and the money, or that no money moved."""
        return [*(standing_text(event) for event in self._working.values()), *self._money()]

    def _money(self) -> list[str]:
        if not self._fills:
            return [f"Result: {self._state}, nothing was traded and nothing was charged."]
        net = Decimal(self._gross_paise) / 100 - self._charges
        over = self._state is OrderState.CLOSED
        begin = "Result" if over else f"So far ({self._open_quantity} still open, {self._state})"
        lines = [
            f"{begin}: gross {money(self._gross_paise)}, charges {money_exact(self._charges)}, "
            f"net {money_exact(net)}."
        ]
        if self._bid_ask_paise != self._gross_paise:
            lines.append(
                f"With fill_mode bid_ask the gross would have been {money(self._bid_ask_paise)}."
            )
        if self._excursion is not None:
            lines.append(
                f"While it was open the best price was {money(self._excursion.best_paise)}, "
                f"the worst {money(self._excursion.worst_paise)}."
            )
        return lines


def _title(event: OrderCreated) -> str:
    return (
        f"{event.order_id}: {event.transaction_type} {event.quantity} {event.tradingsymbol} "
        f"({event.product}), strategy {event.strategy_id or 'none'}, {event.timeframe} candles, "
        f"{iso_ist(event.ts)[:10]}, times in IST"
    )


def _asked(event: OrderCreated) -> list[str]:
    lots, odd = divmod(event.quantity, event.lot_size)
    size = "" if odd or lots < 1 else f" ({lots} lot{'s' if lots > 1 else ''} of {event.lot_size})"
    stop = _level_text("stop", event.sl_paise, event.sl_rel)
    target = _level_text("target", event.tp_paise, event.tp_rel)
    side = event.transaction_type.lower()
    terms = entry_text(event)
    how = f"{size}, {terms}" if terms else size
    lines = [f"{OrderState.CREATED}: asked to {side} {event.quantity}{how}, {stop}, {target}."]
    if event.note or event.tag:
        said = " / ".join(part for part in (event.note, event.tag) if part)
        lines.append(f"The strategy said: {said}")
    rules = _rules(event)
    if rules:
        lines.append(f"Exits: {rules}.")
    return lines


def _level_text(name: str, paise: int | None, rel: Rel | None) -> str:
    if rel is not None:
        unit = {"pct": " %", "points": " rupees", "r": " R"}[rel.unit]
        return f"{name} {rel.x:g}{unit} from the entry"
    return f"no {name}" if paise is None else f"{name} {money(paise)}"


def _rules(event: OrderCreated) -> str:
    exits, has_stop = event.exits, event.sl_paise is not None or event.sl_rel is not None
    parts = []
    if exits.enable_partial_exit and has_stop:
        when = "a losing stop" if exits.partial_exit_when == "losing" else "the first stop"
        parts.append(f"{exits.partial_exit_pct:.0%} leaves at {when}, in whole lots")
    if exits.enable_trailing and has_stop:
        begin = "" if exits.trail_after_r is None else f" from {exits.trail_after_r:g} R on"
        parts.append(f"the stop trails in steps of {exits.trail_step_r:g} R{begin}")
    if exits.break_even_at_r is not None and has_stop:
        cost = "the entry with charges" if exits.break_even_with_charges else "the entry"
        parts.append(f"from {exits.break_even_at_r:g} R on the stop moves to cost ({cost})")
    if exits.time_stop_bars:
        parts.append(f"out after {exits.time_stop_bars} bars")
    if exits.sl_limit_buffer is not None and event.sl_paise is not None:
        buffer = exits.sl_limit_buffer
        beyond = f"{buffer.percent:g}%, at least {buffer.min_ticks} steps"
        parts.append(f"the stop lies at the exchange, its limit {beyond} beyond the trigger")
    if exits.target_at_exchange and event.tp_paise is not None:
        parts.append("the target lies at the exchange")
    if exits.stop_basis:
        by = "the side it leaves on" if exits.stop_basis == "exit_side" else "closes of candles"
        parts.append(f"stop and target go by {by}")
    return "; ".join(parts)


def _mark_text(event: PositionMarked) -> str:
    close = money(event.close_paise)
    return (
        f"{event.quantity} carried over night, marked to the close {close} of the contract: cash "
        f"moves by {money(event.m2m_paise)}. The result is counted when the position is closed."
    )


def _stop_text(event: StopMoved) -> str:
    if event.reason in (ENTRY_FILL, MODIFIED):
        stop = _level_text("stop", event.stop_to_paise or None, event.stop_rel)
        target = _level_text("target", event.target_to_paise or None, event.target_rel)
        return f"LEVELS: {stop}, {target}, {MOVES[event.reason]}."
    return (
        f"STOP MOVED: from {money(event.stop_from_paise)} to {money(event.stop_to_paise)} at a "
        f"last price of {money(event.ltp_paise)}, {why_moved(event)}."
    )


def why_moved(event: StopMoved) -> str:
    """Return what moved a stop."""
    if event.reason == TRAILING_STOP:
        return "1 whole step gained" if event.steps == 1 else f"{event.steps} whole steps gained"
    return MOVES.get(event.reason, event.reason)


def _paragraph(event: TradingEvent, lines: list[str]) -> list[str]:
    first, *rest = lines
    due = f" (was due at {_due(event)})" if event.due_ts else ""
    return [f"{wall_time(event.ts)}  {first}{due}", *(_INDENT + line for line in rest)]


def _due(event: TradingEvent) -> str:
    """Return the time at which it was due, with the date if that differs."""
    if ist_day(event.due_ts) == ist_day(event.ts):
        return wall_time(event.due_ts)
    return f"{iso_ist(event.due_ts)[:10]} {wall_time(event.due_ts)}"


def _unknown(store: JournalStore, order_id: str) -> str:
    if is_account_name(order_id):
        return f"{store.directory}: no event of {order_id}; `show` lists what there is"
    known = [row["order_id"] for row in store.query("SELECT DISTINCT order_id FROM committed")]
    known = [each for each in known if each]
    near = [each for each in known if order_id and each.endswith(order_id)]
    near += difflib.get_close_matches(order_id, known, n=5, cutoff=0.7)
    text = f"order {order_id} is not in {store.directory}"
    archived = archived_text(store)
    end = f" {archived}" if archived else ""
    if near:
        return f"{text}; did you mean {', '.join(dict.fromkeys(near[:5]))}?{end}"
    return f"{text}, which has {len(known)} orders; `show` lists them.{end}".removesuffix(".")
