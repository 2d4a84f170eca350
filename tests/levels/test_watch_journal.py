"""A watch on its way to disk and people: journal, recovery, and everything that folds events."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.domain.events import TradingEvent, WatchMoved
from daemon.journal.explain import explain
from daemon.journal.recovery import recover
from daemon.journal.store import JournalMeta, JournalStore
from daemon.journal.verify import event_name
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile
from daemon.process.facts import FactLog
from daemon.report.fold import RunFold
from daemon.settings.config import ExecutionConfig
from tests.levels.watch_market import WatchMarket


def watched_events() -> list[TradingEvent]:
    """A straddle that is left by its watch, and a watch that waits."""
    market = WatchMarket()
    market.watch(stop=3_000, trail_every=500, trail_by=500)
    market.sell_straddle()
    market.both(190, 180)
    market.both(260, 180)
    market.watch("waits", target=100)
    return market.events


def test_a_journal_takes_watches_and_gives_the_same_ledger_back(tmp_path: Path) -> None:
    events = watched_events()
    with JournalStore.create(tmp_path, JournalMeta(run_id="run-1", account="dev")) as store:
        store.append(events, input_no=events[-1].input_no)
        store.verify()
        ledger = recover(store)
        assert [event_name(e) for e in events if isinstance(e, WatchMoved)] == ["watch"] * 4
    assert ledger == RunFold(events).ledger
    assert list(ledger.watches["story"]) == ["waits"]


def test_what_folds_events_passes_over_those_of_a_watch() -> None:
    events = watched_events()
    fold = RunFold(events)
    collector = MetricsCollector(FillProfile.of(ExecutionConfig()))
    collector.on_committed(events, seq=len(events), marks={})
    FactLog(RunFold([]).ledger).log(events)
    assert fold.ledger.exits == {"watch_trail": 2}
    assert msgspec.json.encode(collector.snapshot(now_ts=0))


def test_explain_says_that_the_trades_of_the_tag_left_together(tmp_path: Path) -> None:
    events = watched_events()
    first = next(event.order_id for event in events if event.order_id)
    with JournalStore.create(tmp_path, JournalMeta(run_id="run-1", account="dev")) as store:
        store.append(events, input_no=events[-1].input_no)
        text = explain(store, first)
    assert "the trades of this tag together fell to the trailed stop of their watch" in text
