"""Write a table to a file, in one step: the old file or the new one, never a part."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daemon import VERSION
from daemon.errors import UsageError
from daemon.export.columns import Rows
from daemon.export.csv_file import write_csv
from daemon.export.parquet_file import write_parquet
from daemon.export.xlsx_file import check_xlsx, write_xlsx
from daemon.files.replace import replacing
from daemon.journal.schema import JournalMeta

ENDINGS: Final = (".csv", ".xlsx", ".parquet")


def check_file(path: Path) -> None:
    """Refuse a file whose ending is not known or cannot be written here. Raises UsageError."""
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path}: expected a name that ends in {', '.join(ENDINGS)}")
    if path.is_dir():
        raise UsageError(f"{path}: is a directory; name a file in it")
    if path.suffix == ".xlsx":
        check_xlsx()


def write_table(path: Path, name: str, table: Rows, meta: JournalMeta) -> int:
    """Write a table in the format that the file's ending says; return how many rows it has.

    A file that was there is replaced when the new one is complete. Raises UsageError.
    """
    about = {
        "table": name, "run_id": meta.run_id, "account": meta.account, "program_version": VERSION,
    }  # fmt: skip
    try:
        with replacing(path) as file:
            if path.suffix == ".csv":
                return write_csv(file, table)
            if path.suffix == ".xlsx":
                return write_xlsx(file, table, name, meta.created_ts, path.parent)
            return write_parquet(file, table, about)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from error
