"""A journal's contents as tables for people and as lines for programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from daemon.domain.dates import iso_ist
from daemon.errors import UsageError
from daemon.journal.account_words import AccountWords
from daemon.journal.archive_file import ARCHIVES
from daemon.journal.past import closed_directory
from daemon.journal.store import JournalStore
from daemon.visible import visible, visible_json

Row = dict[str, Any]

_ORDERS: Final = """SELECT order_id, order_timestamp, tradingsymbol, transaction_type, product,
  quantity, filled_quantity, average_price, status, status_message, strategy_id
FROM orders ORDER BY order_id DESC LIMIT ?"""
_TRADES: Final = """SELECT order_id, tradingsymbol, transaction_type, quantity, entry_timestamp,
  entry_price, exit_timestamp, exit_price, exit_reason, gross, charges, net, strategy_id
FROM trades ORDER BY exit_timestamp DESC, order_id DESC LIMIT ?"""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The newest orders and closed trades, oldest first. Money in rupees, times IST."""

    orders: list[Row]
    trades: list[Row]
    account: list[str] = []
    """What happened to the account and to no trade: GTTs, risk states, other orders."""
    archived: str = ""
    """A sentence about what is no longer in these tables."""

    def text(self) -> str:
        """Return both tables as plain text."""
        archived = [self.archived, ""] if self.archived else []
        account = ["Account", *map(visible, self.account), ""] if self.account else []
        return "\n".join(
            ["Orders", table(self.orders), "", "Trades (closed)", table(self.trades), "", *account,
             *archived]
        )  # fmt: skip


def show(store: JournalStore, limit: int = 20) -> Shown:
    """Return the newest `limit` orders and closed trades. Raises UsageError for a limit below 1."""
    if limit < 1:
        raise UsageError(f"expected a limit of at least 1, was {limit}")
    orders = store.query(_ORDERS, (limit,))
    trades = store.query(_TRADES, (limit,))
    return Shown(
        orders=orders[::-1],
        trades=trades[::-1],
        account=account_lines(store)[-limit:],
        archived=archived_text(store),
    )


def account_lines(store: JournalStore) -> list[str]:
    """Return what happened to the account and to no trade, a line each, with its time (IST)."""
    words = AccountWords()
    told = ((event, words.take(event)) for event in store.events_of(""))
    return [
        f"{iso_ist(event.ts)[:19].replace('T', ' ')}  {line.words}"
        for event, line in told
        if line is not None
    ]


def archived_text(store: JournalStore) -> str:
    """Return which events were moved into archives and where those are; empty without any."""
    archives = store.archives()
    base = store.base()
    if not archives or base is None:
        return ""
    day = iso_ist(base.ts)[:10]
    files = [each for each in archives if each.file.endswith(".gz")]
    place = f"{len(files)} file(s) in {store.directory / ARCHIVES}; read them with zcat"
    text = f"Events 1 to {base.seq}, up to {day}, were archived: {place}." if files else ""
    if previous := store.meta.previous:
        closed = closed_directory(store.directory, previous.seq)
        text += f" Events 1 to {previous.seq} are in a journal of an older version: --run {closed}."
    return f"{text.strip()} Orders that were alive then are here."


def table(rows: list[Row]) -> str:
    """Return rows of equal keys as aligned text, numbers to the right; `(none)` without rows."""
    if not rows:
        return "(none)"
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[at]) for line in cells)) for at, name in enumerate(names)]
    right = [all(isinstance(row[name], int | float | None) for row in rows) for name in names]
    return "\n".join(_line(line, widths, right) for line in [names, *cells])


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = (
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    )
    return "  ".join(padded).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return visible(str(value))


def export(store: JournalStore, out: Path | None = None) -> int:
    """Write the trading events as canonical JSON lines (stdout without `out`); return their number.

    Raises UsageError if the file cannot be written.
    """
    if out is None:
        return _print(store) if sys.stdout.isatty() else _write(store, sys.stdout.buffer)
    try:
        with out.open("wb") as file:
            return _write(store, file)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror}") from error


def _print(store: JournalStore) -> int:
    """Print the lines on a terminal with control characters escaped as in JSON."""
    count = 0
    for line in store.event_lines():
        sys.stdout.write(f"{visible_json(line.decode())}\n")
        count += 1
    sys.stdout.flush()
    return count


def _write(store: JournalStore, file: BinaryIO) -> int:
    count = 0
    for line in store.event_lines():
        file.write(line + b"\n")
        count += 1
    file.flush()
    return count
