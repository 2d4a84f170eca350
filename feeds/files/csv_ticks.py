"""Stream CSV recordings, plain or gzip, as text columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.csv as pacsv

from daemon.errors import FeedError
from feeds.files.recorded_files import TruncatedFile, file_error, first_line, line_chunks
from feeds.files.table import Batch

_WHOLE_COPY: Final = "get a whole copy of the file, or cut it before that row"


class CsvTable:
    """A CSV file with a header line, or whose `names` are given because it has none.

    Raises FeedError if it cannot be opened or has no header.
    """

    is_open: Final = False

    def __init__(self, path: Path, names: Sequence[str] | None = None) -> None:
        self.path = path
        self._has_header = names is None
        self._header = first_line(path)
        try:
            self.names = list(names or [name.strip() for name in next(csv.reader([self._header]))])
        except csv.Error as error:
            raise file_error(
                path, f"its header is damaged ({error})", "mend its first line"
            ) from error

    def all_names(self) -> Sequence[str]:
        """Return the header's names."""
        return self.names

    def batches(self, wanted: Mapping[str, Sequence[str]]) -> Iterator[Batch]:
        """Yield the wanted columns as text. Raises FeedError after the last row before a damaged
        one.
        """
        where = {ours: str(self.names.index(theirs[0])) for ours, theirs in wanted.items()}
        row = 1
        chunks = line_chunks(self.path)
        header = self._has_header
        try:
            for chunk in chunks:
                data = chunk[chunk.find(b"\n") + 1 :] if header and b"\n" in chunk else chunk
                if header and b"\n" not in chunk:
                    return
                header = False
                if not data.strip():
                    continue
                table, bad = self._parse(data, sorted(set(where.values())), row)
                sound = table.slice(0, _rows_before(bad))
                if sound.num_rows:
                    arrays = {n: sound.column(n).combine_chunks() for n in sound.column_names}
                    columns = {ours: arrays[at] for ours, at in where.items()}
                    yield Batch(row, columns, sound.num_rows)
                row += sound.num_rows
                if bad:
                    raise self._wrong_width(row, bad[0])
        except TruncatedFile as error:
            good = f"the last good row is {row - 1}" if row > 1 else "no row is readable"
            raise file_error(
                self.path, f"the file is cut or damaged ({error}), {good}", _WHOLE_COPY, row=row
            ) from error
        finally:
            chunks.close()  # type: ignore[attr-defined]

    def _parse(self, data: bytes, columns: list[str], row: int) -> tuple[Any, list[Any]]:
        if not data.isascii():  # bytes that are not UTF-8 would stop the parser
            data = data.decode("utf-8", errors="replace").encode()
        try:
            return self._read(data, columns)
        except pa.ArrowInvalid as error:
            raise file_error(
                self.path,
                f"expected lines of {len(self.names)} values separated by commas ({error})",
                "check the file from that row on",
                row=row,
            ) from error

    def _read(self, data: bytes, columns: list[str]) -> tuple[Any, list[Any]]:
        bad: list[Any] = []

        def note(row: Any) -> Literal["skip"]:
            bad.append(row)
            return "skip"

        table = pacsv.read_csv(
            io.BytesIO(data),
            read_options=pacsv.ReadOptions(
                column_names=[str(at) for at in range(len(self.names))],
                use_threads=False,
                block_size=len(data) + 1,
            ),
            parse_options=pacsv.ParseOptions(invalid_row_handler=note),
            convert_options=pacsv.ConvertOptions(
                include_columns=columns,
                column_types={name: pa.string() for name in columns},
                strings_can_be_null=False,
            ),
        )
        return table, bad

    def _wrong_width(self, row: int, bad: Any) -> FeedError:
        return file_error(
            self.path,
            f"expected {len(self.names)} values ({','.join(self.names)[:200]}),"
            f" was {bad.actual_columns}: {str(bad.text)[:80]!r}",
            "mend or remove that row",
            row=row,
        )


def _rows_before(bad: list[Any]) -> int | None:
    return None if not bad else max(0, bad[0].number - 1)
