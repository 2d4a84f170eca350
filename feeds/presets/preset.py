"""What a preset says of a vendor's files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Shape = Literal["csv", "bare_csv", "json_rows", "json_columns", "upstox"]
"""`bare_csv` has no header line; `json_rows` is a list of lists, `json_columns` parallel lists,
`upstox` what its WebSocket sends."""
SymbolStyle = Literal["", "gdfl", "truedata", "parts", "upstox"]
"""How an instrument is written; empty: as the configuration's `symbol` or as a tradingsymbol."""


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of file of one vendor."""

    name: str
    kind: Literal["ticks", "candles"]
    shape: Shape = "csv"
    header: tuple[str, ...]
    """The file's columns in its order; of a shape without names, ours for what is at each place."""
    optional: tuple[str, ...] = ()
    """Columns that may follow them."""
    columns: Mapping[str, str]
    """Our column -> the file's. `date` and `clock` together are `ts`."""
    path: tuple[str, ...] = ()
    """The keys of a JSON document that lead to the rows or lists."""
    time_format: str = ""
    """Of strptime; empty: ISO 8601, or epoch numbers by their size."""
    first_time: str = ""
    """A pattern that the first time has, to tell shapes without a header apart."""
    stamp: Literal["start", "end"] = "start"
    """Which end of a candle its time is."""
    end_second: bool = False
    """The end is stamped as the candle's last second (09:15:59)."""
    newest_first: bool = False
    symbol: SymbolStyle = ""
    symbol_from: Literal["column", "file_name"] = "column"
    volume: Literal["absent", "per_row"] = "absent"
    """`per_row`: a tick's `ltq` is all that was traded since the one before."""
