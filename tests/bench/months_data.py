"""Months of recordings: the native files of W1's session, moved to one session after the other."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from daemon.domain.dates import ist_ns
from tests.bench.bars_data import sessions
from tests.bench.w1_cases import write_native
from tests.bench.w1_data import DAY, ROW_GROUP_ROWS, write_w1

INSTRUMENTS: Final = 28


def write_months(place: Path, days: int, ticks: int) -> Path:
    """Write `days` files of `ticks` rows of 28 instruments into `place`, and return it.

    Prices and volumes are those of the first in all of them: how long a replay takes is asked, not
    what it makes.
    """
    place.mkdir(parents=True, exist_ok=True)
    foreign = write_w1(place / "w1.parquet", ticks, instruments=INSTRUMENTS)
    first = pq.read_table(write_native(foreign, place / "native.parquet", INSTRUMENTS))
    foreign.unlink()
    (place / "native.parquet").unlink()
    at = first.schema.get_field_index("ts")
    for date in sessions(days):
        moved = pa.scalar(ist_ns(date, dt.time()) - ist_ns(DAY, dt.time()))
        table = first.set_column(at, first.schema.field("ts"), pc.add(first["ts"], moved))
        pq.write_table(table, place / f"{date}.parquet", row_group_size=ROW_GROUP_ROWS)
    return place
