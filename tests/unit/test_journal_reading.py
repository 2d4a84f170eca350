"""Whoever reads a journal gets all of it, held against its hashes, or an error and never less."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from daemon.errors import ExitCode, JournalCorrupt
from daemon.journal.show import export
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.account_life import account_of, live, ticks, write_account
from tests.kit.cli import invoke
from tests.kit.sample_events import many_events

META = JournalMeta(run_id="run-1", account="dev", program_version="0.1.0")
EVENTS = many_events(2)
NOTES = [Operation(ts=number, kind="note") for number in range(24)]


def filled(directory: Path) -> None:
    with JournalStore.create(directory, META) as store:
        store.append(EVENTS, input_no=EVENTS[-1].input_no, operations=NOTES)


@pytest.mark.parametrize("rows", [1, 5, 8, 12, 23, 24, 25, 48])
def test_every_page_is_read_whatever_its_size(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.journal.reader.PAGE_ROWS", rows)
    filled(tmp_path)
    with JournalStore.open(tmp_path) as store:
        assert len(EVENTS) == 24
        assert list(store.events()) == EVENTS
        assert list(store.events(after=7)) == EVENTS[7:]
        assert list(store.events(after=24)) == []
        assert list(store.operations()) == NOTES
        assert list(store.operations(after=20)) == NOTES[20:]
        assert export(store, tmp_path / "lines") == 24
    assert len((tmp_path / "lines").read_bytes().splitlines()) == 24


def test_what_is_written_between_two_pages_is_read_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.journal.reader.PAGE_ROWS", 5)
    with JournalStore.create(tmp_path, META) as writer, JournalStore.open(tmp_path) as reader:
        writer.append(EVENTS[:12], input_no=EVENTS[11].input_no)
        read = []
        for event in reader.events():
            read.append(event)
            if event.seq == 3:
                writer.append(EVENTS[12:], input_no=EVENTS[-1].input_no)
        assert read == EVENTS


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        (
            "UPDATE events SET body = replace(body, '0', '1') WHERE seq = 9",
            "event 9 does not match",
        ),
        ("DELETE FROM events WHERE seq = 9", "expected event 9, was 10"),
        ("UPDATE events SET hash = x'00' WHERE seq = 9", "event 9 does not match"),
    ],
)
def test_a_row_that_does_not_match_its_hash_is_never_given(
    tmp_path: Path, statement: str, match: str
) -> None:
    filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as raw:
        raw.execute(statement)
    with JournalStore.open(tmp_path) as store, pytest.raises(JournalCorrupt, match=match):
        list(store.events())
    with JournalStore.open(tmp_path) as store:
        assert list(islice(store.events(), 8)) == EVENTS[:8]


def test_a_reader_refuses_a_journal_behind_its_head(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        store.append(EVENTS[:12], input_no=EVENTS[11].input_no)
    before = (tmp_path / "journal.db").read_bytes()
    with JournalStore.open(tmp_path, write=True) as store:
        store.append(EVENTS[12:], input_no=EVENTS[-1].input_no, operations=NOTES)
    (tmp_path / "journal.db").write_bytes(before)
    with JournalStore.open(tmp_path) as store:
        with pytest.raises(JournalCorrupt, match="committed work is missing"):
            list(store.events())
        with pytest.raises(JournalCorrupt, match="committed work is missing"):
            list(store.operations())


# by the command line


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("traded")
    write_account(place)
    live(place, ticks(0, 60))
    return place


ALTERED = "UPDATE events SET body = replace(body, '\"price_paise\":2', '\"price_paise\":3')"
COMMANDS = [
    ["journal", "show"], ["journal", "show", "--operations"], ["journal", "export"],
    ["journal", "explain", "V3-20261118-000001"], ["journal", "verify"],
]  # fmt: skip


def refused(place: Path, *arguments: str) -> None:
    before = {p: p.read_bytes() for p in account_of(place).rglob("*") if p.is_file()}
    ended = invoke(*arguments)
    assert ended.code == ExitCode.JOURNAL_CORRUPT, ended
    assert ended.out == ""
    assert ended.err.count("\n") == 1, ended.err
    assert "Traceback" not in ended.err
    after = {p: p.read_bytes() for p in before}
    assert after == before


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: " ".join(words))
@pytest.mark.parametrize("harm", ["a price", "the head", "the cursor"])
def test_a_command_that_reads_an_altered_journal_ends_with_65_and_shows_nothing(
    arguments: list[str], harm: str, traded: Path, tmp_path: Path
) -> None:
    place = harmed(traded, tmp_path, harm)
    refused(place, *arguments, "--run", str(account_of(place)))


@pytest.mark.parametrize("harm", ["a price", "the head", "the cursor"])
def test_report_replay_and_archive_refuse_an_altered_journal(
    harm: str, traded: Path, tmp_path: Path
) -> None:
    place = harmed(traded, tmp_path, harm)
    account = account_of(place)
    (recording,) = (account / "recordings").iterdir()
    refused(place, "report", str(account), "--to", str(tmp_path / "page.html"))
    assert not (tmp_path / "page.html").exists()
    refused(place, "replay", str(recording), "--out", str(tmp_path / "replayed"))
    assert not (tmp_path / "replayed").exists()
    refused(place, "journal", "archive", str(account))


def harmed(traded: Path, tmp_path: Path, harm: str) -> Path:
    place = tmp_path / "harmed"
    shutil.copytree(traded, place)
    account = account_of(place)
    if harm == "the head":
        data = bytearray((account / "head").read_bytes())
        for at in (40, 4096 + 40):
            data[at] ^= 1
        (account / "head").write_bytes(bytes(data))
        return place
    with closing(sqlite3.connect(account / "journal.db", isolation_level=None)) as raw:
        statement = ALTERED if harm == "a price" else "UPDATE cursor SET input_no = input_no + 1"
        assert raw.execute(statement).rowcount
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        (account / f"journal.db{suffix}").unlink(missing_ok=True)
    return place
