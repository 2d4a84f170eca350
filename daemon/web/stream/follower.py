"""Follows one journal and its market, and computes each panel once for all who look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from daemon.control.pace import PaceStatus, read_pace
from daemon.domain.dates import MILLISECOND_NS
from daemon.domain.statistics import MarginStatus
from daemon.errors import DaemonError, JournalIOError, UsageError
from daemon.report.fold import RunFold
from daemon.rules import Rulebook
from daemon.runtime.configured_rules import load_rules
from daemon.settings.config import Config
from daemon.web.fold.approaches import Approaches
from daemon.web.fold.book import Book
from daemon.web.fold.rows import Row
from daemon.web.fold.unread import Unread
from daemon.web.fold.whole import first_book
from daemon.web.panels.gtts import gtts_panel
from daemon.web.panels.header import header_panel
from daemon.web.panels.lists import closed_panel, refused_panel, waiting_panel
from daemon.web.panels.open import market_fields, open_panel
from daemon.web.panels.orders import orders_over_panel, orders_panel
from daemon.web.panels.plans import plans_panel
from daemon.web.panels.pnl import day_net_paise, pnl_panel
from daemon.web.panels.strategies import strategies_panel
from daemon.web.panels.untraded import untraded_orders_panel, untraded_panel
from daemon.web.panels.view import View
from daemon.web.sources.facts import Facts, News, NotInJournal
from daemon.web.sources.holder import holder_pid
from daemon.web.sources.margins import Margins
from daemon.web.sources.market import Market
from daemon.web.sources.marks import last_prices_of
from daemon.web.sources.pending_changes import PendingChanges
from daemon.web.sources.watched import Watched

MARKET_EVERY_NS: Final = 500 * MILLISECOND_NS
PAGES_AT_ONCE: Final = 20
"""Pages of events that are folded before others get a turn, a tenth of a second or two."""
FACT_PANELS: Final[dict[str, Callable[[View], Any]]] = {
    "header": header_panel,
    "pnl": pnl_panel,
    "open": open_panel,
    "untraded": untraded_panel,
    "untraded_orders": untraded_orders_panel,
    "gtts": gtts_panel,
    "waiting": waiting_panel,
    "refused": refused_panel,
    "closed": closed_panel,
    "strategies": strategies_panel,
    "plans": plans_panel,
    "orders": orders_panel,
    "orders_over": orders_over_panel,
}
MARKET_PANELS: Final = (
    "header", "pnl", "open", "untraded", "untraded_orders", "gtts", "plans", "orders",
)  # fmt: skip
"""Panels that the market, or a request that is on its way, moves without an event."""
_encoder: Final = msgspec.json.Encoder()


class Shown(NamedTuple):
    """What one step came to."""

    journal: str = ""
    base_seq: int = 0
    seq: int = 0
    panels: dict[str, bytes] = {}
    """Every panel as JSON."""
    tape: list[Row] = []
    """Newest first."""
    changed: tuple[str, ...] = ()
    """Panels that differ from those of the step before."""
    new_rows: list[Row] = []
    """Rows of the tape that are new since then."""
    is_another: bool = False
    """Another journal than in the step before: whoever follows begins again."""
    is_fact: bool = False
    """Something was committed since then, or the daemon was found dead or alive."""
    market_open: bytes = b"[]"
    """What the market moves in the open positions."""
    fault: str = ""
    """Why there is nothing to show yet; empty where there is."""
    is_behind: bool = False
    """More of the journal can be read at once."""


class Follower:
    """One journal, folded as far as it is read. Not for two threads at once."""

    def __init__(self, watched: Watched) -> None:
        self.watched: Final = watched
        self.market: Final = Market(watched.directory)
        self._margins: Final = Margins(watched)
        self.setup = watched.setup()
        self.rules = _rules(self.setup.config)
        self.book = Book(RunFold())
        self._approaches: Final = Approaches()
        self.changes: Final = PendingChanges()
        self.day_low: dict[str, int] = {}
        """The lowest P&L that was seen of a day, by date."""
        self._facts = Facts(watched.directory, is_finished=watched.has_summary())
        self._unread = self._begin_reading()
        self._marks: dict[str, int] = {}
        self._shown = Shown(fault="the journal is being opened")
        self._market_at = 0
        self._is_alive = self._is_another = False
        self._pid: int | None = None
        self._pace: PaceStatus | None = None
        self._margin: MarginStatus | None = None
        self._tape_number = 0

    @property
    def shown(self) -> Shown:
        """What the last step came to."""
        return self._shown

    def step(self, now: int) -> Shown:
        """Read what is new, at `now` (UTC ns of the wall clock). Never raises a DaemonError."""
        try:
            self._shown = self._step(now)
        except NotInJournal:
            self._facts.close()  # archived meanwhile: the next step begins again
        except JournalIOError as error:
            if not self._shown.panels:
                self._shown = Shown(fault=str(error))
        except DaemonError as error:  # damaged, or of another version
            self._shown = Shown(fault=str(error))
        return self._shown

    @property
    def account(self) -> str:
        """The account's name, that of its configuration for a run."""
        config = self.setup.config
        is_run = not self.watched.is_account and config is not None
        return config.account if is_run and config is not None else self.watched.name

    def saw_low(self, day: str, nets: list[int]) -> None:
        """Take the P&L (paise) at more moments of a day, which began at 0."""
        self.day_low[day] = min((*nets, self.day_low.get(day, 0), 0))

    def view(self, now: int) -> View:
        """Return what the panels look at."""
        view = View(
            self.watched, self.setup, self.rules, self.book, self.market,
            now=now, is_alive=self._is_alive, marks=self._marks,
        )  # fmt: skip
        view.pid, view.pace, view.margin = self._pid, self._pace, self._margin
        view.approaches, view.changes = self._approaches, self.changes
        return view

    def close(self) -> None:
        """Close journal and map."""
        self._facts.close()
        self.market.close()

    # inside

    def _step(self, now: int) -> Shown:
        news = self._facts.look()
        if news is News.ANOTHER:
            self._begin()
        if not self._facts.is_open:
            raise JournalIOError(self._facts.fault or "the journal cannot be read now")
        before = (self.book.seq, self.book.process.op_seq)
        if not self._read():
            reading = f"event {self.book.seq} of {self._facts.last_seq} is being read"
            return Shown(fault=reading, is_behind=True)
        is_fact = self._is_another or before != (self.book.seq, self.book.process.op_seq)
        is_due = now - self._market_at >= MARKET_EVERY_NS or now < self._market_at
        if not is_fact and not is_due and self._shown.panels:
            return self._unchanged()
        if is_due:
            self._look_around(now)
        return self._show(now, is_fact=is_fact)

    def _begin(self) -> None:
        """Begin with another journal, or with this one after an archive."""
        self.book = first_book(self._facts)
        self.book.process.op_seq = self._facts.first_op_seq
        self._unread = self._begin_reading()
        self._tape_number = 0
        self._is_another = True
        self.day_low.clear()

    def _begin_reading(self) -> Unread:
        return Unread(self._facts, seq=self.book.seq, op_seq=self.book.process.op_seq)

    def _read(self) -> bool:
        """Fold what is new; return whether that is all there is."""
        starts = self.book.process.starts
        is_level = self._unread.fold_into(self.book, PAGES_AT_ONCE)
        if self.book.process.starts != starts:
            self.setup = self.watched.setup()
            self.rules = _rules(self.setup.config)
        return is_level

    def _look_around(self, now: int) -> None:
        self.market.look(now)
        orders = self.book.working
        self._approaches.look(orders.all(), orders.over, self.market.quote)
        self._pid = holder_pid(self.watched.directory)
        self._pace = _pace(self.watched)
        self._margin = self._margins.look()
        has_map = self.market.beat_ns > 0
        self._is_alive = self.market.is_alive(now) if has_map else self._pid is not None
        if not has_map:
            self._marks = last_prices_of(self.watched.directory)
        self._market_at = now

    def _show(self, now: int, *, is_fact: bool) -> Shown:
        before, view = self._shown, self.view(now)
        is_another, self._is_another = self._is_another, False
        view.day_low_paise = self._day_low(view)
        names = FACT_PANELS if is_fact or not before.panels else MARKET_PANELS
        found = {name: FACT_PANELS[name](view) for name in names}
        panels = {**before.panels, **{name: _encoder.encode(found[name]) for name in found}}
        changed = tuple(
            name
            for name in found
            if is_another or _lasting(name, panels[name]) != _lasting(name, before.panels.get(name))
        )
        tape = self.book.tape
        new_rows = [] if is_another else tape.after(self._tape_number)
        self._tape_number = tape.number
        return Shown(
            journal=self._facts.journal_id,
            base_seq=self._facts.base_seq,
            seq=self.book.seq,
            panels=panels,
            tape=tape.newest(),
            changed=changed,
            new_rows=new_rows,
            is_another=is_another,
            is_fact=is_fact,
            market_open=_encoder.encode(market_fields(found["open"])),
        )

    def _unchanged(self) -> Shown:
        return self._shown._replace(changed=(), new_rows=[], is_another=False, is_fact=False)

    def _day_low(self, view: View) -> int | None:
        net = day_net_paise(view)
        if view.day and net is not None:
            self.saw_low(view.day, [net])
        return self.day_low.get(view.day)


def _pace(watched: Watched) -> PaceStatus | None:
    try:
        return None if watched.is_account else read_pace(watched.directory)
    except UsageError:  # of another version: the page then shows none
        return None


def _lasting(name: str, panel: bytes | None) -> object:
    """Return a panel without what every look changes."""
    if name != "header" or panel is None:
        return panel
    header = msgspec.json.decode(panel)
    header["now_ms"] = header["daemon"]["beat_ms"] = None
    return header


def _rules(config: Config | None) -> Rulebook:
    """Return the rulebook of a configuration, the one that ships where it has none."""
    return load_rules(config or Config())
