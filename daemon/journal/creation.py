"""Create a journal: complete or not at all."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.errors import JournalCorrupt, UsageError
from daemon.files.replace import rename_durably
from daemon.journal.appender import SET_CURSOR
from daemon.journal.ends import cursor_hash
from daemon.journal.files import DATABASE, HEAD, build_database
from daemon.journal.head import HeadFile, Tail, read_head
from daemon.journal.schema import TABLES, JournalMeta, genesis
from daemon.journal.views import VIEWS

Statement = tuple[str, tuple[object, ...]]


def build_journal(directory: Path, meta: JournalMeta) -> Tail:
    """Write the head file, then the database complete: a kill in between leaves no journal.

    Raises UsageError, JournalCorrupt, JournalIOError or OSError.
    """
    if (directory / DATABASE).exists():
        raise UsageError(f"{directory}: there is a journal already; open it or choose another run")
    if (directory / HEAD).exists() and read_head(directory / HEAD).place > (0, 0, 0):
        raise JournalCorrupt(
            f"{directory}: the head file knows of a journal, but {DATABASE} is missing; "
            "restore it from a backup, or move the directory away to start afresh"
        )
    tail = Tail(
        seq=0,
        hash=genesis(meta, "events"),
        op_seq=0,
        op_hash=genesis(meta, "operations"),
        input_no=0,
    )
    _build_head(directory / HEAD, tail)
    statements: list[Statement] = [(statement, ()) for statement in TABLES + VIEWS]
    statements += meta_rows(meta)
    statements.append((SET_CURSOR, (0, 0, 0, cursor_hash(tail))))
    build_database(directory / DATABASE, statements)
    return tail


def meta_rows(meta: JournalMeta) -> list[Statement]:
    """Return the statements that write `meta` into its table."""
    values = msgspec.to_builtins(meta)
    texts = {k: v if isinstance(v, str) else _json(v) for k, v in values.items()}
    return [("INSERT INTO meta VALUES (?, ?)", row) for row in texts.items()]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _build_head(path: Path, tail: Tail) -> None:
    """Make a head file that is complete when it gets its name, free of earlier attempts."""
    building = path.with_name(path.name + ".new")
    building.unlink(missing_ok=True)
    head = HeadFile(building)
    try:
        head.write(tail)
    finally:
        head.close()
    rename_durably(building, path)
