"""An Excel workbook, written row by row: text is text whatever it begins with.

Needs XlsxWriter, the extra `xlsx`; it keeps one row in memory and the rest in temporary files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast

from daemon.domain.dates import SECOND_NS
from daemon.domain.money import rupees
from daemon.errors import UsageError
from daemon.export.columns import Kind, Row, Rows
from daemon.export.texts import plain_text

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

SHEET_ROWS: Final = 1_048_576
"""Rows of a sheet with its header; more follow in a further sheet."""
NO_XLSX: Final = (
    "an .xlsx file needs XlsxWriter: pip install 'run-fno-paper[xlsx]', or write .csv or .parquet"
)
_WIDTHS: Final = {Kind.TIME: 33, Kind.MONEY: 14, Kind.DATE: 12, Kind.TEXT: 20}
_EXACT_MAX: Final = 10**15
"""A cell holds 15 digits; a larger whole number is written as text."""


def check_xlsx() -> None:
    """Refuse to begin without the library. Raises UsageError that says how to install it."""
    try:
        import xlsxwriter  # noqa: F401
    except ImportError as error:
        raise UsageError(NO_XLSX) from error


def write_xlsx(
    file: BinaryIO, table: Rows, title: str, created_ts: int, scratch: Path | None = None
) -> int:
    """Write a table to sheets called `title`; return how many rows it has. Raises OSError.

    `created_ts` (UTC ns) is the time in the file's properties, so that equal runs give equal files.
    The rows wait in a directory of their own under `scratch`, by default that of the system.
    """
    from xlsxwriter.workbook import Workbook

    sink = _Sink(file)
    with TemporaryDirectory(prefix=".export-", dir=scratch) as place:
        book = Workbook(cast("IO[str]", sink), {"constant_memory": True, "tmpdir": place})
        created = dt.datetime.fromtimestamp(created_ts // SECOND_NS, dt.UTC)
        book.set_properties({"created": created})
        with _closed_whatever_comes(book):
            count = _write_sheets(book, title, table)
            book.close()
    if sink.error is not None:
        raise sink.error
    return count


@contextmanager
def _closed_whatever_comes(book: Workbook) -> Iterator[None]:
    """Close what the library leaves open when a workbook is not finished."""
    try:
        yield
    except BaseException:
        for sheet in book.worksheets():
            rows: IO[str] | None = sheet.row_data_fh
            if rows is not None:
                rows.close()
        raise


def _write_sheets(book: Workbook, title: str, table: Rows) -> int:
    money, count, number = book.add_format({"num_format": "#,##0.00"}), 0, 0
    while True:
        number += 1
        sheet = book.add_worksheet(title if number == 1 else f"{title}-{number}")
        written = _write_sheet(sheet, table, money)
        count += written
        if written < SHEET_ROWS - 1:
            return count


class _Sink:
    """A file whose first error is kept for the end: a zip file that fails once fails aloud again
    when it is collected.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.error: OSError | None = None
        self.tell, self.seek, self.flush = file.tell, file.seek, file.flush
        self._write = file.write

    def write(self, data: bytes) -> int:
        try:
            return len(data) if self.error else self._write(data)
        except OSError as error:
            self.error = error
            return len(data)


def _write_sheet(sheet: Worksheet, table: Rows, money: Format) -> int:
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, _WIDTHS.get(column.kind, 10))
        sheet.write_string(0, at, column.in_rupees)
    kinds = [column.kind for column in table.columns]
    count = 0
    for row in islice(table.rows, SHEET_ROWS - 1):
        count += 1
        _write_row(sheet, count, kinds, row, money)
    return count


def _write_row(sheet: Worksheet, at: int, kinds: list[Kind], row: Row, money: Format) -> None:
    for column, (kind, value) in enumerate(zip(kinds, row, strict=True)):
        match kind, value:
            case _, None:
                continue
            case Kind.MONEY, int() if abs(value) < _EXACT_MAX:
                sheet.write_number(at, column, rupees(value), money)
            case Kind.WHOLE, int() if abs(value) < _EXACT_MAX:
                sheet.write_number(at, column, value)
            case _:
                sheet.write_string(at, column, plain_text(kind, value))
