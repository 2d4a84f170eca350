"""Read a vendor's file by its preset, as a table under our names that the usual readers take.

The file is read whole (about 100 bytes a row): its order is judged, and mended, before any row is
given. `convert` makes a native file of it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from msgspec.structs import replace

from daemon.domain.dates import DAY_NS, IST_OFFSET_NS, MINUTE_NS, SECOND_NS, parse_timeframe
from daemon.domain.ticks import Int64s
from daemon.errors import ConfigError
from daemon.files.zones import UNREADABLE, parse_zone
from daemon.settings.config import ReplayFile
from feeds.contracts.facts import ContractLookup
from feeds.files.candle_files import SessionSpan
from feeds.files.columns import Column, counts, key_text, strings
from feeds.files.recorded_files import file_error
from feeds.files.table import Batch
from feeds.files.time_column import TimeRules, joined, times
from feeds.presets.preset import Preset
from feeds.presets.raw import read_columns
from feeds.presets.row_order import in_order
from feeds.presets.sessions import refuse_shifted
from feeds.presets.symbols import Names

_BATCH_ROWS: Final = 65_536
_TICK_COLUMNS: Final = ("ltp", "exchange_ts", "bid", "ask", "ltq", "volume", "oi")
_CANDLE_COLUMNS: Final = ("open", "high", "low", "close", "volume")
_PARTS: Final = ("name", "expiry", "strike", "right")


class PresetTable:
    """A vendor's file as a `Table` of our columns, judged as a whole when it is opened.

    Raises ConfigError for a setting that the preset says itself, FeedError for a file of another
    shape, order, zone or end of candles.
    """

    is_open: Final = False

    def __init__(
        self, path: Path, preset: Preset, config: ReplayFile, *,
        session: SessionSpan | None = None, contracts: ContractLookup | None = None,
    ) -> None:  # fmt: skip
        self.path = path
        self.preset = preset
        self._config = config
        self._session = session
        self._contracts = contracts
        self._has_symbols = bool(preset.symbol) and not config.symbol
        _refuse_settings(path, preset, config)
        own = _TICK_COLUMNS if preset.kind == "ticks" else _CANDLE_COLUMNS
        self.names: list[str] = ["ts", *["symbol"] * self._has_symbols]
        self.names += [name for name in own if name in preset.columns]
        if preset.volume == "per_row":
            self.names.append("volume")
        self._counts: dict[str, int] = {}
        self._span = 0 if preset.kind == "ticks" else _span(path, config)
        columns = self._columns()
        known = columns["symbol"].dictionary if self._has_symbols else pa.nulls(0, pa.string())
        self._known: Column = known

    def usual_settings(self) -> ReplayFile:
        """Return the file's settings for the reader of this table."""
        usual = ReplayFile(path=self._config.path)
        return replace(
            usual, kind=self.preset.kind, timeframe=self._config.timeframe,
            symbol=self._config.symbol, skip_untraded=self._config.skip_untraded,
            symbols=self._config.symbols, ts_unit="ns",
        )  # fmt: skip

    def count_into(self, counts: dict[str, int]) -> None:
        """Keep the table's counters with those of its reader."""
        self._counts = counts

    def all_names(self) -> Sequence[str]:
        """Return our names of the columns."""
        return self.names

    def batches(self, wanted: Mapping[str, Sequence[str]]) -> Iterator[Batch]:
        """Yield the columns in order of time. Raises FeedError."""
        if [*wanted] == ["symbol"]:  # which there are: known without reading again
            yield Batch(1, {"symbol": self._known}, len(self._known))
            return
        columns = self._columns()
        rows = len(columns["ts"])
        for start in range(0, rows, _BATCH_ROWS):
            given = {
                ours: columns[theirs[0]].slice(start, _BATCH_ROWS)
                for ours, theirs in wanted.items()
            }
            yield Batch(start + 1, given, min(_BATCH_ROWS, rows - start))

    def _columns(self) -> dict[str, Any]:
        """Return the whole file under our names, in order of time."""
        raw = read_columns(self.path, self.preset)
        theirs = {ours: raw[name] for ours, name in self.preset.columns.items()}
        ts = self._starts(theirs)
        codes, symbols = self._symbols(theirs, len(ts))
        order, counted = in_order(self.path, ts, codes, repeats_count=self.preset.kind == "candles")
        if self.preset.newest_first:
            del counted["turned_rows"]
        self._counts |= {name: value for name, value in counted.items() if value}
        ts, codes = ts[order], codes[order]
        refuse_shifted(self.path, ts, codes, symbols, self._session, self._span)
        columns: dict[str, Any] = {"ts": pa.array(ts)}
        if self._has_symbols:
            known = pa.array(symbols, pa.string())
            columns["symbol"] = pa.DictionaryArray.from_arrays(codes.astype(np.int32), known)
        taken = pa.array(order)
        for name in self.names:
            if name in theirs and name not in columns:
                columns[name] = theirs[name].take(taken)
        for side in ("bid", "ask"):
            if side in columns:
                columns[side] = _without_zeros(columns[side])
        if self.preset.volume == "per_row":
            columns["volume"] = pa.array(_cumulative(columns["ltq"], ts, codes))
        return columns

    def _starts(self, theirs: Mapping[str, Column]) -> Int64s:
        """Return each row's time, of a candle that of its start. Raises FeedError."""
        column = theirs.get("ts")
        if column is None:
            column = joined(theirs["date"], theirs["clock"])
        zones = (parse_zone(self._config.zone), parse_zone(self._config.epoch_zone))
        ts = times(column, TimeRules("auto", self.preset.time_format, *zones))
        unreadable = ts == UNREADABLE
        if unreadable.any():
            at = int(np.argmax(unreadable))
            how = self.preset.time_format or "ISO 8601 or epoch seconds"
            raise file_error(
                self.path, f"expected a time of {self.preset.name} ({how}), was"
                f" {column[at].as_py()!r}", "mend or remove that row", row=at + 1,
            )  # fmt: skip
        return ts if self.preset.kind == "ticks" else self._of_stamps(ts)

    def _of_stamps(self, stamps: Int64s) -> Int64s:
        """Return the starts of candles by their stamps. Raises FeedError for the wrong end."""
        preset, stamp = self.preset, self._config.stamp
        at_end = preset.stamp == "end" if stamp == "auto" else stamp == "end"
        last_second = SECOND_NS if preset.end_second and at_end else 0
        starts = stamps - self._span + last_second if at_end else stamps
        off = starts % min(self._span, MINUTE_NS) != 0
        if off.any():
            at = int(np.argmax(off))
            raise file_error(
                self.path, f"expected stamps at the {'end' if at_end else 'start'} of candles as"
                f" {preset.name} has them ({':59' if last_second else 'whole minutes'})",
                f"if they are at the other end write `stamp: {'start' if at_end else 'end'}`",
                row=at + 1,
            )  # fmt: skip
        return starts

    def _symbols(self, theirs: Mapping[str, Column], rows: int) -> tuple[Int64s, list[str]]:
        """Return each row's number of a symbol, and the symbols."""
        if not self._has_symbols:
            return np.zeros(rows, dtype=np.int64), [self._config.symbol]
        names = Names(self.preset.symbol, self._contracts)
        if self.preset.symbol_from == "file_name":
            stem = self.path.name.removesuffix(".gz").rpartition(".")[0]
            return np.zeros(rows, dtype=np.int64), [self._named(names.of_text, stem)]
        if self.preset.symbol == "parts":
            parts = [strings(theirs[name]).fill_null("").to_pylist() for name in _PARTS]
            texts = ["\t".join(row) for row in zip(*parts, strict=True)]
            keys, codes = np.unique(np.array(texts, dtype=object), return_inverse=True)
            found = [
                self._named(lambda text: names.of_breeze(*text.split("\t")), key) for key in keys
            ]
            return codes.astype(np.int64).reshape(-1), found
        encoded = theirs["symbol"].dictionary_encode()
        found = [
            self._named(names.of_text, key_text(key)) for key in encoded.dictionary.to_pylist()
        ]
        return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), found

    def _named(self, name: Any, text: str) -> str:
        """Return our symbol for a vendor's, left as it is where `symbols` maps it."""
        if text in self._config.symbols:
            return text
        try:
            return str(name(text))
        except ValueError as error:
            if self.preset.symbol == "upstox" and self._config.symbols:
                return text  # a frame has more instruments than one maps: their rows are unknown
            shown = " ".join(text.split())
            raise file_error(
                self.path, f"{shown}: {error}", f"map it: `symbols: {{{shown!r}: ...}}`"
            ) from error


