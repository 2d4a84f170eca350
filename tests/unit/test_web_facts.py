"""The journal followed from another process: everything once, in order, and in nobody's way."""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from unittest import mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.events import TradingEvent, encode_event
from daemon.errors import JournalCorrupt
from daemon.journal.archive import archive_events
from daemon.journal.history import history_of
from daemon.journal.past import archive_path, missing_archives
from daemon.journal.recovery import fold
from daemon.journal.schema import JournalMeta, Operation
from daemon.journal.store import JournalStore
from daemon.journal.takeover import take_over
from daemon.report.fold import RunFold
from daemon.web.sources import connection as web_connection
from daemon.web.sources.facts import PAGE_ROWS, Facts, News, NotInJournal
from tests.kit.of_0_2_0 import unpack_account
from tests.kit.sample_events import EventWriter, S, sample_events

META = JournalMeta(run_id="r", account="a")
NOW = 1_795_000_000_000_000_000


def many_events(count: int) -> list[TradingEvent]:
    """Return events of orders that are refused at once, an order in each input."""
    writer = EventWriter()
    while len(writer.events) < count:
        writer.next_input()
        order = writer.create("NIFTY26NOV25000CE", "BUY", 50)
        writer.move(order, S.CREATED, S.REJECTED, "bad_lot")
    return writer.events[:count]


def put(store: JournalStore, events: Sequence[TradingEvent]) -> None:
    store.append(events, input_no=events[-1].input_no)


def read_all(facts: Facts, after: int = 0) -> list[int]:
    """Return the numbers of all events after one, read page by page."""
    found: list[int] = []
    while page := facts.events(found[-1] if found else after):
        found += [event.seq for event in page]
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JournalStore]:
    with JournalStore.create(tmp_path / "j", META) as made:
        yield made


@pytest.fixture
def facts(store: JournalStore) -> Iterator[Facts]:
    followed = Facts(store.directory)
    yield followed
    followed.close()


# what is read


def test_the_first_look_opens_and_the_next_finds_only_what_was_committed_since(
    store: JournalStore, facts: Facts
) -> None:
    assert not facts.is_open
    assert facts.look() is News.ANOTHER
    assert facts.look() is News.NOTHING
    put(store, many_events(4))
    assert facts.look() is News.MORE
    assert (facts.last_seq, facts.last_input_no, facts.base_seq) == (4, 2, 0)
    assert facts.events(0) == many_events(4)
    assert facts.look() is News.NOTHING


def test_the_name_of_a_journal_is_of_its_genesis(store: JournalStore, facts: Facts) -> None:
    facts.look()
    body = msgspec.json.encode(store.meta, order="deterministic")
    expected = hashlib.blake2b(b"events" + body, digest_size=16).hexdigest()[:8]
    assert facts.journal_id == expected


def test_pages_are_bounded_and_join_without_a_seam(store: JournalStore, facts: Facts) -> None:
    put(store, many_events(3 * PAGE_ROWS))
    facts.look()
    assert len(facts.events(0)) == PAGE_ROWS
    assert 0 < len(facts.events(7)) <= PAGE_ROWS
    assert read_all(facts) == list(range(1, 3 * PAGE_ROWS + 1))
    assert read_all(facts, 1_234) == list(range(1_235, 3 * PAGE_ROWS + 1))


def test_operations_are_read_with_their_numbers(store: JournalStore, facts: Facts) -> None:
    operations = [Operation(ts=n, kind="gap", detail={"n": n}) for n in range(1_200)]
    store.append([], input_no=1, operations=operations)
    facts.look()
    found: list[tuple[int, Operation]] = []
    while page := facts.operations(found[-1][0] if found else 0):
        assert len(page) <= PAGE_ROWS
        found += page
    assert found == list(enumerate(operations, 1))
    assert facts.last_op_seq == len(operations)


def test_an_input_that_is_not_complete_is_not_shown(store: JournalStore, facts: Facts) -> None:
    events = many_events(6)
    put(store, events[:4])
    with closing(sqlite3.connect(store.directory / "journal.db")) as database, database:
        row = (5, 1, 3, "x", "created", "{}", b"")
        database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    facts.look()
    assert facts.last_seq == 4
    assert read_all(facts) == [1, 2, 3, 4]


def test_a_page_holds_what_was_committed_up_to_the_last_look(
    store: JournalStore, facts: Facts
) -> None:
    put(store, many_events(4))
    facts.look()
    put(store, many_events(8)[4:])
    assert read_all(facts) == [1, 2, 3, 4]
    assert facts.look() is News.MORE
    assert read_all(facts, 4) == [5, 6, 7, 8]


