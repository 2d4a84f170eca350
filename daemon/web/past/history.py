"""The past of a journal: its days, and its closed trades page by page."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.web.fold.book import Book
from daemon.web.fold.rows import ROWS_MAX, Row
from daemon.web.serving.requests import Refused


def day_rows(book: Book, name: str, lows: Mapping[str, int]) -> list[Row]:
    """Return the dates on which something was executed, newest first."""
    return [
        {**book.days[day].row(), "run": name, "day_low_paise": lows.get(day)}
        for day in sorted(book.days, reverse=True)
    ]


def history_page(book: Book, day: str, after: int | None) -> Row:
    """Return the exits of a date, or of all, newest first; `next` says where the rest begins.

    The numbers of rows never change, so a page is the same while new ones are added. Raises Refused
    for a cursor that was never given.
    """
    first, end = book.span_of(day) if day else (0, len(book.closed))
    last = end if after is None else after
    if not first <= last <= end:
        raise Refused(400, f"after: expected a number from {first} to {end}")
    begin = max(first, last - ROWS_MAX)
    rows = book.closed_rows(begin, last)
    return {"rows": rows, "next": begin if begin > first else None}
