"""Read a foreign tick table (CSV, JSON Lines or Parquet) as tick blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, Int64s, Ticks
from daemon.files.zones import UNREADABLE
from daemon.settings.config import ReplayFile
from feeds.files.columns import Column, counts, prices
from feeds.files.depth_column import SIDES, best_sides
from feeds.files.instrument_column import InstrumentColumn
from feeds.files.receive_order import ReceiveOrder
from feeds.files.row_times import RowTimes
from feeds.files.table import TICK_COLUMNS, TIME_OF_DAY, Batch, InstrumentKeys, Table, map_columns
from feeds.files.time_column import times

_UNITS = {"ltq": 0, "volume": -1, "oi": -1}
_NO_TIME = (None, "", 0, "0", 0.0)


class TickFile:
    """A table of ticks. Raises ConfigError or FeedError if columns are missing.

    `counts` has `unreadable_cells`: exchange times and units that are negative or not numbers,
    taken as absent.
    """

    def __init__(self, table: Table, config: ReplayFile) -> None:
        self.counts = {"unreadable_cells": 0}
        self._table = table
        self._is_in_receive_order = config.order == "received"
        self._mapped = map_columns(table, config, TICK_COLUMNS, ("ts", "ltp"))
        if not table.is_open and all(side in self._mapped for side in SIDES):
            self._mapped.pop("depth", None)
        self._keys = InstrumentKeys(table, config, self._mapped)
        self._times = RowTimes(table, config, self._mapped)
        self._exchange_rules = replace(self._times.rules, unit="auto", format="")
        self._is_same_time = TIME_OF_DAY not in self._mapped and (
            self._mapped.get("exchange_ts") == self._mapped["ts"]
        )

    def named(self) -> Sequence[Instrument]:
        """Return the symbols in the file."""
        return self._keys.named()

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """Yield the rows in file order.

        Raises FeedError at the first row without a readable time.
        """
        instruments = InstrumentColumn(self._keys, universe)
        received = ReceiveOrder() if self._is_in_receive_order else None
        for batch in self._table.batches(self._mapped):
            ts = self._times.of(batch)
            good, error = self._times.readable_rows(batch, ts)
            block = self._block(batch, ts, instruments)
            if good:
                block = block.rows(0, good) if good < len(block) else block
                yield block if received is None else _in_receive_order(block, received)
            if error is not None:
                raise error

    def _block(self, batch: Batch, ts: Int64s, instruments: InstrumentColumn) -> Ticks:
        columns = batch.columns
        no_price = np.full(batch.rows, ABSENT, dtype=np.int64)
        units: dict[str, Any] = {
            name: self._counted(columns[name], absent)
            for name, absent in _UNITS.items()
            if name in columns
        }
        return Ticks(
            ts=ts,
            instrument=instruments(batch),
            ltp=prices(columns["ltp"]) if "ltp" in columns else no_price,
            exchange_ts=self._exchange_ts(batch, ts),
            **_sides(columns),
            **units,
        )

    def _counted(self, column: Column, absent: int) -> Int64s:
        values, bad = counts(column, absent)
        self.counts["unreadable_cells"] += bad
        return values

    def _exchange_ts(self, batch: Batch, ts: Int64s) -> Int64s | None:
        if "exchange_ts" not in batch.columns:
            return None
        if self._is_same_time:
            return ts
        column = batch.columns["exchange_ts"]
        stamps = times(column, self._exchange_rules)
        unreadable = stamps == UNREADABLE
        if not unreadable.any():
            return stamps
        cells = column.take(np.flatnonzero(unreadable)).to_pylist()
        self.counts["unreadable_cells"] += sum(cell not in _NO_TIME for cell in cells)
        return np.where(unreadable, 0, stamps)


def _sides(columns: dict[str, Column]) -> dict[str, Any]:
    """Return bid and ask (paise) from their own columns, else from `depth` where a row has none."""
    sides: dict[str, Any] = {
        name: prices(columns[name]) if name in columns else None for name in SIDES
    }
    if "depth" in columns:
        for name, column in best_sides(columns["depth"]).items():
            own, found = sides[name], prices(column)
            sides[name] = found if own is None else np.where(own == ABSENT, found, own)
    return sides


def _in_receive_order(block: Ticks, received: ReceiveOrder) -> Ticks:
    """Return the rows stamped in order of receipt, by the running maximum of exchange times."""
    own = block.ts
    block.ts = received.times(own)
    if block.exchange_ts is None:
        block.exchange_ts = own
    return block
