"""W19: the bytes of `journal export`, followed, from any event on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from daemon.domain.dates import DAY_NS
from daemon.domain.events import TradingEvent
from daemon.errors import UsageError
from daemon.journal.archive import archive_events
from daemon.journal.past import archive_path
from daemon.journal.schema import JournalMeta
from daemon.journal.store import JournalStore
from daemon.sinks.lines import JournalLines
from daemon.sinks.tail import CHECK_EVERY, SinkAway, Tail, Terminal
from daemon.web.sources.facts import PAGE_ROWS, Line, NotInJournal
from tests.kit.cli import invoke
from tests.kit.sample_events import EventWriter, S, many_events

META = JournalMeta(run_id="r", account="a")


class Kept:
    """A sink in memory, which can be away and can lose its end."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.is_away = False

    def begin(self, lines: JournalLines, first: int | None) -> int:
        self._ask()
        if self.lines:
            return self.lines[-1].seq
        return 0 if first is None else first - 1

    def put(self, page: Sequence[Line]) -> None:
        self._ask()
        self.lines += page

    def check(self, last: int) -> None:
        self._ask()
        if last != (self.lines[-1].seq if self.lines else 0):
            raise SinkAway("it has changed")

    def _ask(self) -> None:
        if self.is_away:
            raise SinkAway("it is away")

    @property
    def seqs(self) -> list[int]:
        return [line.seq for line in self.lines]

    @property
    def bytes(self) -> bytes:
        return b"".join(line.body + b"\n" for line in self.lines)


def put(store: JournalStore, events: list[TradingEvent]) -> None:
    store.append(events, input_no=events[-1].input_no)


def exported(store: JournalStore) -> bytes:
    return b"".join(line + b"\n" for line in store.event_lines())


def drained(tail: Tail) -> None:
    while tail.step():
        pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    with JournalStore.create(tmp_path / "j", META) as made:
        yield made


def tail_of(store: JournalStore, sink: Kept, first: int | None = None) -> Tail:
    return Tail(store.directory, sink, first=first, is_finished=False)


def test_w19_the_lines_are_those_of_the_export_while_it_grows(store: JournalStore) -> None:
    events, sink = many_events(60), Kept()
    put(store, events[:300])
    tail = tail_of(store, sink)
    drained(tail)
    assert sink.bytes == exported(store)
    put(store, events[300:])
    assert len(events) > PAGE_ROWS
    drained(tail)
    assert sink.bytes == exported(store)
    assert tail.is_level
    tail.close()


def test_w19_it_begins_with_the_event_that_was_asked_for(store: JournalStore) -> None:
    put(store, many_events(2))
    sink = Kept()
    tail = tail_of(store, sink, first=7)
    drained(tail)
    assert sink.seqs == list(range(7, 25))
    tail.close()
    tail = tail_of(store, Kept(), first=25)  # the next one to come
    assert not tail.step()
    tail.close()
    tail = tail_of(store, Kept(), first=26)
    with pytest.raises(UsageError, match="--from 26: the journal has events up to 24"):
        tail.step()
    tail.close()


def test_w19_a_sink_that_was_away_or_lost_its_end_gets_what_it_has_not(
    store: JournalStore,
) -> None:
    events, sink = many_events(4), Kept()
    put(store, events[:24])
    tail = tail_of(store, sink)
    drained(tail)
    sink.is_away = True
    put(store, events[24:36])
    assert not tail.step()
    assert tail.problem == "it is away"
    sink.is_away = False
    del sink.lines[-5:]
    drained(tail)
    assert tail.problem == ""
    del sink.lines[-9:]  # and nothing new comes
    for _ in range(CHECK_EVERY + 1):
        tail.step()
    drained(tail)
    assert sink.seqs == list(range(1, 37))
    tail.close()


def days(count: int) -> list[list[TradingEvent]]:
    writer, found = EventWriter(), []
    for _ in range(count):
        begin = len(writer.events)
        writer.next_input()
        order = writer.create("NIFTY26NOV25000CE", "BUY", 60)
        writer.move(order, S.CREATED, S.REJECTED, "lot_size")
        writer.next_input()
        writer.move(order, S.REJECTED, S.ARCHIVED, "session_end")
        found.append(writer.events[begin:])
        writer.next_input(DAY_NS)
    return found