def test_a_place_outside_of_the_journal_is_refused(store: JournalStore, facts: Facts) -> None:
    put(store, many_events(4))
    facts.look()
    assert (facts.base_seq, facts.last_seq) == (0, 4)
    for after in (-1, 5):
        with pytest.raises(NotInJournal):
            facts.events(after)


@pytest.mark.parametrize("what", ["body", "hash"])
def test_an_altered_event_is_found_when_its_page_is_read(
    what: str, store: JournalStore, facts: Facts
) -> None:
    put(store, many_events(10))
    with closing(sqlite3.connect(store.directory / "journal.db")) as database, database:
        database.execute(f"UPDATE events SET {what} = substr({what}, 2) WHERE seq = 6")
    facts.look()
    with pytest.raises(JournalCorrupt, match="event 6 does not match its hash"):
        facts.events(0)


def test_a_cursor_that_was_altered_is_found_by_the_look(store: JournalStore, facts: Facts) -> None:
    put(store, many_events(4))
    with closing(sqlite3.connect(store.directory / "journal.db")) as database, database:
        database.execute("UPDATE cursor SET seq = 2")
    with pytest.raises(JournalCorrupt, match="does not match its hash"):
        facts.look()


# in nobody's way


def trace(facts: Facts) -> list[str]:
    """Return the list in which every statement of the follower is from now on."""
    seen: list[str] = []
    assert facts._opened is not None
    facts._opened.connection.set_trace_callback(seen.append)
    return seen


def test_nothing_is_asked_while_nothing_was_committed(store: JournalStore, facts: Facts) -> None:
    put(store, many_events(4))
    facts.look()
    seen = trace(facts)
    for _ in range(3):
        facts.look()
    assert seen == ["PRAGMA data_version"] * 3


def test_no_statement_and_no_transaction_is_open_between_two_calls(
    store: JournalStore, facts: Facts
) -> None:
    put(store, many_events(3 * PAGE_ROWS))
    facts.look()
    seen = trace(facts)
    facts.events(0)
    facts.look()
    assert facts._opened is not None
    assert not facts._opened.connection.in_transaction
    assert len([text for text in seen if text.startswith("SELECT")]) == 1
    assert not [text for text in seen if "BEGIN" in text]


def test_a_follower_cannot_write(store: JournalStore, facts: Facts) -> None:
    facts.look()
    assert facts._opened is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        facts._opened.connection.execute("DELETE FROM events")


def checkpoint(directory: Path) -> int:
    """Take all of the WAL into the database; return 1 if a reader keeps it from starting over."""
    with closing(sqlite3.connect(directory / "journal.db", timeout=0)) as database:
        return int(database.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0])


def wal_bytes(directory: Path) -> int:
    return (directory / "journal.db-wal").stat().st_size