def _refuse_settings(path: Path, preset: Preset, config: ReplayFile) -> None:
    usual = ReplayFile(path="")
    for name in ("columns", "ts_unit", "ts_format", "order"):
        if getattr(config, name) != getattr(usual, name):
            raise ConfigError(f"{path}: {name}: the preset {preset.name} says it; take one out")
    if not preset.symbol and not config.symbol:
        raise ConfigError(
            f"{path}: a file of {preset.name} does not name its instrument; write `symbol`"
        )


def _span(path: Path, config: ReplayFile) -> int:
    try:
        return parse_timeframe(config.timeframe)
    except ValueError as error:
        raise ConfigError(f"{path}: timeframe: {error}") from error


def _without_zeros(column: Column) -> Column:
    """Return a column of prices in which 0, which vendors write for none, is absent."""
    import pyarrow.compute

    pc: Any = pyarrow.compute
    text = strings(column)
    return pc.if_else(
        pc.match_substring_regex(text, r"^0+(\.0*)?$"), pa.scalar(None, pa.string()), text
    )


def _cumulative(column: Column, ts: Int64s, codes: Int64s) -> Int64s:
    """Return the units traded so far on each day by each row's own, in order of time."""
    own, _ = counts(column, 0)
    days = (ts + IST_OFFSET_NS) // DAY_NS
    total = np.empty(len(own), dtype=np.int64)
    pairs = np.stack([codes, days], axis=1)
    _, where = np.unique(pairs, axis=0, return_inverse=True)
    for group in range(int(where.max(initial=-1)) + 1):
        rows = np.flatnonzero(where.reshape(-1) == group)
        total[rows] = np.cumsum(own[rows])
    return total
