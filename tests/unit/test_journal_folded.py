"""A journal without a snapshot is verified and folded in one pass."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from daemon.domain.events import TradingEvent, decode_event
from daemon.errors import JournalCorrupt, JournalIOError
from daemon.journal import appender as appender_module
from daemon.journal import verify
from daemon.journal.base import encode_ledger
from daemon.journal.recovery import fold, open_folded, recover, take_snapshot
from daemon.journal.store import JournalMeta, JournalStore
from tests.kit.sample_events import many_events

META = JournalMeta(run_id="run-1", account="dev")
EVENTS = many_events(4)


def written(directory: Path, events: list[TradingEvent] = EVENTS) -> bytes:
    with JournalStore.create(directory, META) as store:
        store.append(events, input_no=events[-1].input_no)
        return b"" if events is not EVENTS else encode_ledger(fold(store))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The events that were decoded, in their order."""
    found: list[int] = []

    def counted(body: bytes | str) -> TradingEvent:
        event = decode_event(body)
        found.append(event.seq)
        return event

    monkeypatch.setattr(verify, "decode_event", counted)
    return found


def test_a_start_without_a_snapshot_decodes_every_event_once(
    tmp_path: Path, decoded: list[int]
) -> None:
    expected = written(tmp_path)
    decoded.clear()
    with open_folded(tmp_path) as store:
        first, second = recover(store), recover(store)
        assert decoded == list(range(1, len(EVENTS) + 1))
        first.realized_paise += 1
        assert encode_ledger(second) == expected
        assert first is not second


def test_what_is_appended_later_is_in_the_next_recovery(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        store.append(EVENTS[:12], input_no=EVENTS[11].input_no)
    with open_folded(tmp_path) as store:
        assert recover(store).seq == 12
        store.append(EVENTS[12:], input_no=EVENTS[-1].input_no)
        assert recover(store).seq == len(EVENTS)


def test_events_of_an_input_that_never_completed_are_not_folded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "CHUNK_EVENTS", 7)
    monkeypatch.setattr(appender_module, "SET_CURSOR", "INSERT INTO nowhere VALUES (?, ?, ?, ?)")
    with (
        pytest.raises(JournalIOError, match="nowhere"),
        JournalStore.create(tmp_path, META) as store,
    ):
        store.append(EVENTS, input_no=EVENTS[-1].input_no)
    with open_folded(tmp_path) as store:
        assert store.dropped_unfinished >= 7
        assert recover(store).seq == store.last_seq == 0


def test_a_snapshot_that_fits_is_where_a_start_begins(tmp_path: Path, decoded: list[int]) -> None:
    expected = written(tmp_path)
    take_snapshot(tmp_path)
    decoded.clear()
    with open_folded(tmp_path) as store:
        assert decoded == []
        assert encode_ledger(recover(store)) == expected


def test_events_that_do_not_follow_are_told_by_who_needs_the_ledger(tmp_path: Path) -> None:
    twice = msgspec.structs.replace(EVENTS[-1], seq=len(EVENTS) + 1)
    written(tmp_path, [*EVENTS, twice])
    with (
        open_folded(tmp_path) as store,
        pytest.raises(JournalCorrupt, match="does not follow from the events before it"),
    ):
        recover(store)


def test_a_changed_row_is_found_in_the_same_pass(tmp_path: Path) -> None:
    written(tmp_path)
    with JournalStore.open(tmp_path, write=True) as store:
        assert store._appender is not None
        store._appender._connection.execute("UPDATE events SET ts = ts + 1 WHERE seq = 9")
    with pytest.raises(JournalCorrupt, match="event 9: its columns differ from its body"):
        open_folded(tmp_path)