def test_a_paused_reader_does_not_keep_the_wal(store: JournalStore, facts: Facts) -> None:
    events = many_events(30_000)
    put(store, events[:2_000])
    facts.look()
    facts.events(0)  # and pauses here
    grown = 0
    for at in range(2_000, len(events), 1_000):
        put(store, events[at : at + 1_000])
        grown = max(grown, wal_bytes(store.directory))
    assert grown < 24 << 20  # the checkpoint's 16 MiB, and the commit that reaches them
    assert checkpoint(store.directory) == 0
    with closing(sqlite3.connect(store.directory / "journal.db", isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM events").fetchone()
        put(store, many_events(30_002)[30_000:])
        assert checkpoint(store.directory) == 1  # so would one that held a transaction
    assert facts.look() is News.MORE
    assert facts.events(500)[0].seq == 501


READER = """
import os, sys, time
from pathlib import Path
from daemon.web.sources.facts import Facts, News

facts, seen = Facts(Path(sys.argv[1])), Path(sys.argv[2])
lines = seen.read_text().split("\\n")[:-1] if seen.exists() else []
last = int(lines[-1].split()[-1]) if lines else 0
out = os.open(seen, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while True:
    if facts.look() in (News.MORE, News.ANOTHER):
        while page := facts.events(last):
            last = page[-1].seq
            os.write(out, (" ".join(str(event.seq) for event in page) + "\\n").encode())
    if last >= int(sys.argv[3]):
        break
    time.sleep(0.001)
"""


def start_reader(directory: Path, seen: Path, until: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", READER, str(directory), str(seen), str(until)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


def test_killed_readers_see_every_event_once_and_leave_nothing(tmp_path: Path) -> None:
    draw = random.Random(7)
    events, directory, seen = many_events(6_000), tmp_path / "j", tmp_path / "seen"
    with JournalStore.create(directory, META) as store:
        at, kills, reader = 0, 0, start_reader(directory, seen, len(events))
        while at < len(events):
            until = min(len(events), at + 2 * draw.randint(1, 20))
            put(store, events[at:until])
            at = until
            has_begun = seen.exists() and seen.stat().st_size > 0
            if kills < 3 and has_begun and draw.random() < 0.1:
                reader.send_signal(signal.SIGKILL)
                assert reader.wait(30) == -signal.SIGKILL
                assert checkpoint(directory) == 0
                kills += 1
                reader = start_reader(directory, seen, len(events))
        assert reader.wait(60) == 0
        assert [int(each) for each in seen.read_text().split()] == list(range(1, len(events) + 1))
    assert sorted(path.name for path in directory.iterdir()) == ["head", "journal.db", "lock"]


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.integers(1, 700).map(lambda n: ("append", n)),
            st.integers(1, 3).map(lambda n: ("read", n)),
            st.just(("kill", 0)),
        ),
        max_size=12,
    )
)
def test_whatever_the_batches_and_the_deaths_each_event_comes_once(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory, supply = tmp_path_factory.mktemp("f") / "j", many_events(9_000)
    seen: list[int] = []
    with JournalStore.create(directory, META) as store:
        facts, at = Facts(directory), 0
        for what, number in [*steps, ("read", 40)]:
            if what == "append":
                put(store, supply[at : at + number])
                at += number
            elif what == "kill":
                facts.close()
                facts = Facts(directory)
            else:
                facts.look()
                for _ in range(number):
                    seen += [event.seq for event in facts.events(seen[-1] if seen else 0)]
        facts.close()
    assert seen == list(range(1, at + 1))


# busy, away, replaced


def test_a_busy_journal_is_tried_again_at_the_next_look(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path / "j", META) as store:
        put(store, many_events(4))
    with closing(sqlite3.connect(tmp_path / "j/journal.db", isolation_level=None)) as rival:
        rival.execute("PRAGMA locking_mode = EXCLUSIVE")
        rival.execute("BEGIN EXCLUSIVE")
        facts = Facts(tmp_path / "j")
        assert facts.look() is News.NOT_NOW
        assert "locked" in facts.fault
        rival.execute("ROLLBACK")
    assert facts.look() is News.ANOTHER
    assert read_all(facts) == [1, 2, 3, 4]
    assert facts.fault == ""
    facts.close()


def test_a_page_that_was_busy_is_found_again_by_the_next_look(
    store: JournalStore, facts: Facts
) -> None:
    put(store, many_events(4))
    facts.look()
    assert facts._opened is not None
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
    opened = facts._opened
    facts._opened = opened._replace(connection=mock.Mock(execute=mock.Mock(side_effect=busy)))
    assert facts.events(0) == []
    assert "locked" in facts.fault
    facts._opened = opened
    assert facts.look() is News.MORE
    assert read_all(facts) == [1, 2, 3, 4]


def test_a_journal_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    facts = Facts(tmp_path / "j")
    assert facts.look() is News.NOT_NOW
    assert "journal.db" in facts.fault
    with JournalStore.create(tmp_path / "j", META):
        assert facts.look() is News.ANOTHER
    facts.close()


def test_a_replaced_file_is_opened_again(tmp_path: Path) -> None:
    place = tmp_path / "j"
    with JournalStore.create(place, META) as store:
        put(store, many_events(4))
    facts = Facts(place)
    facts.look()
    before = facts.journal_id
    shutil.rmtree(place)
    assert facts.look() is News.NOT_NOW
    with JournalStore.create(place, JournalMeta(run_id="other", account="a")) as store:
        put(store, many_events(2))
        assert facts.look() is News.ANOTHER
    assert facts.journal_id != before
    assert read_all(facts) == [1, 2]
    facts.close()


def test_a_file_that_is_replaced_while_it_is_opened_is_not_read(
    store: JournalStore, facts: Facts
) -> None:
    ids = [web_connection.FileId(1, 1), web_connection.FileId(1, 2)]
    with mock.patch.object(web_connection, "file_id", side_effect=ids):
        assert facts.look() is News.NOT_NOW
    assert "replaced" in facts.fault
    assert facts.look() is News.ANOTHER


def test_an_archive_moves_the_base_under_a_follower(tmp_path: Path) -> None:
    place = tmp_path / "j"
    with JournalStore.create(place, META) as store:
        put(store, sample_events())
    count = len(sample_events())
    facts = Facts(place)
    facts.look()
    before = facts.journal_id
    archive_events(place, before_ts=NOW, now_ts=NOW)
    assert facts.look() in (News.MORE, News.ANOTHER)
    assert (facts.journal_id, facts.base_seq, facts.last_seq) == (before, count, count)
    with pytest.raises(NotInJournal):
        facts.events(0)
    with JournalStore.open(place) as store:
        [archived] = store.archives()
        assert missing_archives(store) == []
    assert (archived.first_seq, archived.last_seq) == (1, count)
    facts.close()


# a medium that is read-only


@pytest.mark.parametrize("is_finished", [False, True])
@pytest.mark.parametrize("is_read_only", [False, True])
def test_only_a_finished_run_on_a_read_only_medium_is_taken_for_immutable(
    is_finished: bool, is_read_only: bool, store: JournalStore
) -> None:
    path = store.directory / "journal.db"
    store.close()
    with mock.patch.object(web_connection, "_is_read_only", return_value=is_read_only):
        mode = web_connection._mode(path, is_finished=is_finished)
    assert mode == ("mode=ro&immutable=1" if is_finished and is_read_only else "mode=ro")


def test_an_immutable_journal_gets_no_files_next_to_it(store: JournalStore) -> None:
    put(store, many_events(4))
    store.close()
    names = sorted(path.name for path in store.directory.iterdir())
    with mock.patch.object(web_connection, "_is_read_only", return_value=True):
        facts = Facts(store.directory, is_finished=True)
        assert facts.look() is News.ANOTHER
        assert read_all(facts) == [1, 2, 3, 4]
        assert sorted(path.name for path in store.directory.iterdir()) == names
        facts.close()


# the fold


def folded(facts: Facts) -> RunFold:
    with JournalStore.open(facts.directory) as store:
        ledger, before, _ = history_of(store)
        base = takewhile(lambda event: event.seq <= facts.base_seq, before)
        fold_now = RunFold(base, ledger)
    while page := facts.events(fold_now.ledger.seq):
        for event in page:
            fold_now.add(event)
        assert fold_now.ledger.seq <= facts.last_seq
    return fold_now


def content(fold_now: RunFold) -> tuple[object, ...]:
    """Return all that a report shows of a fold, in a form that can be compared."""
    return (
        msgspec.json.encode(fold_now.ledger, order="deterministic"),
        fold_now.exits, fold_now.markers, fold_now.trades, fold_now.refused, fold_now.booked,
        fold_now.contract_notes(), fold_now.first_ts, fold_now.last_ts,
    )  # fmt: skip


def of_report(directory: Path) -> RunFold:
    with JournalStore.open(directory) as store:
        ledger, events, _ = history_of(store)
        return RunFold(events, ledger)


def test_the_fold_is_that_of_the_report_and_continues_with_the_events_after_it(
    store: JournalStore, facts: Facts
) -> None:
    events = sample_events()
    put(store, events[:20])
    facts.look()
    begun = folded(facts)
    assert begun.ledger.seq == 20
    put(store, events[20:])
    facts.look()
    for event in facts.events(begun.ledger.seq):
        begun.add(event)
    assert content(begun) == content(RunFold(events))
    assert content(folded(facts)) == content(of_report(store.directory))


@pytest.mark.parametrize("is_continued", [False, True])
def test_a_journal_of_version_1_is_read_before_and_after_it_is_closed(
    is_continued: bool, tmp_path: Path
) -> None:
    account = unpack_account(tmp_path)
    with JournalStore.open(account) as store:
        old = [encode_event(event) for event in store.events()]
    facts = Facts(account)
    assert facts.look() is News.ANOTHER
    assert facts.meta.schema_version == 1
    before, content_before = facts.journal_id, content(folded(facts))
    assert [event.seq for event in facts.events(0)] == list(range(1, len(old) + 1))
    if is_continued:
        facts.close()
        assert take_over(account, program_version="0.3.0", now_ts=NOW) is not None
        assert facts.look() is News.ANOTHER
        assert facts.meta.schema_version == 2
        assert facts.journal_id != before
        assert facts.base_seq == facts.last_seq == len(old)
        with JournalStore.open(account) as store:
            [closed] = store.archives()
            assert archive_path(account, closed).is_dir()
        assert facts.operations(facts.first_op_seq)[0][1].kind == "continued"
    fold_now = folded(facts)
    assert content(fold_now) == content_before == content(of_report(account))
    with JournalStore.open(account) as store:
        assert msgspec.json.encode(fold_now.ledger) == msgspec.json.encode(fold(store))
    facts.close()


def test_what_was_archived_is_folded_where_its_file_is_here_and_else_in_the_ledger_alone(
    tmp_path: Path,
) -> None:
    place, events = tmp_path / "j", sample_events()
    with JournalStore.create(place, META) as store:
        put(store, events)
    archive_events(place, before_ts=NOW, now_ts=NOW)
    facts = Facts(place)
    facts.look()
    assert content(folded(facts)) == content(RunFold(events))
    [archive] = (place / "archive").iterdir()
    archive.unlink()
    fold_now = folded(facts)
    assert msgspec.json.encode(fold_now.ledger) == msgspec.json.encode(RunFold(events).ledger)
    assert fold_now.trades == []
    facts.close()
