"""What is true now and should be told: it follows from no single event, but from the time too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from daemon.alerts.cover import naked_options
from daemon.alerts.message import Message
from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_date
from daemon.domain.events import ExchangeOrderMoved
from daemon.domain.exchange_order import ExchangeOrderState
from daemon.domain.order_kind import STOP_KINDS
from daemon.domain.position import Position
from daemon.domain.tag_watch import find_watch
from daemon.journal.words import count_of, money
from daemon.metrics.fill_quality import whole_paise
from daemon.visible import visible
from daemon.web.panels.header import header_panel
from daemon.web.panels.pnl import day_net_paise, pnl_panel
from daemon.web.panels.view import View

SETTLED_NS: Final = 10 * SECOND_NS
"""How long a position may be without what protects it, or an exit without its fill."""
GONE_NS: Final = 15 * SECOND_NS
"""How long no process may hold the journal: a restart takes less."""
SILENT_NS: Final = 60 * SECOND_NS
"""How old the heartbeat of a daemon may be that holds it."""
SOON_NS: Final = 5 * MINUTE_NS
"""How long before the square-off its message comes."""
LIMIT_USED: Final = 0.8
Found = Iterator[tuple[str, Message]]


class Conditions:
    """Looks at an account at one moment after another."""

    def __init__(self) -> None:
        self._gone_since = 0

    def of(self, view: View) -> dict[str, Message]:
        """Return what is true, by a name; that of a condition of one day begins with its date."""
        session = header_panel(view)["session"]
        found: dict[str, Message] = {}
        for look in _LOOKS:
            found.update(look(view, session))
        found.update(self._daemon_gone(view, is_open=bool(session["is_open"])))
        return found

    def _daemon_gone(self, view: View, *, is_open: bool) -> Found:
        is_there = view.is_alive or view.pid is not None
        if not is_open or not view.watched.is_account or is_there:
            self._gone_since = 0
        elif not self._gone_since:
            self._gone_since = view.now
        beat = view.market.beat_ns
        is_silent = is_open and 0 < beat < view.now - SILENT_NS
        is_gone = self._gone_since and view.now - self._gone_since >= GONE_NS
        if not (is_silent and view.watched.is_account) and not is_gone:
            return
        why = view.book.process.error or view.book.process.stopped
        text = "no daemon runs" if is_gone else "the daemon has not moved for a minute"
        open_ones = len(view.positions()) + len(view.book.ledger.untraded.positions)
        held = f"{count_of(open_ones, 'position')} open and not watched"
        behind = f" (it stopped: {visible(why)})" if is_gone and why else ""
        yield "daemon_gone", _message(view, "daemon_gone", f"{text}{behind}; {held}")


def _unprotected(view: View, _: dict[str, object]) -> Found:
    """Find trades that no stop of their own, of their tag or of their plan closes."""
    for position in view.positions():
        if position.stop_paise is not None or _is_fresh(view, position.entry_ts):
            continue
        if position.pending is None and not _is_covered(view, position):
            what = f"{position.quantity} {visible(position.tradingsymbol)}"
            text = f"{what} has no stop: {position.order_id}, strategy {position.strategy_id}"
            yield f"unprotected:{position.order_id}", _message(view, "unprotected", text)


def _is_covered(view: View, position: Position) -> bool:
    order = view.book.ledger.orders[position.order_id]
    watch = find_watch(view.book.ledger.watches, order.strategy_id, order.tag)
    if order.tag and watch is not None and watch.terms.stop_paise:
        return True
    plans = () if view.setup.config is None else view.setup.config.plans.items
    plan = next((plan for plan in plans if plan.id == position.strategy_id), None)
    return plan is not None and plan.overall is not None and plan.overall.stop is not None


def _naked(view: View, _: dict[str, object]) -> Found:
    if _is_fresh(view, view.book.last_fill_ts):  # a basket may be on its way
        return
    held: dict[str, int] = {}
    for position in view.positions():
        signed = position.sign * position.quantity
        held[position.tradingsymbol] = held.get(position.tradingsymbol, 0) + signed
    for untraded in view.book.ledger.untraded.positions.values():
        symbol = untraded.tradingsymbol
        held[symbol] = held.get(symbol, 0) + untraded.quantity
    for (name, kind), quantity in naked_options(held, view.universe).items():
        text = f"{quantity} units of {visible(name)} {kind} are sold and no option covers them"
        yield f"naked_short:{name} {kind}", _message(view, "naked_short", text)


def _unfilled(view: View, _: dict[str, object]) -> Found:
    for position in view.positions():
        pending = position.pending
        if pending is None or pending.settling or _is_fresh(view, pending.ts):
            continue
        text = (
            f"the exit of {pending.quantity} {visible(position.tradingsymbol)} was triggered "
            f"({pending.reason}) and has no fill: {position.order_id}"
        )
        yield f"unfilled:{position.order_id}:{pending.seq}", _message(view, "unfilled", text)
    for order in view.book.working.all():
        event = order.event
        if not _is_triggered_entry(event) or _is_fresh(view, order.since_ts):
            continue
        text = (
            f"the entry {event.side} {event.quantity} {visible(order.symbol)} was triggered and "
            f"has no fill: {event.order_id or event.exchange_id}"
        )
        yield f"unfilled:{event.exchange_id}", _message(view, "unfilled", text)


def _is_triggered_entry(event: ExchangeOrderMoved) -> bool:
    """Return whether an order to open is a stop that is a limit order now, and nothing filled."""
    is_open = event.state == ExchangeOrderState.OPEN and event.order_type in STOP_KINDS
    return is_open and not event.is_exit and not event.filled


def _daily_limit(view: View, _: dict[str, object]) -> Found:
    pnl, config = pnl_panel(view), view.setup.config
    limit, result = pnl["daily_loss_limit_paise"], pnl["realized_today_paise"]
    if limit is None or config is None or not view.day:
        return
    if config.risk.daily_loss_counts == "net_open":
        result = day_net_paise(view)
    if result is not None and -result >= LIMIT_USED * limit:
        used = f"{money(-result)} of the day's limit of {money(limit)} is lost"
        yield f"{view.day}/daily_limit", _message(view, "daily_limit", used)


def _square_off(view: View, session: dict[str, object]) -> Found:
    closes_ms, config = session["closes_ms"], view.setup.config
    intraday = [position for position in view.positions() if position.product == "MIS"]
    if not session["is_open"] or not isinstance(closes_ms, int) or not intraday or config is None:
        return
    at = closes_ms * (SECOND_NS // 1000) - config.execution.square_off_ns
    if at - SOON_NS <= view.clock < at:
        minutes = -(-(at - view.clock) // MINUTE_NS)
        held = count_of(len(intraday), "intraday position")
        text = f"in {count_of(minutes, 'minute')} {held} will be squared off"
        yield f"{ist_date(at).isoformat()}/square_off", _message(view, "square_off", text)


def _day_summary(view: View, session: dict[str, object]) -> Found:
    """Tell a day once its session is over, and nothing of one that had no fill."""
    day = view.day
    totals = view.book.days.get(day)
    if totals is None or session["is_open"]:
        return
    charges = whole_paise(totals.charges)
    net = totals.gross_paise - charges
    held = len(view.positions()) + len(view.book.ledger.untraded.positions)
    text = (
        f"{day}: {count_of(totals.trades, 'trade')} closed, gross {money(totals.gross_paise)}, "
        f"charges {money(charges)}, net {money(net)}; {count_of(held, 'position')} open"
    )
    yield f"{day}/day_summary", _message(view, "day_summary", text)


_LOOKS: Final[tuple[Callable[[View, dict[str, object]], Found], ...]] = (
    _unprotected, _naked, _unfilled, _daily_limit, _square_off, _day_summary,
)  # fmt: skip


def _is_fresh(view: View, since: int) -> bool:
    return view.clock - since < SETTLED_NS


def _message(view: View, kind: str, text: str) -> Message:
    return Message(kind=kind, text=text, seq=view.book.seq, ts=view.clock)
