"""An Excel workbook, written row by row: text is text whatever it begins with.

Needs XlsxWriter, the extra `xlsx`; it keeps one row in memory and the rest in temporary files.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

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
"""What a sheet holds with its header; more rows follow in a further sheet."""
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


def write_xlsx(file: BinaryIO, table: Rows, title: str, created_ts: int) -> int:
    """Write a table to sheets called `title`; return how many rows it has. Raises OSError.

    `created_ts` (UTC ns) is the time in the file's properties, so that equal runs give equal files.
    """
    from xlsxwriter.exceptions import XlsxFileError
    from xlsxwriter.workbook import Workbook

    book = Workbook(file, {"constant_memory": True})
    book.set_properties({"created": dt.datetime.fromtimestamp(created_ts // SECOND_NS, dt.UTC)})
    count = number = 0
    while True:
        number += 1
        name = title if number == 1 else f"{title}-{number}"
        written = _write_sheet(book, name, table)
        count += written
        if written < SHEET_ROWS - 1:
            break
    try:
        book.close()
    except XlsxFileError as error:
        raise OSError(*getattr(error.__cause__ or error.__context__, "args", (0, ""))) from error
    return count


def _write_sheet(book: Workbook, name: str, table: Rows) -> int:
    sheet, money = book.add_worksheet(name), book.add_format({"num_format": "#,##0.00"})
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