def archived(directory: Path, parts: list[list[TradingEvent]]) -> bytes:
    """A journal of days with the first two archived; returns its export before that."""
    with JournalStore.create(directory, META) as store:
        for part in parts:
            put(store, part)
        whole = exported(store)
    archive_events(directory, before_ts=parts[2][0].ts, now_ts=parts[2][-1].ts)
    return whole


def test_w19_archived_lines_and_their_hashes_are_the_ones_that_were_there(tmp_path: Path) -> None:
    parts = days(3)
    with JournalStore.create(tmp_path / "k", META) as store:
        for part in parts:
            put(store, part)
        before = Kept()
        tail = tail_of(store, before)
        drained(tail)
        tail.close()
    whole = archived(tmp_path / "j", parts)
    sink = Kept()
    tail = Tail(tmp_path / "j", sink, first=1, is_finished=False)
    drained(tail)
    tail.close()
    assert sink.bytes == whole
    assert sink.lines == before.lines


def test_w19_an_archive_while_it_follows_loses_and_doubles_nothing(tmp_path: Path) -> None:
    parts, sink = days(3), Kept()
    with JournalStore.create(tmp_path / "j", META) as store:
        put(store, parts[0])
    tail = Tail(tmp_path / "j", sink, first=None, is_finished=False)
    drained(tail)
    with JournalStore.open(tmp_path / "j", write=True) as store:
        put(store, parts[1])
        put(store, parts[2])
    archive_events(tmp_path / "j", before_ts=parts[2][0].ts, now_ts=parts[2][-1].ts)
    for _ in range(5):
        drained(tail)
    assert sink.seqs == list(range(1, 10))
    tail.close()


def test_w19_an_archive_that_is_not_here_is_said_and_nothing_is_left_out(tmp_path: Path) -> None:
    archived(tmp_path / "j", days(3))
    with JournalStore.open(tmp_path / "j") as store:
        archive_path(tmp_path / "j", store.archives()[0]).unlink()
    sink = Kept()
    tail = Tail(tmp_path / "j", sink, first=2, is_finished=False)
    assert not tail.step()
    assert "is not in its place; it holds events up to 6" in tail.problem
    assert sink.lines == []
    tail.close()


def test_w19_another_journal_begins_with_its_first_line(tmp_path: Path) -> None:
    events, directory, sink = many_events(2), tmp_path / "j", Kept()
    with JournalStore.create(directory, META) as store:
        put(store, events)
    tail = Tail(directory, sink, first=20, is_finished=False)
    drained(tail)
    shutil.rmtree(directory)
    sink.lines.clear()
    with JournalStore.create(directory, JournalMeta(run_id="s", account="a")) as store:
        put(store, events[:12])
        drained(tail)
        assert sink.bytes == exported(store)
    tail.close()


def test_w19_one_line_can_be_found_again(tmp_path: Path) -> None:
    parts = days(3)
    archived(tmp_path / "j", parts)
    lines = JournalLines(tmp_path / "j", is_finished=False)
    lines.look()
    found = [lines.line(seq) for seq in range(1, 10)]
    assert [line.seq for line in found if line] == list(range(1, 10))
    assert lines.line(10) is None
    with pytest.raises(NotInJournal):
        lines.after(10)
    lines.close()


def test_w19_the_command_ends_with_a_finished_run(
    store: JournalStore, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    put(store, many_events(2))
    tail = Tail(store.directory, Terminal(), first=None, is_finished=True)
    drained(tail)
    assert tail.is_level
    tail.close()
    assert capfdbinary.readouterr().out == exported(store)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("http://localhost", "expected redis, rediss, unix"),
        ("redis://:secret@localhost", "a password in an address is seen by others"),
        ("redis://[::1", "expected an address"),
        ("nonsense", "expected redis"),
    ],
)
def test_w19_an_address_that_is_none_is_refused_in_a_line(
    store: JournalStore, to: str, words: str
) -> None:
    done = invoke("tail", "--run", store.directory, "--to", to)
    assert done.code == 64
    assert words in done.err
    assert "secret" not in done.err
