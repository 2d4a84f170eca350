"""Read each row's time of receipt, and suggest a remedy where a row has none."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa

from daemon.domain.ticks import Int64s
from daemon.errors import FeedError
from daemon.files.zones import UNREADABLE
from daemon.settings.config import ReplayFile
from feeds.files.columns import Column
from feeds.files.recorded_files import file_error
from feeds.files.table import TIME_OF_DAY, Batch, ColumnMap, Table
from feeds.files.time_column import TimeRules, joined, times

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK: Final = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?")


class RowTimes:
    """The `ts` of a table's rows, from one column or from a date and a time column.

    With `dates` a date without a time of day is enough, as for day candles. Raises ConfigError for
    an unknown zone.
    """

    def __init__(
        self, table: Table, config: ReplayFile, mapped: ColumnMap, *, dates: bool = False
    ) -> None:
        self._table = table
        self._mapped = mapped
        self.rules = TimeRules.of(config, table.path, dates=dates)

    def of(self, batch: Batch) -> Int64s:
        """Return each row's time (UTC ns), UNREADABLE where it has none."""
        if "ts" not in batch.columns:
            return np.full(batch.rows, UNREADABLE, dtype=np.int64)
        return times(self._column(batch), self.rules)

    def readable_rows(self, batch: Batch, ts: Int64s) -> tuple[int, FeedError | None]:
        """Return the number of rows before the first unreadable time, and the error for that row.

        Such a row has no place in time, so the replay cannot go past it.
        """
        unreadable = ts == UNREADABLE
        if not unreadable.any():
            return len(ts), None
        at = int(np.argmax(unreadable))
        names = " and ".join(self._names())
        values = [
            None if name not in batch.columns else batch.columns[name][at].as_py()
            for name in self._ours()
        ]
        shown = " and ".join(map(repr, values))
        return at, file_error(
            self._table.path,
            f"expected a time (ISO 8601, or an epoch number of 1990 to 2100) in {names},"
            f" was {shown}",
            self._remedy(values),
            row=batch.first_row + at,
        )

    def _column(self, batch: Batch) -> Column:
        column = batch.columns["ts"]
        if TIME_OF_DAY not in self._mapped:
            return column
        if TIME_OF_DAY not in batch.columns:
            return pa.nulls(batch.rows)
        return joined(column, batch.columns[TIME_OF_DAY])

    def _ours(self) -> list[str]:
        return [name for name in ("ts", TIME_OF_DAY) if name in self._mapped]

    def _names(self) -> list[str]:
        return [self._mapped[name][0] for name in self._ours()]

    def _remedy(self, values: list[object]) -> str:
        texts = ["" if value is None else str(value).strip() for value in values]
        if not all(texts):
            return "mend or remove that row"
        if len(texts) > 1:
            return (
                "write `ts_format` for the two joined by a space, such as '%d/%m/%Y %H:%M:%S', or"
                f" `columns: {{ts: {self._names()[0]}}}` if that column alone says the time"
            )
        own = self._names()[0]
        if _DATE.fullmatch(texts[0]):
            pair = f"[{own}, {self._other('time') or 'TIME'}]"
            return (
                f"a date alone is no time: write `columns: {{ts: {pair}}}`, or `timeframe: 1d` if"
                " these are day candles"
            )
        if _CLOCK.fullmatch(texts[0]):
            pair = f"[{self._other('date') or 'DATE'}, {own}]"
            return f"a time of day needs its date: write `columns: {{ts: {pair}}}`"
        return (
            "mend or remove that row, or if all rows are like it write `ts_unit`, or `ts_format`"
            " such as '%d/%m/%Y %H:%M:%S'"
        )

    def _other(self, word: str) -> str | None:
        """Return an unread column of the file whose name contains the word."""
        names = [name for name in self._table.names if name not in self._names()]
        return next((name for name in names if word in name.casefold()), None)
