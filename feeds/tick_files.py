"""A foreign tick table (CSV, JSON Lines, Parquet of others) as tick blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from daemon.config import ReplayFile
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Int64s, Ticks
from daemon.errors import FeedError
from feeds.columns import UNREADABLE, counts, prices, times
from feeds.files import fault
from feeds.instrument_column import Instruments
from feeds.table import TICK_COLUMNS, Batch, Keys, Table, map_columns


class TickFile:
    """Rows of a table as ticks. Raises ConfigError or FeedError if columns are missing."""

    def __init__(self, table: Table, config: ReplayFile) -> None:
        self.counts: dict[str, int] = {}
        self._table = table
        self._config = config
        self._mapped = map_columns(table, config, TICK_COLUMNS, ("ts", "ltp"))
        self._keys = Keys(table, config, self._mapped)

    def named(self) -> Sequence[Instrument]:
        """The symbols of the file."""
        return self._keys.named()

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """The rows in file order. Raises FeedError at the first row without a readable time."""
        instruments = Instruments(self._keys, universe)
        for batch in self._table.batches(self._mapped):
            ts = times(batch.columns["ts"], self._config.ts_unit)
            good, error = sound_rows(self._table, batch, ts)
            block = self._block(batch, ts, instruments)
            if good:
                yield block.rows(0, good) if good < len(block) else block
            if error is not None:
                raise error

    def _block(self, batch: Batch, ts: Int64s, instruments: Instruments) -> Ticks:
        columns = batch.columns
        return Ticks(
            ts=ts,
            instrument=instruments(batch),
            ltp=prices(columns["ltp"]),
            exchange_ts=self._exchange_ts(batch),
            bid=prices(columns["bid"]) if "bid" in columns else None,
            ask=prices(columns["ask"]) if "ask" in columns else None,
            ltq=counts(columns["ltq"], 0) if "ltq" in columns else None,
            volume=counts(columns["volume"], -1) if "volume" in columns else None,
            oi=counts(columns["oi"], -1) if "oi" in columns else None,
        )

    def _exchange_ts(self, batch: Batch) -> Int64s | None:
        if "exchange_ts" not in batch.columns:
            return None
        stamps = times(batch.columns["exchange_ts"])
        return np.where(stamps == UNREADABLE, 0, stamps)


def sound_rows(table: Table, batch: Batch, ts: Int64s) -> tuple[int, FeedError | None]:
    """How many rows come before the first without a readable time, and the error for that one.

    Such a row has no place in time, so the recording cannot be replayed past it.
    """
    unreadable = ts == UNREADABLE
    if not unreadable.any():
        return len(ts), None
    at = int(np.argmax(unreadable))
    value = batch.columns["ts"][at].as_py()
    return at, fault(
        table.path,
        f"expected a time (ISO 8601, or an epoch number of 1990 to 2100) as ts, was {value!r}",
        "mend or remove that row, or set `ts_unit` if all rows are like it",
        row=batch.first_row + at,
    )
