"""Comma-separated values: UTF-8, a header, one row a line."""

from __future__ import annotations

import csv
import io
from typing import BinaryIO

from daemon.export.columns import Rows
from daemon.export.texts import harmless


def write_csv(file: BinaryIO, table: Rows) -> int:
    """Write a table; return how many rows it has. Raises OSError."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer, count = csv.writer(text, lineterminator="\n"), 0
    writer.writerow([column.in_rupees for column in table.columns])
    kinds = [column.kind for column in table.columns]
    for row in table.rows:
        writer.writerow(map(harmless, kinds, row))
        count += 1
    text.flush()
    text.detach()  # the file is not this function's to close
    return count
