"""A watch on its way to disk and people: journal, recovery, and everything that folds events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.domain.events import TradingEvent, WatchMoved
from daemon.domain.tag_watch import WatchTerms
from daemon.journal.account_words import AccountWords
from daemon.journal.explain import explain
from daemon.journal.recovery import recover
from daemon.journal.schema import EVENT_NAMES
from daemon.journal.store import JournalMeta, JournalStore
from daemon.journal.watch_words import watch_sentence
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
        assert [EVENT_NAMES[type(e)] for e in events if isinstance(e, WatchMoved)] == ["watch"] * 4
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


def test_log_tape_and_show_tell_a_watch_in_words() -> None:
    words = AccountWords()
    told = [line for event in watched_events() if (line := words.take(event)) is not None]
    assert {line.kind for line in told} == {"watch"}
    assert len(told) == 4
    said = [line.words for line in told]
    assert any("the floor is" in each for each in said)
    assert any("reached watch_trail at a result of" in each for each in said)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"kind": "set", "realized_paise": -5_000, "terms": WatchTerms(
                stop_paise=300_000, target_paise=600_000, trail_every_paise=100_000,
                trail_by_paise=50_000)},
            "set: stop at a loss of Rs 3,000.00, target at a profit of Rs 6,000.00, the stop "
            "follows by Rs 500.00 for every Rs 1,000.00; realized so far -Rs 50.00",
        ),
        (
            {"kind": "set", "terms": WatchTerms(
                lock_at_paise=500_000, lock_keep_paise=300_000, lock_every_paise=100_000,
                lock_by_paise=70_000)},
            "set: Rs 3,000.00 locked from a profit of Rs 5,000.00 on, then Rs 700.00 more for "
            "every Rs 1,000.00",
        ),
        ({"kind": "ended", "reason": "removed"}, "ended: the strategy took its levels away"),
        ({"kind": "ended", "reason": "flat"}, "ended: its trades of earlier days are over"),
        (
            {"kind": "reached", "reason": "watch_stop", "result_paise": -300_950,
             "level_paise": -300_000},
            "reached watch_stop at a result of -Rs 3,009.50 (level -Rs 3,000.00): the trades of "
            "this tag together had lost the stop of their watch",
        ),
    ],
)  # fmt: skip
def test_each_kind_of_watch_event_has_its_sentence(fields: dict[str, Any], words: str) -> None:
    event = WatchMoved(seq=1, ts=1, input_no=1, strategy_id="s", tag="t", **fields)
    said = watch_sentence(event)
    assert said.removeprefix("watch of s over t").lstrip() == words


def test_explain_says_that_the_trades_of_the_tag_left_together(tmp_path: Path) -> None:
    events = watched_events()
    first = next(event.order_id for event in events if event.order_id)
    with JournalStore.create(tmp_path, JournalMeta(run_id="run-1", account="dev")) as store:
        store.append(events, input_no=events[-1].input_no)
        text = explain(store, first)
    assert "the trades of this tag together fell to the trailed stop of their watch" in text
