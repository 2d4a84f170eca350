"""What is done to the files of an account, and what a start makes of them (RELIABILITY A5)."""

from __future__ import annotations

import hashlib
import random
import shutil
from pathlib import Path

import msgspec

from daemon.domain.ticks import Ticks
from daemon.errors import JournalCorrupt
from daemon.journal.snapshots import list_snapshots
from feeds.recording.reader import InputLog
from tests.kit.account_life import account_of, opened

# the journal


def journal_files(place: Path) -> list[Path]:
    """The journal's files that hold something."""
    account = account_of(place)
    names = ("journal.db", "journal.db-wal", "head")
    found = [account / name for name in names] + list_snapshots(account)
    return [path for path in found if path.exists() and path.stat().st_size]


def digests(place: Path) -> dict[str, str]:
    """All files of the account but the lock and what SQLite keeps in memory."""
    account = account_of(place)
    return {
        str(path.relative_to(account)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(account.rglob("*"))
        if path.is_file() and path.name not in ("lock", "journal.db-shm")
    }


def taken_up(place: Path) -> bytes:
    """What a start recovers, all of it, as bytes."""
    session = opened(place)
    try:
        engine = session.parts.engine
        tail = session.store.tail
        told = (engine.ledger, engine.lasting(), engine.input_no, tail.seq, tail.hash)
        recordings = [path.name for path in (session.directory / "recordings").iterdir()]
        return msgspec.json.encode((told, recordings), order="deterministic")
    finally:
        session.close()


def started(place: Path) -> bytes | JournalCorrupt:
    """What a start comes to; anything but these two is a fault of the program."""
    try:
        return taken_up(place)
    except JournalCorrupt as error:
        return error


# the recordings


def recording(place: Path) -> Path:
    """The one recording."""
    (path,) = (account_of(place) / "recordings").iterdir()
    return path


def removed(place: Path, draw: random.Random) -> None:
    """All of them are gone."""
    shutil.rmtree(account_of(place) / "recordings")


def cut(place: Path, draw: random.Random) -> None:
    """The end is missing from any byte on."""
    path = recording(place)
    data = path.read_bytes()
    path.write_bytes(data[: draw.randrange(len(data))])


def cut_before_an_input(place: Path, draw: random.Random) -> None:
    """Nothing of it looks damaged: whole records are missing at the end."""
    path = recording(place)
    ends = [each.end for each in InputLog(path).entries()]
    path.write_bytes(path.read_bytes()[: draw.choice(ends[:-1])])


def cut_before_the_command(place: Path, draw: random.Random) -> None:
    """All ticks up to the command are there, and nothing says that more is missing."""
    path, end = recording(place), 0
    for each in InputLog(path).entries():
        if not isinstance(each.item, Ticks):
            break
        end = each.end
    path.write_bytes(path.read_bytes()[:end])


def flipped(place: Path, draw: random.Random) -> None:
    """One bit."""
    path = recording(place)
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(data))
